"""Turns at the processor: what is sent in a request, and what the worker does about whatever that left open."""

import logging
import secrets
import time
from collections.abc import Callable, Sequence
from datetime import datetime

from django.conf import settings
from django.core.cache import cache

from cards import processors
from cards.errors import CardsClosed
from cards.models import CardAct, CardPayment
from cards.models.states import Act, ActState
from cards.processing import claiming, judging, moving
from cards.processing.judging import Answer
from cards.providers.types import CardProcessor, Word
from config.lib.clock import now
from config.lib.errors import ProviderError, ServiceError

# Rows in one turn of the worker, and seconds within which the last of them begins.
MOST, TURN_SECONDS = 50, 20.0
_TURN = "cards:asking"

logger = logging.getLogger(__name__)


def answer_of(call: Callable[[], Word]) -> Answer:
    """What came of a call; whatever breaks leaves the outcome open, for perhaps it had left."""
    try:
        return call()
    except ProviderError as error:
        return error
    except Exception as error:
        # Only its kind: what it holds may be what was sent.
        logger.error("a call to the processor broke: %s", type(error).__name__)
        return ProviderError(type(error).__name__, retryable=True, outcome_unknown=True, code="broken")


def send_act(processor: CardProcessor, act: CardAct, *, was_sent: bool = False) -> CardAct:
    """Have the processor do what ``act`` says, and write down what came of it. Returns it as it is then.

    What the ledger refuses at that moment (a balance that was closed meanwhile) stays open: the processor has done it.
    """
    answer = answer_of(lambda: _perform(processor, act))
    try:
        return moving.settle_act(act, judging.of_acting(act, answer, was_sent=was_sent))
    except ServiceError:
        logger.exception("act %s could not be written down and stays due", act.reference)
        return act


def _perform(processor: CardProcessor, act: CardAct) -> Word:
    payment = act.payment
    if act.kind == Act.VOID:
        return processor.void(payment.reference, act.reference)
    do = processor.capture if act.kind == Act.CAPTURE else processor.refund
    return do(payment.reference, act.reference, act.amount, payment.currency)


def ask_payment(payment_id: int) -> CardPayment | None:
    """Ask what became of a payment, if nobody else does. Raises `CardsClosed`."""
    payment = claiming.take_payment(payment_id)
    if payment is None:
        return None
    processor = processors.processor_of(payment)
    answer = answer_of(lambda: processor.ask(payment.reference))
    verdict = judging.of_asking(payment, answer, age=_age(payment.in_doubt_since))
    return moving.settle(payment, verdict)


def ask_act(act_id: int) -> CardAct | None:
    """Ask what became of an act, if nobody else does; what surely never arrived goes out again.

    Raises `CardsClosed`.
    """
    act = claiming.take_act(act_id)
    if act is None:
        return None
    processor = processors.processor_of(act.payment)
    answer = answer_of(lambda: processor.ask(act.payment.reference, act.reference))
    verdict = judging.of_asking_act(act, answer, age=_age(act.in_doubt_since))
    held = moving.settle_act(act, verdict)
    is_ours = held.state == ActState.SENDING and held.lease_token == act.lease_token
    return send_act(processor, held, was_sent=True) if is_ours else held


def _age(since: datetime | None) -> float:
    return (now() - since).total_seconds() if since else 0.0


def ask_due(*, seconds: float = TURN_SECONDS) -> int:
    """Ask about everything whose time has come, as far as one turn goes; one turn at a time. Returns how many.

    What cannot be asked keeps nobody else waiting, and a silent processor keeps one worker busy, not all of them.
    """
    mark = secrets.token_hex(8)
    if not cache.add(_TURN, mark, timeout=seconds + 2 * settings.CARD_TIMEOUT_SECONDS + 5):
        return 0
    until = time.monotonic() + seconds
    try:
        # Payments of a silent processor must not use up the time of refunds that another one would answer for.
        done = _each(ask_payment, claiming.due_payments(MOST), until - seconds / 2)
        return done + _each(ask_act, claiming.due_acts(MOST), until)
    finally:
        if cache.get(_TURN) == mark:
            cache.delete(_TURN)


def _each(ask: Callable[[int], object], ids: Sequence[int], until: float) -> int:
    done = 0
    for one in ids:
        if time.monotonic() >= until:
            break
        done += 1
        try:
            ask(one)
        except CardsClosed:
            logger.error("%s %s is open, and no processor is configured to ask", ask.__name__, one)
        except Exception:
            logger.exception("%s %s failed and stays due", ask.__name__, one)
    return done
