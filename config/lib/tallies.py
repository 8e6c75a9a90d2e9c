"""What happens, counted over all processes of all machines: how often, how long, how it ended.

The counts stand in Redis, because workers serve no port that could be asked. They begin again when Redis loses them,
which whoever reads them must expect of any counter.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from django.core.cache import cache
from redis.exceptions import RedisError

_SEPARATOR = "|"


@dataclass
class Seen:
    """Of one kind: ``upto`` are counts by the upper edge of their time, each without those below."""

    count: int = 0
    seconds: float = 0.0
    upto: dict[float, int] = field(default_factory=dict)


class Tally:
    """Times of one sort of thing by its labels, for a histogram. Labels come from us, never from a caller."""

    def __init__(self, name: str, edges: tuple[float, ...], *, every: float = 1.0) -> None:
        """``edges`` in seconds; a process hands over what it counted once in ``every`` seconds, 0 at once."""
        self.name, self.edges, self._every = name, edges, every
        self._waiting: dict[tuple[str, ...], Seen] = {}
        self._lock, self._next = threading.Lock(), 0.0

    def observe(self, seconds: float, *labels: str) -> None:
        """Count one. What cannot be counted, because Redis is away, is forgotten."""
        edge = next((one for one in self.edges if seconds <= one), float("inf"))
        with self._lock:
            seen = self._waiting.setdefault(labels, Seen())
            seen.count += 1
            seen.seconds += seconds
            seen.upto[edge] = seen.upto.get(edge, 0) + 1
            is_due = time.monotonic() >= self._next
        if is_due:
            self.flush()

    @contextmanager
    def timed(self, *labels: str) -> Iterator[None]:
        """Count the block, with how it ended as the last label: ok or failed."""
        started, outcome = time.monotonic(), "failed"
        try:
            yield
            outcome = "ok"
        finally:
            self.observe(time.monotonic() - started, *labels, outcome)

    def flush(self) -> None:
        """Hand over what this process has counted since the last time."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
            self._next = time.monotonic() + self._every
        if not waiting:
            return
        with suppress(RedisError):
            client, key = self._place()
            pipeline = client.pipeline(transaction=False)
            for labels, seen in waiting.items():
                self._add(pipeline, key, _SEPARATOR.join(labels), seen)
            pipeline.execute()

    @staticmethod
    def _add(pipeline: Any, key: str, name: str, seen: Seen) -> None:
        pipeline.hincrby(key, f"{name}#count", seen.count)
        pipeline.hincrbyfloat(key, f"{name}#seconds", round(seen.seconds, 6))
        for edge, count in seen.upto.items():
            pipeline.hincrby(key, f"{name}#{edge}", count)

    def read(self) -> dict[tuple[str, ...], Seen]:
        """What all processes have handed over. Raises `RedisError`."""
        client, key = self._place()
        found: dict[tuple[str, ...], Seen] = {}
        for raw, value in client.hgetall(key).items():
            name, _, part = raw.decode().rpartition("#")
            seen = found.setdefault(tuple(name.split(_SEPARATOR)), Seen())
            if part == "count":
                seen.count = int(value)
            elif part == "seconds":
                seen.seconds = float(value)
            else:
                seen.upto[float(part)] = int(value)
        return found

    def _place(self) -> tuple[Any, str]:
        return cache._cache.get_client(None, write=True), f"gerbang:tally:{self.name}"  # type: ignore[attr-defined]


# Calls to partners by label and outcome; our own answers by kind of address, method and class of status; tasks.
# Calls are handed over when the request or task that made them ends.
CALLS = Tally("calls", (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30))
REQUESTS = Tally("requests", (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10))
TASKS = Tally("tasks", (0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 210))
