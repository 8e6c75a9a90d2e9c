"""What the queue carries: an id and one call. A lost task costs a second or two, the sweep finds the row."""

from contextlib import suppress

from celery import shared_task

from config.lib.errors import ProviderError
from otp import floats, odds, polling, retention


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


@shared_task(name="otp.read_floats")
def read_floats() -> None:
    """Our own balance at the supplier, with every key."""
    floats.read_all()


@shared_task(name="otp.look_at_topup")
def look_at_topup(*, topup_id: int) -> None:
    """A deposit of ours at the supplier, which is said to be paid; then the balance."""
    with suppress(ProviderError):
        floats.look_at(topup_id)
    floats.read_all()


@shared_task(name="otp.forget")
def forget() -> None:
    """Old notes and readings."""
    retention.forget_old()


@shared_task(name="otp.learn_odds")
def learn_odds() -> None:
    """How often and how soon each offer brought its code lately."""
    odds.learn()
