"""What one customer's program may cost us at the supplier: its calls a minute are for all customers together."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from accounts.errors import TooOften
from accounts.models import Customer
from config.lib.limits import TokenWindow, give_back

# Questions past the cache, and orders, in any minute.
PER_MINUTE = 60


@dataclass
class Spending:
    """``is_free`` when the block turned out to ask nobody."""

    is_free: bool = False


@contextmanager
def spared(customer: Customer) -> Iterator[Spending]:
    """Around what may ask the supplier on behalf of ``customer``. Raises `TooOften` when that was done too often."""
    window = TokenWindow(f"v1:supplier:{customer.pk}", limit=PER_MINUTE, seconds=60)
    wait = window.take()
    if wait:
        raise TooOften(wait)
    spending = Spending()
    yield spending
    if spending.is_free:
        give_back([window])
