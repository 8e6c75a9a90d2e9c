"""What the supplier's answers do to an order and to the money. Nothing here talks to the supplier.

Every write happens under the row's lock and only while the lease that asked is still the order's.
"""

import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models.functions import Now

from config.lib.errors import ProviderError
from otp.models import ENDS, GRACE, UNSENT, Order, OrderCode, Reason, State
from otp.providers.types import Message, Snapshot
from wallets import services as wallets

logger = logging.getLogger(__name__)

WINDOW = timedelta(minutes=20)
COOLDOWN = timedelta(minutes=2)
SHOWN_AFTER_END = timedelta(minutes=10)
POLL_EVERY = timedelta(seconds=5)
POLL_RELAXED = timedelta(seconds=10)
FIRST_POLL = timedelta(seconds=2.5)
OVERDUE_EVERY = timedelta(seconds=60)
# An order that was never in doubt and that nobody took in this time is given up.
SUBMIT_PATIENCE = timedelta(seconds=60)
# Keys are remembered for a day at least, we believe; asking with one that was forgotten would buy again.
DOUBT_PATIENCE = timedelta(hours=12)
LONGEST_BACKOFF = 60.0
CANCEL_TRIES = 5
FINISH_TRIES = 5

CLEARING, REVENUE = "clearing:otpzap", "revenue:otp"

_SEEN = (
    *("state", "reason", "phone_number", "code_count", "expires_at", "finish_requested_at"),
    *("cancel_allowed_at", "cancel_requested_at", "cancel_next_at", "cancel_tries", "cancel_refused_at"),
)
_WRITTEN = (
    *(
        *_SEEN,
        "provider_order_id",
        "provider_cost",
        "charged",
        "charged_cost",
        "doubted_at",
        "activated_at",
        "captured_at",
        "finished_at",
    ),
    *("finish_tries", "shown_until", "version", "next_poll_at", "poll_failures", "lease_token", "lease_until"),
)


@dataclass(frozen=True)
class Answer:
    """What came of one turn at the supplier: ``asked`` is create, check, cancel, finish or nothing.

    After a cancel or finish that did not plainly succeed the order was looked at again: ``snapshot`` is what was
    seen then, ``error`` what became of the request itself.
    """

    asked: str
    snapshot: Snapshot | None = None
    error: ProviderError | None = None

    @property
    def busy(self) -> bool:
        """Not asked at all, for our own limit."""
        return self.error is not None and self.error.code == "busy" and self.snapshot is None


def record(*, order_id: int, lease: uuid.UUID | None, answer: Answer) -> bool:
    """Write down what a turn brought and when the next one is due; give the lease back.

    False, and nothing written, when the lease has passed to somebody else or the order is over.
    """
    with transaction.atomic():
        order = Order.objects.select_for_update(no_key=True).annotate(locked_at=Now()).get(pk=order_id)
        if lease is None or order.lease_token != lease or order.state in ENDS:
            logger.warning("order %s: a late answer to %s was dropped", order.reference, answer.asked)
            return False
        before = _seen(order)
        _digest(order, answer)
        _plan(order, answer)
        order.lease_token = order.lease_until = None
        if _seen(order) != before:
            order.version += 1
        order.save(update_fields=_WRITTEN)
    return True


def apply_snapshot(*, order_id: int, snapshot: Snapshot, lease: uuid.UUID | None) -> bool:
    """`record` for an order that was looked at."""
    return record(order_id=order_id, lease=lease, answer=Answer("check", snapshot))


def _seen(order: Order) -> tuple[object, ...]:
    return tuple(getattr(order, name) for name in _SEEN)


def _digest(order: Order, answer: Answer) -> None:
    if answer.asked == "create" and answer.error:
        _not_bought(order, answer.error)
        return
    if answer.busy:
        return
    if answer.snapshot:
        _apply(order, answer.snapshot)
    if answer.asked == "cancel" and order.state == State.PENDING:
        _still_pending_after_cancel(order, answer.error)
    if answer.asked == "finish" and order.state == State.OTP_RECEIVED:
        _after_finish(order, answer.error)


# --- buying -----------------------------------------------------------------------------------------------------

