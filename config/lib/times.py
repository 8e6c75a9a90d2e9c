"""Moments as a person reads them, in the zone that is active for the request."""

from datetime import UTC, date, datetime, time, timedelta
from typing import TypeVar

from django.db.models import Model, QuerySet
from django.utils import timezone, translation
from django.utils.dateformat import format as format_date
from django.utils.translation import gettext as _

M = TypeVar("M", bound=Model)


def zone_name(moment: datetime | None = None) -> str:
    """WIB, WITA, WIT, GMT, or ``UTC+7`` where a zone has no letters of its own."""
    local = timezone.localtime(moment or timezone.now())
    name = local.tzname() or ""
    if name[:1] not in {"+", "-"}:
        return name
    return f"UTC{name[0]}{name[1:3].lstrip('0') or '0'}" + (f":{name[3:]}" if name[3:] else "")


def in_words(moment: datetime, *, form: str = "full") -> str:
    """``21 Nov 2026 09:02 WIB``; ``form``: full, date, clock or seconds. Indonesian writes the hour with a point."""
    local = timezone.localtime(moment)
    point = "." if translation.get_language() == "id" else ":"
    clock = f"H{point}i{point}s" if form == "seconds" else f"H{point}i"
    if form == "date":
        return format_date(local, "j M Y")
    if form in {"clock", "seconds"}:
        return f"{format_date(local, clock)} {zone_name(moment)}"
    return f"{format_date(local, f'j M Y {clock}')} {zone_name(moment)}"


def within(rows: QuerySet[M], first: date | None, last: date | None, *, field: str = "created_at") -> QuerySet[M]:
    """Those of these days of the zone that is active, both included; an open end where there is none."""
    zone = timezone.get_current_timezone()
    if first and first > date.min:
        rows = rows.filter(**{f"{field}__gte": datetime.combine(first, time.min, zone)})
    if last and last < date.max:
        rows = rows.filter(**{f"{field}__lt": datetime.combine(last + timedelta(days=1), time.min, zone)})
    return rows


def stamp(moment: datetime) -> str:
    """ISO 8601 in UTC, as the ``datetime`` attribute and the scripts want it."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def on_the_wire(moment: datetime) -> str:
    """ISO 8601 in UTC to the millisecond, as the gateway's answers have it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def clock_digits(seconds: int) -> str:
    """``14:32`` or ``23:05:00``; hours are counted on past a day."""
    minutes, rest = divmod(max(0, seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def span(seconds: int) -> str:
    """A stretch of time as one says it, without a place to break the line: ``12 s``, ``1 min 20 s``, ``14 min``."""
    return _span(seconds).replace(" ", "\u00a0")


def _span(seconds: int) -> str:
    minutes, rest = divmod(max(0, seconds), 60)
    if not minutes:
        return _("%(seconds)s s") % {"seconds": rest}
    if rest and minutes < 10:
        return _("%(minutes)s min %(seconds)s s") % {"minutes": minutes, "seconds": rest}
    return _("%(minutes)s min") % {"minutes": minutes}
