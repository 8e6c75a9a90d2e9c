"""Thin tasks: an id in, one step, done. Every one may run twice or never; the sweep finds what was left."""

import logging
import time
from collections.abc import Callable, Iterable
from itertools import takewhile

from celery import shared_task
from django.core.cache import cache

from config.lib.jobs import LINGER, begun
from payments import exchanges, reconciling, settlement
from payments.methods import FASPAY_OVO, FASPAY_SNAP
from payments.models import PaymentAttempt
from payments.settlement import ovo, ovo_reading, play, static

# Sweeps that may talk to one provider at once, and how long each goes on starting new calls.
LANES = 2
BUDGET_SECONDS = 20.0
_LANE_SECONDS = 90

logger = logging.getLogger(__name__)


@shared_task(name="payments.submit")
def submit(*, attempt_id: int) -> None:
    """Have a new deposit made payable."""
    settlement.submit(attempt_id)


@shared_task(name="payments.ask")
def ask(*, attempt_id: int) -> None:
    """Ask what became of an attempt, if a question is due."""
    settlement.ask(attempt_id)


@shared_task(name="payments.close")
def close(*, attempt_id: int) -> None:
    """Call a closed attempt off at its provider."""
    settlement.close(attempt_id)


@shared_task(name="payments.apply_message")
def apply_message(*, message_id: int) -> None:
    """Act on a stored notification."""
    doubtful = settlement.apply_message(message_id)
    if doubtful is not None:
        settlement.ask(doubtful)


@shared_task(name="payments.apply_messages")
def apply_messages() -> None:
    """Act on every stored message that is due. One nudge stands for all that came since the last one began."""
    # Before looking: what is stored after the look brings a nudge of its own.
    begun(apply_messages)
    at_least, until = time.monotonic() + LINGER, time.monotonic() + BUDGET_SECONDS
    doubtful: set[int | None] = set()
    tried: set[int] = set()
    while (looked := time.monotonic()) < until:
        fresh = [one for one in settlement.due.messages() if one not in tried]
        tried.update(fresh)
        _each(fresh, lambda one: doubtful.add(settlement.apply_message(one)))
        if not fresh:
            if looked >= at_least:
                break
            time.sleep(LINGER / 2)
    asked = (attempt_id for attempt_id in doubtful if attempt_id is not None)
    _each(takewhile(lambda _id: time.monotonic() < until, asked), settlement.ask)


@shared_task(name="payments.ovo_link")
def ovo_link(*, link_id: int) -> None:
    """Do what is due about a link to OVO."""
    ovo.work(link_id)


@shared_task(name="payments.ovo_history")
def ovo_history(*, link_id: int, page: int) -> None:
    """Get one page of a linked account's movements for the page that waits for it."""
    ovo_reading.fetch_history(link_id, page)


@shared_task(name="payments.ovo_instructions")
def ovo_instructions(*, link_id: int) -> None:
    """Get the ways to put money into OVO for the page that waits for them."""
    ovo_reading.fetch_instructions(link_id)


@shared_task(name="payments.pay_in_sandbox")
def pay_in_sandbox(*, deposit_id: int) -> None:
    """Have a simulated bank pay what a client collects in the sandbox."""
    play.pay(deposit_id)


@shared_task(name="payments.sweep")
def sweep() -> None:
    """Everything that is due, was not done, and needs no provider: messages, expiry, doubt."""
    _each(settlement.due.messages(), settlement.apply_message)
    _each(play.due(), play.pay)
    _each(settlement.due.expired_deposits(), settlement.expire)
    settlement.due.doubt_crashed()
    settlement.due.forget_unverified()


@shared_task(name="payments.call")
def call(*, provider: str) -> None:
    """Everything that is due at one provider: attempts to send, questions.

    Calls are left to a few lanes of each provider, so that one that hangs can fill neither all workers nor the way
    to another.
    """
    for lane in range(LANES):
        key = f"payments:call:{provider}:{lane}"
        if cache.add(key, 1, timeout=_LANE_SECONDS):
            try:
                _call_provider(provider)
            finally:
                cache.delete(key)
            return


def _call_provider(provider: str) -> None:
    until = time.monotonic() + BUDGET_SECONDS
    due = settlement.due.attempts(provider)
    steps = {PaymentAttempt.State.SUBMITTING: settlement.submit, settlement.due.LEFT: settlement.call_off}
    states = dict(due)
    waiting = takewhile(lambda _id: time.monotonic() < until, states)
    _each(waiting, lambda one: steps.get(states[one], settlement.ask)(one))
    if provider == FASPAY_OVO:
        _each(takewhile(lambda _id: time.monotonic() < until, ovo.due_links()), ovo.work)
    if provider == FASPAY_SNAP:
        _each(takewhile(lambda _id: time.monotonic() < until, static.due()), static.ask)


@shared_task(name="payments.reconcile")
def reconcile() -> None:
    """Comparisons of days and settlement files that wait."""
    _each(reconciling.files.due(), reconciling.files.work)
    _each(reconciling.runs.due(), reconciling.runs.work)


@shared_task(name="payments.reconcile_nightly")
def reconcile_nightly() -> None:
    """Compare yesterday with every provider, and the days of a week in which something is still open."""
    reconciling.runs.plan_night()


@shared_task(name="payments.forget_exchanges")
def forget_exchanges() -> None:
    """What went out to providers is kept for a while, no longer."""
    while exchanges.forget():
        pass


def _each(ids: Iterable[int], step: Callable[[int], object]) -> None:
    """One row that cannot be handled must not keep the others waiting."""
    for row_id in ids:
        try:
            step(row_id)
        except Exception:
            logger.exception("row %s could not be handled and stays due", row_id)
