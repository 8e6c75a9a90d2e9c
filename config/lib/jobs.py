"""Nudging the worker. Rows are the queue: a nudge that is lost costs seconds, until the next sweep."""

from contextlib import suppress
from typing import Any

from celery import Task
from django.core.cache import cache
from django.db import transaction
from redis.exceptions import RedisError


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

    The task calls `begun` before it looks at the rows. A mark whose task was lost fades after ``for_seconds``.
    """

    def queue() -> None:
        client, key = _client_and_key(task)
        if client.set(key, 1, nx=True, px=int(for_seconds * 1000)):
            try:
                task.apply_async(retry=False)
            except Exception:
                client.delete(key)
                raise

    transaction.on_commit(queue, robust=True)


def begun(task: "Task[[], Any]") -> None:
    """Rows written from now on are worth a nudge of their own. Without Redis the sweep is all there is."""
    client, key = _client_and_key(task)
    with suppress(RedisError):
        client.delete(key)


def _client_and_key(task: "Task[[], Any]") -> tuple[Any, str]:
    key = f"gerbang:nudged:{task.name}"
    return cache._cache.get_client(key, write=True), key  # type: ignore[attr-defined]
