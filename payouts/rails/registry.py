"""Rails by name, and the lines they share: one line is one company behind one address, with its own limits.

A real rail is another package with the same contract (payouts/providers/types.py) and a line of its own here.
"""

import hashlib
import logging
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError

from config.lib.errors import ProviderError
from payouts.errors import NoRail
from payouts.models.states import Kind
from payouts.providers.payrail.adapter import Payrail
from payouts.providers.payrail.client import Client
from payouts.providers.types import Holder, PayoutRail
from payouts.rails import lanes, pace

NAMES = {Kind.BANK.value: "bank", Kind.MOBILE.value: "mobile"}
NAME_SECONDS = 3.0
# How long a holder's name is believed.
_REMEMBER_SECONDS = 600

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Line:
    """``worlds``: of live payouts (False), of the sandbox (True), or of both where one simulator serves both."""

    name: str
    url: str
    key: str
    worlds: tuple[bool, ...]


def lines() -> list[Line]:
    """The lines that are open, live first. Money of the sandbox only ever goes to the simulated rail."""
    live, simulated = settings.PAYOUT_RAIL_URL, settings.SANDBOX_RAIL_URL and f"{settings.SANDBOX_RAIL_URL}/rail/v1"
    both = bool(live) and live == simulated
    found = [Line("live", live, settings.PAYOUT_RAIL_KEY, (False, True) if both else (False,))] if live else []
    if simulated and not both:
        found.append(Line("sandbox", simulated, settings.SANDBOX_RAIL_KEY, (True,)))
    return found


def line(name: str) -> Line | None:
    """An open line by its name."""
    return next((one for one in lines() if one.name == name), None)


def line_of(is_sandbox: bool) -> Line:
    """The line of one world. Raises `NoRail`."""
    for one in lines():
        if is_sandbox in one.worlds:
            return one
    raise NoRail


def rail_for(kind: str, is_sandbox: bool) -> str:
    """The name of the rail that carries ``kind`` (BankTransfer, MobileMoney). Raises `NoRail` when none is open."""
    line_of(is_sandbox)
    return NAMES[kind]


def rail(
    name: str,
    *,
    is_sandbox: bool = False,
    at_once: int = 1,
    timeout: float | None = None,
    patience: float = 4.0,
) -> PayoutRail:
    """The rail called ``name``; of the sandbox always the simulated one. Raises `NoRail`.

    ``at_once``: calls side by side, for which the caller has places; ``timeout``: seconds for one answer; ``patience``:
    seconds within which calls may begin.
    """
    if name not in NAMES.values():
        raise NoRail
    return on(line_of(is_sandbox), name, at_once=at_once, timeout=timeout, patience=patience)


def on(where: Line, name: str, *, at_once: int = 1, timeout: float | None = None, patience: float = 4.0) -> PayoutRail:
    """The rail called ``name`` on a line that is at hand."""
    client = Client(where.url, where.key, settings.PAYOUT_RAIL_TIMEOUT_SECONDS if timeout is None else timeout)
    return Payrail(name, client, pace=pace.of(where.name), at_once=at_once, patience=patience)


def holder_of(kind: str, code: str, receiver: str, *, is_sandbox: bool = False) -> Holder | None:
    """Whose account or number it is, as its bank says; None when that cannot be known just now. Three seconds at most.

    Answers are kept for some minutes. Raises nothing.
    """
    told = hashlib.sha256(f"{kind}:{code}:{receiver}:{is_sandbox}".encode()).hexdigest()
    try:
        known: Holder | None = cache.get(f"holder:{told}")
        if known is None:
            known = _ask_holder(kind, code, receiver, is_sandbox)
            cache.set(f"holder:{told}", known, _REMEMBER_SECONDS)
        return known
    except (NoRail, RedisError):
        return None
    except ProviderError as error:
        logger.warning("the holder of an account cannot be known just now: %s", error.code)
        return None


def _ask_holder(kind: str, code: str, receiver: str, is_sandbox: bool) -> Holder:
    where = line_of(is_sandbox)
    with lanes.take(where.name, quick=True) as lane:
        if lane is None:
            raise ProviderError("names", retryable=True, outcome_unknown=False, code="busy")
        asked = on(where, NAMES[kind], timeout=NAME_SECONDS / 2, patience=NAME_SECONDS / 2)
        return asked.holder_of(kind, code, receiver)
