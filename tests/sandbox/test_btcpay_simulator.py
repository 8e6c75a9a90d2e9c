"""The simulated BTCPay Server: invoices by its API, coins, and signed webhooks; driven over HTTP as a process."""

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import requests

from tests.sandbox.merchant import Inbox
from tests.simulators import Simulator, start_btcpay


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with start_btcpay(tmp_path_factory.mktemp("coins")) as simulator:
        yield simulator


@pytest.fixture
def server(process: Simulator, inbox: Inbox) -> Simulator:
    """A server whose webhooks go to the inbox."""
    process.control("reset")
    process.control("settings", webhook_url=f"{inbox.url}/btcpay/webhook", retry_seconds=0)
    return process


def call(server: Simulator, method: str, path: str = "", body: Any = None, key: str = "") -> requests.Response:
    url = f"{server.url}/api/v1/stores/{server.secrets['store_id']}/invoices{path}"
    headers = {"Authorization": f"token {key or server.secrets['api_key']}"}
    return requests.request(method, url, json=body, headers=headers, timeout=10)


def create(server: Simulator, **changed: Any) -> dict[str, Any]:
    body = {"amount": "75000", "currency": "IDR", "metadata": {"orderId": "ORDER1"}, **changed}
    reply = call(server, "POST", body=body)
    assert reply.status_code == 200, reply.text
    return dict(reply.json())


def wait_for(kind: str, inbox: Inbox) -> None:
    deadline = time.monotonic() + 30
    while not any(json.loads(raw)["type"] == kind for _, _, raw in inbox.received):
        assert time.monotonic() < deadline, f"no {kind} came"
        time.sleep(0.02)


def state(server: Simulator, invoice: dict[str, Any]) -> tuple[str, str]:
    found = call(server, "GET", f"/{invoice['id']}").json()
    return found["status"], found["additionalStatus"]


def events(answer: dict[str, Any]) -> list[str]:
    return [delivery["type"] for delivery in answer["deliveries"]]


def test_an_invoice_has_what_the_shop_said_and_a_checkout_page(server: Simulator) -> None:
    invoice = create(server, checkout={"expirationMinutes": 30})
    assert (invoice["amount"], invoice["currency"], invoice["status"]) == ("75000", "IDR", "New")
    assert (invoice["metadata"]["orderId"], invoice["storeId"]) == ("ORDER1", "TestStore")
    assert invoice["expirationTime"] - invoice["createdTime"] in (1799, 1800, 1801)
    page = requests.get(invoice["checkoutLink"], timeout=10)
    assert "0.00007500 BTC" in page.text


def test_coins_are_counted_at_the_rate_of_the_invoice(server: Simulator) -> None:
    invoice = create(server)
    [method] = call(server, "GET", f"/{invoice['id']}/payment-methods").json()
    assert Decimal(method["amount"]) * Decimal(method["rate"]) == 75000
    assert method["paymentLink"] == f"bitcoin:{method['destination']}?amount=0.00007500"
    server.control("pay", invoiceId=invoice["id"], settle=False, wait=True)
    [method] = call(server, "GET", f"/{invoice['id']}/payment-methods").json()
    [payment] = method["payments"]
    assert (payment["status"], payment["value"], method["due"]) == ("Processing", "0.00007500", "0.00000000")


def test_only_its_own_key_and_store_are_let_in(server: Simulator) -> None:
    assert call(server, "GET", key="other").status_code == 401
    elsewhere = f"{server.url}/api/v1/stores/Other/invoices"
    headers = {"Authorization": f"token {server.secrets['api_key']}"}
    assert requests.get(elsewhere, headers=headers, timeout=10).status_code == 403
    assert call(server, "GET", "/nobody").json()["code"] == "invoice-not-found"


@pytest.mark.parametrize(
    "changed",
    [
        {"amount": "-1"},
        {"amount": "x"},
        {"currency": "rupiah"},
        {"metadata": []},
        {"checkout": {"expirationMinutes": "5"}},
    ],
)
def test_bad_invoices_are_refused_by_field(server: Simulator, changed: dict[str, Any]) -> None:
    body = {"amount": "75000", "currency": "IDR", **changed}
    reply = call(server, "POST", body=body)
    assert reply.status_code == 422
    assert reply.json()[0]["path"].startswith(next(iter(changed)))


def test_invoices_are_found_by_order(server: Simulator) -> None:
    mine = create(server)
    create(server, metadata={"orderId": "ORDER2"})
    found = call(server, "GET", "?orderId=ORDER1").json()
    assert [one["id"] for one in found] == [mine["id"]]


def test_a_payment_in_time_is_processing_and_then_settled(server: Simulator) -> None:
    invoice = create(server)
    told = server.control("pay", orderId="ORDER1", settle=False, wait=True)
    assert events(told) == ["InvoiceReceivedPayment", "InvoiceProcessing"]
    assert state(server, invoice) == ("Processing", "None")
    assert events(server.control("settle", invoiceId=invoice["id"])) == ["InvoicePaymentSettled", "InvoiceSettled"]
    assert state(server, invoice) == ("Settled", "None")