_REASONS = {
    "OUT_OF_STOCK": Reason.OUT_OF_STOCK,
    "NO_OFFER_AVAILABLE": Reason.OUT_OF_STOCK,
    "INSUFFICIENT_BALANCE": Reason.SUPPLIER_SHORT,
    "UNAUTHORIZED": Reason.SUPPLIER_SHORT,
    "FORBIDDEN": Reason.SUPPLIER_SHORT,
    "NOT_FOUND": Reason.PRODUCT_GONE,
    "VALIDATION_ERROR": Reason.PRODUCT_GONE,
}
_REASONS_BY_STATUS = {
    401: Reason.SUPPLIER_SHORT,
    402: Reason.SUPPLIER_SHORT,
    403: Reason.SUPPLIER_SHORT,
    404: Reason.PRODUCT_GONE,
    409: Reason.OUT_OF_STOCK,
}
# About another request under the same reference: that does not say that ours never was.
_SAME_KEY = ("REQUEST_IN_PROGRESS", "IDEMPOTENCY_KEY_REUSED", "CONFLICT")
# Once in doubt, these may come before the supplier looked the reference up.
_PROVES_NOTHING_LATER = ("UNAUTHORIZED", "FORBIDDEN", "401", "403", "409")


def _not_bought(order: Order, error: ProviderError) -> None:
    if error.outcome_unknown or error.code in _SAME_KEY:
        _doubt(order)
    elif order.state == State.IN_DOUBT and (error.retryable or error.code in _PROVES_NOTHING_LATER):
        return
    elif not error.retryable:
        reason = _REASONS.get(error.code) or _REASONS_BY_STATUS.get(error.status) or Reason.REFUSED
        _end(order, State.FAILED, reason)
    elif order.sent_at and order.db_now > order.sent_at + SUBMIT_PATIENCE:
        # Each attempt was turned away before it could buy anything, so there is nothing to wait for.
        _end(order, State.FAILED, Reason.UNREACHABLE)


def _doubt(order: Order) -> None:
    if order.state == State.SUBMITTING:
        order.state, order.doubted_at = State.IN_DOUBT, order.db_now


# --- looking ----------------------------------------------------------------------------------------------------


def _apply(order: Order, snapshot: Snapshot) -> None:
    """Take over what is newer in ``snapshot``; what an older one lacks changes nothing."""
    _note_activation(order, snapshot)
    _append_messages(order, snapshot.messages)
    if order.code_count and order.captured_at is None:
        _capture(order)
    if order.captured_at is not None:
        over = snapshot.status in ENDS or (order.expires_at is not None and order.db_now >= order.expires_at)
        _move(order, State.SUCCESS if over else State.OTP_RECEIVED)
    elif snapshot.status == State.CANCELLED:
        asked = order.cancel_requested_at is not None
        _end(order, State.CANCELLED, Reason.CANCELLED_BY_CUSTOMER if asked else Reason.CANCELLED_BY_SUPPLIER)
    elif snapshot.status in (State.FAILED, State.EXPIRED):
        _expire_or_fail(order, snapshot)
    else:
        _move(order, State.PENDING)


def _note_activation(order: Order, snapshot: Snapshot) -> None:
    if order.state in UNSENT:
        order.provider_order_id, order.provider_cost = snapshot.order_id, snapshot.cost
        order.activated_at = order.db_now
        order.cancel_allowed_at = (order.sent_at or order.db_now) + COOLDOWN
        if snapshot.cancel_allowed_at:
            order.cancel_allowed_at = snapshot.cancel_allowed_at
        order.expires_at = (order.sent_at or order.db_now) + WINDOW
        if snapshot.expires_at:
            order.expires_at = snapshot.expires_at
    elif snapshot.expires_at and order.expires_at:
        order.expires_at = max(order.expires_at, snapshot.expires_at)
    order.phone_number = order.phone_number or snapshot.phone_number


def _append_messages(order: Order, messages: Sequence[Message]) -> None:
    fresh = [
        OrderCode(
            order=order,
            position=position,
            code=message.code,
            message=message.text,
            received_at=_arrival(order, message),
        )
        for position, message in enumerate(messages)
        if position >= order.code_count
    ]
    OrderCode.objects.bulk_create(fresh)
    order.code_count += len(fresh)


