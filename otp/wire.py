"""Orders in OTPZap's words, as our API answers them and our webhooks tell them (OTPZap contract 6.2 and 7.4).

Money is whole rupiah as integers, times are WIB, and an order is known by a number of ours: an SMS order by an integer,
an inbox by an opaque ``ref``.
"""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from config.lib.clock import wib
from config.lib.ids import opaque_id
from otp.models import DELIVERED, UNDELIVERED_ENDS, UNSENT, Order, OrderCode, Server, State

Json = dict[str, Any]

REF_PREFIX = "APIE-"
# What an order is said to last as long as the supplier has not said it (OTPZap contract 12.15).
USUAL_WINDOW = timedelta(minutes=20)
_PREVIEW = 160

_SMS = {State.PENDING: "pending", State.OTP_RECEIVED: "otp_received", State.SUCCESS: "success"} | {
    State.CANCELLED: "cancelled",
    State.FAILED: "failed",
    State.EXPIRED: "failed",
}
# An inbox that could not be had is paid back in full, as a cancelled one is but for its fee.
_MAIL = {State.PENDING: "pending", State.OTP_RECEIVED: "received", State.SUCCESS: "success"} | {
    State.CANCELLED: "cancelled",
    State.FAILED: "cancelled",
    State.EXPIRED: "expired",
}


def order_object(order: Order) -> Json:
    """The object of a number, or of an inbox. Reads the codes: prefetch them for many orders."""
    return mail_object(order) if order.is_mail else sms_object(order)


def sms_object(order: Order) -> Json:
    """A number and what came to it (OTPZap contract 6.2). ``otps`` are oldest first, ``otp_code`` is the latest."""
    codes = _shown(order)
    return {
        "order_id": order.pk,
        "server": order.server,
        "status": status_of(order),
        "phone_number": order.phone_number or None,
        "service_name": order.service_name,
        "country_name": order.country_name or None,
        "product_id": wire_id(order.product_id),
        "service_id": wire_id(order.service_id),
        "country_id": wire_id(order.country_id),
        "operator_id": wire_id(order.operator_id),
        "price": whole(order.price),
        "otp_code": _latest_code(codes),
        "otps": [{"otp": code.code, "message": code.message, "received_at": wib(code.received_at)} for code in codes],
        "resend_count": order.resend_count,
        "resend_locked_until": wib(order.resend_locked_until),
        "cancel_available_at": wib(order.cancel_allowed_at),
        **_times(order),
        "replaced_by_order_id": _successor(order),
        **refund_of(order),
    }


def mail_object(order: Order) -> Json:
    """An inbox and its messages, oldest first (OTPZap contract 7.4)."""
    codes = _shown(order)
    newest = codes[-1] if codes else None
    return {
        "ref": ref_of(order),
        "server": order.server,
        "site": order.service_id,
        "domain": order.domain or None,
        "email": order.mail_address or None,
        "status": status_of(order),
        "price": whole(mail_price(order)),
        "cancel_fee": whole(mail_fee(order)),
        "otp_code": _latest_code(codes),
        "headline": (newest.code or newest.link or newest.subject or None) if newest else None,
        "preview": newest.message[:_PREVIEW] if newest else None,
        "messages": [_mail(code) for code in codes],
        **_times(order),
        **refund_of(order),
    }


def status_of(order: Order) -> str:
    """The state in OTPZap's words (OTPZap contract 6.3 and 7.8)."""
    state = State(order.state)
    if state in UNSENT:
        return "pending"
    if order.is_mail:
        return "pending" if waits_again(order) else _MAIL[state]
    # Server 2 has no word for "a code is there and the number lives on".
    if state == State.OTP_RECEIVED and order.server == Server.OPERATORS:
        return "success"
    return _SMS[state]


def waits_again(order: Order) -> bool:
    """Whether an inbox that has had its message waits for one more."""
    asked = order.resend_requested_at is not None or order.resend_gate > order.message_count
    return order.is_mail and order.state == State.OTP_RECEIVED and asked


def refund_of(order: Order) -> Json:
    """What went back to the wallet, whole rupiah: what was held for the price and not taken."""
    if order.state not in UNDELIVERED_ENDS:
        return {"refunded": False, "refund_amount": 0}
    back = (mail_price(order) if order.is_mail else order.price) - order.charged
    return {"refunded": back > 0, "refund_amount": whole(back)}


def mail_price(order: Order) -> Decimal:
    """What the inbox costs: once it is there, what its domain costs; once it is paid, what was paid."""
    if order.captured_at:
        return order.charged
    return _of_domain(order, "price", order.price)


def mail_fee(order: Order) -> Decimal:
    """What cancelling the inbox before a message costs, or did cost."""
    if order.state == State.CANCELLED:
        return order.charged
    return _of_domain(order, "cancel_fee", order.cancel_fee)


def _of_domain(order: Order, figure: str, otherwise: Decimal) -> Decimal:
    return next((Decimal(row[figure]) for row in order.domains if _is_of(order, row)), otherwise)


def _is_of(order: Order, row: Json) -> bool:
    return bool(row["domain"].casefold() == order.domain.casefold())


def ref_of(order: Order) -> str:
    """What an inbox is called on the wire; nobody can guess one."""
    return opaque_id(REF_PREFIX, order.public_id)


def wire_id(value: str) -> int | str | None:
    """An id of the catalogue: a whole number where it is one, else as it is (OTPZap contract 12.11)."""
    plain = value.isascii() and value.isdecimal() and (value == "0" or value[0] != "0") and len(value) < 16
    return int(value) if plain else value or None


def whole(amount: Decimal) -> int:
    """Rupiah as an integer."""
    return int(amount)


def _shown(order: Order) -> list[OrderCode]:
    return [code for code in order.codes.all() if not code.withheld]


def _latest_code(codes: Sequence[OrderCode]) -> str | None:
    return next((code.code for code in reversed(codes) if code.code), None)


def _mail(code: OrderCode) -> Json:
    return {
        "from": code.sender,
        "subject": code.subject,
        "text": code.message,
        "otp": code.code,
        "link": code.link or None,
        "received_at": wib(code.received_at),
    }


def _times(order: Order) -> Json:
    return {
        "created_at": wib(order.created_at),
        "expires_at": wib(order.expires_at or order.created_at + USUAL_WINDOW),
        "finished_at": wib(order.finished_at),
    }


def _successor(order: Order) -> int | None:
    if order.state in (*DELIVERED, *UNSENT):
        return None
    return Order.objects.filter(replaces=order.pk).values_list("pk", flat=True).first()
