"""Thin tasks: an id in, one step, done. Every one may run twice or never; the sweep finds what was left."""

import logging
import time
from collections.abc import Callable, Iterable
from itertools import takewhile

from celery import shared_task
from django.core.cache import cache

from payments import settlement
from payments.models import VirtualAccount

# Sweeps that may talk to the provider at once, and how long each goes on starting new calls.
LANES = 2
BUDGET_SECONDS = 20.0
_LANE_SECONDS = 90

logger = logging.getLogger(__name__)


@shared_task(name="payments.submit_va")
def submit_va(*, va_id: int) -> None:
    """Have the number of a new deposit made."""
    settlement.submit(va_id)


@shared_task(name="payments.ask_va")
def ask_va(*, va_id: int) -> None:
    """Ask what became of a number, if a question is due."""
    settlement.ask(va_id)


@shared_task(name="payments.close_va")
def close_va(*, va_id: int) -> None:
    """Delete the number of a cancelled deposit."""
    settlement.close(va_id)


@shared_task(name="payments.apply_message")
def apply_message(*, message_id: int) -> None:
    """Act on a stored notification."""
    doubtful = settlement.apply_message(message_id)
    if doubtful is not None:
        settlement.ask(doubtful)


@shared_task(name="payments.sweep")
def sweep() -> None:
    """Everything that is due and was not done: messages, expiry, unsent numbers, questions.

    What needs no provider comes first and is done by every sweep; calls are left to a few lanes, so that a
    provider that hangs cannot fill all workers.
    """
    _each(settlement.due.messages(), settlement.apply_message)
    _each(settlement.due.expired_deposits(), settlement.expire)
    settlement.due.doubt_crashed()
    settlement.due.forget_unverified()
    for lane in range(LANES):
        key = f"payments:sweep:{lane}"
        if cache.add(key, 1, timeout=_LANE_SECONDS):
            try:
                _call_provider()
            finally:
                cache.delete(key)
            return


def _call_provider() -> None:
    until = time.monotonic() + BUDGET_SECONDS
    due = settlement.due.accounts()
    unsent = {va_id for va_id, state in due if state == VirtualAccount.State.SUBMITTING}
    waiting = takewhile(lambda va_id: time.monotonic() < until, (va_id for va_id, _state in due))
    _each(waiting, lambda va_id: settlement.submit(va_id) if va_id in unsent else settlement.ask(va_id))


def _each(ids: Iterable[int], step: Callable[[int], object]) -> None:
    """One row that cannot be handled must not keep the others waiting."""
    for row_id in ids:
        try:
            step(row_id)
        except Exception:
            logger.exception("row %s could not be handled and stays due", row_id)