def _arrival(order: Order, message: Message) -> datetime:
    """The supplier's time, unless its clock is so far off that the code came before the order or has yet to come."""
    told = message.received_at or order.db_now
    return min(max(told, order.sent_at or told), order.db_now)


def _expire_or_fail(order: Order, snapshot: Snapshot) -> None:
    # OTPZap has one word for both; which of them we say depends on whether the window was over.
    expires_at = snapshot.expires_at or order.expires_at
    if snapshot.status == State.EXPIRED or (expires_at and order.db_now >= expires_at):
        _end(order, State.EXPIRED, Reason.NO_CODE)
    else:
        _end(order, State.FAILED, Reason.NUMBER_FAILED)


def _move(order: Order, state: str) -> None:
    if order.state != state:
        order.state = state
        if state in ENDS:
            order.finished_at = order.db_now


# --- money, each at most once ----------------------------------------------------------------------------------


def _capture(order: Order) -> None:
    """Delivered text closes the refund, with or without a recognised code (OTPZap contract 6.2)."""
    splits = [(CLEARING, order.cost), (REVENUE, order.price - order.cost)]
    wallets.capture_hold(
        hold_reference=order.hold_reference,
        reference=f"{order.reference}-paid",
        kind="order",
        splits=[(code, amount) for code, amount in splits if amount > Decimal(0)],
        subject=order.subject,
        memo=order.title[:200],
    )
    order.captured_at = order.db_now
    order.charged, order.charged_cost = order.price, order.cost


def _end(order: Order, state: str, reason: Reason) -> None:
    """Over without a code: give the money back."""
    wallets.release_hold(hold_reference=order.hold_reference, expired=state == State.EXPIRED)
    order.reason = reason
    _move(order, state)


# --- cancelling and finishing ----------------------------------------------------------------------------------


def _still_pending_after_cancel(order: Order, error: ProviderError | None) -> None:
    if error and error.status == 429:
        order.cancel_next_at = order.db_now + timedelta(seconds=error.retry_after or 5)
        if error.code != "RATE_LIMIT_EXCEEDED":
            order.cancel_allowed_at = order.cancel_next_at
        return
    if error and error.code in ("busy", "unreachable"):
        order.cancel_next_at = order.db_now + timedelta(seconds=min(30.0, error.retry_after or 5))
        return
    order.cancel_tries += 1
    if order.cancel_tries < CANCEL_TRIES:
        order.cancel_next_at = order.db_now + timedelta(seconds=5 * 2**order.cancel_tries)
    else:
        order.cancel_refused_at = order.db_now
        order.cancel_requested_at = order.cancel_next_at = None


def _after_finish(order: Order, error: ProviderError | None) -> None:
    if error is None:
        _move(order, State.SUCCESS)
        return
    order.finish_tries += 1
    if not error.retryable or order.finish_tries >= FINISH_TRIES:
        # It ends by itself with its window; the customer loses nothing.
        order.finish_requested_at = None


# --- when to look again ----------------------------------------------------------------------------------------


def _plan(order: Order, answer: Answer) -> None:
    if order.state in ENDS:
        order.next_poll_at = order.cancel_next_at = None
        order.shown_until = order.db_now + SHOWN_AFTER_END
    elif not answer.busy:
        failed = answer.error is not None and answer.snapshot is None
        order.poll_failures = min(order.poll_failures + 1, 1000) if failed else 0
        order.next_poll_at = order.db_now + _gap(order, answer.error if failed else None)
        if order.state == State.PENDING and order.cancel_next_at:
            order.next_poll_at = min(order.next_poll_at, max(order.cancel_next_at, order.db_now))
    if order.state != State.PENDING:
        order.cancel_next_at = None


def _gap(order: Order, error: ProviderError | None) -> timedelta:
    if error:
        return timedelta(seconds=max(backoff(order.poll_failures), min(error.retry_after or 0.0, 3600.0)))
    if order.activated_at == order.db_now:
        return FIRST_POLL
    if order.expires_at and order.db_now > order.expires_at + GRACE:
        return OVERDUE_EVERY
    return POLL_EVERY if order.state == State.PENDING else POLL_RELAXED


def backoff(failures: int) -> float:
    """Seconds to wait after so many failures in a row: 2, 4, 8 … up to a minute."""
    return min(LONGEST_BACKOFF, 2.0 ** min(failures, 10))
