"""OTPZap's names for things, read leniently: several keys, numbers as text, times in two notations.

Most of the shapes are not documented (OTPZap contract 4 and 6); what a real answer teaches is changed here alone.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from typing import Any

from config.lib.clock import JAKARTA, now
from otp.providers.types import Country, Float, Message, Product, Service, Snapshot

Row = Mapping[str, Any]

STATUS_WORDS = {
    "pending": "pending",
    "waiting": "pending",
    "active": "pending",
    "otp_received": "otp_received",
    "received": "otp_received",
    "success": "success",
    "finished": "success",
    "completed": "success",
    "cancelled": "cancelled",
    "canceled": "cancelled",
    "refunded": "cancelled",
    "replaced": "cancelled",
    "failed": "failed",
    "expired": "expired",
    "timeout": "expired",
}
# A bare string in otps[] this short, without a blank, is a code and not a whole message.
_LONGEST_BARE_CODE = 12
_WIB = re.compile(r"(\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2})(?: WIB)?")


class Unreadable(ValueError):
    """The answer lacks something we cannot do without."""


def pick(row: Row, *names: str) -> Any:
    """The first of ``names`` that is there and not null."""
    for name in names:
        if row.get(name) is not None:
            return row[name]
    return None


def whole(value: Any) -> int | None:
    """An int, from an int, ``"65"`` or ``65.0``."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = Decimal(str(value).strip())
        return int(number) if number == number.to_integral_value() and abs(number) < 10**18 else None
    except (InvalidOperation, ValueError):
        return None


def rupiah(value: Any) -> Decimal | None:
    """Whole rupiah; a fraction (never seen) is rounded up so that we do not sell below cost."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        amount = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    if not amount.is_finite() or not 0 <= amount < 10**13:
        return None
    return amount.to_integral_value(ROUND_CEILING)


def text(value: Any) -> str:
    """Text without blanks at its ends and without the NULs that PostgreSQL refuses; "" for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value).replace("\x00", "").strip()


def identifier(value: Any) -> str:
    """An id as text; ``65``, ``"65"`` and ``65.0`` are the same one. "" for what is none."""
    number = whole(value)
    return str(number) if number is not None else text(value)[:64]


def moment(value: Any) -> datetime | None:
    """``2026-05-28 20:26:40 WIB`` or RFC 3339 (OTPZap contract 12.22); None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        if wib := _WIB.fullmatch(value.strip()):
            return datetime.fromisoformat(wib[1]).replace(tzinfo=JAKARTA)
        found = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=JAKARTA)


def retry_after(value: str | None) -> float | None:
    """Seconds from a ``Retry-After`` header, which may be a number or a date; at most an hour."""
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        seconds = _seconds_until(value)
    return min(max(seconds, 0.0), 3600.0) if seconds == seconds else None


def _seconds_until(value: str) -> float:
    try:
        then = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return float("nan")
    return ((then if then.tzinfo else then.replace(tzinfo=UTC)) - now()).total_seconds()


def rows(data: Any, *names: str) -> list[Row]:
    """The list in ``data``: bare, or under one of ``names``. Rows that are no objects are left out."""
    found = pick(data, *names) if isinstance(data, Mapping) else data
    if not isinstance(found, list):
        raise Unreadable(f"no list of {names[0]}")
    return [row for row in found if isinstance(row, Mapping)]


def read_float(data: Any) -> Float:
    amount = rupiah(pick(data, "balance", "amount")) if isinstance(data, Mapping) else None
    if amount is None:
        raise Unreadable("no balance")
    return Float(amount, text(data.get("currency")) or "IDR")


def read_country(row: Row) -> Country | None:
    number, name = identifier(pick(row, "id", "country_id")), text(pick(row, "name", "country_name"))
    return Country(number, name) if number and name else None


def read_service(row: Row) -> Service | None:
    number = identifier(pick(row, "id", "platform_id", "service_id"))
    name = text(pick(row, "name", "platform_name", "service_name"))
    return Service(number, name) if number and name else None


def read_product(row: Row, service_id: str, country_id: str) -> Product | None:
    """A product for sale; None when it has no id or price, or is switched off."""
    number, cost = identifier(pick(row, "product_id", "id")), rupiah(pick(row, "price", "cost"))
    if not number or cost is None or row.get("active") is False:
        return None
    stock = whole(pick(row, "stock", "available", "count", "qty"))
    return Product(
        id=number,
        name=text(pick(row, "name", "product_name", "tier")),
        service_id=identifier(pick(row, "platform_id", "service_id")) or service_id,
        service_name=text(pick(row, "service_name", "platform_name", "service", "platform")),
        country_id=identifier(row.get("country_id")) or country_id,
        country_name=text(pick(row, "country_name", "country")),
        cost=cost,
        stock=None if stock is None else max(0, stock),
    )


def read_order(data: Any) -> Snapshot:
    """The order object of OTPZap contract 6.2, also when wrapped in ``order``. Raises `Unreadable` without an id."""
    row: Any = data if isinstance(data, Mapping) else {}
    if isinstance(row.get("order"), Mapping):
        row = row["order"]
    order_id = text(pick(row, "order_id", "id"))
    if not order_id or len(order_id) > 64:
        raise Unreadable("no order id")
    return Snapshot(
        order_id=order_id,
        status=STATUS_WORDS.get(text(pick(row, "status", "state")).lower(), ""),
        phone_number=_phone(text(pick(row, "phone_number", "number", "phone"))),
        messages=_messages(row),
        cost=rupiah(pick(row, "price", "cost")),
        cancel_allowed_at=moment(pick(row, "cancel_available_at", "cancel_allowed_at")),
        expires_at=moment(pick(row, "expires_at", "expired_at")),
        resend_count=whole(row.get("resend_count")) or 0,
        resend_locked_until=moment(row.get("resend_locked_until")),
    )


def _phone(number: str) -> str:
    """E.164 with its plus, which OTPZap may leave out (OTPZap contract 12.14)."""
    digits = re.sub(r"[^\d]", "", number)[:20]
    return f"+{digits}" if digits else ""


def _messages(row: Row) -> tuple[Message, ...]:
    latest = text(row.get("otp_code")) or None
    listed = pick(row, "otps", "sms", "messages")
    found = [_message(item, latest) for item in listed] if isinstance(listed, list) else []
    if not found and isinstance(listed, str) and listed.strip():
        found = [_message(listed, latest)]
    if not found and (latest or text(row.get("otp_message"))):
        found = [Message(latest, text(row.get("otp_message")), None)]
    return tuple(message for message in found if message.code or message.text)


def _message(item: Any, latest: str | None) -> Message:
    if isinstance(item, Mapping):
        code = text(pick(item, "otp", "code", "otp_code")) or None
        words = text(pick(item, "message", "text", "sms", "full_sms"))
        return Message(_short(code), words or (code or ""), moment(pick(item, "received_at", "created_at")))
    words = text(item)
    if words and " " not in words and len(words) <= _LONGEST_BARE_CODE:
        return Message(words, words, None)
    return Message(latest if latest and latest in words else None, words, None)


def _short(code: str | None) -> str | None:
    return code[:64] if code else None
