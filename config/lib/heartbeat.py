"""Signs of life of the processes that serve no port, kept in Redis for a few seconds."""

import logging

from django.core.cache import cache

EVERY_SECONDS = 5.0
SILENT_AFTER_SECONDS = 20

logger = logging.getLogger(__name__)


def say(process: str) -> None:
    """Note that ``process`` is alive. A Redis that is away must not stop a worker, so failure is only logged."""
    try:
        cache.set(f"alive:{process}", 1, timeout=SILENT_AFTER_SECONDS)
    except Exception:
        logger.warning("heartbeat of %s could not be stored", process)


def heard(process: str) -> bool:
    """Whether ``process`` said "alive" within the last ``SILENT_AFTER_SECONDS``."""
    return cache.get(f"alive:{process}") is not None
