from celery import shared_task

from kyc import retention


@shared_task(name="kyc.sweep_files")
def sweep_files() -> None:
    """Files whose document never came go after a day."""
    retention.forget_leftovers()
