"""A limit that all processes share: at most ``limit`` events in any window of ``seconds``."""

import secrets
from typing import Any

from django.core.cache import cache

# A sliding log in one sorted set. Redis' own clock is used, so processes with wrong clocks agree.
_TAKE = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local window, limit, n = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - window)
local used = redis.call('ZCARD', KEYS[1])
if used + n > limit then
  local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
  if #oldest == 0 then return window end
  return math.max(1, oldest[2] + window - now)
end
for i = 1, n do redis.call('ZADD', KEYS[1], now, ARGV[4] .. ':' .. i) end
redis.call('PEXPIRE', KEYS[1], window)
return 0
"""


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
        client: Any = cache._cache.get_client(self.key, write=True)  # type: ignore[attr-defined]
        window = int(self.seconds * 1000)
        waited = client.eval(_TAKE, 1, self.key, window, self.limit - reserve, n, secrets.token_hex(8))
        return float(waited) / 1000
