"""A top up in Bitcoin, through the simulated BTCPay Server: what counts as paid, and what is left to people."""

import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import requests
from django.test import Client
from django.utils import timezone

from accounts.models import Customer
from payments import choices, methods, services, settlement
from payments.models import Deposit, PaymentAttempt, PaymentCase, ProviderExchange, Receipt
from payments.selectors import picture_of
from tests.payments.browsing import poll, seen_in, text_of, url_of
from tests.payments.conftest import House, last_message
from tests.simulators import Simulator

pytestmark = pytest.mark.django_db
WEBHOOK = "/btcpay/webhook"
Attempt, Kind = PaymentAttempt.State, PaymentCase.Kind


@dataclass
class CoinHouse(House):
    """Ayu pays in Bitcoin; events are carried by hand."""

    def ask_only(self, amount: int = 200_000, bank: str = "", key: str = "") -> Deposit:
        return services.request_deposit(
            customer=self.customer,
            amount=Decimal(amount),
            method="crypto",
            idempotency_key=key or secrets.token_hex(12),
        )

    def ask_for(self, amount: int = 200_000, bank: str = "", key: str = "") -> Deposit:
        return super().ask_for(amount, bank, key)

    def do(self, deposit: Deposit, what: str, **order: Any) -> list[dict[str, Any]]:
        """Something happens at BTCPay; the events that it would send come back unsent."""
        trx_id = self.account(deposit).trx_id
        made = self.sim.control(what, orderId=trx_id, send=False, **order)
        return list(made["deliveries"])

    def tell(self, event: dict[str, Any], *, body: bytes | None = None) -> Any:  # type: ignore[override]
        """An event comes in, and what follows from it is done."""
        raw = body if body is not None else event["body"].encode()
        headers = {name: value for name, value in event["headers"].items() if name.lower() != "content-type"}
        answer = self.client.post(WEBHOOK, data=raw, content_type="application/json", headers=headers)
        for message_id in settlement.due.messages():
            attempt_id = settlement.apply_message(message_id)
            if attempt_id is not None:
                settlement.ask(attempt_id)
        return answer

    def state(self, deposit: Deposit) -> str:
        deposit.refresh_from_db()
        return deposit.state


@pytest.fixture
def house(btcpay_sim: Simulator, customer: Customer, settings: Any) -> CoinHouse:
    settings.BTCPAY_READ_TIMEOUT_SECONDS = 0.6
    return CoinHouse(btcpay_sim, customer)


def test_from_the_checkout_to_the_wallet(house: CoinHouse, no_ledger_problems: None) -> None:
    deposit = house.ask_for()
    attempt = house.account(deposit)
    assert attempt.state == Attempt.OPEN
    assert attempt.page_url.startswith(house.sim.url)
    for event in house.do(deposit, "pay"):
        assert house.tell(event).status_code == 200
    assert house.state(deposit) == Deposit.State.SUCCESS
    assert (deposit.outcome, deposit.received_amount, house.balance) == ("", 200_000, 200_000)
    receipt = Receipt.objects.get()
    assert (receipt.channel, receipt.key) == ("btcpay", attempt.trx_id)
    assert house.account(deposit).page_url == ""


def test_what_is_asked_for(house: CoinHouse) -> None:
    deposit = house.ask_for()
    sent = ProviderExchange.objects.get(operation="create-invoice")
    body = json.loads(sent.request_body)
    assert (body["amount"], body["currency"]) == ("200000", "IDR")
    assert body["metadata"]["orderId"] == house.account(deposit).trx_id
    assert body["checkout"]["expirationMinutes"] == 25
    assert body["checkout"]["paymentTolerance"] == 0
    assert house.sim.look("invoices")["invoices"][0]["checkout"]["redirectURL"].endswith(url_of(deposit))
    assert deposit.customer.user.email not in sent.request_body
    assert "test-btcpay-key" not in json.dumps([sent.request_headers, sent.request_body, sent.response_body])
    assert house.account(deposit).page_url not in sent.response_body


@pytest.mark.parametrize("name", ["BASE_URL", "API_KEY", "STORE_ID", "WEBHOOK_SECRET"])
def test_without_all_four_settings_there_is_no_crypto(house: CoinHouse, settings: Any, name: str) -> None:
    assert methods.on("crypto") is not None
    setattr(settings, f"BTCPAY_{name}", "")
    assert methods.on("crypto") is None
    with pytest.raises(services.deposits.UnknownMethod):
        house.ask_only()


