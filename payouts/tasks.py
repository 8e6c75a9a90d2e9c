"""The worker's tasks of money out: thin, ids in, one call."""

from celery import shared_task

from config.lib.jobs import nudge
from payouts import mails, sending


@shared_task(name="payouts.send")
def send(*, line: str) -> None:
    """Give what is due to the rails of a line, ask what became of the rest, and hear what is new."""
    for batch_id in sending.run(line):
        nudge(batch_over, batch_id=batch_id)


@shared_task(name="payouts.expire")
def expire() -> None:
    """What waits for its code in vain."""
    sending.expire()


@shared_task(name="payouts.batch_over")
def batch_over(*, batch_id: int) -> None:
    """Tell people that a batch has ended."""
    mails.tell_end(batch_id)
