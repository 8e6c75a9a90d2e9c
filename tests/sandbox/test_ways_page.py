"""The sandbox page of codes, permanent numbers, OVO and coins, driven by its buttons."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
import requests
from django.test import Client
from django.urls import reverse

from accounts.models import Customer
from payments.models import StaticAccount
from tests.sandbox.merchant import Merchant
from tests.sandbox.test_ovo_simulator import ask, link
from tests.sandbox.test_qr_simulator import generate
from tests.simulators import Simulator

SignIn = Callable[[Customer], Client]
NUMBER = "3702020000000017"


@pytest.fixture
def browser(client_for: SignIn, customer: Customer, faspay_sim: Simulator, btcpay_sim: Simulator) -> Client:
    return client_for(customer)


def said(browser: Client, name: str, **form: Any) -> str:
    reply = browser.post(reverse(f"sandbox:{name}"), form, follow=True)
    assert reply.redirect_chain == [(reverse("sandbox:ways"), 302)]
    return " ".join(str(message) for message in reply.context["messages"])


def page(browser: Client) -> str:
    return browser.get(reverse("sandbox:ways")).content.decode()


def invoice(simulator: Simulator) -> dict[str, Any]:
    url = f"{simulator.url}/api/v1/stores/{simulator.secrets['store_id']}/invoices"
    body = {"amount": "75000", "currency": "IDR", "metadata": {"orderId": uuid.uuid4().hex[:16]}}
    headers = {"Authorization": f"token {simulator.secrets['api_key']}"}
    return dict(requests.post(url, json=body, headers=headers, timeout=10).json())


def test_every_section_says_what_to_do_when_it_is_empty(browser: Client) -> None:
    text = page(browser)
    for words in ("No code waits", "Nobody has a permanent number", "OVO asks for nothing", "No invoice waits"):
        assert words in text


def test_without_the_sandbox_or_a_sign_in_there_is_no_such_page(browser: Client, settings: Any) -> None:
    assert Client().get(reverse("sandbox:ways")).status_code == 302
    settings.SANDBOX_ENABLED = False
    assert browser.get(reverse("sandbox:ways")).status_code == 404
    assert browser.post(reverse("sandbox:scan"), {}).status_code == 404


def test_codes_are_scanned_one_by_one(browser: Client, faspay_sim: Simulator) -> None:
    first, second = (generate(Merchant(faspay_sim))["partnerReferenceNo"] for _ in range(2))
    assert page(browser).count("Scan and pay") == 2
    assert "The code is paid" in said(browser, "scan", reference=first, way="pay")
    said(browser, "scan", reference=second, way="amount", amount="1000")
    found = {code["partnerReferenceNo"]: code["paidAmount"] for code in faspay_sim.look("qr")["codes"]}
    assert found == {first: "50000.00", second: "1000.00"}
    assert "Pay twice" in page(browser)


def test_a_code_needs_an_amount_when_another_is_wanted(browser: Client, faspay_sim: Simulator) -> None:
    reference = generate(Merchant(faspay_sim))["partnerReferenceNo"]
    assert "how much" in said(browser, "scan", reference=reference, way="amount")
    assert said(browser, "scan", reference="x" * 40, way="pay")
    assert faspay_sim.look("qr")["codes"][0]["paid"] is False


def test_a_permanent_number_is_listed_and_paid(browser: Client, customer: Customer, faspay_sim: Simulator) -> None:
    StaticAccount.objects.create(
        customer=customer, bank="702", partner_service_id="370202", customer_no=NUMBER[6:], number=NUMBER
    )
    assert "3702 0200 0000 0017" in page(browser)
    # Nobody listens where this simulated bank asks, so the number stays unknown to it.
    faspay_sim.control("settings", answer_seconds=1)
    assert "does not know" in said(browser, "transfer", number=NUMBER, amount="75000")
    assert faspay_sim.look("static")["payments"][0]["state"] == "unknown"
    assert "how much" in said(browser, "transfer", number=NUMBER)


def test_a_transfer_can_be_told_again_and_taken_back(browser: Client, faspay_sim: Simulator) -> None:
    payment = faspay_sim.control("static/pay", virtualAccountNo=NUMBER, amount=75000, send=False)
    request_id = payment["paymentRequestId"]
    said(browser, "bank", request_id=request_id, way="notify")
    assert "took the money back" in said(browser, "bank", request_id=request_id, way="reverse")
    assert faspay_sim.look("static")["payments"][0]["state"] == "reversed"


def test_ovo_asks_to_link_and_is_answered(browser: Client, faspay_sim: Simulator) -> None:
    for phone in ("081234567890", "081234567891"):
        faspay_sim.control("ovo/purse", phone=phone, link="pending")
    assert page(browser).count("Link it") == 2
    said(browser, "ovo", phone="081234567890", way="approve")
    said(browser, "ovo", phone="081234567891", way="deny")
    purses = {one["phone"]: one["link"] for one in faspay_sim.look("ovo/purses")["purses"]}
    assert purses == {"081234567890": "linked", "081234567891": "none"}
    assert said(browser, "ovo", way="approve") == "Say which payment or which phone."


def test_payments_in_the_app_are_approved_and_denied(browser: Client, faspay_sim: Simulator) -> None:
    link(faspay_sim)
    bills = [ask(faspay_sim, "pay", bill_total=f"{amount}00") for amount in (20_000, 25_000)]
    assert page(browser).count("Approve") == 2
    said(browser, "ovo", trx_id=bills[0]["trx_id"], way="approve")
    said(browser, "ovo", trx_id=bills[1]["trx_id"], way="deny")
    states = {one["amount"]: one["status"] for one in faspay_sim.look("ovo/payments")["payments"]}
    assert states == {20_000: "2", 25_000: "8"}
    assert "OVO asks for nothing" in page(browser)


def test_coins_are_sent_confirmed_and_come_late(browser: Client, btcpay_sim: Simulator) -> None:
    paid, slow, late = (invoice(btcpay_sim)["id"] for _ in range(3))
    assert page(browser).count("Send coins") == 3
    said(browser, "coins", invoice_id=paid, way="pay")
    said(browser, "coins", invoice_id=slow, way="unconfirmed")
    assert "waiting for the network" in page(browser)
    said(browser, "coins", invoice_id=slow, way="settle")
    said(browser, "coins", invoice_id=late, way="late")
    found = {one["id"]: (one["status"], one["additionalStatus"]) for one in btcpay_sim.look("invoices")["invoices"]}
    assert found == {paid: ("Settled", "None"), slow: ("Settled", "None"), late: ("Expired", "PaidLate")}


def test_a_simulator_that_is_away_is_said_so(browser: Client, settings: Any) -> None:
    settings.SANDBOX_FASPAY_URL = settings.SANDBOX_BTCPAY_URL = "http://127.0.0.1:9"
    text = page(browser)
    assert "The simulated BTCPay Server is not there" in text
    assert "does not answer" in said(browser, "coins", invoice_id="x", way="pay")
