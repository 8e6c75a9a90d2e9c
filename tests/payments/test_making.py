"""The number is made by one create-va per trxId, whatever the provider does to us."""

import re
import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pgtrigger
import pytest
from django.utils import timezone

from payments import settlement
from payments.models import Deposit, PaymentAttempt
from payments.settlement import rows as leases
from tests.payments.conftest import House, work_off

pytestmark = pytest.mark.django_db
Va = PaymentAttempt.State


def _creates(house: House) -> int:
    return len(house.requests("create-va"))


def test_one_signed_request_makes_the_number(house: House) -> None:
    deposit = house.ask_for(50_000, "702")
    account = house.account(deposit)
    (at_bank,) = house.sim.look("accounts")["accounts"]
    assert account.state == Va.OPEN
    assert (account.number, account.trx_id) == (at_bank["virtualAccountNo"], at_bank["trxId"])
    assert (at_bank["amount"], at_bank["channelCode"], at_bank["name"]) == ("50000.00", "702", "Ayu Lestari")
    assert re.fullmatch(r"[0-9A-Z]{16}", account.trx_id)
    assert account.partner_service_id == "370201"
    assert account.number == account.partner_service_id + account.customer_no
    assert account.provider_trx_id.startswith("37020")
    assert account.last_code == "2002700"
    assert account.lease_token is None
    assert (_creates(house), house.credits) == (1, 0)


def test_what_is_signed_is_what_is_sent(house: House) -> None:
    house.ask_for()
    (request,) = house.requests("create-va")
    assert request["status"] == 200
    assert re.fullmatch(r"\d{32}", request["external_id"])
    assert request["partner_id"] == "37020"
    assert request["timestamp"].endswith("+07:00")


def test_names_lose_their_odd_characters(house: House) -> None:
    house.customer.user.display_name = "Zoë <b>&amp; O'Brien</b> \U0001f600"
    house.customer.user.save()
    house.ask_for()
    assert house.sim.look("accounts")["accounts"][0]["name"] == "Zoe b amp O Brien b"


def test_asking_twice_sends_once(house: House) -> None:
    deposit = house.ask_for()
    settlement.submit(house.account(deposit).pk)
    work_off()
    assert _creates(house) == 1


def test_the_sweep_sends_what_the_task_did_not(house: House) -> None:
    deposit = house.ask_only()
    house.shift(house.account(deposit), timedelta(seconds=10), "next_check_at")
    work_off()
    assert house.account(deposit).state == Va.OPEN


@pytest.mark.parametrize("mode", ["code_2002500", "unpadded", "basic_date"])
def test_odd_answers_with_a_number_are_accepted(house: House, mode: str, caplog: pytest.LogCaptureFixture) -> None:
    house.sim.control("misbehave", operation="create-va", mode=mode)
    account = house.account(house.ask_for())
    assert account.state == Va.OPEN
    assert account.number == house.sim.look("accounts")["accounts"][0]["virtualAccountNo"]
    if mode == "code_2002500":
        assert account.last_code == "2002500"
        assert "2002500" in caplog.text


@pytest.mark.parametrize(
    "mode",
    [
        "timeout_after_accept",
        "reset_after_accept",
        "502_after_accept",
        "504_after_accept",
        "html",
        "truncated",
        "cut",
        "empty",
        "in_progress",
        "no_data",
    ],
)
def test_accepted_without_an_answer_is_in_doubt_and_found_by_asking(house: House, mode: str) -> None:
    house.sim.control("misbehave", operation="create-va", mode=mode)
    deposit = house.ask_for()
    assert (house.account(deposit).state, deposit.state) == (Va.IN_DOUBT, "pending")
    settlement.ask(house.account(deposit).pk)
    assert house.requests("status") == [], "nothing is asked before its time"
    house.shift(house.account(deposit), timedelta(seconds=6), "next_check_at")
    settlement.ask(house.account(deposit).pk)
    account = house.account(deposit)
    assert account.state == Va.OPEN
    assert account.number == house.sim.look("accounts")["accounts"][0]["virtualAccountNo"]
    assert account.customer_no
    assert _creates(house) == 1


def test_slow_is_not_lost(house: House, settings: Any) -> None:
    settings.FASPAY_READ_TIMEOUT_SECONDS = 5
    house.sim.control("misbehave", operation="create-va", mode="slow", seconds=0.5)
    assert house.account(house.ask_for()).state == Va.OPEN


def _deny(house: House, deposit: Deposit, times: int) -> None:
    for _ in range(times):
        house.question(deposit)


