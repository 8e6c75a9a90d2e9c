from celery import shared_task

from notifications import delivery


@shared_task(name="notifications.sweep")
def send_due_mail() -> None:
    """Send everything that is due; safe to run twice at once."""
    delivery.send_due_mail()
