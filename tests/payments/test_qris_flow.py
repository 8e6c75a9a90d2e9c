"""A top up by QRIS, through the simulated Faspay: made, checked, shown, paid, told of; and whatever goes wrong."""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Customer
from payments import emv, services, settlement
from payments.models import Deposit, PaymentAttempt, PaymentCase, ProviderExchange, Receipt
from payments.providers.faspay_snap import signing
from payments.selectors import picture_of
from tests.payments.browsing import poll, seen_in, text_of, url_of
from tests.payments.conftest import House, Letter, code_of, last_message
from tests.simulators import Simulator, private_key_of

pytestmark = pytest.mark.django_db
NOTIFY = "/v1.0/qr/qr-mpm-notify"
Attempt, Kind = PaymentAttempt.State, PaymentCase.Kind


@dataclass
class QrHouse(House):
    """Ayu pays by QR."""

    def ask_only(self, amount: int = 50_000, bank: str = "", key: str = "") -> Deposit:
        return services.request_deposit(
            customer=self.customer,
            amount=Decimal(amount),
            method="qris",
            idempotency_key=key or secrets.token_hex(12),
        )

    def scan(self, deposit: Deposit, *, count: int = 1, **order: Any) -> list[Letter]:
        """Pay what the page shows; the notifications come back unsent."""
        told = self.sim.control("qr/pay", qrContent=self.account(deposit).content, send=False, times=count, **order)
        return [Letter(letter["headers"], letter["body"]) for letter in told["notifications"]]

    def arrive(self, letter: Letter, **changes: Any) -> Any:
        """A letter comes in, and is acted upon."""
        answer = self.deliver(letter, path=NOTIFY, **changes)
        self.work()
        return answer

    def news(self, deposit: Deposit, **changes: Any) -> Letter:
        """Any news of the QR, signed by Faspay."""
        attempt = self.account(deposit)
        body: dict[str, Any] = {
            "originalReferenceNo": attempt.provider_trx_id,
            "originalPartnerReferenceNo": attempt.trx_id,
            "latestTransactionStatus": "00",
            "transactionStatusDesc": "Success",
            "amount": {"value": f"{deposit.amount:.2f}", "currency": "IDR"},
            "additionalInfo": {"merchantId": "37020"},
        }
        plain = json.dumps({name: value for name, value in (body | changes).items() if value is not ...})
        stamp = timezone.localtime().isoformat(timespec="seconds")
        key = private_key_of(self.sim.secrets["faspay_private"])
        headers = {
            "X-TIMESTAMP": stamp,
            "X-SIGNATURE": signing.sign(key, signing.string_to_sign("POST", NOTIFY, plain.encode(), stamp)),
            "X-PARTNER-ID": "37020",
            "X-EXTERNAL-ID": f"{secrets.randbelow(10**35):035}",
            "CHANNEL-ID": "77001",
        }
        return Letter(headers, plain)

    def state(self, deposit: Deposit) -> str:
        deposit.refresh_from_db()
        return deposit.state


@pytest.fixture
def house(faspay_sim: Simulator, customer: Customer, settings: Any) -> QrHouse:
    settings.FASPAY_READ_TIMEOUT_SECONDS = 0.6
    settings.FASPAY_QRIS_CHANNEL = "711"
    return QrHouse(faspay_sim, customer)


def test_from_the_scan_to_the_wallet(house: QrHouse, no_ledger_problems: None) -> None:
    deposit = house.ask_for()
    attempt = house.account(deposit)
    assert attempt.state == Attempt.OPEN
    assert emv.read(attempt.content)["54"] == "50000"
    answer = house.arrive(house.scan(deposit)[0])
    assert (answer.status_code, code_of(answer)) == (200, "2005200")
    assert house.state(deposit) == Deposit.State.SUCCESS
    assert (deposit.outcome, deposit.received_amount, house.balance) == ("", 50_000, 50_000)
    receipt = Receipt.objects.get()
    assert (receipt.channel, receipt.key, receipt.place) == ("faspay_qris", attempt.trx_id, Receipt.Place.WALLET)
    assert last_message().attempt == attempt