def test_too_little_too_much_too_late_and_never_confirmed(server: Simulator) -> None:
    invoices = {name: create(server, metadata={"orderId": name}) for name in ("partial", "over", "late", "bad")}
    server.control("partial", orderId="partial")
    server.control("over", orderId="over")
    server.control("late", orderId="late")
    server.control("pay", orderId="bad", settle=False)
    server.control("invalidate", orderId="bad")
    states = {name: state(server, invoice) for name, invoice in invoices.items()}
    assert states == {
        "partial": ("New", "PaidPartial"),
        "over": ("Settled", "PaidOver"),
        "late": ("Expired", "PaidLate"),
        "bad": ("Invalid", "None"),
    }
    assert call(server, "GET", f"/{invoices['over']['id']}").json()["paidAmount"] == "112500"


def test_expiry_says_whether_something_was_paid(server: Simulator) -> None:
    invoice = create(server)
    server.control("partial", invoiceId=invoice["id"])
    [delivery] = server.control("expire", invoiceId=invoice["id"])["deliveries"]
    assert json.loads(delivery["body"])["partiallyPaid"] is True
    assert state(server, invoice) == ("Expired", "PaidPartial")


def test_a_person_can_mark_an_invoice(server: Simulator) -> None:
    invoice = create(server)
    marked = call(server, "POST", f"/{invoice['id']}/status", {"status": "Settled"}).json()
    assert (marked["status"], marked["additionalStatus"]) == ("Settled", "Marked")


def is_signed(server: Simulator, headers: dict[str, str], raw: bytes) -> bool:
    expected = hmac.new(server.secrets["webhook_secret"].encode(), raw, hashlib.sha256).hexdigest()
    return headers.get("BTCPay-Sig") == f"sha256={expected}"


def test_events_are_signed_and_come_in_order(server: Simulator, inbox: Inbox) -> None:
    invoice = create(server)
    server.control("pay", invoiceId=invoice["id"], wait=True)
    seen = [json.loads(raw) for _, _, raw in inbox.received if json.loads(raw)["type"] != "InvoiceCreated"]
    assert [event["type"] for event in seen] == [
        "InvoiceReceivedPayment",
        "InvoiceProcessing",
        "InvoicePaymentSettled",
        "InvoiceSettled",
    ]
    assert all(is_signed(server, headers, raw) for _, headers, raw in inbox.received)
    assert {event["invoiceId"] for event in seen} == {invoice["id"]}
    assert len({event["deliveryId"] for event in seen}) == 4


def test_a_refused_event_comes_again_under_another_delivery_id(server: Simulator, inbox: Inbox) -> None:
    invoice = create(server)
    # Told by itself: the refusal below is meant for another event.
    wait_for("InvoiceCreated", inbox)
    inbox.received.clear()
    server.control("notify", invoiceId=invoice["id"], type="InvoiceSettled", send=False)
    inbox.answers += [(500, {}), (200, {})]
    server.control("notify", invoiceId=invoice["id"], type="InvoiceSettled", wait=True)
    settled = [json.loads(raw) for _, _, raw in inbox.received if b"InvoiceSettled" in raw]
    assert [event["isRedelivery"] for event in settled[-2:]] == [False, True]
    assert settled[-1]["originalDeliveryId"] == settled[-2]["deliveryId"] != settled[-1]["deliveryId"]


@pytest.mark.parametrize("mode", ["bad_signature", "no_signature", "foreign_secret", "sha1", "tampered"])
def test_forged_events_do_not_verify(server: Simulator, mode: str) -> None:
    invoice = create(server)
    server.control("misbehave", operation="webhook", mode=mode)
    [delivery] = server.control("notify", invoiceId=invoice["id"], send=False, type="InvoiceSettled")["deliveries"]
    assert not is_signed(server, delivery["headers"], delivery["body"].encode())


@pytest.mark.parametrize(
    "mode", ["malformed", "nan", "duplicate_keys", "huge", "numbers", "other_order", "unknown_invoice"]
)
def test_odd_events_are_signed_properly(server: Simulator, mode: str) -> None:
    invoice = create(server)
    server.control("misbehave", operation="webhook", mode=mode)
    [delivery] = server.control("notify", invoiceId=invoice["id"], send=False, type="InvoiceSettled")["deliveries"]
    assert is_signed(server, delivery["headers"], delivery["body"].encode())


@pytest.mark.parametrize(("mode", "status"), [("502", 502), ("429", 429), ("unauthorized", 401), ("not_found", 404)])
def test_answers_as_ordered(server: Simulator, mode: str, status: int) -> None:
    server.control("misbehave", operation="create", mode=mode)
    reply = call(server, "POST", body={"amount": "1", "currency": "IDR"})
    assert reply.status_code == status
    assert call(server, "GET").json() == []


def test_answers_that_lie(server: Simulator) -> None:
    server.control("misbehave", operation="create", mode="wrong_amount")
    assert create(server)["amount"] == "76000"
    server.control("misbehave", operation="create", mode="502_after_accept")
    assert call(server, "POST", body={"amount": "1", "currency": "IDR"}).status_code == 502
    assert len(call(server, "GET").json()) == 2


def test_somebody_pays_on_the_page(server: Simulator) -> None:
    invoice = create(server, checkout={"redirectURL": f"{server.url}/_control/health"})
    reply = requests.post(f"{invoice['checkoutLink']}/pay", timeout=10)
    assert reply.url.endswith("/_control/health")
    assert state(server, invoice) == ("Settled", "None")


def test_a_restart_keeps_invoices_and_deliveries(tmp_path: Any) -> None:
    with start_btcpay(tmp_path) as first:
        invoice = create(first)
        first.control("pay", invoiceId=invoice["id"])
    with start_btcpay(tmp_path) as second:
        assert state(second, invoice) == ("Settled", "None")
        assert len(second.look("deliveries")["deliveries"]) == 5
