"""Faspay's notifications through our callback: what is answered, what is kept, and what moves money."""

import json
import secrets
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import include, path
from django.utils import timezone

from config.lib.ids import new_trx_id
from config.urls import urlpatterns as site
from payments import settlement, tasks
from payments.models import Deposit, PaymentAttempt, ProviderMessage
from tests.payments.conftest import (
    CALLBACK,
    House,
    Letter,
    body_of,
    code_of,
    last_message,
    news_of,
    rewritten_history,
    work_off,
)
from tests.simulators import write_key_pair
from wallets.services import wallet_of

pytestmark = pytest.mark.django_db
urlpatterns = [path("api/faspay/snap/", include("payments.callback_urls")), *site]


def test_the_whole_way_from_payment_to_wallet(house: House, no_ledger_problems: None) -> None:
    deposit = house.ask_for()
    (letter,) = house.pay(deposit)
    answer = house.deliver(letter)
    sent, back = letter.json, json.loads(answer.content)
    assert (answer.status_code, back["responseCode"], back["responseMessage"]) == (200, "2002500", "Successful")
    assert answer["Content-Type"] == "application/json"
    assert answer["X-TIMESTAMP"].endswith("+07:00")
    for name in ("partnerServiceId", "customerNo", "virtualAccountNo", "paymentRequestId", "paidAmount"):
        assert back["virtualAccountData"][name] == sent[name], "echoed exactly, blanks included"
    assert house.credits == 0, "the answer does not wait for the booking"
    house.work()
    deposit.refresh_from_db()
    message = last_message()
    assert (deposit.state, deposit.outcome, deposit.ledger_reference) == ("success", "", deposit.reference)
    assert (house.balance, house.credits) == (Decimal(50_000), 1)
    assert (message.decision, message.verified, message.kind) == ("credited", True, "notification")
    assert message.attempt == house.account(deposit)
    assert bytes(message.body).decode() == letter.body
    assert message.matched_key.endswith(" raw")
    assert "X-SIGNATURE" not in message.headers


def test_the_task_is_queued_on_commit(house: House, django_capture_on_commit_callbacks: Any) -> None:
    deposit = house.ask_for()
    (letter,) = house.pay(deposit)
    with django_capture_on_commit_callbacks() as queued:
        house.deliver(letter)
    assert len(queued) == 1


def test_the_sweep_does_what_the_task_did_not(house: House) -> None:
    deposit = house.ask_for()
    house.deliver(house.pay(deposit)[0])
    work_off()
    assert house.balance == Decimal(50_000)


@pytest.mark.urls(__name__)
def test_any_prefix_will_do_since_the_canonical_path_is_signed(house: House) -> None:
    (letter,) = house.pay(house.ask_for())
    assert code_of(house.deliver(letter, path="/api/faspay/snap" + CALLBACK)) == "2002500"


@pytest.mark.parametrize("mode", ["unpadded", "escaped_slashes", "whitespace", "glued_date"])
def test_forms_of_the_same_news_are_understood(house: House, mode: str) -> None:
    deposit = house.ask_for()
    house.sim.control("misbehave", operation="notification", mode=mode)
    (letter,) = house.pay(deposit)
    assert code_of(house.deliver(letter)) == "2002500"
    house.work()
    assert house.balance == Decimal(50_000)
    if mode in {"escaped_slashes", "whitespace"}:
        assert last_message().matched_key.split()[1] in {"minified", "unescaped"}


def test_the_new_key_counts_beside_the_old_one(house: House, settings: Any, tmp_path: Any) -> None:
    other = write_key_pair(tmp_path / "next")
    settings.FASPAY_PUBLIC_KEY_FILES = [str(tmp_path / "missing.pem"), other[1], *settings.FASPAY_PUBLIC_KEY_FILES]
    (letter,) = house.pay(house.ask_for())
    assert code_of(house.deliver(letter)) == "2002500"


@pytest.mark.parametrize("same_id", [True, False])
def test_however_often_it_comes_it_is_credited_once(house: House, same_id: bool, no_ledger_problems: None) -> None:
    deposit = house.ask_for()
    letters = house.pay(deposit, count=5, same_external_id=same_id)
    answers = [house.deliver(letter) for letter in [*letters, *letters]]
    assert {code_of(answer) for answer in answers} == {"2002500"}
    assert len({answer.content for answer in answers}) == 1
    for _ in range(3):
        house.work()
    assert (house.balance, house.credits) == (Decimal(50_000), 1)
    decisions = sorted(ProviderMessage.objects.values_list("decision", flat=True))
    assert decisions == (["credited"] if same_id else ["credited", *["repeated"] * 4])
    assert sum(ProviderMessage.objects.values_list("times_received", flat=True)) == 10