def test_coins_without_confirmation_are_only_seen(house: CoinHouse, signed_in: Client) -> None:
    deposit = house.ask_for()
    seen = seen_in(signed_in.get(url_of(deposit)).content.decode())
    for event in house.do(deposit, "pay", settle=False):
        house.tell(event)
    assert (house.state(deposit), house.credits) == (Deposit.State.PENDING, 0)
    fragment = poll(signed_in, deposit, seen)
    assert "Your payment is on its way" in text_of(fragment)
    assert "open-checkout" not in fragment.content.decode()
    assert "Cancel the top up" not in text_of(fragment)
    assert poll(signed_in, deposit, seen_in(fragment.content.decode())).status_code == 204


def test_confirmed_after_the_end_but_paid_in_time_is_as_asked(
    house: CoinHouse, signed_in: Client, no_ledger_problems: None
) -> None:
    deposit = house.ask_for()
    for event in house.do(deposit, "pay", settle=False):
        house.tell(event)
    Deposit.objects.update(expires_at=timezone.now() + timedelta(seconds=1))
    house.shift(house.account(deposit), timedelta(minutes=30), "expires_at")
    Deposit.objects.update(expires_at=timezone.now())
    house.work()
    assert house.state(deposit) == Deposit.State.EXPIRED
    assert "Your payment is on its way" in text_of(signed_in.get(url_of(deposit)))
    Deposit.objects.update(expires_at=timezone.now() + timedelta(minutes=1))
    for event in house.do(deposit, "settle"):
        house.tell(event)
    assert (house.state(deposit), deposit.outcome) == (Deposit.State.SUCCESS, "")


def test_the_question_finds_what_no_event_told(house: CoinHouse, no_ledger_problems: None) -> None:
    deposit = house.ask_for()
    house.question(deposit)
    assert deposit.state == Deposit.State.PENDING
    house.do(deposit, "pay")
    house.question(deposit)
    assert (deposit.state, house.balance) == (Deposit.State.SUCCESS, 200_000)


def test_however_often_it_is_told_it_is_credited_once(house: CoinHouse, no_ledger_problems: None) -> None:
    deposit = house.ask_for()
    events = house.do(deposit, "pay")
    for event in [*events, *events, *reversed(events)]:
        house.tell(event)
    assert (house.credits, house.balance) == (1, 200_000)
    assert PaymentCase.objects.count() == 0


def test_an_event_alone_moves_nothing(house: CoinHouse) -> None:
    deposit = house.ask_for()
    events = house.do(deposit, "notify", type="InvoiceSettled")
    for event in events:
        assert house.tell(event).status_code == 200
    assert last_message().decision == "asked"
    assert (house.state(deposit), house.credits) == (Deposit.State.PENDING, 0)


def test_an_event_that_nobody_signed_does_not_even_ask(house: CoinHouse) -> None:
    deposit = house.ask_for()
    event = house.do(deposit, "pay")[-1]
    before = ProviderExchange.objects.count()
    answer = house.tell(event, body=event["body"].replace("false", "true").encode() + b" ")
    assert answer.status_code == 401
    assert (house.credits, ProviderExchange.objects.count()) == (0, before)


def test_overpaid_is_credited_whole(house: CoinHouse, no_ledger_problems: None) -> None:
    deposit = house.ask_for()
    for event in house.do(deposit, "over"):
        house.tell(event)
    assert house.state(deposit) == Deposit.State.SUCCESS
    assert (deposit.outcome, house.balance) == ("overpaid", 300_000)


def test_underpaid_is_credited_once_the_time_is_over(house: CoinHouse, no_ledger_problems: None) -> None:
    deposit = house.ask_for()
    for event in house.do(deposit, "partial"):
        house.tell(event)
    assert (house.state(deposit), house.credits) == (Deposit.State.PENDING, 0), "the rest may still come"
    Deposit.objects.update(expires_at=timezone.now() + timedelta(minutes=10))
    for event in house.do(deposit, "expire"):
        house.tell(event)
    assert house.state(deposit) == Deposit.State.SUCCESS
    assert (deposit.outcome, house.balance) == ("underpaid", 100_000)


