from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        from config import celery, setting_checks, system_checks  # noqa: F401  (registers the Celery app and the checks)
        from config.lib import error_reports

        error_reports.start()