def test_the_same_id_with_another_body_is_a_conflict(house: House) -> None:
    deposit = house.ask_for()
    first = house.sign(news_of(house, deposit))
    other = news_of(house, deposit, paidAmount={"value": "990000.00", "currency": "IDR"})
    second = house.sign(other, **{"X-EXTERNAL-ID": first.headers["X-EXTERNAL-ID"]})
    assert [code_of(house.deliver(letter)) for letter in (first, second, first, second)] == [
        "2002500",
        "4092500",
        "2002500",
        "4092500",
    ]
    house.work()
    assert (house.balance, house.credits) == (Decimal(50_000), 1)
    assert ProviderMessage.objects.filter(decision="conflict", repeat_of__isnull=False).count() == 2


@pytest.mark.parametrize(
    "order", [("03", "00"), ("00", "03"), ("01", "02", "00"), ("00", "07", "01"), ("03", "00", "00")]
)
def test_out_of_order_news_end_the_same(house: House, order: tuple[str, ...], no_ledger_problems: None) -> None:
    deposit = house.ask_for()
    for status in order:
        info = {"latestTransactionStatus": status, "paymentDate": "2026-11-21 09:00:00"}
        assert code_of(house.deliver(house.sign(news_of(house, deposit, additionalInfo=info)))) == "2002500"
        house.work()
    deposit.refresh_from_db()
    assert (deposit.state, deposit.attention, house.balance, house.credits) == ("success", "", Decimal(50_000), 1)


@pytest.mark.parametrize("status", ["04", "05", "06"])
def test_bad_news_after_success_is_for_staff(house: House, status: str) -> None:
    deposit = house.ask_for()
    house.deliver(house.pay(deposit)[0])
    house.work()
    house.deliver(house.tell(deposit, status=status))
    house.work()
    deposit.refresh_from_db()
    assert deposit.state == "success"
    assert deposit.attention == ("refunded" if status == "04" else "closed_after_success")
    assert deposit.cases.get().kind == deposit.attention
    assert (house.credits, last_message().decision) == (1, "flagged")


@pytest.mark.parametrize("status", ["05", "06", "07"])
def test_bad_news_alone_closes_nothing_but_makes_us_ask(house: House, status: str) -> None:
    deposit = house.ask_for()
    letter = house.tell(deposit, status=status)
    assert code_of(house.deliver(letter)) == "2002500"
    tasks.apply_message(message_id=last_message().pk)
    deposit.refresh_from_db()
    assert (deposit.state, last_message().decision) == ("pending", "asked")
    assert len(house.requests("status")) == 1


def test_other_amount_after_the_credit_is_for_staff(house: House, no_ledger_problems: None) -> None:
    deposit = house.ask_for()
    house.deliver(house.pay(deposit)[0])
    house.deliver(house.tell(deposit, amount="75000"))
    house.work()
    deposit.refresh_from_db()
    assert (deposit.received_amount, house.balance, deposit.attention) == (
        Decimal(50_000),
        Decimal(50_000),
        "other_amount",
    )


@pytest.mark.parametrize(("amount", "outcome"), [("1", "underpaid"), ("49999", "underpaid"), ("50001", "overpaid")])
def test_another_amount_than_asked_is_credited_and_said(
    house: House, amount: str, outcome: str, no_ledger_problems: None
) -> None:
    deposit = house.ask_for()
    house.deliver(house.pay(deposit, amount=amount)[0])
    house.work()
    deposit.refresh_from_db()
    assert (deposit.state, deposit.outcome) == ("success", outcome)
    assert deposit.received_amount == house.balance == Decimal(amount)


def test_late_money_is_credited_and_said(house: House, no_ledger_problems: None) -> None:
    deposit = house.ask_for()
    house.outlive(deposit)
    assert deposit.state == "expired"
    house.deliver(house.pay(deposit)[0])
    house.work()
    deposit.refresh_from_db()
    assert (deposit.state, deposit.outcome, house.balance) == ("success", "paid_late", Decimal(50_000))


def test_another_currency_is_for_staff(house: House) -> None:
    deposit = house.ask_for()
    body = news_of(house, deposit, paidAmount={"value": "50000.00", "currency": "USD"})
    assert code_of(house.deliver(house.sign(body))) == "2002500"
    house.work()
    deposit.refresh_from_db()
    assert (deposit.state, deposit.attention, house.credits) == ("pending", "wrong_currency", 0)


def test_cents_of_a_rupiah_are_for_staff(house: House) -> None:
    deposit = house.ask_for()
    house.deliver(house.pay(deposit, amount="50000.50")[0])
    house.work()
    deposit.refresh_from_db()
    assert (deposit.state, deposit.attention, house.credits) == ("pending", "odd_amount", 0)


def test_paid_without_an_amount_is_asked_about(house: House) -> None:
    deposit = house.ask_for()
    house.sim.control("misbehave", operation="notification", mode="no_amount")
    (letter,) = house.pay(deposit, amount="40000")
    assert code_of(house.deliver(letter)) == "2002500"
    house.work()
    assert house.credits == 0
    work_off()
    deposit.refresh_from_db()
    assert (deposit.state, deposit.outcome, house.balance) == ("success", "underpaid", Decimal(40_000))


