"""A batch on its way, drawn and put into words."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.lib import times
from payouts.models import Batch
from payouts.models.states import BatchState, RowState
from payouts.selectors.batches import Progress

_WIDTH = 1000
SHOWS = [
    ("", gettext_lazy("All rows")),
    ("open", gettext_lazy("On their way")),
    ("paid", gettext_lazy("Paid")),
    ("failed", gettext_lazy("Failed")),
    ("cancelled", gettext_lazy("Called off")),
    ("returned", gettext_lazy("Came back")),
    (RowState.EXCLUDED.value, gettext_lazy("Left out")),
]


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of the bar, in thousandths as text: the drawing knows no other separators."""

    css: str
    x: str
    width: str


def drawn(batch: Batch, progress: Progress) -> dict[str, Any]:
    """What the live card shows of it, and how often it asks again."""
    return {
        "progress": progress,
        "bar": _bar(progress),
        "pace": _pace(progress),
        "polls": _polls(batch, progress),
        # Only where the sum is that of exactly what would be tried.
        "retry_amount": batch.failed_amount if progress.retryable == progress.failed else None,
    }


def _bar(progress: Progress) -> list[Part]:
    counts = {
        "batch-bar-paid": progress.paid,
        "batch-bar-failed": progress.failed,
        "batch-bar-cancelled": progress.cancelled,
    }
    parts, at, good = [], 0, max(1, progress.good)
    for css, count in counts.items():
        end = at + count
        x, edge = _WIDTH * at // good, _WIDTH * end // good
        if count:
            # One of ten thousand is seen as well.
            parts.append(Part(css, str(x), str(max(edge - x, 4))))
        at = end
    return parts


def _pace(progress: Progress) -> str:
    if progress.time_left is None or progress.per_second <= 0:
        return ""
    rate = f"{progress.per_second:.0f}" if progress.per_second >= 1 else f"{progress.per_second:.1f}"
    words = _("About %(rate)s a second, %(left)s left.")
    return words % {"rate": rate, "left": times.span(max(1, int(progress.time_left.total_seconds())))}


def _polls(batch: Batch, progress: Progress) -> str:
    """How long the page waits before it asks again; not at all once all is over."""
    if batch.state == BatchState.PROCESSING:
        return "2s"
    return "5s" if progress.ended < progress.good else ""
