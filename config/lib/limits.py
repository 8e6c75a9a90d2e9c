"""A limit that all processes share: at most ``limit`` events in any window of ``seconds``."""

import secrets
from collections.abc import Sequence
from typing import Any, NamedTuple

from django.core.cache import cache
from redis import Redis
from redis.commands.core import Script

# A sliding log in one sorted set. Redis' own clock is used, so processes with wrong clocks agree.
_TAKE = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local window, limit, n = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - window)
local used = redis.call('ZCARD', KEYS[1])
local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
local reset = #oldest == 0 and window or math.max(1, oldest[2] + window - now)
if used + n > limit then return {reset, math.max(0, limit - used), reset} end
for i = 1, n do redis.call('ZADD', KEYS[1], now, ARGV[4] .. ':' .. i) end
redis.call('PEXPIRE', KEYS[1], window)
return {0, limit - used - n, reset}
"""


class Taken(NamedTuple):
    """What came of asking. Seconds: ``wait`` is 0.0 when counted; after ``reset`` the oldest event is forgotten."""

    wait: float
    left: int
    reset: float


class TokenWindow:
    """``take()`` either counts an event or says how long to wait. Without Redis it raises: limits fail closed."""

    def __init__(self, name: str, *, limit: int, seconds: float) -> None:
        self.key = f"gerbang:limit:{name}"
        self.limit = limit
        self.seconds = seconds

    def take(self, n: int = 1, *, reserve: int = 0) -> float:
        """Count ``n`` events unless fewer than ``reserve`` would be left over.

        Returns 0.0 when counted, otherwise the seconds after which it is worth asking again.
        """
        return self.ask(n, reserve=reserve).wait

    def ask(self, n: int = 1, *, reserve: int = 0) -> Taken:
        """The same as `take`, with what is left."""
        window, mark = int(self.seconds * 1000), secrets.token_hex(8)
        wait, left, reset = _client(self.key).eval(_TAKE, 1, self.key, window, self.limit - reserve, n, mark)
        return Taken(float(wait) / 1000, int(left), float(reset) / 1000)


# All or nothing over several windows, so that a refusal by one does not use up another. Takes one from each.
_TAKE_ALL = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local count = (#ARGV - 1) / 2
if KEYS[count + 1] then
  local left = redis.call('PTTL', KEYS[count + 1])
  if left > 0 then return {-1, left} end
end
for i = 1, count do
  local key, window, limit = KEYS[i], tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now - window)
  if redis.call('ZCARD', key) >= limit then
    local oldest = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
    return {i, #oldest == 0 and window or math.max(1, oldest[2] + window - now)}
  end
end
for i = 1, count do
  redis.call('ZADD', KEYS[i], now, ARGV[1])
  redis.call('PEXPIRE', KEYS[i], ARGV[2 * i])
end
return {0, 0}
"""


# Sent once, then named by its digest.
_take_all = Script(Redis(), _TAKE_ALL)


def take_from_all(windows: Sequence[TokenWindow], *, unless: str = "") -> tuple[float, TokenWindow | None]:
    """Count one event in every window, or in none. Returns 0.0, or the wait and the window that is full.

    ``unless`` is a key of the cache: while it stands, nothing is counted, and the wait is what is left of its life.
    """
    sizes = [number for window in windows for number in (int(window.seconds * 1000), window.limit)]
    keys = [window.key for window in windows]
    if unless:
        keys.append(cache.make_and_validate_key(unless))
    full, waited = _take_all(keys=keys, args=[secrets.token_hex(8), *sizes], client=_client(keys[0]))
    return float(waited) / 1000, windows[full - 1] if full > 0 else None


def give_back(windows: Sequence[TokenWindow]) -> None:
    """Undo the newest event of every window: it turned out not to count."""
    for window in windows:
        _client(window.key).zpopmax(window.key)


def forget(windows: Sequence[TokenWindow]) -> None:
    """Let the windows be empty."""
    _client(windows[0].key).delete(*(window.key for window in windows))


def _client(key: str) -> Any:
    return cache._cache.get_client(key, write=True)  # type: ignore[attr-defined]
