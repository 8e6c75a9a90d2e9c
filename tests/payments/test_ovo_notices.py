"""Legacy notifications: signed over bill and status only, late, twice, forged, odd; in JSON and in XML."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pgtrigger
import pytest
from django.utils import timezone

from payments import settlement
from payments.models import Deposit, PaymentAttempt, PaymentCase, ProviderMessage
from payments.providers.faspay_ovo import signing
from payments.services import request_deposit
from tests.payments.ovo_house import PHONE, OvoHouse
from tests.simulators import Simulator

pytestmark = pytest.mark.django_db
State = PaymentAttempt.State


@pytest.mark.parametrize("mode", ["bad_signature", "no_signature", "malformed", "tampered"])
def test_unsigned_news_is_refused(ovo_house: OvoHouse, mode: str) -> None:
    ovo_house.linked()
    deposit = ovo_house.push()
    ovo_house.misbehave("notification", mode)
    answer = ovo_house.tell(deposit)
    assert answer.status_code in {400, 401}
    assert b"<response_code>00<" not in answer.content
    assert b'"response_code":"00"' not in answer.content
    assert (deposit.state, ovo_house.credits) == ("pending", 0)


@pytest.mark.parametrize("mode", ["ampersand", "bad_declaration", "comma", "old_form", "duplicate"])
def test_odd_news_is_understood(ovo_house: OvoHouse, mode: str) -> None:
    ovo_house.linked()
    deposit = ovo_house.push()
    ovo_house.misbehave("notification", mode)
    assert ovo_house.tell(deposit).status_code == 200
    assert (deposit.state, ovo_house.balance) == ("success", Decimal(50_000))


def _forged(house: OvoHouse, deposit: Deposit, **changes: str) -> str:
    """A letter of Faspay's with other words in places that its digest does not cover."""
    body = house.letter(deposit, status="2")
    for name, value in changes.items():
        start = f"<{name}>" if body.lstrip().startswith("<") else f'"{name}": "'
        end = "<" if start.startswith("<") else '"'
        at = body.index(start) + len(start)
        body = body[:at] + value + body[body.index(end, at) :]
    return body


FORGERIES = [
    {"payment_total": "5000000"},
    {"bill_total": "5000000", "payment_total": "5000000"},
    {"bill_total": "1", "payment_total": "1"},
    {"payment_total": ""},
    {"merchant_id": "99999"},
    {"trx_id": "3702000000000001"},
]


@pytest.mark.parametrize("changes", FORGERIES, ids=str)
def test_a_right_digest_with_other_figures_books_nothing(ovo_house: OvoHouse, changes: dict[str, str]) -> None:
    """Whoever came back from OVO knows the digest of their bill; nothing was paid."""
    ovo_house.linked()
    deposit = ovo_house.push()
    ovo_house.deliver(_forged(ovo_house, deposit, **changes))
    for _look in range(5):
        ProviderMessage.objects.filter(next_try_at__isnull=False).update(next_try_at=timezone.now())
        ovo_house.act(deposit)
        ovo_house.question(deposit)
    assert (deposit.state, ovo_house.credits) == ("pending", 0)
    case = PaymentCase.objects.get()
    assert case.kind == "other_amount"
    assert case.deposit == deposit
    assert ProviderMessage.objects.get().decision == "flagged"


@pytest.mark.parametrize("changes", FORGERIES, ids=str)
def test_if_it_was_paid_the_history_says_how_much(
    ovo_house: OvoHouse, changes: dict[str, str], no_ledger_problems: None
) -> None:
    ovo_house.linked()
    deposit = ovo_house.push()
    ovo_house.finish(deposit)
    ovo_house.deliver(_forged(ovo_house, deposit, **changes))
    ovo_house.act(deposit)
    assert ovo_house.credits == 0
    ovo_house.question(deposit)
    assert (deposit.state, deposit.outcome, ovo_house.balance) == ("success", "", Decimal(50_000))
    ProviderMessage.objects.filter(next_try_at__isnull=False).update(next_try_at=timezone.now())
    ovo_house.act(deposit)
    assert ovo_house.credits == 1
    assert ProviderMessage.objects.get().next_try_at is None


def test_a_payment_of_another_time_with_the_same_id_is_not_ours(ovo_house: OvoHouse) -> None:
    """Ids are unique for a day only."""
    ovo_house.linked()
    deposit = ovo_house.push()
    ovo_house.finish(deposit)
    with pgtrigger.ignore("payments.PaymentAttempt:named_once"):
        PaymentAttempt.objects.update(created_at=timezone.now() + timedelta(minutes=10))
    ovo_house.question(deposit)
    assert ovo_house.credits == 0


