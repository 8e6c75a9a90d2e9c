"""Signs of life of the processes that serve no port, kept in Redis for a few seconds."""

import logging
import time

from django.core.cache import cache

EVERY_SECONDS = 5.0
SILENT_AFTER_SECONDS = 20
PROCESSES = ("worker", "scheduler")
_REMEMBERED_SECONDS = 7 * 24 * 3600

logger = logging.getLogger(__name__)


def say(process: str) -> None:
    """Note that ``process`` is alive. A Redis that is away must not stop a worker, so failure is only logged."""
    try:
        cache.set(f"alive:{process}", 1, timeout=SILENT_AFTER_SECONDS)
        cache.set(f"alive-at:{process}", time.time(), timeout=_REMEMBERED_SECONDS)
    except Exception:
        logger.warning("heartbeat of %s could not be stored", process)


def heard(process: str) -> bool:
    """Whether ``process`` said "alive" within the last ``SILENT_AFTER_SECONDS``."""
    return cache.get(f"alive:{process}") is not None


def age(process: str) -> float | None:
    """Seconds since ``process`` last said "alive", by the clocks of two machines; None when nobody remembers."""
    said: float | None = cache.get(f"alive-at:{process}")
    return None if said is None else max(0.0, time.time() - said)
