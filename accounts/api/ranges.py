"""Ranges of time in queries: ``from`` and ``to``, both inclusive, a day or a moment."""

from contextlib import suppress
from datetime import UTC, date, datetime, time
from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _
from ninja import Field

from accounts.errors import BadField

EARLIEST, LATEST = datetime(1970, 1, 2, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
FROM: Any = Field("", alias="from", description="From then on; open when not given.")
TO: Any = Field("", alias="to", description="Until then; a date without time is the whole day. Open when not given.")


class Range(NamedTuple):
    """Moments in UTC, both inclusive; None is open."""

    first: datetime | None
    last: datetime | None

    def on(self, field: str) -> dict[str, datetime]:
        """What ``filter`` takes for ``field``."""
        ends = {f"{field}__gte": self.first, f"{field}__lte": self.last}
        return {name: moment for name, moment in ends.items() if moment is not None}


def between(since: str, until: str) -> Range:
    """The range as it was asked for. Raises `BadField` for what is no time, and for an end before the beginning."""
    found = Range(moment(since, "from"), moment(until, "to", at_end=True))
    if found.first is not None and found.last is not None:
        require_order(found.first, found.last)
    return found


def require_order(first: datetime, last: datetime) -> None:
    if first > last:
        raise BadField("from", _("The end is before the beginning."))


def moment(text: str, name: str, *, at_end: bool = False) -> datetime | None:
    """A day (its end when ``at_end``) or a moment; without a zone that of Freetown, which is UTC."""
    if not text:
        return None
    with suppress(ValueError, OverflowError):
        if len(text) == 10:
            found = datetime.combine(date.fromisoformat(text), time.max if at_end else time.min, UTC)
        else:
            found = datetime.fromisoformat(text)
            found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
        if EARLIEST <= found <= LATEST:
            return found
    raise BadField(name, _("Write a day as 2026-11-21, or a moment as 2026-11-21T09:30:00Z."))
