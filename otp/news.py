"""Who is told of what happened to an order, in the transaction of the change: the customer and its program."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from django.utils import translation

from notifications.services import emit, tell
from notifications.services.inbox import tell_low_balance
from otp import wire
from otp.models import UNDELIVERED_ENDS, Order, Reason, State
from wallets.selectors import balances

# The end of an inbox that could not be had is a cancellation on the wire, see `otp.wire`.
_SMS_ENDS = {
    State.SUCCESS: "order.finished",
    State.CANCELLED: "order.cancelled",
    State.FAILED: "order.failed",
    State.EXPIRED: "order.failed",
}
_MAIL_ENDS = {
    State.SUCCESS: "email.finished",
    State.CANCELLED: "email.cancelled",
    State.FAILED: "email.cancelled",
    State.EXPIRED: "email.expired",
}
# Whoever did it themselves needs no letter about it.
_OWN_DOING = (Reason.CANCELLED_BY_CUSTOMER, Reason.REPLACED)


def changed(order: Order, *, was: str, codes_before: int) -> None:
    """Tell of ``order``, which was in state ``was`` with ``codes_before`` codes before it was saved.

    Once for each message and once for the end, however often it is called.
    """
    if order.code_count > codes_before:
        _code_arrived(order)
    if order.code_count and not codes_before:
        _paid(order)
    if order.state != was and order.is_over:
        _ended(order)


def _code_arrived(order: Order) -> None:
    key = f"{order.subject}:code:{order.code_count}"
    _emit(order, "email.received" if order.is_mail else "order.otp_received", key, partial(_object, order))
    facts = {"service": order.service_name}
    facts |= {"address": order.mail_address} if order.is_mail else {"number": order.spaced_number}
    kind = "mail_arrived" if order.is_mail else "code_arrived"
    tell(customer=order.customer, kind=kind, subject=order.subject, key=key, facts=facts)


def _paid(order: Order) -> None:
    # By what is booked: money held for running orders may yet come back.
    for wallet in balances(order.customer):
        if wallet.currency == "IDR":
            tell_low_balance(customer=order.customer, balance=wallet.balance)


def _ended(order: Order) -> None:
    key = f"{order.subject}:end"
    if order.reason == Reason.REPLACED:
        _emit(order, "order.replaced", key, partial(_replaced, order))
        return
    ends = _MAIL_ENDS if order.is_mail else _SMS_ENDS
    _emit(order, ends[State(order.state)], key, partial(_object, order))
    if order.state in UNDELIVERED_ENDS and order.reason not in _OWN_DOING:
        tell(customer=order.customer, kind="order_failed", subject=order.subject, key=key, facts=_failure(order))


def _emit(order: Order, event: str, key: str, data: partial[dict[str, Any]]) -> None:
    subject = wire.ref_of(order) if order.is_mail else str(order.pk)
    emit(customer=order.customer, event=event, subject=subject, key=key, data=data)


def _object(order: Order) -> dict[str, Any]:
    """With its version: deliveries overtake each other, and the higher number is the later truth."""
    return {**wire.order_object(order), "version": order.version}


def _replaced(order: Order) -> dict[str, Any]:
    """The new number, and which one it stands for (OTPZap contract 10.2)."""
    new = Order.objects.filter(replaces=order.pk).first()
    return {**_object(new or order), "old_order_id": order.pk, "new_order_id": new.pk if new else None}


def _failure(order: Order) -> Mapping[str, str]:
    with translation.override("en"):
        why = str(Reason(order.reason).label)
    back = wire.refund_of(order)["refund_amount"]
    return {"title": order.title, "why": why, "amount": str(back), "currency": order.currency}
