"""What the queue carries: an id and one call. A lost task costs a second or two, the sweep finds the row."""

from celery import shared_task

from otp import polling


@shared_task(name="otp.submit")
def submit(*, order_id: int) -> None:
    """Buy the number of a new order."""
    polling.attend(order_id)


@shared_task(name="otp.poll")
def poll(*, order_id: int) -> None:
    """Do at once what was asked for: cancel, finish, look."""
    polling.attend(order_id)


@shared_task(name="otp.sweep")
def sweep() -> None:
    """Everything that is due."""
    polling.sweep()
