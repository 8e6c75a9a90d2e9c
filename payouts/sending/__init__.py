"""What a worker does, safe to repeat: reserve, claim, give to the rail, ask, record (docs/payouts.md)."""

from payouts.sending.engine import attend, expire, look_back, run
from payouts.sending.reserving import again, begin_batch, release, reserve
from payouts.sending.settling import settle

__all__ = [
    "again",
    "attend",
    "begin_batch",
    "expire",
    "look_back",
    "release",
    "reserve",
    "run",
    "settle",
]
