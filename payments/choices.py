"""Which ways to pay in there are right now: their limits, fee, speed and time, and which of them do badly."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import reduce
from statistics import median
from typing import Any

from django.core.cache import cache
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from config.lib.money import format_money
from payments import health, methods
from payments.banks import BANKS, USUAL, Bank
from payments.health import State
from payments.methods import Method
from payments.models import Receipt

# OVO hangs on the link of the wallet's owner, and crypto is for the dashboard only.
FOR_ANYBODY = frozenset({methods.QRIS, methods.VA})
CACHED_SECONDS = 10
_KEY = "payments:choices"
# What "typically" means: the median of so many payments at most, of so many days; with fewer than enough, we say
# what the method promises.
_NEWEST, _ENOUGH, _DAYS = 200, 20, 7
_LAST = {State.SLOW: 1, State.DOWN: 2}
_INSTEAD = {
    methods.QRIS: gettext_lazy("use QRIS"),
    methods.VA: gettext_lazy("use a virtual account"),
    methods.OVO: gettext_lazy("use OVO"),
    methods.CRYPTO: gettext_lazy("use Bitcoin"),
}

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Fact:
    """What was measured of a method: seconds from the payment to the wallet, or None; and how its provider does."""

    seconds: float | None
    state: State


@dataclass(frozen=True)
class Choice:
    """One way to pay as a page offers it. ``fits`` is whether the amount asked about is within its limits;
    ``notice`` says that it does badly, empty otherwise."""

    way: Method
    fits: bool
    speed: str
    is_measured: bool
    state: State
    notice: str
    # How long one can pay.
    time: timedelta

    @property
    def code(self) -> str:
        return self.way.code

    @property
    def name(self) -> str:
        return str(self.way.name)

    @property
    def banks(self) -> Sequence[Bank]:
        """The banks most people have, of a method that leaves the choice."""
        return [BANKS[code] for code in USUAL] if self.code == methods.VA else []

    @property
    def more_banks(self) -> Sequence[Bank]:
        """All others."""
        return [bank for code, bank in BANKS.items() if code not in USUAL] if self.code == methods.VA else []

    @property
    def limits(self) -> str:
        return limits_of(self.way)

    @property
    def range(self) -> str:
        """The limits without the name of the method."""
        return _("%(least)s to %(most)s") % _ends(self.way)

    @property
    def expiry(self) -> str:
        """How long one can pay, in words."""
        return lasting(self.time)

    @property
    def is_down(self) -> bool:
        return self.state is State.DOWN


def offered(*, amount: Decimal | None = None, public: bool = False, left: timedelta | None = None) -> list[Choice]:
    """The ways to pay that this installation has, best first: those that do badly stand at the end and say so.

    ``amount`` in whole rupiah says which of them fit; ``public`` leaves out what only the wallet's owner can use;
    ``left`` is how long the deposit itself can still be paid, by whatever way.
    Costs one look into the cache; every ten seconds a fixed number of queries.
    """
    ways = [way for code in methods.CHOICES if (way := methods.on(code)) and (not public or code in FOR_ANYBODY)]
    known = _facts()
    states = {way.code: known[way.code].state if way.code in known else State.UNKNOWN for way in ways}
    well = [code for code in states if states[code] not in _LAST]
    found = [_choice(way, known.get(way.code), amount, left, _instead_of(way.code, well)) for way in ways]
    return sorted(found, key=lambda choice: _LAST.get(choice.state, 0))


def limits_of(way: Method) -> str:
    """What a method takes, as a sentence: "QRIS takes from Rp1.000 to Rp10.000.000 at once."."""
    return _("%(method)s takes from %(least)s to %(most)s at once.") % {"method": way.name, **_ends(way)}


def lasting(span: timedelta) -> str:
    """A length of time in words: "24 hours", "30 minutes"."""
    minutes = int(span.total_seconds() // 60)
    if minutes >= 120 or minutes == 60:
        hours = minutes // 60
        return ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours}
    return ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}


def about(seconds: float) -> str:
    """A measured time as people say it: "about 20 seconds", "about 3 minutes"."""
    if seconds < 90:
        # Nobody measures exactly enough for more than one digit in five.
        rounded = max(1, round(seconds)) if seconds < 10 else 5 * round(seconds / 5)
        return ngettext("about %(count)d second", "about %(count)d seconds", rounded) % {"count": rounded}
    minutes = round(seconds / 60)
    if minutes < 90:
        return ngettext("about %(count)d minute", "about %(count)d minutes", minutes) % {"count": minutes}
    hours = round(minutes / 60)
    return ngettext("about %(count)d hour", "about %(count)d hours", hours) % {"count": hours}


def _ends(way: Method) -> dict[str, str]:
    return {"least": format_money(way.minimum, "IDR"), "most": format_money(way.maximum, "IDR")}


def _choice(way: Method, fact: Fact | None, amount: Decimal | None, left: timedelta | None, instead: str) -> Choice:
    fact = fact or Fact(None, State.UNKNOWN)
    return Choice(
        way=way,
        fits=amount is None or way.minimum <= amount <= way.maximum,
        speed=str(way.speed) if fact.seconds is None else about(fact.seconds),
        is_measured=fact.seconds is not None,
        state=fact.state,
        notice=_notice(way, fact.state, instead),
        time=way.lifetime if left is None else min(way.lifetime, left),
    )


def _instead_of(code: str, well: list[str]) -> str:
    other = next((one for one in well if one != code), "")
    return str(_INSTEAD[other]) if other else ""


def _notice(way: Method, state: State, instead: str) -> str:
    if state is State.SLOW:
        return _("%(method)s is slow now.") % {"method": way.name}
    if state is not State.DOWN:
        return ""
    if instead:
        return _("%(method)s does not answer right now, %(instead)s.") % {"method": way.name, "instead": instead}
    return _("%(method)s does not answer right now. Try again in a few minutes.") % {"method": way.name}


def _facts() -> dict[str, Fact]:
    """What was measured, at most ten seconds old. A cache that is away costs the queries, nothing else."""
    try:
        known = cache.get(_KEY)
    except Exception:
        logger.warning("the ways to pay are measured anew: no cache")
        return _measure()
    if isinstance(known, dict):
        return known
    measured = _measure()
    try:
        cache.set(_KEY, measured, timeout=CACHED_SECONDS)
    except Exception:
        logger.warning("what was measured is not remembered: no cache")
    return measured


def _measure() -> dict[str, Fact]:
    # Also of what is off: the answer must not depend on who asks.
    seconds = _seconds_to_the_wallet()
    return {code: Fact(_typical(seconds.get(code, [])), health.of_method(code).state) for code in methods.CHOICES}


def _typical(seconds: list[float]) -> float | None:
    return median(seconds) if len(seconds) >= _ENOUGH else None


def _seconds_to_the_wallet() -> dict[str, list[float]]:
    """From the bank's time of a payment to ours of its arrival, of the newest payments of each method. One query."""
    parts = [_newest(methods.METHODS[code]) for code in methods.CHOICES]
    found: dict[str, list[float]] = {}
    for method, paid_at, received_at in reduce(lambda one, other: one.union(other, all=True), parts):
        # Banks' clocks may run ahead of ours.
        found.setdefault(method, []).append(max(0.0, (received_at - paid_at).total_seconds()))
    return found


def _newest(way: Method) -> "QuerySet[Receipt, tuple[Any, ...]]":
    recent = Receipt.objects.filter(
        channel=way.channel,
        received_at__gt=Now() - timedelta(days=_DAYS),
        attempt__method=way.code,
        place=Receipt.Place.WALLET,
        paid_at__isnull=False,
    )
    newest = recent.order_by("-received_at").values_list("attempt__method", "paid_at", "received_at")
    return newest[:_NEWEST]
