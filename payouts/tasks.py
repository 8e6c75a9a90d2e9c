"""The worker's tasks of money out: thin, ids in, one call."""

from contextlib import suppress

from celery import shared_task

from config.lib.jobs import nudge
from payouts import news, rails, sending, starting
from payouts.checking import reading
from payouts.errors import NoRail


@shared_task(name="payouts.send")
def send(*, line: str) -> None:
    """Give what is due to the rails of a line, ask what became of the rest, and hear what is new."""
    for batch_id in sending.run(line):
        nudge(batch_over, batch_id=batch_id)


@shared_task(name="payouts.look_back")
def look_back(*, line: str) -> None:
    """What was paid in the last days, asked about once more."""
    sending.look_back(line)


@shared_task(name="payouts.read_file")
def read_file(*, batch_id: int) -> None:
    """Read and check the upload of a batch."""
    reading.read(batch_id)


@shared_task(name="payouts.read_files")
def read_files() -> None:
    """Uploads whose nudge was lost."""
    for batch_id in reading.due():
        reading.read(batch_id)


@shared_task(name="payouts.forget_files")
def forget_files() -> None:
    """Uploads that nobody will read any more."""
    reading.sweep()


@shared_task(name="payouts.expire")
def expire() -> None:
    """What waits for its code in vain."""
    sending.expire()


@shared_task(name="payouts.batch_over")
def batch_over(*, batch_id: int) -> None:
    """Tell people that a batch has ended."""
    news.tell_end(batch_id)


@shared_task(name="payouts.start_batch")
def start_batch(*, batch_id: int) -> None:
    """Begin a batch that was approved, and is too large to begin while somebody waits."""
    batch = starting.start(batch_id)
    if batch.started_at is not None:
        wake(is_sandbox=batch.is_sandbox)


@shared_task(name="payouts.batches")
def batches() -> None:
    """Approved batches that have not begun, or have the money now; ends that nobody was told of."""
    for batch in starting.start_due():
        wake(is_sandbox=batch.is_sandbox)
    for batch_id in news.untold_ends():
        news.tell_end(batch_id)


def wake(*, is_sandbox: bool) -> None:
    """Have somebody look now at what is to be sent, once the caller's transaction has committed."""
    with suppress(NoRail):
        nudge(send, line=rails.line_of(is_sandbox).name)