@pytest.mark.parametrize(
    "mode", ["timeout_before_accept", "reset_before_accept", "502", "general_error", "success_false"]
)
def test_a_number_denied_long_enough_was_never_made(house: House, mode: str) -> None:
    house.sim.control("misbehave", operation="create-va", mode=mode)
    deposit = house.ask_for()
    assert house.account(deposit).state == Va.IN_DOUBT
    _deny(house, deposit, 4)
    assert house.account(deposit).state == Va.IN_DOUBT, "denied often, but not over a minute"
    house.shift(house.account(deposit), timedelta(seconds=61), "in_doubt_since")
    _deny(house, deposit, 1)
    assert (deposit.state, deposit.reason, house.account(deposit).state) == ("failed", "not_made", Va.FAILED)
    assert (_creates(house), house.credits) == (1, 0)


def test_two_denials_are_not_enough_however_old(house: House) -> None:
    house.sim.control("misbehave", operation="create-va", mode="timeout_before_accept")
    deposit = house.ask_for()
    house.shift(house.account(deposit), timedelta(hours=1), "in_doubt_since")
    _deny(house, deposit, 2)
    assert house.account(deposit).state == Va.IN_DOUBT


def test_denied_at_first_and_found_later_is_open(house: House) -> None:
    house.sim.control("misbehave", operation="create-va", mode="timeout_after_accept")
    house.sim.control("misbehave", operation="status", mode="not_found", times=2)
    deposit = house.ask_for()
    _deny(house, deposit, 3)
    assert house.account(deposit).state == Va.OPEN


@pytest.mark.parametrize("mode", ["502", "timeout_after_accept", "html", "unauthorized", "429", "general_error"])
def test_silence_is_no_denial(house: House, mode: str) -> None:
    house.sim.control("misbehave", operation="create-va", mode="timeout_before_accept")
    deposit = house.ask_for()
    house.sim.control("misbehave", operation="status", mode=mode, times=4)
    house.shift(house.account(deposit), timedelta(hours=1), "in_doubt_since")
    _deny(house, deposit, 4)
    account = house.account(deposit)
    assert (account.state, account.not_found, deposit.state) == (Va.IN_DOUBT, 0, "pending")
    assert account.next_check_at is not None


def test_questions_in_doubt_grow_apart(house: House) -> None:
    house.sim.control("misbehave", operation="create-va", mode="timeout_before_accept")
    deposit = house.ask_for()
    waits = []
    for _ in range(6):
        account = house.account(deposit)
        assert account.next_check_at
        assert account.in_doubt_since
        waits.append(round((account.next_check_at - account.in_doubt_since).total_seconds()))
        _move_clock_to_next_question(house, account)
        settlement.ask(account.pk)
    assert waits[:5] == [5, 15, 30, 60, 120]


def _move_clock_to_next_question(house: House, account: PaymentAttempt) -> None:
    assert account.next_check_at
    ahead = account.next_check_at - timezone.now() + timedelta(milliseconds=1)
    # Denials are not counted as old here, so that the doubt goes on.
    PaymentAttempt.objects.filter(pk=account.pk).update(not_found=0)
    house.shift(account, ahead, "next_check_at", "in_doubt_since")


@pytest.mark.parametrize("mode", ["duplicate", "conflict"])
def test_exists_already_means_ask(house: House, mode: str) -> None:
    house.sim.control("misbehave", operation="create-va", mode=mode)
    assert house.account(house.ask_for()).state == Va.IN_DOUBT


@pytest.mark.parametrize("mode", ["unauthorized", "forbidden"])
def test_a_clear_refusal_fails_at_once(house: House, mode: str) -> None:
    house.sim.control("misbehave", operation="create-va", mode=mode)
    deposit = house.ask_for()
    assert (deposit.state, deposit.reason) == ("failed", "refused")
    assert house.account(deposit).next_check_at is None
    work_off()
    assert (_creates(house), house.credits) == (1, 0)


def test_busy_is_tried_again_under_a_new_id(house: House) -> None:
    house.sim.control("misbehave", operation="create-va", mode="429", retry_after=7)
    deposit = house.ask_for()
    first, second = deposit.attempts.order_by("id")
    assert (first.state, second.state, deposit.state) == (Va.FAILED, Va.SUBMITTING, "pending")
    assert second.next_check_at
    assert 5 < (second.next_check_at - timezone.now()).total_seconds() <= 7
    house.shift(second, timedelta(seconds=8), "next_check_at")
    work_off()
    second.refresh_from_db()
    assert second.state == Va.OPEN
    assert second.trx_id != first.trx_id


def test_busy_for_ever_ends_in_words(house: House) -> None:
    house.sim.control("misbehave", operation="create-va", mode="429", times=10)
    deposit = house.ask_for()
    for _ in range(4):
        house.shift(house.account(deposit), timedelta(minutes=2), "next_check_at")
        work_off()
    deposit.refresh_from_db()
    assert (deposit.state, deposit.reason, deposit.attempts.count()) == ("failed", "busy", 3)


