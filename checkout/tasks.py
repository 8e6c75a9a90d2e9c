"""What workers do. Each task picks up rows that are due, so missing or doubling a run is harmless."""

from celery import shared_task

from checkout.processing import following
from config.lib.jobs import nudge


@shared_task(name="checkout.sweep")
def sweep() -> None:
    """End checkouts whose time is up, and go on with tries that their requests could not finish."""
    following.expire()
    for try_id in following.due():
        nudge(carry_on, try_id=try_id)


@shared_task(name="checkout.carry_on")
def carry_on(*, try_id: int) -> None:
    """Whatever comes next for one try."""
    following.carry_on(try_id)
