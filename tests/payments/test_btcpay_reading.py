"""What BTCPay Server's invoices, payments and events say, read without asking anybody."""

import hashlib
import hmac
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from payments.providers.btcpay import incoming, schemas

SECRET, BODY = "a webhook's secret", b'{"type":"InvoiceSettled"}'
# By hand: printf '%s' "$BODY" | openssl dgst -sha256 -hmac "$SECRET"
DIGEST = "ee522eab09c26259aaa43be365c9521bf9727504329bb0485bb9616f518b0720"


def test_the_signature_is_the_hmac_of_the_raw_bytes() -> None:
    assert incoming.is_signed(SECRET, BODY, f"sha256={DIGEST}")
    assert incoming.is_signed(SECRET, BODY, f"sha256={DIGEST.upper()}")


@pytest.mark.parametrize(
    ("secret", "body", "header"),
    [
        (SECRET, BODY, DIGEST),
        (SECRET, BODY, ""),
        (SECRET, BODY, "sha256="),
        (SECRET, BODY, f"sha1={DIGEST}"),
        (SECRET, BODY, "sha256=é"),
        (SECRET, BODY + b" ", f"sha256={DIGEST}"),
        ("another secret", BODY, f"sha256={DIGEST}"),
        ("", BODY, "sha256=" + hmac.new(b"", BODY, hashlib.sha256).hexdigest()),
    ],
)
def test_anything_else_is_not_signed(secret: str, body: bytes, header: str) -> None:
    assert not incoming.is_signed(secret, body, header)


def event(**changes: Any) -> bytes:
    body: dict[str, Any] = {
        "deliveryId": "XjoFkhHh5KGBEcQPYHFau3",
        "webhookId": "3aFT6UHRgYW4P3dZ6nFPLi",
        "type": "InvoiceReceivedPayment",
        "timestamp": 1657727232,
        "storeId": "TestStore",
        "invoiceId": "XEDvpempoTYJHJTKGDff1Q",
        "metadata": {"orderId": "M7YP2Q3SAKDYTQ6Y"},
        "payment": {"receivedDate": 1657727232, "value": "0.00010601", "status": "Processing"},
    }
    return json.dumps({name: value for name, value in (body | changes).items() if value is not ...}).encode()


def test_an_event_is_read() -> None:
    told = incoming.read_event(event())
    assert (told.invoice_id, told.order_id) == ("XEDvpempoTYJHJTKGDff1Q", "M7YP2Q3SAKDYTQ6Y")
    assert told.received_at == datetime(2022, 7, 13, 15, 47, 12, tzinfo=UTC)
    assert told.tells_of_money


@pytest.mark.parametrize("kind", ["InvoiceCreated", "InvoiceExpired", "InvoiceInvalid", "SomethingNew"])
def test_other_events_tell_of_no_money(kind: str) -> None:
    assert not incoming.read_event(event(type=kind)).tells_of_money


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b"\xff",
        b"[" * 100_000,
        event(invoiceId=...),
        event(invoiceId=7),
        event(invoiceId="../../keys"),
        event(deliveryId=...),
        event(type=...),
        event(type=""),
        event(type=["InvoiceSettled"]),
        event() + b" " * 70_000,
    ],
)
def test_what_is_no_event_is_told(body: bytes) -> None:
    with pytest.raises(incoming.NotAnEvent):
        incoming.read_event(body)


@pytest.mark.parametrize("metadata", [..., None, "x", {}, {"orderId": None}, {"orderId": 5}, {"orderId": "' or 1=1"}])
def test_an_order_id_that_cannot_be_ours_is_none(metadata: Any) -> None:
    assert incoming.read_event(event(metadata=metadata)).order_id == ""


def test_an_invoice_is_read() -> None:
    found = schemas.invoice_of(
        {
            "id": "XEDvpempoTYJHJTKGDff1Q",
            "amount": "100000",
            "paidAmount": "100009.5",
            "currency": "IDR",
            "status": "Settled",
            "additionalStatus": "None",
            "checkoutLink": "https://pay.example/i/XEDvpempoTYJHJTKGDff1Q",
            "expirationTime": 1657727232,
            "metadata": {"orderId": "M7YP2Q3SAKDYTQ6Y"},
            "somethingNew": {},
        }
    )
    assert found is not None
    assert (found.status, found.extra, found.order_id) == ("Settled", "", "M7YP2Q3SAKDYTQ6Y")
    assert (found.amount, found.paid) == (Decimal(100_000), Decimal("100009.5"))


@pytest.mark.parametrize("data", [None, [], "x", {}, {"id": ""}, {"id": 5}, {"id": "a/b"}, {"id": "x" * 65}])
def test_an_invoice_without_an_id_is_none(data: Any) -> None:
    assert schemas.invoice_of(data) is None


def method(**payment: Any) -> dict[str, Any]:
    row = {"receivedDate": 1657727232, "value": "0.0001", "status": "Settled", **payment}
    return {"paymentMethodId": "BTC-CHAIN", "rate": "1000000000.0", "payments": [row]}


def test_coins_are_worth_their_rate() -> None:
    first, second = schemas.payments_of([method(), method(value="0.00005", status="Processing"), {"rate": "1"}])
    assert (first.worth, second.worth) == (Decimal(100_000), Decimal(50_000))
    assert second.status == "Processing"


@pytest.mark.parametrize(
    "data",
    [
        None,
        {},
        [{"payments": {}}],
        [{**method(), "rate": None}],
        [{**method(), "rate": "NaN"}],
        [method(value="-0.0001")],
        [method(value="1e-4")],
        [method(value=None)],
        [{"rate": "1", "payments": ["x"]}],
        ["x"],
    ],
)
def test_a_payment_that_cannot_be_read_spoils_the_list(data: Any) -> None:
    with pytest.raises(ValueError, match="payment"):
        schemas.payments_of(data)


@pytest.mark.parametrize("value", [True, None, 1.5, "-1", "1e5", "NaN", "", "１", "9" * 40, []])
def test_only_plain_decimals_are_numbers(value: Any) -> None:
    assert schemas.decimal_of(value) is None