def test_what_is_asked_for_is_what_the_customer_chose(house: QrHouse) -> None:
    deposit = house.ask_for(75_000)
    sent = ProviderExchange.objects.get(operation="qr-mpm-generate")
    body = json.loads(sent.request_body)
    assert body["amount"] == {"value": "75000.00", "currency": "IDR"}
    assert (body["partnerReferenceNo"], body["merchantId"]) == (house.account(deposit).trx_id, "37020")
    assert body["validityPeriod"].endswith("+07:00")
    assert (body["additionalInfo"]["channelCode"], "phoneNo" in body["additionalInfo"]) == ("711", False)
    assert house.account(deposit).expires_at == deposit.expires_at


def test_without_a_channel_there_is_no_qris(house: QrHouse, settings: Any) -> None:
    settings.FASPAY_QRIS_CHANNEL = ""
    with pytest.raises(services.deposits.UnknownMethod):
        house.ask_only()


@pytest.mark.parametrize("times", [2, 5])
def test_however_often_it_is_told_it_is_credited_once(house: QrHouse, times: int, no_ledger_problems: None) -> None:
    deposit = house.ask_for()
    for letter in house.scan(deposit, count=times):
        assert code_of(house.arrive(letter)) == "2005200"
    assert (house.credits, house.balance) == (1, 50_000)
    assert PaymentCase.objects.count() == 0


def test_the_question_finds_what_nobody_told(house: QrHouse, no_ledger_problems: None) -> None:
    deposit = house.ask_for()
    house.question(deposit)
    assert deposit.state == Deposit.State.PENDING
    house.scan(deposit)
    house.question(deposit)
    assert (deposit.state, house.balance) == (Deposit.State.SUCCESS, 50_000)
    assert deposit.paid_at is not None


def test_a_letter_after_the_question_changes_nothing(house: QrHouse, no_ledger_problems: None) -> None:
    deposit = house.ask_for()
    letter = house.scan(deposit)[0]
    house.question(deposit)
    house.arrive(letter)
    assert last_message().decision == "repeated"
    assert house.credits == 1


@pytest.mark.parametrize(("paid", "outcome"), [(40_000, "underpaid"), (60_000, "overpaid")])
def test_another_amount_is_credited_as_it_came(house: QrHouse, paid: int, outcome: str) -> None:
    deposit = house.ask_for()
    house.arrive(house.scan(deposit, amount=paid)[0])
    assert house.state(deposit) == Deposit.State.SUCCESS
    assert (deposit.outcome, house.balance) == (outcome, paid)


def test_another_amount_told_later_becomes_a_case(house: QrHouse, no_ledger_problems: None) -> None:
    deposit = house.ask_for()
    house.arrive(house.scan(deposit)[0])
    house.arrive(house.news(deposit, amount={"value": "70000.00", "currency": "IDR"}))
    assert PaymentCase.objects.get().kind == Kind.OTHER_AMOUNT
    assert house.balance == 50_000


def test_money_after_the_end_is_not_lost(house: QrHouse, no_ledger_problems: None) -> None:
    deposit = house.ask_for()
    house.outlive(deposit)
    assert deposit.state == Deposit.State.EXPIRED
    house.arrive(house.scan(deposit, late=True)[0])
    assert house.state(deposit) == Deposit.State.SUCCESS
    assert (deposit.outcome, house.balance) == ("paid_late", 50_000)


def test_money_after_cancelling_is_not_lost(house: QrHouse) -> None:
    deposit = house.ask_for()
    letter = house.scan(deposit)[0]
    services.cancel_deposit(deposit=deposit)
    settlement.close(house.account(deposit).pk)
    house.arrive(letter)
    assert (house.state(deposit), house.balance) == (Deposit.State.SUCCESS, 50_000)


@pytest.mark.parametrize(("status", "decision"), [("03", "acknowledged"), ("05", "asked"), ("06", "asked")])
def test_only_an_answer_ends_a_qr_never_a_letter(house: QrHouse, status: str, decision: str) -> None:
    deposit = house.ask_for()
    house.arrive(house.news(deposit, latestTransactionStatus=status))
    assert last_message().decision == decision
    assert house.state(deposit) == Deposit.State.PENDING


@pytest.mark.parametrize(("status", "kind"), [("04", Kind.REFUNDED), ("05", Kind.CLOSED_AFTER_SUCCESS)])
def test_taken_back_after_success_is_for_people(house: QrHouse, status: str, kind: str) -> None:
    deposit = house.ask_for()
    house.arrive(house.scan(deposit)[0])
    house.arrive(house.news(deposit, latestTransactionStatus=status))
    assert PaymentCase.objects.get().kind == kind
    assert house.balance == 50_000


