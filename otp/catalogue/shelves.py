"""The cache of the catalogue, which all processes share.

Fresh for a while, kept for longer: when OTPZap is away the older copy is shown with its age. One process asks, the
others take the older copy or wait for hers.
"""

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, is_dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from django.core.cache import cache
from redis import RedisError

from config.lib.errors import ProviderError
from otp.errors import NothingThere, SupplierAway

logger = logging.getLogger(__name__)

# Lists with prices and stock, and lists of names alone.
FRESH_SECONDS, NAMES_FRESH_SECONDS = 30, 300
KEPT_SECONDS, NAMES_KEPT_SECONDS = 600, 3600
_AWAY_SECONDS = 5
# How the supplier answers who names a country or service that it does not have.
_NO_SUCH = (404, 422)
_LOCK_SECONDS = 10
_PATIENCE_SECONDS = 4.0

T = TypeVar("T")


@dataclass(frozen=True)
class Shelf(Generic[T]):
    """A list as it was at ``as_of``; after ``fresh`` seconds it is read again."""

    items: Sequence[T]
    as_of: datetime
    fresh: int = FRESH_SECONDS

    @property
    def age(self) -> float:
        return time.time() - self.as_of.timestamp()

    @property
    def stale(self) -> bool:
        """Old enough that the reader should know."""
        return self.age > self.fresh + 30


def read(key: str, kind: type[T], load: Callable[[], Sequence[T]], *, names: bool = False) -> Shelf[T]:
    """The shelf ``key``, from the cache or by ``load``. ``names``: no price hangs on it, so it may be older. Raises
    `SupplierAway` when OTPZap is away and no copy is left, as `NothingThere` when it knows no such thing."""
    fresh, life = (NAMES_FRESH_SECONDS, NAMES_KEPT_SECONDS) if names else (FRESH_SECONDS, KEPT_SECONDS)
    kept = _kept(key, kind, fresh)
    if kept and kept.age < fresh:
        return kept
    if quietly(lambda: cache.get(f"otp:away:{key}")):
        return _or_away(kept)
    if quietly(lambda: cache.add(f"otp:asking:{key}", 1, timeout=_LOCK_SECONDS)) is False:
        return kept or _or_away(_wait_for(key, kind, fresh))
    try:
        return keep(key, load(), fresh=fresh, life=life)
    except ProviderError as error:
        if error.status in _NO_SUCH and kept is None:
            raise NothingThere from error
        logger.warning("catalogue %s: %s", key, error)
        quietly(lambda: cache.set(f"otp:away:{key}", 1, timeout=_AWAY_SECONDS))
        return _or_away(kept)
    finally:
        quietly(lambda: cache.delete(f"otp:asking:{key}"))


def keep(key: str, items: Sequence[T], *, fresh: int = FRESH_SECONDS, life: int = KEPT_SECONDS) -> Shelf[T]:
    """Put a list that was just read on its shelf."""
    moment = time.time()
    rows = [asdict(item) if is_dataclass(item) and not isinstance(item, type) else item for item in items]
    quietly(lambda: cache.set(f"otp:shelf:{key}", (moment, rows), timeout=life))
    return Shelf(items, datetime.fromtimestamp(moment, UTC), fresh)


def cached(key: str, kind: type[T]) -> Shelf[T] | None:
    """The copy that is there, without asking anybody."""
    return _kept(key, kind, FRESH_SECONDS)


def together(*loads: Callable[[], Any]) -> list[Any]:
    """What each of ``loads`` returns, asked for at the same time; None for one that OTPZap does not answer."""
    with ThreadPoolExecutor(max_workers=len(loads)) as pool:
        return list(pool.map(_or_none, loads))


def _or_none(load: Callable[[], Any]) -> Any:
    try:
        return load()
    except SupplierAway:
        return None


def _or_away(shelf: Shelf[T] | None) -> Shelf[T]:
    if shelf is None:
        raise SupplierAway
    return shelf


def _wait_for(key: str, kind: type[T], fresh: int) -> Shelf[T] | None:
    until = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < until:
        time.sleep(0.1)
        if (kept := _kept(key, kind, fresh)) or quietly(lambda: cache.get(f"otp:away:{key}")):
            return kept
    return None


def _kept(key: str, kind: type[T], fresh: int) -> Shelf[T] | None:
    stored = quietly(lambda: cache.get(f"otp:shelf:{key}"))
    if stored is None:
        return None
    moment, rows = stored
    items = [kind(**row) if isinstance(row, dict) else row for row in rows]
    return Shelf(items, datetime.fromtimestamp(moment, UTC), fresh)


def quietly(step: Callable[[], Any]) -> Any:
    """What ``step`` returns, None without Redis: then there is no cache, and the limiter, which is there too, stops the
    calls."""
    try:
        return step()
    except RedisError:
        return None
