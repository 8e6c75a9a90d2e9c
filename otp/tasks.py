"""What the queue carries: an id and one call. A lost task costs a second or two, the sweep finds the row."""

from functools import partial
from typing import Any

from celery import shared_task
from django.db import transaction

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


def nudge(task: Any, *, order_id: int) -> None:
    """Queue ``task`` after the commit. A broker that is away is no error: the row is due, the sweep will come."""
    transaction.on_commit(partial(task.delay, order_id=order_id), robust=True)
