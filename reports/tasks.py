"""What workers do. Each task picks up rows that are due, so missing or doubling a run is harmless."""

from celery import shared_task

from reports import preparing


@shared_task(name="reports.prepare")
def prepare(*, export_id: int) -> None:
    """Write one file."""
    preparing.prepare(export_id)


@shared_task(name="reports.prepare_due")
def prepare_due() -> None:
    """Files whose nudge was lost."""
    for export_id in preparing.due():
        preparing.prepare(export_id)


@shared_task(name="reports.forget_exports")
def forget_exports() -> None:
    """Files that were kept long enough."""
    preparing.sweep()
