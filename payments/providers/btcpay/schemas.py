"""BTCPay's wire names, read leniently into our dataclasses. Pure.

Source: the swagger files of BTCPay Server 2 (invoices, webhooks), as noted in docs/crypto.md.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

NEW, PROCESSING, SETTLED, EXPIRED, INVALID = "New", "Processing", "Settled", "Expired", "Invalid"
PAID_LATE, PAID_PARTIAL, PAID_OVER, MARKED = "PaidLate", "PaidPartial", "PaidOver", "Marked"
_DECIMAL = re.compile(r"\d{1,18}(\.\d{1,18})?", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


@dataclass(frozen=True)
class Invoice:
    """``amount`` and ``paid`` are in ``currency``; None when they cannot be read."""

    id: str
    order_id: str
    status: str
    extra: str
    amount: Decimal | None
    paid: Decimal | None
    currency: str
    checkout: str = field(repr=False)
    expires_at: datetime | None


@dataclass(frozen=True)
class Payment:
    """Coins that arrived, with what they were worth in the invoice's currency at the invoice's rate."""

    worth: Decimal
    status: str
    received_at: datetime | None


def invoice_of(data: Any) -> Invoice | None:
    """An invoice as their API writes it; None when it has no usable id."""
    if not isinstance(data, Mapping) or not is_id(data.get("id")):
        return None
    metadata = data.get("metadata")
    return Invoice(
        id=data["id"],
        order_id=_text(metadata if isinstance(metadata, Mapping) else {}, "orderId"),
        status=_text(data, "status"),
        extra=_text(data, "additionalStatus").replace("None", ""),
        amount=decimal_of(data.get("amount")),
        paid=decimal_of(data.get("paidAmount")),
        currency=_currency(data),
        checkout=_text(data, "checkoutLink", 500),
        expires_at=moment_of(data.get("expirationTime")),
    )


def payments_of(data: Any) -> list[Payment]:
    """All payments of all payment methods. Raises `ValueError` when one of them cannot be read: none may be missed."""
    if not isinstance(data, list):
        raise ValueError("no list of payment methods")
    return [_payment(method, row) for method in data for row in _rows(method)]


def _rows(method: Any) -> list[Any]:
    rows = method.get("payments") if isinstance(method, Mapping) else None
    if rows is None and isinstance(method, Mapping):
        return []
    if not isinstance(rows, list):
        raise ValueError("no list of payments")
    return rows


def _payment(method: Mapping[str, Any], row: Any) -> Payment:
    rate = decimal_of(method.get("rate"))
    value = decimal_of(row.get("value")) if isinstance(row, Mapping) else None
    if rate is None or value is None:
        raise ValueError("a payment without a value or a rate")
    return Payment(value * rate, _text(row, "status"), moment_of(row.get("receivedDate")))


def is_id(value: object) -> bool:
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def decimal_of(value: object) -> Decimal | None:
    """A decimal, written as text or as a number; None for anything else, negatives included."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    text = str(value)
    return Decimal(text) if _DECIMAL.fullmatch(text) else None


def moment_of(value: object) -> datetime | None:
    """A unix time in seconds, as a number or its text."""
    whole = decimal_of(value)
    if whole is None or not 0 < whole < 10**11:
        return None
    return datetime.fromtimestamp(int(whole), UTC)


def _text(data: Mapping[str, Any], name: str, limit: int = 64) -> str:
    value = data.get(name)
    return value.strip() if isinstance(value, str) and len(value) <= limit else ""


def _currency(data: Mapping[str, Any]) -> str:
    """Three letters, or one that stands for none: never cut to one that is."""
    found = _text(data, "currency").upper()
    return found if len(found) <= 3 else "XXX"
