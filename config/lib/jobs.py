"""Nudging the worker. Rows are the queue: a nudge that is lost costs seconds, until the next sweep."""

import logging
from typing import Any

from celery import Task
from django.db import transaction
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)


def nudge(task: "Task[..., Any]", **arguments: Any) -> None:
    """Queue ``task`` once the caller's transaction has committed.

    A broker that is away must not turn a committed change into an error page, so that is only logged.
    """
    transaction.on_commit(lambda: _queue(task, arguments))


def _queue(task: "Task[..., Any]", arguments: dict[str, Any]) -> None:
    try:
        task.apply_async(kwargs=arguments, retry=False)
    except (OperationalError, RedisError, OSError):
        logger.warning("%s could not be queued; the sweep will find it", task.name)
