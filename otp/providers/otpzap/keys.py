"""Our keys at OTPZap, known everywhere by a fingerprint, and how much of the minute each has left.

All processes share what is counted here: it stands in Redis.
"""

import hashlib
import secrets
import time
from functools import lru_cache
from math import ceil

from django.conf import settings
from django.core.cache import cache
from redis import RedisError

from config.lib.limits import TokenWindow, take_from_all

# Ours is counted before a request leaves, theirs when it arrives: a few requests of air for what bunches up.
_SAFETY = 0.02
_NAME_LENGTH = 12
_LONGEST_PAUSE = 60.0
_POLL_SECONDS = 5


@lru_cache(maxsize=64)
def name_of(secret: str) -> str:
    """The fingerprint of a key: the beginning of its SHA-256."""
    return hashlib.sha256(secret.encode()).hexdigest()[:_NAME_LENGTH]


def names() -> list[str]:
    """All our keys, the main one first; empty when none is set."""
    return list(_secrets())


def secret_of(name: str) -> str | None:
    """The key itself; "" is the main one. None when it is no longer among the settings."""
    found = _secrets()
    return next(iter(found.values()), None) if not name else found.get(name)


def _secrets() -> dict[str, str]:
    given = [settings.OTPZAP_API_KEY, *settings.OTPZAP_API_KEYS]
    return {name_of(secret): secret for secret in map(str.strip, given) if secret}


def choose() -> str:
    """The key with the most of its minute left, for something new. "" when there is none.

    Keys that rest (refused, or short of money) come only when all of them do.
    """
    found = names()
    if len(found) < 2:
        return found[0] if found else ""
    try:
        room = {name: (not resting(name), not paused(name), left(name)) for name in found}
    except RedisError:
        return found[0]
    most = max(room.values())
    return secrets.choice([name for name in found if room[name] == most])


def limit() -> int:
    """Calls a minute we allow ourselves with one key."""
    return max(1, int(settings.OTPZAP_RATE_PER_MINUTE * (1 - _SAFETY)))


def left(name: str) -> int:
    """How many calls ``name`` may still make in the minute that ends now. Raises `RedisError`."""
    return _window(name).ask(0).left


def take(name: str, *, share: float, smooth: bool) -> float:
    """Count one call, or say after how many seconds it is worth asking again. Raises `RedisError`.

    ``share`` of the minute stays for others; ``smooth`` calls are spread over it.
    """
    most = limit() - int(limit() * share)
    windows = [TokenWindow(f"otpzap:{name}", limit=most, seconds=60)]
    if smooth:
        # A burst of polls would leave the rest of the minute blind.
        few = max(1, most * _POLL_SECONDS // 60)
        windows.append(TokenWindow(f"otpzap:{name}:polls", limit=few, seconds=_POLL_SECONDS))
    return take_from_all(windows, unless=_pause_key(name))[0]


def _window(name: str) -> TokenWindow:
    return TokenWindow(f"otpzap:{name}", limit=limit(), seconds=60)


def pause(name: str, wait: float | None) -> float:
    """The key is over its rate: nobody calls with it until they let us. Returns for how many seconds."""
    seconds = min(_LONGEST_PAUSE, 5.0 if wait is None else max(1.0, wait))
    _keep(_pause_key(name), seconds)
    return seconds


def paused(name: str) -> float:
    """Seconds until the key may be used again; 0.0 when it may."""
    return max(0.0, float(cache.get(_pause_key(name)) or 0) - time.time())


def rest(name: str, seconds: float) -> None:
    """Choose other keys for a while."""
    _keep(_rest_key(name), seconds)


def resting(name: str) -> bool:
    return float(cache.get(_rest_key(name)) or 0) > time.time()


def wake(name: str) -> None:
    """The key is as good as any other again."""
    try:
        cache.delete(_rest_key(name))
    except RedisError:
        return


def _keep(key: str, seconds: float) -> None:
    try:
        cache.set(key, time.time() + seconds, timeout=max(1, ceil(seconds)))
    except RedisError:
        return


def _pause_key(name: str) -> str:
    return f"otpzap:{name}:pause"


def _rest_key(name: str) -> str:
    return f"otpzap:{name}:rest"
