"""What workers do. Each task picks up rows that are due, so missing or doubling a run is harmless."""

from celery import shared_task
from django.conf import settings

from reports import preparing

# What the database may take, and then some to seal and keep the file: just short of the lease.
_LONG = {"soft_time_limit": settings.EXPORT_SECONDS + 210, "time_limit": settings.EXPORT_SECONDS + 240}


@shared_task(name="reports.prepare", **_LONG)
def prepare(*, export_id: int) -> None:
    """Write one file."""
    preparing.prepare(export_id)


@shared_task(name="reports.prepare_due", **_LONG)
def prepare_due() -> None:
    """One file whose nudge was lost, or whose worker died."""
    for export_id in preparing.due(limit=1):
        preparing.prepare(export_id)


@shared_task(name="reports.forget_exports")
def forget_exports() -> None:
    """Files that were kept long enough."""
    preparing.sweep()