def test_coins_after_their_rate_are_left_to_people(
    house: CoinHouse, signed_in: Client, no_ledger_problems: None
) -> None:
    deposit = house.ask_for()
    for event in house.do(deposit, "late"):
        house.tell(event)
    house.question(deposit)
    case = PaymentCase.objects.get()
    assert (case.kind, case.amount, case.note) == (Kind.OUT_OF_TERMS, 200_000, "Expired PaidLate")
    receipt = Receipt.objects.get()
    assert (receipt.place, receipt.channel) == (Receipt.Place.SUSPENSE, "btcpay")
    assert (house.credits, deposit.state) == (0, Deposit.State.PENDING)
    house.question(deposit)
    assert (PaymentCase.objects.count(), Receipt.objects.count()) == (1, 1)
    words = text_of(signed_in.get(url_of(deposit)))
    assert "A payment of Rp200.000 arrived after its time or otherwise than agreed." in words
    assert "The money is safe with us" in words
    assert "Your payment has arrived" in words
    assert "Open the payment page" not in words


def test_late_and_unconfirmed_waits_first(house: CoinHouse) -> None:
    deposit = house.ask_for()
    for event in house.do(deposit, "late", settle=False):
        house.tell(event)
    assert PaymentCase.objects.count() == 0
    assert picture_of(deposit).stage == "confirming"


def test_somebodys_word_is_no_money(house: CoinHouse, no_ledger_problems: None) -> None:
    """A person can mark an invoice settled in BTCPay: without coins that is for people here as well."""
    deposit = house.ask_for()
    invoice = house.account(deposit).provider_trx_id
    secrets_ = house.sim.secrets
    requests.post(
        f"{house.sim.url}/api/v1/stores/{secrets_['store_id']}/invoices/{invoice}/status",
        json={"status": "Settled"},
        headers={"Authorization": f"token {secrets_['api_key']}"},
        timeout=5,
    ).raise_for_status()
    house.question(deposit)
    assert house.credits == 0
    assert PaymentCase.objects.get().kind in {Kind.NO_AMOUNT, Kind.OUT_OF_TERMS}


def test_coins_that_were_never_confirmed_end_the_attempt(house: CoinHouse) -> None:
    deposit = house.ask_for()
    house.do(deposit, "pay", settle=False)
    for event in house.do(deposit, "invalidate"):
        house.tell(event)
    assert (house.state(deposit), deposit.reason, house.credits) == (Deposit.State.FAILED, "closed_by_bank", 0)


def test_cancelling_marks_an_unpaid_invoice_invalid(house: CoinHouse, signed_in: Client) -> None:
    deposit = house.ask_for()
    services.cancel_deposit(deposit=deposit)
    settlement.close(house.account(deposit).pk)
    assert house.sim.look("invoices")["invoices"][0]["status"] == "Invalid"
    assert "You cancelled this top up" in text_of(signed_in.get(url_of(deposit)))
    house.question(deposit)
    assert house.state(deposit) == Deposit.State.CANCELLED


def test_cancelling_leaves_an_invoice_that_coins_have_reached(house: CoinHouse, no_ledger_problems: None) -> None:
    deposit = house.ask_for()
    house.do(deposit, "pay", settle=False)
    services.cancel_deposit(deposit=deposit)
    settlement.close(house.account(deposit).pk)
    assert house.sim.look("invoices")["invoices"][0]["status"] == "Processing"
    house.do(deposit, "settle")
    house.question(deposit)
    assert (house.state(deposit), house.balance) == (Deposit.State.SUCCESS, 200_000)


@pytest.mark.parametrize("mode", ["timeout_after_accept", "502_after_accept", "html", "truncated"])
def test_an_invoice_that_was_made_unheard_is_found_by_its_order(
    house: CoinHouse, mode: str, no_ledger_problems: None
) -> None:
    house.sim.control("misbehave", operation="create", mode=mode, seconds=2)
    deposit = house.ask_for()
    assert house.account(deposit).state == Attempt.IN_DOUBT
    house.question(deposit)
    attempt = house.account(deposit)
    assert (attempt.state, attempt.page_url != "") == (Attempt.OPEN, True)
    assert len(house.sim.look("invoices")["invoices"]) == 1
    for event in house.do(deposit, "pay"):
        house.tell(event)
    assert house.state(deposit) == Deposit.State.SUCCESS


