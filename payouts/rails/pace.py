"""How many calls a second go to a line, over all processes; without Redis none goes."""

import math
import time
from functools import partial

from django.conf import settings
from redis.exceptions import RedisError

from config.lib.errors import ProviderError
from config.lib.limits import TokenWindow, take_from_all
from payouts.providers.payrail.adapter import Pace

# A call leaves a little after it was counted: windows a little longer than the rail's keep its limit all the same.
_SECOND = 1.05
# A second window of a tenth: a Redis that has lost the first one does not let a whole second's worth go again.
_TENTH = 0.1


def of(line: str) -> Pace:
    """What a rail of this line waits for before each call."""
    return partial(_wait, _windows(line))


def is_known(line: str) -> bool:
    """Whether calls can be counted at all just now."""
    try:
        _windows(line)[0].ask(0)
    except RedisError:
        return False
    return True


def _windows(line: str) -> list[TokenWindow]:
    rate = max(1, settings.PAYOUT_RAIL_PER_SECOND)
    return [
        TokenWindow(f"rail:{line}", limit=rate, seconds=_SECOND),
        TokenWindow(f"rail:{line}:tenth", limit=math.ceil(rate * _TENTH), seconds=_TENTH),
    ]


def _wait(windows: list[TokenWindow], until: float) -> None:
    """Take a place before ``until``. Raises `ProviderError`, code ``paced``: nothing was sent."""
    try:
        while True:
            wait, _full = take_from_all(windows)
            if not wait and time.monotonic() <= until:
                return
            if time.monotonic() + wait > until:
                break
            time.sleep(wait)
    except RedisError as error:
        raise _no_place() from error
    raise _no_place()


def _no_place() -> ProviderError:
    return ProviderError("no place in the pace", retryable=True, outcome_unknown=False, code="paced")
