"""What is no word of Faspay's SNAP: the unsigned link callback, and events of a BTCPay Server."""

import hashlib
import hmac
import json
from typing import Any

import pytest

from payments.models import OvoLink, ProviderMessage
from tests.payments import gate as g
from tests.payments.gate import WEBHOOK, Gate, last_message

pytestmark = pytest.mark.django_db
TOKEN = "a-token-that-nobody-guesses-0123456789"
SECRET = "webhook-secret"


@pytest.fixture
def open_gate(gate: Gate, settings: Any) -> Gate:
    settings.FASPAY_OVO_CALLBACK_TOKEN = TOKEN
    settings.BTCPAY_WEBHOOK_SECRET = SECRET
    return gate


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_hint_is_answered_and_kept_without_its_token(open_gate: Gate, method: str) -> None:
    path = f"/faspay/ovo/linked/{TOKEN}?phone_number=081234567890&response_code=00"
    answer = open_gate.client.generic(method, path)
    assert answer.status_code == 200
    message = last_message()
    assert (message.kind, message.verified, message.next_try_at) == ("link", False, None)
    assert TOKEN not in message.path + str(message.headers) + bytes(message.body).decode()
    assert not OvoLink.objects.exists(), "a hint makes no link"


@pytest.mark.parametrize(
    "body",
    [
        b'{"phone_number":"081234567890","response_code":"00"}',
        g.xml_of({"phone_number": "081234567890", "response_code": "00"}),
    ],
)
def test_a_hint_in_a_body(open_gate: Gate, body: bytes) -> None:
    assert open_gate.client.generic("POST", f"/faspay/ovo/linked/{TOKEN}", body).status_code == 200


def test_hints_that_are_none(open_gate: Gate) -> None:
    assert open_gate.client.get(f"/faspay/ovo/linked/{TOKEN}").status_code == 400
    other = "/faspay/ovo/linked/other?phone_number=081234567890&response_code=00"
    assert open_gate.client.get(other).status_code == 404
    assert open_gate.client.put(f"/faspay/ovo/linked/{TOKEN}").status_code == 405
    assert open_gate.client.generic("POST", f"/faspay/ovo/linked/{TOKEN}", b"x" * 70_000).status_code == 400


# --- BTCPay -------------------------------------------------------------------------------------------


def event(delivery: str = "D1", invoice: str = "INV1") -> bytes:
    return json.dumps({"deliveryId": delivery, "type": "InvoiceSettled", "invoiceId": invoice}).encode()


def post(gate: Gate, body: bytes, secret: str = SECRET, **headers: str) -> Any:
    sign = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return gate.client.generic("POST", WEBHOOK, body, "application/json", headers={"BTCPay-Sig": sign, **headers})


def test_an_event_is_kept_once(open_gate: Gate) -> None:
    for _ in range(3):
        assert post(open_gate, event()).status_code == 200
    message = ProviderMessage.objects.get()
    assert (message.kind, message.reference, message.external_id) == ("invoice", "INV1", "D1")
    assert (message.verified, message.times_received, message.provider) == (True, 3, "btcpay")
    assert "BTCPAY-SIG" not in str(message.headers).upper()


def test_a_signature_that_does_not_fit(open_gate: Gate, settings: Any) -> None:
    assert post(open_gate, event(), secret="other").status_code == 401
    assert post(open_gate, event(), **{"BTCPay-Sig": ""}).status_code == 401
    settings.BTCPAY_WEBHOOK_SECRET = ""
    assert post(open_gate, event(), secret="").status_code == 401
    assert not ProviderMessage.objects.filter(verified=True).exists()


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"invoiceId":1}', b"[" * 10_000, b"\xff"])
def test_signed_and_no_event(open_gate: Gate, body: bytes) -> None:
    assert post(open_gate, body).status_code == 400
    assert last_message().decision == "refused"


def test_too_long_and_other_methods(open_gate: Gate) -> None:
    assert post(open_gate, b"x" * 70_000).status_code == 413
    assert open_gate.client.get(WEBHOOK).status_code == 405
