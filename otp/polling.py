"""Turns at the supplier: lease what is due, ask over HTTP outside any transaction, write down what came of it."""

import logging
import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor, as_completed

from config.lib.errors import ProviderError
from otp import delivery
from otp.delivery import Answer
from otp.models import UNSENT, Order, State
from otp.providers.otpzap import adapter as otpzap

logger = logging.getLogger(__name__)

AT_ONCE = 8
# Over all workers: a supplier that hangs must not hang every worker there is.
MOST_IN_HAND = 16
SWEEP_SECONDS = 5.0


def attend(order_id: int) -> bool:
    """Give one order its turn now. False when it is over or somebody else is at it."""
    order = Order.objects.claim(order_id)
    if order is None:
        return False
    return delivery.record(order_id=order.pk, lease=order.lease_token, answer=ask(order))


def sweep(*, seconds: float = SWEEP_SECONDS) -> int:
    """Give every due order its turn, the most urgent first, until none is due, the rate is used up or time is.

    Returns how many turns were recorded. Several may run at once; a call that hangs delays no other order.
    """
    until = time.monotonic() + seconds
    done = 0
    while batch := Order.objects.claim_due(_room()):
        answers = _take_turns(batch)
        done += len(batch)
        if any(answer.busy for answer in answers) or time.monotonic() >= until:
            break
    return done


def _room() -> int:
    return max(0, min(AT_ONCE, MOST_IN_HAND - Order.objects.in_hand().count()))


def _take_turns(batch: Iterable[Order]) -> list[Answer]:
    # Threads only wait for HTTP; the database is written from this one, in the order answers come in.
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="otpzap") as pool:
        turns = {pool.submit(ask, order): order for order in batch}
        answers = [_record_safely(turns[turn], turn) for turn in as_completed(turns)]
    return [answer for answer in answers if answer]


def _record_safely(order: Order, turn: Future[Answer]) -> Answer | None:
    try:
        answer = turn.result()
        delivery.record(order_id=order.pk, lease=order.lease_token, answer=answer)
    except Exception:
        # The lease runs out and the order comes round again; the others of the batch must not suffer.
        logger.exception("order %s: a turn could not be recorded", order.reference)
        return None
    return answer


def ask(order: Order) -> Answer:
    """The one thing to do for ``order`` at the supplier now. Touches no table and raises nothing a supplier causes."""
    if order.state in UNSENT:
        return _create(order)
    if order.state == State.PENDING and order.cancel_requested_at and _cancel_is_due(order):
        return _cancel(order)
    if order.state == State.OTP_RECEIVED and order.finish_requested_at:
        return _finish(order)
    return _check(order)


def _create(order: Order) -> Answer:
    if order.sent_at and order.db_now > order.sent_at + delivery.DOUBT_PATIENCE:
        error = ProviderError("given up", retryable=True, outcome_unknown=True, code="given_up", retry_after=3600)
        return Answer("create", error=error)
    try:
        # In doubt or not: the same reference, so a second purchase cannot come of it (OTPZap contract 9).
        snapshot = otpzap.create_order(product_id=order.product_id, reference=order.reference)
    except ProviderError as error:
        return Answer("create", error=error)
    return Answer("create", snapshot)


def _check(order: Order, asked: str = "check", error: ProviderError | None = None) -> Answer:
    try:
        snapshot = otpzap.check_order(order.provider_order_id, at_once=asked != "check")
    except ProviderError as check_error:
        return Answer(asked, error=error or check_error)
    if not snapshot.status:
        logger.warning("order %s: the supplier uses a status we do not know", order.reference)
    return Answer(asked, snapshot, error)


def _cancel_is_due(order: Order) -> bool:
    return order.cancel_next_at is not None and order.cancel_next_at <= order.db_now


def _cancel(order: Order) -> Answer:
    try:
        reply = otpzap.cancel_order(order.provider_order_id)
    except ProviderError as error:
        if error.code == "busy":
            return Answer("cancel", error=error)
        # Whatever went wrong, the code or the refund may be there by now: look before anything is said.
        return _check(order, "cancel", error)
    if reply.status == State.CANCELLED:
        return Answer("cancel", reply)
    return _check(order, "cancel")


def _finish(order: Order) -> Answer:
    try:
        otpzap.finish_order(order.provider_order_id)
    except ProviderError as error:
        return Answer("finish", error=error) if error.code == "busy" else _check(order, "finish", error)
    # A last code may have come between the last look and the end.
    return _check(order, "finish")
