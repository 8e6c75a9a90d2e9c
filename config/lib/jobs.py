"""Nudging the worker. Rows are the queue: a nudge that is lost costs seconds, until the next sweep."""

from typing import Any

from celery import Task
from django.db import transaction


def nudge(task: "Task[..., Any]", **arguments: Any) -> None:
    """Queue ``task`` once the caller's transaction has committed.

    A broker that is away must not turn a committed change into an error page: Django logs it and goes on.
    """

    # Named, not a partial: Django's log line names the function.
    def queue() -> None:
        task.apply_async(kwargs=arguments, retry=False)

    transaction.on_commit(queue, robust=True)
