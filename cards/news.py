"""What programs of clients are told of cards, in the transaction of the change."""

from datetime import datetime
from functools import partial
from typing import Any

from cards.models import CardAct, CardPayment
from cards.models.states import State
from cards.wire import wire_status
from config.lib.money import as_json_number
from notifications.services import emit_to_client

REFUNDED = "card.refunded"
# Each end of a payment is told once.
_EVENTS: dict[str, str] = {
    State.CAPTURED: "card.captured",
    State.DECLINED: "card.declined",
    State.VOIDED: "card.voided",
    State.EXPIRED: "card.expired",
}


def changed(payment: CardPayment) -> None:
    """``payment`` has another state now; only some of them are worth a message."""
    if payment.state in _EVENTS:
        _emit(payment, _EVENTS[payment.state], f"card:{payment.public_id}:{payment.state}")


def refunded(act: CardAct) -> None:
    """The processor has given back what ``act`` says."""
    _emit(
        act.payment, REFUNDED, f"card:{act.reference}", refundId=str(act.public_id), refund=as_json_number(act.amount)
    )


def _emit(payment: CardPayment, event: str, key: str, **more: Any) -> None:
    emit_to_client(
        client=payment.client,
        is_sandbox=payment.is_sandbox,
        event=event,
        subject=str(payment.public_id),
        key=key,
        data=partial(_object, payment, more),
    )


def _object(payment: CardPayment, more: dict[str, Any]) -> dict[str, Any]:
    """With its version: the higher number is the later truth."""
    card = payment.card
    return {
        "authorizationId": str(payment.public_id),
        "referenceNumber": payment.reference,
        "orderId": payment.order_id or None,
        "status": wire_status(payment),
        "amount": as_json_number(payment.amount),
        "capturedAmount": as_json_number(payment.captured),
        "refundedAmount": as_json_number(payment.refunded),
        "fee": as_json_number(payment.fee),
        "currency": payment.currency,
        "declineReason": payment.reason or None,
        "brand": card.brand,
        "last4": card.last4,
        "createdAt": _moment(payment.created_at),
        "capturedAt": _moment(payment.captured_at),
        "version": payment.version,
        **more,
    }


def _moment(value: datetime | None) -> str | None:
    return value.isoformat() if value else None
