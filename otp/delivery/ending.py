"""How an order changes its state, and how it ends without a code."""

from otp.delivery import money
from otp.models import ENDS, Order, Reason, State
from otp.providers.types import Snapshot


def move(order: Order, state: str) -> None:
    if order.state != state:
        order.state = state
        if state in ENDS:
            order.finished_at = order.db_now


def end(order: Order, state: str, reason: Reason) -> None:
    """Over without a code: give the money back."""
    money.give_back(order, expired=state == State.EXPIRED)
    order.reason = reason
    move(order, state)


def end_as_told(order: Order, snapshot: Snapshot) -> None:
    """Over without a code by the supplier's word: cancelled, failed or expired."""
    if snapshot.status == State.CANCELLED:
        _cancelled(order, snapshot)
    else:
        _expired_or_failed(order, snapshot)


def _cancelled(order: Order, snapshot: Snapshot) -> None:
    if order.cancel_requested_at is None and order.cancel_refused_at is None:
        lost = order.replace_doubted_at is not None
        end(order, State.CANCELLED, Reason.REPLACEMENT_LOST if lost else Reason.CANCELLED_BY_SUPPLIER)
        return
    if order.is_mail:
        money.keep_fee(order, snapshot.refund)
    else:
        money.give_back(order)
    order.reason = Reason.CANCELLED_BY_CUSTOMER
    move(order, State.CANCELLED)


def _expired_or_failed(order: Order, snapshot: Snapshot) -> None:
    # OTPZap has one word for both; which of them we say depends on whether the window was over.
    expires_at = snapshot.expires_at or order.expires_at
    if snapshot.status == State.EXPIRED or (expires_at and order.db_now >= expires_at):
        end(order, State.EXPIRED, Reason.NO_CODE)
    else:
        end(order, State.FAILED, Reason.NUMBER_FAILED)
