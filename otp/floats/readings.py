"""What each of our keys can still pay for, from the last reading of its balance and what was bought since."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db.models import Q, Sum
from redis import RedisError

from config.lib.clock import now
from config.lib.errors import ProviderError
from otp.errors import SupplierShort
from otp.floats import letters
from otp.models import UNSENT, FloatReading, Order
from otp.providers.otpzap import adapter as otpzap
from otp.providers.otpzap import keys

logger = logging.getLogger(__name__)

# How often the scheduler has balances read, and how old a reading may be to stop anything.
READ_EVERY = timedelta(seconds=60)
TRUSTED_FOR = timedelta(minutes=15)
KEPT = timedelta(days=30)


class Level:
    """How a key stands: words for pages (config.lib.states) and the log."""

    FINE = "float_fine"
    LOW = "float_low"
    STOPPED = "float_stopped"
    UNKNOWN = "float_unknown"


@dataclass(frozen=True)
class Standing:
    """One key. ``room`` is what is left of ``amount`` after everything ordered since it was read."""

    key_name: str
    amount: Decimal | None
    room: Decimal | None
    read_at: datetime | None

    @property
    def level(self) -> str:
        if self.room is None:
            return Level.UNKNOWN
        if self.room <= settings.OTPZAP_FLOAT_STOP:
            return Level.STOPPED
        return Level.LOW if self.room <= settings.OTPZAP_FLOAT_ALERT else Level.FINE

    @property
    def stale(self) -> bool:
        return self.read_at is not None and now() - self.read_at > TRUSTED_FOR


@dataclass(frozen=True)
class Usage:
    """How a key is used: calls in the last minute of those it may make, None while Redis is away. ``rests``: others
    are chosen for new orders; ``paused``: the supplier said stop."""

    key_name: str
    calls: int | None
    limit: int
    rests: bool = False
    paused: bool = False

    @property
    def percent(self) -> int:
        return min(100, 100 * (self.calls or 0) // self.limit)


def usage() -> list[Usage]:
    """How every key is used now, the main one first. No query."""
    return [_usage(name) for name in keys.names()]


def _usage(name: str) -> Usage:
    most = keys.limit()
    try:
        return Usage(name, most - keys.left(name), most, keys.resting(name), keys.paused(name) > 0)
    except RedisError:
        return Usage(name, None, most)


def standings() -> list[Standing]:
    """How every key stands, the main one first. Two queries."""
    names = keys.names()
    newest = {reading.key_name: reading for reading in _newest(names)}
    spent = _spent_since(newest.values())
    return [_standing(name, newest.get(name), spent) for name in names]


def _newest(names: Sequence[str]) -> Iterable[FloatReading]:
    found = FloatReading.objects.filter(key_name__in=names)
    return found.order_by("key_name", "-read_at", "-pk").distinct("key_name")


def _spent_since(readings: Iterable[FloatReading]) -> Decimal:
    """What was ordered and is not in the oldest of the readings yet: not bought so far, or bought since."""
    since = min((reading.read_at for reading in readings), default=None)
    if since is None:
        return Decimal(0)
    pending = Order.objects.live().filter(Q(state__in=UNSENT) | Q(activated_at__gte=since))
    return pending.aggregate(sum=Sum("cost"))["sum"] or Decimal(0)


def _standing(name: str, reading: FloatReading | None, spent: Decimal) -> Standing:
    if reading is None:
        return Standing(name, None, None, None)
    # Keys may belong to one account or to several, which nobody tells us: so every order counts against each.
    return Standing(name, reading.amount, reading.amount - spent, reading.read_at)


def check(amount: Decimal) -> None:
    """Refuse a new order of ``amount`` (its cost, whole rupiah) that would leave us with less than
    ``OTPZAP_FLOAT_STOP`` at the supplier on every key. Raises `SupplierShort`.

    What was ordered and not yet bought counts as spent. Without a recent reading nothing is refused here: then the
    supplier itself refuses, and the money goes back. Makes no call, so it may stand inside a transaction.
    """
    known = [standing for standing in standings() if standing.room is not None and not standing.stale]
    if not known or len(known) < len(keys.names()):
        return
    room = max(standing.room or Decimal(0) for standing in known)
    if room - amount < settings.OTPZAP_FLOAT_STOP:
        logger.error("orders are stopped: %s rupiah left at the supplier, %s asked for", room, amount)
        raise SupplierShort


def read_all() -> list[FloatReading]:
    """Read the balance of every key, have new orders go to those that have money, and tell staff when one runs low.

    A key whose balance cannot be read keeps its last reading.
    """
    return [reading for name in keys.names() if (reading := _read(name))]


def _read(name: str) -> FloatReading | None:
    try:
        found = otpzap.balance(key=name)
    except ProviderError as error:
        logger.warning("the balance of key %s could not be read: %s", name, error)
        return None
    before = FloatReading.objects.filter(key_name=name).order_by("-read_at", "-pk").first()
    reading = FloatReading.objects.create(key_name=name, amount=found.amount, read_at=now())
    if reading.amount <= settings.OTPZAP_FLOAT_STOP:
        keys.rest(name, READ_EVERY.total_seconds() * 2.5)
    else:
        keys.wake(name)
    if _fell(before, reading, settings.OTPZAP_FLOAT_ALERT):
        logger.error("the balance of key %s at the supplier is low: %s rupiah", name, reading.amount)
        letters.say_low(name, reading.amount)
    return reading


def _fell(before: FloatReading | None, reading: FloatReading, line: int) -> bool:
    """Whether it crossed ``line`` downwards: said once, not every minute."""
    return reading.amount <= line and (before is None or before.amount > line)


def forget_readings() -> int:
    """Delete readings older than a month."""
    deleted, _rows = FloatReading.objects.filter(read_at__lt=now() - KEPT).delete()
    return deleted