def test_a_letter_about_somebody_elses_reference_moves_nothing(house: QrHouse) -> None:
    deposit = house.ask_for()
    house.arrive(house.news(deposit, originalReferenceNo="3702000000000001"))
    assert PaymentCase.objects.get().kind == Kind.OTHER_NUMBER
    assert (house.state(deposit), house.credits) == (Deposit.State.PENDING, 0)


def test_paid_without_an_amount_is_asked_about(house: QrHouse) -> None:
    deposit = house.ask_for()
    house.arrive(house.news(deposit, amount=...))
    assert last_message().decision == "asked"
    assert house.credits == 0


def test_nobodys_reference_is_answered_and_looked_for_again(house: QrHouse) -> None:
    deposit = house.ask_for()
    letter = house.news(deposit, originalPartnerReferenceNo="NOBODYS0000000", originalReferenceNo=...)
    assert code_of(house.arrive(letter)) == "4045201"
    assert last_message().decision == "unmatched"
    assert last_message().next_try_at is not None


def test_an_unsigned_letter_has_no_effect(house: QrHouse) -> None:
    deposit = house.ask_for()
    letter = house.news(deposit)
    answer = house.arrive(letter, raw=letter.body.replace("50000.00", "90000.00").encode())
    assert code_of(answer) == "4015200"
    assert house.credits == 0


@pytest.mark.parametrize("mode", ["wrong_amount", "other_currency", "bad_crc", "other_reference"])
def test_a_wrong_qr_is_shown_to_nobody(house: QrHouse, signed_in: Client, mode: str) -> None:
    house.sim.control("misbehave", operation="qr-mpm-generate", mode=mode)
    deposit = house.ask_for()
    assert (deposit.state, deposit.reason) == (Deposit.State.FAILED, "wrong_answer")
    assert house.account(deposit).content == ""
    assert PaymentCase.objects.get().kind == Kind.WRONG_ANSWER
    page = signed_in.get(url_of(deposit))
    assert "The QR that came was wrong" in text_of(page)
    assert "<svg viewBox" not in page.content.decode().split('id="live"')[1].split("Details")[0]
    assert signed_in.get(url_of(deposit, "qr")).status_code == 404


def test_money_for_a_wrong_qr_is_found_all_the_same(house: QrHouse, no_ledger_problems: None) -> None:
    house.sim.control("misbehave", operation="qr-mpm-generate", mode="wrong_amount")
    deposit = house.ask_for()
    trx_id = house.account(deposit).trx_id
    told = house.sim.control("qr/pay", partnerReferenceNo=trx_id, amount=50_000, send=False)["notifications"][0]
    house.arrive(Letter(told["headers"], told["body"]))
    assert (house.state(deposit), house.balance) == (Deposit.State.SUCCESS, 50_000)


@pytest.mark.parametrize("mode", ["timeout_after_accept", "502_after_accept", "html", "truncated", "in_progress"])
def test_a_qr_that_never_reached_us_can_be_made_anew(
    house: QrHouse, signed_in: Client, mode: str, no_ledger_problems: None
) -> None:
    house.sim.control("misbehave", operation="qr-mpm-generate", mode=mode, seconds=2)
    deposit = house.ask_for()
    assert house.account(deposit).state == Attempt.IN_DOUBT
    assert "Your QR has not come yet" in text_of(signed_in.get(url_of(deposit)))
    house.question(deposit)
    assert house.account(deposit).is_lost
    page = signed_in.get(url_of(deposit))
    assert "This QR has ended" in text_of(page)
    assert signed_in.get(url_of(deposit, "qr")).status_code == 404
    assert signed_in.post(url_of(deposit, "renew")).status_code == 302
    settlement.submit(house.account(deposit).pk)
    assert deposit.attempts.count() == 2
    assert "Pay with this QR" in text_of(signed_in.get(url_of(deposit)))
    house.arrive(house.scan(deposit)[0])
    assert (house.state(deposit), house.credits) == (Deposit.State.SUCCESS, 1)


def test_one_that_was_never_made_is_believed_after_a_while(house: QrHouse) -> None:
    house.sim.control("misbehave", operation="qr-mpm-generate", mode="timeout_before_accept", seconds=2)
    deposit = house.ask_for()
    for _again in range(2):
        house.question(deposit)
    assert deposit.state == Deposit.State.PENDING
    house.shift(house.account(deposit), timedelta(minutes=2), "in_doubt_since")
    house.question(deposit)
    assert (deposit.state, deposit.reason) == (Deposit.State.FAILED, "not_made")