def test_one_that_was_never_made_is_believed_after_a_while(house: CoinHouse) -> None:
    house.sim.control("misbehave", operation="create", mode="timeout_before_accept", seconds=2)
    deposit = house.ask_for()
    for _again in range(2):
        house.question(deposit)
    house.shift(house.account(deposit), timedelta(minutes=2), "in_doubt_since")
    house.question(deposit)
    assert (deposit.state, deposit.reason) == (Deposit.State.FAILED, "not_made")


@pytest.mark.parametrize(("mode", "reason"), [("unauthorized", "refused"), ("wrong_amount", "wrong_answer")])
def test_a_refusal_or_another_amount_fails_the_top_up(
    house: CoinHouse, signed_in: Client, mode: str, reason: str
) -> None:
    house.sim.control("misbehave", operation="create", mode=mode)
    deposit = house.ask_for()
    assert (deposit.state, deposit.reason) == (Deposit.State.FAILED, reason)
    words = text_of(signed_in.get(url_of(deposit)))
    assert "othing was charged" in words
    assert "number" not in words.split("Details")[0].split("By Bitcoin")[1]


@pytest.mark.parametrize("mode", ["foreign_link", "no_link"])
def test_a_checkout_page_elsewhere_is_never_linked(house: CoinHouse, mode: str) -> None:
    house.sim.control("misbehave", operation="create", mode=mode)
    deposit = house.ask_for()
    assert (deposit.state, deposit.reason) == (Deposit.State.FAILED, "wrong_answer")
    assert house.account(deposit).page_url == ""


def test_more_coins_after_the_credit_are_for_people(house: CoinHouse, no_ledger_problems: None) -> None:
    deposit = house.ask_for()
    events = house.do(deposit, "pay")
    for event in events:
        house.tell(event)
    later = json.loads(events[0]["body"])
    assert later["type"] == "InvoiceReceivedPayment"
    later |= {"deliveryId": "AnotherDelivery"}
    later["payment"]["receivedDate"] += 3600
    body = json.dumps(later).encode()
    digest = hmac.new(house.sim.secrets["webhook_secret"].encode(), body, hashlib.sha256).hexdigest()
    house.tell({"headers": {"BTCPay-Sig": f"sha256={digest}"}}, body=body)
    assert PaymentCase.objects.get().kind == Kind.OUT_OF_TERMS
    assert (house.credits, house.balance) == (1, 200_000)


@pytest.mark.parametrize("mode", ["unknown_status", "wrong_amount", "other_order", "other_currency", "html", "502"])
def test_an_answer_that_does_not_fit_credits_nothing(house: CoinHouse, mode: str, no_ledger_problems: None) -> None:
    deposit = house.ask_for()
    house.do(deposit, "pay")
    house.sim.control("misbehave", operation="get", mode=mode)
    house.question(deposit)
    assert house.credits == 0
    house.question(deposit)
    assert (house.credits, house.state(deposit)) == (1, Deposit.State.SUCCESS)


@pytest.mark.parametrize("mode", ["numbers", "no_paid_amount"])
def test_other_forms_of_the_same_answer_are_understood(house: CoinHouse, mode: str) -> None:
    deposit = house.ask_for()
    house.do(deposit, "pay")
    house.sim.control("misbehave", operation="get", mode=mode)
    house.question(deposit)
    assert (house.state(deposit), house.balance) == (Deposit.State.SUCCESS, 200_000)


@pytest.mark.parametrize("mode", ["502", "html", "truncated"])
def test_paid_is_not_believed_without_the_coins(house: CoinHouse, mode: str) -> None:
    deposit = house.ask_for()
    house.do(deposit, "pay")
    house.sim.control("misbehave", operation="payment-methods", mode=mode)
    house.question(deposit)
    assert house.credits == 0
    house.question(deposit)
    assert house.credits == 1


def test_the_page_says_amount_window_and_way(house: CoinHouse, signed_in: Client) -> None:
    deposit = house.ask_for()
    page = signed_in.get(url_of(deposit))
    html, words = page.content.decode(), text_of(page)
    assert f'href="{house.account(deposit).page_url}" target="_blank" rel="noopener noreferrer"' in html
    for said in ("By Bitcoin", "What your wallet gets Rp200.000", "This rate holds until", "Send exactly that amount"):
        assert said in words


def test_crypto_is_offered_to_owners_only(house: CoinHouse, customer: Customer) -> None:
    assert "crypto" in {choice.code for choice in choices.offered()}
    assert "crypto" not in {choice.code for choice in choices.offered(public=True)}
