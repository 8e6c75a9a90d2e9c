"""How often somebody may call: so many times a minute with one credential, fewer with credentials that do not work."""

import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings
from redis.exceptions import RedisError

from accounts.access.actors import Actor
from accounts.errors import TooOften, Unmeasured
from config.lib.limits import TokenWindow
from config.lib.problems import whole_seconds

_MINUTE = 60.0


@dataclass(frozen=True)
class Allowance:
    """What a credential may still do: ``left`` calls now; after ``reset`` seconds there will be more."""

    limit: int
    left: int
    reset: float

    def headers(self) -> dict[str, str]:
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.left),
            "X-RateLimit-Reset": str(whole_seconds(self.reset)),
        }


class OverLimit(TooOften):
    """The credential has used its calls up."""

    def __init__(self, retry_after: float, allowance: Allowance) -> None:
        super().__init__(retry_after)
        self.allowance = allowance


def spend(actor: Actor) -> Allowance:
    """Count one call of a key or of a customer's token. Raises `OverLimit`, and `Unmeasured` without Redis."""
    limit = settings.API_RATE_PER_MINUTE
    name = f"key:{actor.key.pk}" if actor.key else f"user:{actor.user.pk if actor.user else 0}"
    with _counting():
        taken = TokenWindow(f"api:{name}", limit=limit, seconds=_MINUTE).ask()
    allowance = Allowance(limit, taken.left, taken.reset)
    if taken.wait:
        raise OverLimit(taken.wait, allowance)
    return allowance


def spend_refused(address: str | None) -> None:
    """Count a call whose credential does not work against where it came from. Raises as `spend`.

    Good credentials from the same address are not touched by it.
    """
    window = TokenWindow(f"api:refused:{_place(address)}", limit=settings.API_REFUSED_PER_MINUTE, seconds=_MINUTE)
    with _counting():
        wait = window.take()
    if wait:
        raise TooOften(wait)


def _place(address: str | None) -> str:
    """IPv6 gives everybody 2^64 addresses: their network counts as one place."""
    if address is None:
        return "unknown"
    network = ipaddress.ip_network((address, 64 if ":" in address else 32), strict=False)
    return str(network)


@contextmanager
def _counting() -> Iterator[None]:
    try:
        yield
    except RedisError as error:
        raise Unmeasured from error
