"""Values read leniently: numbers as text, times in two notations, lists bare or under a name."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from typing import Any

from config.lib.clock import JAKARTA, now

Row = Mapping[str, Any]

_LONGEST_ID = 64
_YEARS = (2000, 2200)
_WIB = re.compile(r"(\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2})(?: WIB)?")


class Unreadable(ValueError):
    """The answer lacks something we cannot do without."""


def pick(row: Row, *names: str) -> Any:
    """The first of ``names`` that is there and not null."""
    for name in names:
        if row.get(name) is not None:
            return row[name]
    return None


def whole(value: Any) -> int | None:
    """An int, from an int, ``"65"`` or ``65.0``."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = Decimal(str(value).strip())
        return int(number) if number == number.to_integral_value() and -(10**18) < number < 10**18 else None
    except (InvalidOperation, ValueError):
        return None


def rupiah(value: Any) -> Decimal | None:
    """Whole rupiah; a fraction (never seen) is rounded up so that we do not sell below cost."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        amount = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    if not amount.is_finite() or not 0 <= amount < 10**13:
        return None
    return amount.to_integral_value(ROUND_CEILING)


def text(value: Any) -> str:
    """Text without blanks at its ends and without what PostgreSQL refuses: NULs, halves of surrogate pairs; "" for
    anything that is none."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value).replace("\x00", "").encode(errors="replace").decode().strip()


def identifier(value: Any) -> str:
    """An id as text; ``65``, ``"65"`` and ``65.0`` are the same one. "" for what is none, or too long to be one."""
    number = whole(value) if isinstance(value, float) else None
    found = text(value) if number is None else str(number)
    return found if len(found) <= _LONGEST_ID else ""


def switched_off(row: Row) -> bool:
    return row.get("active") is False or row.get("is_active") is False


def stock(row: Row) -> int | None:
    """How many are left; None when it does not say."""
    left = whole(pick(row, "stock", "available", "count", "qty"))
    return None if left is None else max(0, left)


def percentage(value: Any) -> Decimal | None:
    """0 to 100 with two decimals, from ``85``, ``"85.5"`` or ``"85 %"``; None for anything else."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        share = Decimal(str(value).strip().rstrip("%").strip())
    except InvalidOperation:
        return None
    return round(share, 2) if share.is_finite() and 0 <= share <= 100 else None


def words(data: Any, *names: str) -> list[str]:
    """A list of texts, bare or under one of ``names``; its items may be objects that carry one of ``names`` in the
    singular, too. Raises `Unreadable`."""
    found = pick(data, *names) if isinstance(data, Mapping) else data
    if not isinstance(found, list):
        raise Unreadable(f"no list of {names[0]}")
    inner = (*(name.rstrip("s") for name in names), "name")
    read = (text(pick(item, *inner)) if isinstance(item, Mapping) else text(item) for item in found)
    return list(dict.fromkeys(word for word in read if word))


def moment(value: Any) -> datetime | None:
    """``2026-05-28 20:26:40 WIB`` or RFC 3339 (OTPZap contract 12.22); None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        if wib := _WIB.fullmatch(value.strip()):
            found = datetime.fromisoformat(wib[1])
        else:
            found = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    # Far outside of our time it is a slip, and in other zones perhaps no date at all.
    if not _YEARS[0] <= found.year <= _YEARS[1]:
        return None
    return found if found.tzinfo else found.replace(tzinfo=JAKARTA)


def retry_after(value: str | None) -> float | None:
    """Seconds from a ``Retry-After`` header, which may be a number or a date; at most an hour."""
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        seconds = _seconds_until(value)
    return min(max(seconds, 0.0), 3600.0) if seconds == seconds else None


def _seconds_until(value: str) -> float:
    try:
        then = parsedate_to_datetime(value)
    except (TypeError, ValueError, OverflowError):
        return float("nan")
    return ((then if then.tzinfo else then.replace(tzinfo=UTC)) - now()).total_seconds()


def rows(data: Any, *names: str) -> list[Row]:
    """The list in ``data``: bare, or under one of ``names``. Rows that are no objects are left out."""
    found = pick(data, *names) if isinstance(data, Mapping) else data
    if not isinstance(found, list):
        raise Unreadable(f"no list of {names[0]}")
    return [row for row in found if isinstance(row, Mapping)]
