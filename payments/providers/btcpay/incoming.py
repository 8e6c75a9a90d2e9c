"""Webhooks of BTCPay Server: checked, then read. Pure.

An event says only that something happened to an invoice; what it was is asked (settlement/invoices.py).
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from payments.providers.btcpay import schemas

SIGNATURE_HEADER = "BTCPAY-SIG"
BODY_LIMIT = 64 * 1024


class NotAnEvent(ValueError):
    """Signed perhaps, but not an event that can be read."""


@dataclass(frozen=True)
class Event:
    """``delivery_id`` names one delivery, ``order_id`` is our trx id; ``received_at`` when coins came, if told."""

    delivery_id: str
    type: str
    invoice_id: str
    order_id: str
    received_at: datetime | None

    @property
    def tells_of_money(self) -> bool:
        return self.type in {
            "InvoiceReceivedPayment",
            "InvoicePaymentSettled",
            "InvoiceProcessing",
            "InvoiceSettled",
        }


def is_signed(secret: str, body: bytes, header: str) -> bool:
    """Whether ``BTCPay-Sig`` is ``sha256=`` and the HMAC of the raw bytes; never with an empty secret."""
    if not secret or not header.startswith("sha256="):
        return False
    expected = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), header.strip().lower().encode("utf-8", "replace"))


def read_event(body: bytes) -> Event:
    """The event in ``body``. Raises `NotAnEvent`."""
    if len(body) > BODY_LIMIT:
        raise NotAnEvent("too long")
    try:
        data = json.loads(body, parse_float=str)
    except (ValueError, RecursionError) as error:
        raise NotAnEvent("no JSON") from error
    if not isinstance(data, Mapping) or not schemas.is_id(data.get("invoiceId")):
        raise NotAnEvent("no invoice")
    kind, delivery = data.get("type"), data.get("deliveryId")
    if not isinstance(kind, str) or not 0 < len(kind) <= 40 or not schemas.is_id(delivery):
        raise NotAnEvent("no type or no delivery")
    return Event(str(delivery), kind, data["invoiceId"], _order_id(data), _received_at(data))


def _order_id(data: Mapping[str, Any]) -> str:
    metadata = data.get("metadata")
    found = metadata.get("orderId") if isinstance(metadata, Mapping) else None
    return str(found) if schemas.is_id(found) else ""


def _received_at(data: Mapping[str, Any]) -> datetime | None:
    payment = data.get("payment")
    return schemas.moment_of(payment.get("receivedDate")) if isinstance(payment, Mapping) else None