def test_a_number_that_is_not_the_accounts_is_asked_about_and_flagged(house: House) -> None:
    deposit = house.ask_for()
    body = body_of("3702010000000001", trxId=house.account(deposit).trx_id)
    assert code_of(house.deliver(house.sign(body))) == "2002500"
    house.work()
    deposit.refresh_from_db()
    assert (deposit.state, deposit.attention, house.credits) == ("pending", "other_number", 0)


def test_without_a_known_trx_id_the_number_decides(house: House) -> None:
    deposit = house.ask_for()
    account = house.account(deposit)
    assert code_of(house.deliver(house.sign(body_of(account.number, trxId=account.provider_trx_id)))) == "2002500"
    house.work()
    assert house.balance == Decimal(50_000)


def test_an_unknown_bill_is_kept_and_matched_when_its_row_comes(house: House, no_ledger_problems: None) -> None:
    trx_id = new_trx_id()
    letter = house.sign(body_of("3702011234567890", trxId=trx_id))
    answer = house.deliver(letter)
    assert (answer.status_code, code_of(answer)) == (404, "4042512")
    house.work()
    message = last_message()
    assert (message.decision, message.processed_at, house.credits) == ("unmatched", None, 0)
    assert message.next_try_at
    assert message.next_try_at > timezone.now()
    deposit = Deposit.objects.create(
        customer=house.customer, amount=50_000, bank="702", expires_at=timezone.now() + timedelta(hours=1)
    )
    PaymentAttempt.objects.create(deposit=deposit, trx_id=trx_id, state="in_doubt", sent_at=timezone.now())
    ProviderMessage.objects.update(next_try_at=timezone.now())
    house.work()
    deposit.refresh_from_db()
    assert (deposit.state, house.balance, last_message().decision) == ("success", Decimal(50_000), "credited")
    assert house.account(deposit).number == "3702011234567890"
    assert code_of(house.deliver(letter)) == "2002500", "their repeat hears the good news"


def test_an_unknown_bill_is_given_up_after_a_week(house: House) -> None:
    house.deliver(house.sign(body_of()))
    with rewritten_history():
        ProviderMessage.objects.update(received_at=timezone.now() - timedelta(days=8))
    house.work()
    message = last_message()
    assert (message.decision, message.next_try_at) == ("unmatched", None)
    assert message.processed_at


def test_money_for_a_closed_wallet_waits_in_suspense_for_staff(house: House, no_ledger_problems: None) -> None:
    deposit = house.ask_for()
    wallet = wallet_of(house.customer)
    wallet.status = "closed"
    wallet.save(update_fields=["status"])
    house.deliver(house.pay(deposit)[0])
    house.work()
    deposit.refresh_from_db()
    assert (deposit.state, deposit.attention, last_message().decision) == ("pending", "ledger_refused", "flagged")
    case = deposit.cases.get()
    assert case.receipt is not None
    assert (case.receipt.place, case.receipt.amount, house.credits) == ("suspense", Decimal(50_000), 0)


def test_the_second_attempt_of_a_deposit_cannot_be_paid_again_unseen(house: House) -> None:
    house.sim.control("misbehave", operation="create-va", mode="429")
    deposit = house.ask_for()
    first, second = deposit.attempts.order_by("id")
    settlement.submit(second.pk)
    house.deliver(house.pay(deposit)[0])
    house.work()
    body = body_of("3702017777777777", trxId=first.trx_id)
    assert code_of(house.deliver(house.sign(body))) == "2002500"
    house.work()
    deposit.refresh_from_db()
    assert (house.credits, deposit.attention) == (1, "paid_twice")


def test_random_garbage_is_never_a_500(house: House) -> None:
    for seed in range(60):
        raw = secrets.token_bytes(seed * 7)
        for letter in (house.sign(raw), Letter({"X-SIGNATURE": "é" * seed}, "")):
            assert house.deliver(letter, raw=raw).status_code in {400, 401}
    assert house.credits == 0


@pytest.mark.parametrize("form", ["pem", "base64", "certificate"])
def test_faspay_changes_its_key_in_the_middle_of_traffic(
    house: House, settings: Any, form: str, no_ledger_problems: None
) -> None:
    """The new key is listed beside the old one, in whatever form it comes; letters by both go on being taken."""
    old, *_ = settings.FASPAY_PUBLIC_KEY_FILES
    first, second, third = (house.ask_for(amount) for amount in (50_000, 60_000, 70_000))
    assert code_of(house.deliver(house.pay(first)[0])) == "2002500"
    made = house.sim.control("keys/rotate", form=form, overlap=1)
    settings.FASPAY_PUBLIC_KEY_FILES = [old, made["file"]]
    letters = [house.pay(second)[0], house.pay(third)[0]]
    assert [code_of(house.deliver(letter)) for letter in letters] == ["2002500", "2002500"]
    house.work()
    assert house.balance == Decimal(180_000)
    keys = [row.split()[0] for row in ProviderMessage.objects.order_by("id").values_list("matched_key", flat=True)]
    assert keys[0] == keys[1] != keys[2]
    settings.FASPAY_PUBLIC_KEY_FILES = [made["file"]]
    assert code_of(house.deliver(letters[0])) == "4012500", "the old key counts no longer"
