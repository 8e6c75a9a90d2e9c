"""Figures that cost a scan are counted once a minute for everybody who asks, and say when."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar, cast

from django.core.cache import cache
from django.utils import timezone

from config.lib import clock

SECONDS = 60

logger = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True)
class Kept(Generic[T]):
    """``value`` as it was at ``as_of``."""

    value: T
    as_of: datetime


@dataclass(frozen=True)
class Figure:
    """One of the few figures a page begins with. ``note`` says what it is a part of, and ``note_url`` leads there."""

    label: str
    text: str
    url: str = ""
    note: str = ""
    note_url: str = ""


def kept(name: str, count: Callable[[], T]) -> Kept[T]:
    """What ``count`` says, at most a minute old. Days are of the zone that is active, so each zone has its own.

    ``count`` returns figures and no words of a language. A cache that is away costs the count, nothing else.
    """
    key = f"overview:{name}:{timezone.get_current_timezone_name()}"
    try:
        known = cache.get(key)
    except Exception:
        logger.warning("figures are counted anew: no cache")
        return Kept(count(), clock.now())
    if isinstance(known, Kept):
        return cast("Kept[T]", known)
    fresh = Kept(count(), clock.now())
    try:
        cache.set(key, fresh, timeout=SECONDS)
    except Exception:
        logger.warning("figures are not remembered: no cache")
    return fresh


def rate(part: int, whole: int) -> int | None:
    """In hundredths, rounded down: 199 of 200 is not 100; None of nothing."""
    return 100 * part // whole if whole else None
