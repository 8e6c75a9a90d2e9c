"""What receivers of webhooks may count on, as the delivery does it."""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings

from notifications.delivery.results import LONGEST_WAIT, PAUSE_AFTER, PAUSES, WARN_AFTER


@dataclass(frozen=True)
class Promises:
    """``pauses`` stand before the second and every later attempt; ``answer_within`` is in seconds."""

    answer_within: int
    pauses: tuple[timedelta, ...]
    longest_wait: timedelta
    warned_after: timedelta
    paused_after: int
    kept_days: int
    header: str


def promises() -> Promises:
    """The figures of the delivery that runs here."""
    return Promises(
        answer_within=int(settings.WEBHOOK_TIMEOUT_SECONDS),
        pauses=tuple(PAUSES[1:]),
        longest_wait=LONGEST_WAIT,
        warned_after=WARN_AFTER,
        paused_after=PAUSE_AFTER,
        kept_days=settings.WEBHOOK_KEPT_DAYS,
        header=settings.WEBHOOK_SIGNATURE_HEADER,
    )
