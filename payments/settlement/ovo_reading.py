"""What a page shows of an OVO account besides its balance: movements, and how to put money in.

A worker asks and leaves the answer in the cache for a while, so that no page ever waits for OVO. Only people's own
pages read it, by the id of their own link.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from django.core.cache import cache

from config.lib.clock import JAKARTA, now
from config.lib.errors import ProviderError
from payments.exchanges import recorded
from payments.methods import FASPAY_OVO
from payments.models import OvoLink
from payments.providers.faspay_ovo import adapter
from payments.providers.faspay_ovo.adapter import Instruction, Movement
from payments.providers.faspay_ovo.gateway import flag_of
from payments.providers.types import Flag

HISTORY_DAYS = 90
PAGE_SIZE = 10
LAST_PAGE = 50
_KEPT, _KEPT_LONG, _KEPT_FAILURE = 60, 3600, 15

logger = logging.getLogger(__name__)
T = TypeVar("T")


_STATES = {
    Flag.PAID: "success",
    Flag.REFUNDED: "reversed",
    Flag.FAILED: "failed",
    Flag.CANCELLED: "cancelled",
    Flag.PENDING: "pending",
}


@dataclass(frozen=True)
class Line:
    """A movement as a page shows it; ``state`` is OVO's own word when we do not know it."""

    movement: Movement
    state: str


@dataclass(frozen=True)
class Movements:
    """One page of the history, in OVO's order; ``failed`` when OVO did not answer."""

    rows: tuple[Line, ...] = ()
    more: bool = False
    failed: bool = False


@dataclass(frozen=True)
class Instructions:
    rows: tuple[Instruction, ...] = ()
    failed: bool = False


def history_key(link: OvoLink, page: int) -> str:
    return f"payments:ovo:history:{link.pk}:{page}"


def instructions_key(link: OvoLink) -> str:
    return f"payments:ovo:instructions:{link.pk}"


def fetch_history(link_id: int, page: int) -> None:
    """Ask for one page of the last 90 days and leave it in the cache for a minute."""
    if (link := _linked(link_id)) is None or cache.get(history_key(link, page)) is not None:
        return
    found = _asked(link, lambda: _history(link, page)) or Movements(failed=True)
    cache.set(history_key(link, page), found, timeout=_KEPT_FAILURE if found.failed else _KEPT)


def fetch_instructions(link_id: int) -> None:
    """Ask how money gets into OVO and leave it in the cache for an hour."""
    if (link := _linked(link_id)) is None or cache.get(instructions_key(link)) is not None:
        return
    found = _asked(link, lambda: Instructions(tuple(adapter.topup_instructions(link.phone))))
    kept = found or Instructions(failed=True)
    cache.set(instructions_key(link), kept, timeout=_KEPT_FAILURE if kept.failed else _KEPT_LONG)


def _linked(link_id: int) -> OvoLink | None:
    return OvoLink.objects.filter(pk=link_id, state=OvoLink.State.LINKED).first()


def _history(link: OvoLink, page: int) -> Movements:
    today = now().astimezone(JAKARTA).date()
    start = today - timedelta(days=HISTORY_DAYS)
    got = adapter.history(link.phone, start=start, end=today, page=page, limit=PAGE_SIZE)
    lines = (Line(one, _STATES.get(flag_of(one.status), one.status.lower())) for one in got.movements)
    return Movements(tuple(lines), got.full)


def _asked(link: OvoLink, call: Callable[[], T]) -> T | None:
    try:
        with recorded(FASPAY_OVO, reference=f"ovo:{link.public_id}"):
            return call()
    except ProviderError as error:
        logger.warning("ovo link %s: %s", link.public_id, error)
        return None