def test_repeats_change_nothing(ovo_house: OvoHouse, no_ledger_problems: None) -> None:
    ovo_house.linked()
    deposit = ovo_house.push()
    letter = ovo_house.finish(deposit)
    for _time in range(3):
        assert ovo_house.deliver(letter).status_code == 200
        ovo_house.act(deposit)
    ovo_house.deliver(letter, path="/v1.0/transfer-va/payment")
    ovo_house.act(deposit)
    assert (ovo_house.balance, ovo_house.credits) == (Decimal(50_000), 1)


def test_taken_back(ovo_house: OvoHouse) -> None:
    ovo_house.linked()
    deposit = ovo_house.push()
    ovo_house.tell(deposit)
    ovo_house.deliver(ovo_house.letter(deposit, status="4"))
    ovo_house.act(deposit)
    assert (PaymentCase.objects.get().kind, ovo_house.balance) == ("refunded", Decimal(50_000))


def test_failed_after_success(ovo_house: OvoHouse) -> None:
    ovo_house.linked()
    deposit = ovo_house.push()
    ovo_house.tell(deposit)
    ovo_house.deliver(ovo_house.letter(deposit, status="3"))
    ovo_house.act(deposit)
    assert (PaymentCase.objects.get().kind, deposit.state) == ("closed_after_success", "success")


def test_nobodys_bill(ovo_house: OvoHouse) -> None:
    ovo_house.linked()
    deposit = ovo_house.push()
    letter = ovo_house.finish(deposit)
    bill = ovo_house.attempt(deposit).trx_id
    assert ovo_house.deliver(letter.replace(bill, "99999999999999999999")).status_code == 401, "the digest covers it"


def test_legacy_news_of_a_virtual_account_is_a_hint(ovo_house: OvoHouse, no_ledger_problems: None) -> None:
    deposit = request_deposit(
        customer=ovo_house.customer, amount=Decimal(50_000), bank="702", idempotency_key="legacy-va-1"
    )
    attempt = deposit.attempts.get()
    settlement.submit(attempt.pk)

    def told(status: str) -> str:
        digest = signing.notification_signature("bot37020", "sandbox-ovo", attempt.trx_id, status)
        fields = {
            "request": "Payment Notification",
            "trx_id": "3702070200000000",
            "merchant_id": "37020",
            "bill_no": attempt.trx_id,
            "payment_status_code": status,
            "bill_total": "50000",
            "payment_total": "50000",
            "payment_date": "2026-11-21 09:00:00",
            "signature": digest,
        }
        return "<faspay>" + "".join(f"<{name}>{value}</{name}>" for name, value in fields.items()) + "</faspay>"

    assert ovo_house.deliver(told("2")).status_code == 200
    ovo_house.act(deposit)
    assert (deposit.state, ovo_house.credits) == ("pending", 0), "asked; the bank knows of no payment"
    ovo_house.sim.control("pay", trxId=attempt.trx_id, notify=False)
    ovo_house.deliver(told("1"))
    ovo_house.act(deposit)
    assert (deposit.state, ovo_house.balance) == ("success", Decimal(50_000))
    ovo_house.deliver(told("4"))
    ovo_house.act(deposit)
    assert PaymentCase.objects.get().kind == "refunded"


def test_the_simulator_itself_tells_us(ovo_house: OvoHouse, live_server: Any, faspay_sim: Simulator) -> None:
    """Once without carrying letters by hand: both callbacks over real HTTP."""
    faspay_sim.control(
        "ovo/settings",
        notify_url=f"{live_server.url}/faspay/notification",
        callback_url=f"{live_server.url}/faspay/ovo/linked/a-token-that-nobody-guesses",
    )
    ovo_house.begin()
    letters = faspay_sim.control("ovo/link", phone=PHONE, wait=True)["letters"]
    assert letters[0]["accepted"]
    assert ovo_house.work().state == "linked"
    deposit = ovo_house.push()
    done = faspay_sim.control("ovo/finish", bill_no=ovo_house.attempt(deposit).trx_id, wait=True)
    assert done["letters"][0]["accepted"]
    ovo_house.act(deposit)
    assert deposit.state == "success"
    # What later tests do is not told to a server that outlives this one.
    faspay_sim.control("reset")
    assert faspay_sim.control("ovo/settings")["notify_url"] == ""
