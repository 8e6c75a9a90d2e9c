"""Places on a line, kept in the database: never more calls under way than agreed, over all processes."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import F
from django.db.models.functions import Now

from payouts.models import Lane

# Of sixteen places four are for requests that somebody waits for, the rest for two workers.
QUICK_SHARE, MOST_QUICK, WIDE = 4, 4, 2


@dataclass(frozen=True)
class Layout:
    """``quick`` places of one call each, and ``wide`` ones of ``width`` calls."""

    quick: int
    wide: int
    width: int


def layout() -> Layout:
    """What the agreed number of calls at a time is divided into."""
    total = max(1, settings.PAYOUT_RAIL_AT_ONCE)
    quick = min(MOST_QUICK, total // QUICK_SHARE)
    wide = WIDE if total - quick >= 2 * WIDE else 1
    return Layout(quick, wide, (total - quick) // wide)


def seconds() -> float:
    """How long a place, or a claim on payouts, lasts without being renewed: longer than one turn can take."""
    return float(settings.PAYOUT_RAIL_TIMEOUT_SECONDS) + 20.0


@dataclass(frozen=True)
class Taken:
    """A place that is ours for a while; ``width`` calls may go on side by side."""

    token: uuid.UUID
    width: int

    def keep(self) -> bool:
        """Ours for as long again. False when it was lost."""
        until = Now() + timedelta(seconds=seconds())
        return bool(Lane.objects.filter(token=self.token).update(until=until))


@contextmanager
def take(line: str, *, quick: bool = False) -> Iterator[Taken | None]:
    """A free place on ``line``, given back at the end; None when all are taken."""
    plan = layout()
    quick = quick and plan.quick > 0
    token = uuid.uuid4()
    count, width = (plan.quick, 1) if quick else (plan.wide, plan.width)
    taken = _take(line, quick, count, token)
    try:
        yield Taken(token, width) if taken else None
    finally:
        if taken:
            Lane.objects.filter(token=token).update(token=None, until=Now())


def _take(line: str, quick: bool, count: int, token: uuid.UUID) -> bool:
    places = Lane.objects.filter(line=line, is_quick=quick, number__lt=count)
    if places.count() < count:
        rows = [Lane(line=line, is_quick=quick, number=number) for number in range(count)]
        Lane.objects.bulk_create(rows, ignore_conflicts=True)
    until = Now() + timedelta(seconds=seconds())
    # Whoever was quicker has moved `until`: then this row is no longer one of the free ones.
    for free in places.filter(until__lte=Now()).order_by(F("number")).values_list("pk", flat=True):
        if Lane.objects.filter(pk=free, until__lte=Now()).update(token=token, until=until):
            return True
    return False
