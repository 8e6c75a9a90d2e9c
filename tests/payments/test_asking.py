"""The status question finds what no notification told, ends what is over, and never believes too much."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from config.lib import http
from payments import services, settlement
from payments.errors import AskedTooSoon, NotCancellable
from payments.models import Deposit, PaymentAttempt
from tests.payments.conftest import House, work_off
from tests.simulators import Simulator
from wallets.services import wallet_of

pytestmark = pytest.mark.django_db
Va = PaymentAttempt.State


def _wait(account: PaymentAttempt) -> float:
    assert account.next_check_at
    return (account.next_check_at - timezone.now()).total_seconds()


def test_an_open_number_is_asked_about_after_a_minute_then_ever_more_rarely(house: House) -> None:
    deposit = house.ask_for()
    assert 58 < _wait(house.account(deposit)) <= 60
    for age, expected in ((timedelta(minutes=4), 120), (timedelta(hours=2), 300)):
        house.shift(house.account(deposit), age, "opened_at")
        house.question(deposit)
        assert expected - 5 < _wait(house.account(deposit)) <= expected + 5
    assert len(house.requests("status")) == 2


def test_a_payment_nobody_told_us_of_is_found(house: House, no_ledger_problems: None) -> None:
    deposit = house.ask_for()
    house.pay(deposit)
    house.shift(house.account(deposit), timedelta(minutes=1), "next_check_at")
    work_off()
    deposit.refresh_from_db()
    account = house.account(deposit)
    assert (deposit.state, deposit.outcome, deposit.received_amount) == ("success", "", Decimal(50_000))
    assert (account.state, account.next_check_at) == (Va.PAID, None)
    assert (house.balance, house.credits) == (Decimal(50_000), 1)
    house.deliver(house.tell(deposit))
    house.work()
    assert (house.balance, house.credits) == (Decimal(50_000), 1)


def test_an_unpaid_number_stays_open(house: House) -> None:
    deposit = house.ask_for()
    house.question(deposit)
    assert (deposit.state, house.account(deposit).state, house.credits) == ("pending", Va.OPEN, 0)


@pytest.mark.parametrize(
    ("paid", "outcome"), [("40000", "underpaid"), ("60000", "overpaid"), ("50000", "")], ids=["less", "more", "equal"]
)
def test_what_arrived_is_credited(house: House, paid: str, outcome: str, no_ledger_problems: None) -> None:
    deposit = house.ask_for()
    house.pay(deposit, amount=paid)
    house.question(deposit)
    assert (deposit.state, deposit.outcome, house.balance) == ("success", outcome, Decimal(paid))


def test_expiry_is_by_the_databases_clock_and_asks_once_more(house: House) -> None:
    deposit = house.ask_for()
    house.outlive(deposit)
    account = house.account(deposit)
    assert (deposit.state, account.state) == ("expired", Va.CLOSED)
    assert _wait(account) <= 0, "asked at its end"
    settlement.ask(account.pk)
    assert 14 * 60 < _wait(house.account(deposit)) <= 15 * 60
    settlement.expire(deposit.pk)
    assert Deposit.objects.get(pk=deposit.pk).version == deposit.version, "expired once"


def test_not_yet_over_is_not_expired(house: House) -> None:
    deposit = house.ask_for()
    settlement.expire(deposit.pk)
    deposit.refresh_from_db()
    assert deposit.state == "pending"


def test_paid_in_time_but_found_after_the_end_is_not_late(house: House) -> None:
    deposit = house.ask_for()
    house.pay(deposit)
    Deposit.objects.filter(pk=deposit.pk).update(expires_at=timezone.now() + timedelta(seconds=2))
    house.shift(house.account(deposit), timedelta(0), "next_check_at")
    Deposit.objects.filter(pk=deposit.pk).update(state="expired")
    house.question(deposit)
    assert (deposit.state, deposit.outcome, house.balance) == ("success", "", Decimal(50_000))


def test_late_money_is_found_within_a_day(house: House, no_ledger_problems: None) -> None:
    deposit = house.ask_for()
    house.outlive(deposit, timedelta(hours=3))
    settlement.ask(house.account(deposit).pk)
    assert 59 * 60 < _wait(house.account(deposit)) <= 3600
    house.pay(deposit)
    house.question(deposit)
    assert (deposit.state, deposit.outcome, house.balance) == ("success", "paid_late", Decimal(50_000))


def test_after_a_day_nobody_asks_any_more(house: House) -> None:
    deposit = house.ask_for()
    house.outlive(deposit, timedelta(hours=25))
    settlement.ask(house.account(deposit).pk)
    assert house.account(deposit).next_check_at is None


@pytest.mark.parametrize("flag", ["05", "06"])
def test_closed_by_the_bank(house: House, flag: str) -> None:
    deposit = house.ask_for()
    house.pay(deposit, status=flag)
    house.question(deposit)
    assert (deposit.state, deposit.reason, house.credits) == ("failed", "closed_by_bank", 0)


@pytest.mark.parametrize("flag", ["01", "02", "03", "07", "42"])
def test_other_flags_leave_it_open(house: House, flag: str) -> None:
    deposit = house.ask_for()
    house.pay(deposit, status=flag)
    house.question(deposit)
    account = house.account(deposit)
    assert (deposit.state, account.state, house.credits) == ("pending", Va.OPEN, 0)
    assert account.next_check_at


def test_refunded_is_for_staff(house: House) -> None:
    deposit = house.ask_for()
    house.pay(deposit, status="04")
    house.question(deposit)
    assert (deposit.state, deposit.attention, house.credits) == ("pending", "refunded", 0)


@pytest.mark.parametrize(
    "mode",
    [
        "timeout_after_accept",
        "502",
        "html",
        "truncated",
        "empty",
        "unauthorized",
        "429",
        "in_progress",
        "not_found",
        "no_data",
    ],
)
def test_no_usable_answer_changes_nothing_and_is_asked_again(house: House, mode: str) -> None:
    deposit = house.ask_for()
    house.pay(deposit)
    house.sim.control("misbehave", operation="status", mode=mode)
    house.question(deposit)
    assert (deposit.state, house.credits) == ("pending", 0)
    house.question(deposit)
    assert (deposit.state, house.credits) == ("success", 1)


def test_a_status_that_names_another_sum_than_was_booked_is_for_staff(house: House) -> None:
    deposit = house.ask_for()
    house.deliver(house.pay(deposit)[0])
    house.work()
    house.sim.control("misbehave", operation="status", mode="wrong_amount")
    PaymentAttempt.objects.filter(deposit=deposit).update(next_check_at=timezone.now())
    settlement.ask(house.account(deposit).pk)
    assert house.requests("status") == [], "a paid number is not asked about"
    assert (house.balance, house.credits) == (Decimal(50_000), 1)


def test_a_closed_wallet_keeps_the_money_waiting_for_staff(house: House) -> None:
    deposit = house.ask_for()
    wallet = wallet_of(house.customer)
    wallet.status = "closed"
    wallet.save(update_fields=["status"])
    house.pay(deposit)
    house.question(deposit)
    assert (deposit.state, deposit.attention) == ("pending", "ledger_refused")
    assert deposit.receipts.get().place == "suspense"
    assert (house.account(deposit).state, house.balance) == ("paid", Decimal(0))


def test_two_workers_ask_once(house: House) -> None:
    deposit = house.ask_for()
    account = house.account(deposit)
    PaymentAttempt.objects.filter(pk=account.pk).update(
        next_check_at=timezone.now(), lease_until=timezone.now() + timedelta(seconds=30)
    )
    settlement.ask(account.pk)
    assert house.requests("status") == []


def test_status_is_posted_with_padded_strings(faspay_sim: Simulator, house: House, monkeypatch: Any) -> None:
    sent: list[bytes] = []
    send = http.send
    monkeypatch.setattr(http, "send", lambda *args, **kwargs: (sent.append(kwargs["body"]), send(*args, **kwargs))[1])
    deposit = house.ask_for()
    house.question(deposit)
    account = house.account(deposit)
    assert sent[1].decode() == (
        f'{{"partnerServiceId":"  370201","customerNo":"{account.customer_no}",'
        f'"virtualAccountNo":"  {account.number}","additionalInfo":{{"channelCode":"702","trxId":"{account.trx_id}"}}}}'
    )
    assert all(byte < 128 for body in sent for byte in body)


def test_faspays_own_id_is_tried_when_ours_is_not_known(house: House) -> None:
    deposit = house.ask_for()
    house.sim.control("misbehave", operation="status", mode="not_found")
    house.question(deposit)
    assert len(house.requests("status")) == 2


def test_cancelling_closes_the_number_at_the_bank(house: House) -> None:
    deposit = house.ask_for()
    services.cancel_deposit(deposit=deposit)
    settlement.close(house.account(deposit).pk)
    deposit.refresh_from_db()
    assert deposit.state == "cancelled"
    assert house.account(deposit).last_code == "2003100"
    assert house.sim.look("accounts")["accounts"][0]["status"] == "cancelled"
    services.cancel_deposit(deposit=deposit)


def test_money_beats_a_cancellation(house: House) -> None:
    deposit = house.ask_for()
    house.pay(deposit)
    services.cancel_deposit(deposit=deposit)
    settlement.close(house.account(deposit).pk)
    assert house.account(deposit).last_code == "4043114"
    house.question(deposit)
    assert (deposit.state, deposit.outcome, house.balance) == ("success", "paid_late", Decimal(50_000))


def test_what_is_over_cannot_be_cancelled(house: House) -> None:
    deposit = house.ask_for()
    house.pay(deposit)
    house.question(deposit)
    with pytest.raises(NotCancellable):
        services.cancel_deposit(deposit=deposit)
    unsent = house.ask_only(75_000)
    with pytest.raises(NotCancellable):
        services.cancel_deposit(deposit=unsent)


def test_check_now_asks_at_once_and_not_again_at_once(house: House) -> None:
    deposit = house.ask_for()
    house.pay(deposit)
    services.check_now(deposit=deposit)
    settlement.ask(house.account(deposit).pk)
    deposit.refresh_from_db()
    assert deposit.state == "success"
    other = house.ask_for(75_000)
    house.question(other)
    with pytest.raises(AskedTooSoon):
        services.check_now(deposit=other)


def test_an_expired_unsent_number_is_never_sent(house: House) -> None:
    deposit = house.ask_only()
    house.outlive(deposit)
    settlement.submit(house.account(deposit).pk)
    work_off()
    assert house.requests("create-va") == []
    assert (deposit.state, house.account(deposit).state) == ("expired", Va.CLOSED)
    assert house.account(deposit).next_check_at is None


def test_one_row_that_cannot_be_handled_keeps_no_other_waiting(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = house.ask_for(50_000), house.ask_for(75_000)
    house.pay(second)
    PaymentAttempt.objects.update(next_check_at=timezone.now())
    ask = settlement.ask

    def stumble(attempt_id: int) -> None:
        if attempt_id == house.account(first).pk:
            raise RuntimeError("a bug")
        ask(attempt_id)

    monkeypatch.setattr("payments.settlement.ask", stumble)
    work_off()
    second.refresh_from_db()
    assert second.state == "success"
