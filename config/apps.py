from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        # Registers the Celery app and the checks.
        from config import celery, setting_checks, shape_checks, system_checks  # noqa: F401
        from config.lib import error_reports

        error_reports.start()
