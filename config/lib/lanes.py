"""A few places, shared by all processes, for work that waits for others inside a request: whoever hangs must not take
all web processes with it."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.cache import cache

_LONGEST_SECONDS = 60


@contextmanager
def lane(name: str, places: int) -> Iterator[bool]:
    """Whether one of the ``places`` was free; it is taken as long as the block runs, a minute at most."""
    names = (f"lane:{name}:{number}" for number in range(places))
    taken = next((one for one in names if cache.add(one, 1, timeout=_LONGEST_SECONDS)), None)
    try:
        yield taken is not None
    finally:
        if taken is not None:
            cache.delete(taken)
