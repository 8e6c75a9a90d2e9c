"""Turns at the supplier: lease what is due, ask over HTTP outside any transaction, write down what came of it."""

import logging
import os
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime
from functools import lru_cache

from django.db import DatabaseError

from config.lib.errors import ProviderError
from otp import delivery
from otp.delivery import Answer
from otp.models import UNSENT, Order, State
from otp.providers.otpzap import adapter as otpzap
from otp.providers.otpzap import keys
from otp.providers.types import Snapshot

logger = logging.getLogger(__name__)

AT_ONCE = 16
# New turns begin when so many of them are free: one statement leases them all.
REFILL = 8
# Over all workers: a supplier that hangs must not hang every worker there is.
MOST_IN_HAND = 32
SWEEP_SECONDS = 5.0
FLOCK_SECONDS = 0.02
ROOM_SECONDS = 0.5


def attend(order_id: int) -> bool:
    """Give one order its turn now. False when it is over or somebody else is at it."""
    order = Order.objects.claim(order_id, keys.choose)
    if order is None:
        return False
    return delivery.record(order_id=order.pk, lease=order.lease_token, answer=ask(order))


def sweep(*, seconds: float = SWEEP_SECONDS) -> int:
    """Give every due order its turn, the most urgent first, until none is due, the rate is used up or time is.

    Returns how many turns were recorded. Several may run at once; a call that hangs delays no other order.
    """
    until = time.monotonic() + seconds
    under_way: dict[Future[Answer], Order] = {}
    done, more, room = 0, True, _Room()
    # Threads only wait for HTTP; the database is written from this one, in the order answers come in.
    pool = _hands()
    while more or under_way:
        if more and AT_ONCE - len(under_way) >= REFILL:
            batch = Order.objects.claim_due(room.left(len(under_way)), keys.choose)
            under_way |= {pool.submit(ask, order): order for order in batch}
            more = bool(batch)
        answers = _record_what_came(under_way)
        done += len(answers)
        more = more and time.monotonic() < until and not any(answer and answer.busy for answer in answers)
    return done


@lru_cache(maxsize=1)
def _hands() -> ThreadPoolExecutor:
    """Kept from sweep to sweep, with what each thread has open to Redis."""
    return ThreadPoolExecutor(AT_ONCE, thread_name_prefix="otpzap")


# Threads do not come along into a child process.
os.register_at_fork(after_in_child=_hands.cache_clear)


class _Room:
    """How many more orders this worker may take in hand; what others have there is counted anew every half second."""

    def __init__(self) -> None:
        self.others, self.counted_at = 0, float("-inf")

    def left(self, ours: int) -> int:
        if time.monotonic() - self.counted_at > ROOM_SECONDS:
            self.others = Order.objects.in_hand().count() - ours
            self.counted_at = time.monotonic()
        return max(0, min(AT_ONCE, MOST_IN_HAND - self.others) - ours)


def _record_what_came(under_way: dict[Future[Answer], Order]) -> list[Answer | None]:
    """Wait for the first answers, write them down and take them off ``under_way``; None for a turn that broke."""
    wait(under_way, return_when=FIRST_COMPLETED)
    # Answers come in flocks: a moment later more can be written down together.
    turns, _rest = wait(under_way, timeout=FLOCK_SECONDS)
    came = [(order, _answer(order, turn)) for turn in turns if (order := under_way.pop(turn))]
    _record_all([(order, answer) for order, answer in came if answer])
    return [answer for _order, answer in came]


def _answer(order: Order, turn: Future[Answer]) -> Answer | None:
    try:
        return turn.result()
    except Exception:
        _say_so(order)
        return None


def _record_all(came: Sequence[tuple[Order, Answer]]) -> None:
    quiet = [order for order, answer in came if delivery.brings_nothing(order, answer)]
    written: set[int] = set()
    try:
        written = delivery.record_quiet(quiet)
    except DatabaseError:
        logger.exception("%s quiet turns could not be recorded together", len(quiet))
    for order, answer in came:
        if order.pk not in written:
            _record_safely(order, answer)


def _record_safely(order: Order, answer: Answer) -> None:
    try:
        delivery.record(order_id=order.pk, lease=order.lease_token, answer=answer)
    except Exception:
        # The lease runs out and the order comes round again; the others of the batch must not suffer.
        _say_so(order)


def _say_so(order: Order) -> None:
    logger.exception("order %s: a turn could not be recorded", order.reference)