def test_a_wrong_amount_is_shown_to_nobody(house: House) -> None:
    house.sim.control("misbehave", operation="create-va", mode="wrong_amount")
    deposit = house.ask_for()
    assert (deposit.state, deposit.reason, deposit.attention) == ("failed", "wrong_answer", "wrong_answer")
    account = house.account(deposit)
    assert account.state == Va.FAILED
    house.deliver(house.pay(deposit)[0])
    house.work()
    deposit.refresh_from_db()
    assert (deposit.state, deposit.outcome, house.balance) == ("success", "paid_late", Decimal(50_000))


def test_unreachable_is_sent_again_later(house: House, settings: Any) -> None:
    there, settings.FASPAY_BASE_URL = settings.FASPAY_BASE_URL, "http://127.0.0.1:9"
    deposit = house.ask_for()
    account = house.account(deposit)
    assert (account.state, account.sent_at, account.tries) == (Va.SUBMITTING, None, 1)
    assert account.next_check_at
    settings.FASPAY_BASE_URL = there
    house.shift(account, timedelta(minutes=1), "next_check_at")
    work_off()
    account.refresh_from_db()
    assert (account.state, account.tries, _creates(house)) == (Va.OPEN, 2, 1)


@pytest.mark.parametrize("broken", ["FASPAY_BASE_URL", "FASPAY_PRIVATE_KEY_FILE"])
def test_unreachable_for_too_long_is_given_up(house: House, settings: Any, broken: str) -> None:
    setattr(settings, broken, "")
    deposit = house.ask_for()
    account = house.account(deposit)
    assert account.state == Va.SUBMITTING
    with pgtrigger.ignore("payments.PaymentAttempt:named_once"):
        house.shift(account, timedelta(minutes=10), "created_at", "next_check_at")
    work_off()
    deposit.refresh_from_db()
    assert (deposit.state, deposit.reason) == ("failed", "unreachable")


class Killed(BaseException):
    """The worker is gone between sending and recording."""


def test_a_worker_killed_after_sending_leaves_doubt_not_a_second_request(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    deposit = house.ask_only()
    account = house.account(deposit)

    def die(*args: Any) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr("payments.settlement.submitting._record_made", die)
        with pytest.raises(Killed):
            settlement.submit(account.pk)
    account.refresh_from_db()
    assert (account.state, account.number) == (Va.SUBMITTING, "")
    assert account.sent_at
    settlement.submit(account.pk)
    work_off()
    assert _creates(house) == 1, "the lease still stands: nobody touches it"
    house.shift(account, leases.LEASE + timedelta(seconds=1), "lease_until", "sent_at", "next_check_at")
    work_off()
    assert house.account(deposit).state == Va.IN_DOUBT
    house.shift(account, timedelta(minutes=1), "next_check_at")
    work_off()
    assert house.account(deposit).state == Va.OPEN
    assert _creates(house) == 1


def test_a_task_delivered_again_after_a_crash_sends_nothing(house: House) -> None:
    account = house.account(house.ask_only())
    long_ago = timezone.now() - leases.LEASE
    PaymentAttempt.objects.filter(pk=account.pk).update(
        sent_at=long_ago, lease_until=long_ago, lease_token=uuid.uuid4()
    )
    settlement.submit(account.pk)
    account.refresh_from_db()
    assert (account.state, _creates(house)) == (Va.IN_DOUBT, 0)


def test_a_worker_that_comes_back_too_late_writes_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    deposit = house.ask_only()
    account = house.account(deposit)
    record = settlement.submitting._record_made

    def paused(attempt_id: int, token: uuid.UUID, made: Any) -> None:
        house.shift(account, leases.LEASE * 2, "lease_until")
        settlement.due.doubt_crashed()
        record(attempt_id, token, made)

    monkeypatch.setattr("payments.settlement.submitting._record_made", paused)
    settlement.submit(account.pk)
    account.refresh_from_db()
    assert (account.state, account.number) == (Va.IN_DOUBT, "")


def test_a_paid_message_may_come_before_our_own_answer(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    deposit = house.ask_only()
    record = settlement.submitting._record_made

    def paid_meanwhile(*args: Any) -> None:
        house.deliver(house.pay(deposit)[0])
        house.work()
        record(*args)

    monkeypatch.setattr("payments.settlement.submitting._record_made", paid_meanwhile)
    settlement.submit(house.account(deposit).pk)
    deposit.refresh_from_db()
    account = house.account(deposit)
    assert (deposit.state, account.state, house.balance) == ("success", Va.PAID, Decimal(50_000))
    assert account.provider_trx_id
    assert account.lease_token is None


def test_the_hash_in_the_redirect_address_is_neither_kept_nor_logged(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    deposit = house.ask_for()
    values = " ".join(str(value) for value in PaymentAttempt.objects.filter(deposit=deposit).values().get().values())
    assert "/pws/" not in values + caplog.text
    assert "X-SIGNATURE" not in caplog.text