def test_both_of_two_qrs_paid_is_for_people(house: QrHouse, no_ledger_problems: None) -> None:
    house.sim.control("misbehave", operation="qr-mpm-generate", mode="timeout_after_accept", seconds=2)
    deposit = house.ask_for()
    first = house.account(deposit)
    house.question(deposit)
    services.switching.renew(deposit=deposit)
    settlement.submit(house.account(deposit).pk)
    house.arrive(house.scan(deposit)[0])
    told = house.sim.control("qr/pay", partnerReferenceNo=first.trx_id, send=False)["notifications"][0]
    house.arrive(Letter(told["headers"], told["body"]))
    assert PaymentCase.objects.get().kind == Kind.PAID_TWICE
    assert house.balance == 50_000
    assert set(Receipt.objects.values_list("place", flat=True)) == {"wallet", "suspense"}


def test_the_page_shows_the_qr_and_how_to_pay_it(house: QrHouse, signed_in: Client) -> None:
    deposit = house.ask_for()
    page = signed_in.get(url_of(deposit))
    html, words = page.content.decode(), text_of(page)
    assert 'class="pay-qr-lines"' in html
    for said in ("By QRIS", "Rp50.000", "to GERBANG", "Save image", "No fee for you", "Choose the picture from your"):
        assert said in words
    assert house.account(deposit).content not in html
    assert "bank" not in words.split("Details")[0].split("By QRIS")[1].replace("bank or e-wallet", "")


def test_the_saved_picture_is_the_owners_alone(
    house: QrHouse, signed_in: Client, client_for: Callable[..., Client], other_customer: Customer
) -> None:
    deposit = house.ask_for()
    answer = signed_in.get(url_of(deposit, "qr"))
    assert answer["Content-Type"] == "image/png"
    assert answer["Content-Disposition"] == 'attachment; filename="gerbang-qris-50000.png"'
    assert "no-store" in answer["Cache-Control"]
    assert answer.content.startswith(b"\x89PNG")
    stranger = client_for(other_customer)
    assert stranger.get(url_of(deposit, "qr")).status_code == 404
    assert stranger.post(url_of(deposit, "renew")).status_code == 404
    assert Client().get(url_of(deposit, "qr")).status_code == 302


def test_a_qr_that_is_over_cannot_be_saved(house: QrHouse, signed_in: Client) -> None:
    deposit = house.ask_for()
    PaymentAttempt.objects.update(expires_at=timezone.now())
    assert signed_in.get(url_of(deposit, "qr")).status_code == 404
    PaymentAttempt.objects.update(expires_at=timezone.now() + timedelta(hours=1))
    assert signed_in.get(url_of(deposit, "qr")).status_code == 200
    house.arrive(house.scan(deposit)[0])
    assert signed_in.get(url_of(deposit, "qr")).status_code == 404


def test_the_poll_tells_that_a_qr_has_ended_while_its_top_up_lives(house: QrHouse, signed_in: Client) -> None:
    deposit = house.ask_for()
    Deposit.objects.update(expires_at=timezone.now() + timedelta(hours=20))
    seen = seen_in(signed_in.get(url_of(deposit)).content.decode())
    assert poll(signed_in, deposit, seen).status_code == 204
    PaymentAttempt.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    fragment = poll(signed_in, deposit, seen)
    assert fragment.status_code == 200
    assert "New QR" in text_of(fragment)
    assert poll(signed_in, deposit, seen_in(fragment.content.decode())).status_code == 204
    signed_in.post(url_of(deposit, "renew"))
    signed_in.post(url_of(deposit, "renew"))
    settlement.submit(house.account(deposit).pk)
    assert deposit.attempts.count() == 2
    deposit.refresh_from_db()
    assert picture_of(deposit).stage == "waiting"


def test_a_top_up_that_is_over_gets_no_new_qr(house: QrHouse, signed_in: Client) -> None:
    deposit = house.ask_for()
    house.outlive(deposit)
    assert "The time to pay is over" in text_of(signed_in.get(url_of(deposit)))
    signed_in.post(url_of(deposit, "renew"))
    assert deposit.attempts.count() == 1


def test_the_exchanges_keep_no_address_of_the_picture(house: QrHouse) -> None:
    house.ask_for()
    kept = ProviderExchange.objects.get(operation="qr-mpm-generate")
    assert "simulator.invalid" not in kept.response_body
    assert kept.code == "2004700"
