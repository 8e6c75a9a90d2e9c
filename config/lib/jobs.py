"""Nudging the worker. Rows are the queue: a nudge that is lost costs seconds, until the next sweep."""

import time
from contextlib import suppress
from typing import Any

from celery import Task
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from redis.exceptions import RedisError

# Seconds. How long after it began a task that `nudge_once` queues must look again.
LINGER = 0.05
# Celery's own name for it; all tasks share one.
_QUEUE = "celery"
_quiet_until: dict[str, float] = {}


def nudge(task: "Task[..., Any]", **arguments: Any) -> None:
    """Queue ``task`` once the caller's transaction has committed.

    A broker that is away must not turn a committed change into an error page: Django logs it and goes on.
    """

    # Named, not a partial: Django's log line names the function.
    def queue() -> None:
        task.apply_async(kwargs=arguments, retry=False)

    transaction.on_commit(queue, robust=True)


def nudge_once(task: "Task[[], Any]", *, for_seconds: float = 5.0) -> None:
    """Queue a task that works off everything due, unless one is queued already and has not begun.

    The task calls `begun` before it looks at the rows, and looks for the last time `LINGER` after that: so whoever has
    seen the mark need not look for it again for a moment. A mark whose task was lost fades after ``for_seconds``.
    """

    def queue() -> None:
        if _is_quiet(task):
            return
        moment = time.monotonic()
        client, key = _client_and_key(task)
        fresh = client.set(key, 1, nx=True, px=int(for_seconds * 1000))
        _quiet_until[task.name] = moment + LINGER / 2
        if fresh:
            try:
                task.apply_async(retry=False)
            except Exception:
                _quiet_until.pop(task.name, None)
                client.delete(key)
                raise

    if transaction.get_connection().in_atomic_block or not _is_quiet(task):
        transaction.on_commit(queue, robust=True)


def _is_quiet(task: "Task[[], Any]") -> bool:
    return time.monotonic() < _quiet_until.get(task.name, 0.0)


def begun(task: "Task[[], Any]") -> None:
    """Rows written from now on are worth a nudge of their own. Without Redis the sweep is all there is."""
    client, key = _client_and_key(task)
    with suppress(RedisError):
        client.delete(key)


def _client_and_key(task: "Task[[], Any]") -> tuple[Any, str]:
    key = f"gerbang:nudged:{task.name}"
    return cache._cache.get_client(key, write=True), key  # type: ignore[attr-defined]


def waiting_tasks() -> int:
    """How many nudges wait for a worker. Raises `RedisError`."""
    client = cache._cache.get_client(None, write=True)  # type: ignore[attr-defined]
    prefix = settings.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"]
    return int(client.llen(f"{prefix}{_QUEUE}"))