def ask(order: Order) -> Answer:
    """The one thing to do for ``order`` at the supplier now. Touches no table and raises nothing a supplier causes."""
    if order.state in UNSENT:
        return _create(order)
    if order.state == State.PENDING and _is_due(order, order.replace_next_at):
        return _replace(order)
    if order.state == State.PENDING and order.cancel_requested_at and _is_due(order, order.cancel_next_at):
        return _cancel(order)
    if order.state == State.OTP_RECEIVED and order.finish_requested_at:
        return _finish(order)
    if _is_due(order, order.resend_next_at):
        return _ask_for_one_more(order)
    return _look(order)


def _is_due(order: Order, moment: datetime | None) -> bool:
    return moment is not None and moment <= order.db_now


def _create(order: Order) -> Answer:
    if order.sent_at and order.db_now > order.sent_at + delivery.DOUBT_PATIENCE:
        return Answer("create", error=_given_up())
    try:
        # In doubt or not: the same reference, so a second purchase cannot come of it (OTPZap contract 9).
        return Answer("create", _buy(order))
    except ProviderError as error:
        return Answer("create", error=error)


def _given_up() -> ProviderError:
    return ProviderError("given up", retryable=True, outcome_unknown=True, code="given_up", retry_after=3600)


def _buy(order: Order) -> Snapshot:
    if order.is_mail:
        return otpzap.create_mail(
            site=order.service_id,
            domains=[row["domain"] for row in order.domains],
            subject=order.subject_filter,
            pattern=order.pattern,
            reference=order.reference,
            key=order.key_name,
        )
    return otpzap.create_order(
        server=order.server,
        product_id=order.product_id,
        service_id=order.service_id,
        country_id=order.country_id,
        operator_id=order.operator_id,
        is_special=order.is_special,
        reference=order.reference,
        key=order.key_name,
    )


def _look(order: Order, asked: str = "check", error: ProviderError | None = None) -> Answer:
    check = otpzap.check_mail if order.is_mail else otpzap.check_order
    try:
        snapshot = check(order.provider_order_id, key=order.key_name, at_once=asked != "check")
        successor = _successor(order, snapshot)
    except ProviderError as check_error:
        return Answer(asked, error=error or check_error)
    if not snapshot.status:
        logger.warning("order %s: the supplier uses a status we do not know", order.reference)
    return Answer(asked, snapshot, error, successor)


def _successor(order: Order, snapshot: Snapshot) -> Snapshot | None:
    """The order that the supplier says stands in this one's place, if it was us who asked for that."""
    if not snapshot.replaced_by or not order.replace_reference or order.state != State.PENDING:
        return None
    return otpzap.check_order(snapshot.replaced_by, key=order.key_name, at_once=True)


def _cancel(order: Order) -> Answer:
    if order.withheld_count:
        return _give_up_withheld(order)
    cancel = otpzap.cancel_mail if order.is_mail else otpzap.cancel_order
    try:
        reply = cancel(order.provider_order_id, key=order.key_name)
    except ProviderError as error:
        if error.code == "busy":
            return Answer("cancel", error=error)
        # Whatever went wrong, the code or the refund may be there by now: look before anything is said.
        return _look(order, "cancel", error)
    if reply.status == State.CANCELLED:
        return Answer("cancel", reply)
    return _look(order, "cancel")


def _give_up_withheld(order: Order) -> Answer:
    """For the supplier a message that we keep back was delivered: the way out is to finish."""
    answer = _finish(order)
    return Answer("cancel", answer.snapshot, answer.error)


def _finish(order: Order) -> Answer:
    finish = otpzap.finish_mail if order.is_mail else otpzap.finish_order
    try:
        finish(order.provider_order_id, key=order.key_name)
    except ProviderError as error:
        return Answer("finish", error=error) if error.code == "busy" else _look(order, "finish", error)
    # A last code may have come between the last look and the end.
    return _look(order, "finish")


def _ask_for_one_more(order: Order) -> Answer:
    try:
        return Answer("resend", _one_more(order))
    except ProviderError as error:
        if error.code == "busy":
            return Answer("resend", error=error)
        return _look(order, "resend", error)


def _one_more(order: Order) -> Snapshot:
    if not order.is_mail:
        return otpzap.resend_order(order.provider_order_id, key=order.key_name)
    # The same reference for every try of the same wish.
    reference = f"{order.reference}-{order.resend_count + 1}"
    return otpzap.reorder_mail(order.provider_order_id, reference=reference, key=order.key_name)


def _replace(order: Order) -> Answer:
    if order.replace_doubted_at and order.db_now > order.replace_doubted_at + delivery.DOUBT_PATIENCE:
        return Answer("replace", error=_given_up())
    try:
        new = otpzap.replace_order(order.provider_order_id, reference=order.replace_reference, key=order.key_name)
    except ProviderError as error:
        if error.code == "busy":
            return Answer("replace", error=error)
        # The code may have won, or the new number be there although its answer is not.
        return _look(order, "replace", error)
    return Answer("replace", successor=new)
