"""Paying by OVO, through pages, the notification and the simulator; in JSON and in XML."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from payments import settlement, tasks
from payments.errors import NotAgain, OvoNotLinked
from payments.models import Deposit, PaymentAttempt, PaymentCase, Receipt
from payments.services import ovo
from tests.payments.ovo_house import PHONE, OvoHouse, host_of

pytestmark = pytest.mark.django_db
State = PaymentAttempt.State


def _form(**changes: str) -> dict[str, str]:
    form = {"preset": "50000", "amount": "", "pay_type": "0", "method": "ovo", "idempotency_key": "k" * 20}
    return {**form, **changes}


def _shown(house: OvoHouse, deposit: Deposit) -> str:
    return house.page.get(f"/topup/deposits/{deposit.public_id}/").content.decode()


def test_the_whole_way_by_the_pages(ovo_house: OvoHouse, no_ledger_problems: None) -> None:
    ovo_house.linked(cash=150_000)
    answer = ovo_house.page.post("/topup/ovo/pay", _form())
    deposit = Deposit.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/topup/deposits/{deposit.public_id}/")
    assert "We are asking OVO" in _shown(ovo_house, deposit)
    tasks.submit(attempt_id=ovo_house.attempt(deposit).pk)
    shown = _shown(ovo_house, deposit)
    assert "Confirm in OVO" in shown
    assert 'data-countdown-kind="payment"' in shown
    assert "0813•••••301" in shown
    assert PHONE not in shown
    assert "eyJ0" not in shown
    gone = ovo_house.page.get(f"/topup/deposits/{deposit.public_id}/ovo")
    assert host_of(gone["Location"]) == host_of(ovo_house.sim.url)
    answer = ovo_house.tell(deposit)
    assert answer.status_code == 200
    assert b'"response_code":"00"' in answer.content or b"<response_code>00<" in answer.content
    attempt = ovo_house.attempt(deposit)
    assert (deposit.state, deposit.outcome, deposit.received_amount) == ("success", "", Decimal(50_000))
    assert (attempt.state, attempt.page_url) == (State.PAID, "")
    assert (ovo_house.balance, ovo_house.credits) == (Decimal(50_000), 1)
    assert Receipt.objects.get().channel == "faspay_ovo"
    assert "is in your wallet" in _shown(ovo_house, deposit)
    assert ovo_house.link.next_check_at is not None, "the balance over there has changed"
    assert ovo_house.work().balance_cash == Decimal(100_000)


@pytest.mark.parametrize(("pay_type", "cash", "points"), [("0", 100_000, 20_000), ("2", 120_000, 0)])
def test_from_which_purse(ovo_house: OvoHouse, pay_type: str, cash: int, points: int) -> None:
    ovo_house.linked()
    ovo_house.tell(ovo_house.push(50_000, pay_type))
    link = ovo_house.work()
    assert (link.balance_cash, link.balance_points) == (Decimal(cash), Decimal(points))


@pytest.mark.parametrize(
    "changes",
    [{"pay_type": "3"}, {"pay_type": ""}, {"preset": "other", "amount": "9999"}, {"preset": "other", "amount": "1.5x"},
     {"idempotency_key": "short"}, {"method": "va"}],
)  # fmt: skip
def test_odd_forms(ovo_house: OvoHouse, changes: dict[str, str]) -> None:
    ovo_house.linked()
    assert ovo_house.page.post("/topup/ovo/pay", _form(**changes)).status_code == 422
    assert not Deposit.objects.exists()


def test_two_presses_are_one_push(ovo_house: OvoHouse) -> None:
    ovo_house.linked()
    ovo_house.page.post("/topup/ovo/pay", _form())
    ovo_house.page.post("/topup/ovo/pay", _form())
    deposit = Deposit.objects.get()
    for _again in range(2):
        tasks.submit(attempt_id=ovo_house.attempt(deposit).pk)
    ovo_house.page.post("/topup/ovo/pay", _form(idempotency_key="l" * 20))
    assert len(ovo_house.payments) == 1 == Deposit.objects.count(), "while OVO waits, it is shown again"


def test_without_a_link(ovo_house: OvoHouse) -> None:
    with pytest.raises(OvoNotLinked):
        ovo_house.ask_only()
    answer = ovo_house.page.post("/topup/ovo/pay", _form(), follow=True)
    assert answer.redirect_chain == [("/topup/ovo/", 302)]
    assert b"Link your OVO account first" in answer.content
    ovo_house.linked()
    ovo.unlink(customer=ovo_house.customer)
    with pytest.raises(OvoNotLinked):
        ovo_house.ask_only()
    assert not Deposit.objects.exists()


def test_the_window_of_sixty_seconds(ovo_house: OvoHouse) -> None:
    """Countdown; ten seconds of checking; only then a word, and we go on asking."""
    ovo_house.linked()
    deposit = ovo_house.push()
    attempt = ovo_house.attempt(deposit)
    assert attempt.opened_at
    assert attempt.expires_at
    assert attempt.expires_at - attempt.opened_at == timedelta(seconds=60)
    assert attempt.next_check_at
    assert attempt.next_check_at - attempt.opened_at <= timedelta(seconds=20)
    ovo_house.pass_time(deposit, timedelta(seconds=62))
    assert "We are checking with OVO" in _shown(ovo_house, deposit)
    attempt = ovo_house.question(deposit)
    assert attempt.state == State.OPEN
    assert attempt.expires_at
    assert attempt.next_check_at
    assert attempt.next_check_at - attempt.expires_at == timedelta(seconds=10)
    ovo_house.pass_time(deposit, timedelta(seconds=9))
    attempt = ovo_house.question(deposit)
    assert (attempt.state, deposit.state, attempt.page_url) == (State.CLOSED, "pending", "")
    shown = _shown(ovo_house, deposit)
    assert "We are still asking OVO" in shown
    assert "Try again" in shown
    assert attempt.next_check_at
    assert attempt.next_check_at - timezone.now() < timedelta(seconds=61)
    gone = ovo_house.page.get(f"/topup/deposits/{deposit.public_id}/ovo")
    assert gone["Location"] == f"/topup/deposits/{deposit.public_id}/"


def test_what_ovo_asks_cannot_be_taken_back_but_given_up_afterwards(ovo_house: OvoHouse) -> None:
    ovo_house.linked()
    deposit = ovo_house.push()
    here = f"/topup/deposits/{deposit.public_id}/"
    assert "Cancel the top up" not in _shown(ovo_house, deposit)
    ovo_house.page.post(f"{here}cancel")
    ovo_house.tell(deposit, "8")
    assert deposit.state == "pending"
    assert "Cancel the top up" in _shown(ovo_house, deposit)
    ovo_house.page.post(f"{here}cancel")
    deposit.refresh_from_db()
    assert deposit.state == "cancelled"


def test_late_success_is_found_by_asking(ovo_house: OvoHouse, no_ledger_problems: None) -> None:
    ovo_house.linked()
    deposit = ovo_house.push()
    ovo_house.finish(deposit)
    ovo_house.pass_time(deposit, timedelta(seconds=75))
    ovo_house.question(deposit)
    assert (deposit.state, deposit.outcome, ovo_house.balance) == ("success", "", Decimal(50_000))
    ovo_house.deliver(ovo_house.letter(deposit))
    ovo_house.act(deposit)
    assert ovo_house.credits == 1


def test_late_success_is_told(ovo_house: OvoHouse, no_ledger_problems: None) -> None:
    ovo_house.linked()
    deposit = ovo_house.push()
    letter = ovo_house.finish(deposit)
    ovo_house.misbehave("history", "502", times=-1)
    ovo_house.pass_time(deposit, timedelta(seconds=75))
    ovo_house.question(deposit)
    Deposit.objects.filter(pk=deposit.pk).update(expires_at=timezone.now() - timedelta(minutes=1))
    settlement.expire(deposit.pk)
    deposit.refresh_from_db()
    assert (deposit.state, ovo_house.credits) == ("expired", 0)
    ovo_house.deliver(letter)
    ovo_house.act(deposit)
    assert (deposit.state, ovo_house.balance) == ("success", Decimal(50_000))


# -- what OVO says of an end


@pytest.mark.parametrize(
    ("status", "reason", "words"),
    [
        ("8", "called_off", "You did not confirm in OVO"),
        ("3", "declined", "OVO did not take the payment"),
        ("7", "window_over", "The 60 seconds are over"),
    ],
)
def test_it_ended_over_there(ovo_house: OvoHouse, status: str, reason: str, words: str) -> None:
    ovo_house.linked()
    deposit = ovo_house.push()
    ovo_house.tell(deposit, status)
    attempt = ovo_house.attempt(deposit)
    assert (attempt.state, attempt.reason, deposit.state) == (State.FAILED, reason, "pending")
    shown = _shown(ovo_house, deposit)
    assert words in shown
    assert "Nothing was charged" in shown
    answer = ovo_house.page.post(f"/topup/deposits/{deposit.public_id}/ovo/again")
    assert answer.status_code == 302
    second = ovo_house.attempt(deposit)
    assert second.pk != attempt.pk
    assert second.trx_id != attempt.trx_id
    assert second.state == State.SUBMITTING
    settlement.submit(second.pk)
    ovo_house.tell(deposit)
    assert (deposit.state, ovo_house.balance) == ("success", Decimal(50_000))


def test_a_false_word_of_failure_is_not_believed(ovo_house: OvoHouse) -> None:
    """Paid there, but a signed notice says failed: the history knows better."""
    ovo_house.linked()
    deposit = ovo_house.push()
    ovo_house.finish(deposit)
    ovo_house.deliver(ovo_house.letter(deposit, status="3"))
    ovo_house.act(deposit)
    assert (deposit.state, ovo_house.balance) == ("success", Decimal(50_000))


def test_words_of_failure_decide_nothing_while_nobody_answers(ovo_house: OvoHouse) -> None:
    ovo_house.linked()
    deposit = ovo_house.push()
    ovo_house.misbehave("history", "502")
    ovo_house.tell(deposit, "8")
    assert ovo_house.attempt(deposit).state == State.OPEN
    ovo_house.question(deposit)
    assert ovo_house.attempt(deposit).reason == "called_off"


@pytest.mark.parametrize("status", ["0", "1", "9"])
def test_words_that_say_nothing(ovo_house: OvoHouse, status: str) -> None:
    ovo_house.linked()
    deposit = ovo_house.push()
    assert ovo_house.deliver(ovo_house.letter(deposit, status=status)).status_code == 200
    ovo_house.act(deposit)
    assert (deposit.state, ovo_house.attempt(deposit).state) == ("pending", State.OPEN)


def test_too_little_money(ovo_house: OvoHouse) -> None:
    ovo_house.linked(cash=1000, points=0)
    deposit = ovo_house.push()
    ovo_house.tell(deposit)
    assert ovo_house.attempt(deposit).reason == "declined"


# -- renewing the token


def test_renew_then_again(ovo_house: OvoHouse, no_ledger_problems: None) -> None:
    ovo_house.linked()
    ovo_house.sim.control("ovo/purse", phone=PHONE, link="expired")
    deposit = ovo_house.push()
    attempt = ovo_house.attempt(deposit)
    assert (attempt.state, attempt.reason, deposit.state) == (State.FAILED, "renew", "pending")
    shown = _shown(ovo_house, deposit)
    assert "Renew at OVO" in shown
    assert "Try again" in shown
    assert "Nothing was charged" in shown
    gone = ovo_house.page.get(f"/topup/deposits/{deposit.public_id}/ovo")
    assert host_of(gone["Location"]) == host_of(ovo_house.sim.url)
    ovo_house.sim.control("ovo/purse", phone=PHONE, link="linked")
    settlement.submit(ovo.retry(deposit=deposit).pk)
    ovo_house.tell(deposit)
    assert (deposit.state, ovo_house.credits, len(ovo_house.payments)) == ("success", 1, 1)


def test_renewed_in_vain_the_link_is_broken(ovo_house: OvoHouse) -> None:
    ovo_house.linked()
    ovo_house.sim.control("ovo/purse", phone=PHONE, link="broken")
    deposit = ovo_house.push()
    assert ovo_house.link.state == "linked"
    settlement.submit(ovo.retry(deposit=deposit).pk)
    assert (ovo_house.link.state, ovo_house.link.reason) == ("broken", "renew")
    with pytest.raises(OvoNotLinked):
        ovo.retry(deposit=deposit)
    assert b"Link again" in ovo_house.page.get("/topup/ovo/").content
    before = ovo_house.link
    ovo_house.page.post("/topup/ovo/link", {"phone": PHONE})
    before.refresh_from_db()
    assert before.state == "unlinked"
    ovo_house.work()
    ovo_house.sim.control("ovo/purse", phone=PHONE, link="linked")
    assert ovo_house.work().state == "linked"
    settlement.submit(ovo.retry(deposit=deposit).pk)
    ovo_house.tell(deposit)
    assert deposit.state == "success"


def test_a_page_to_renew_that_may_not_be_opened_breaks_the_link(ovo_house: OvoHouse, settings: Any) -> None:
    ovo_house.linked()
    settings.FASPAY_OVO_REDIRECT_HOSTS = ["elsewhere.example"]
    ovo_house.sim.control("ovo/purse", phone=PHONE, link="expired")
    deposit = ovo_house.push()
    assert (ovo_house.attempt(deposit).page_url, ovo_house.link.state) == ("", "broken")
    assert "must be linked again" in _shown(ovo_house, deposit)


def test_a_refused_payment_has_the_link_looked_at(ovo_house: OvoHouse) -> None:
    ovo_house.linked()
    ovo_house.sim.control("ovo/purse", phone=PHONE, link="none")
    deposit = ovo_house.push()
    assert (deposit.state, deposit.reason) == ("failed", "refused")
    assert ovo_house.work().state == "linked"
    assert ovo_house.work().state == "broken"


# -- in doubt


@pytest.mark.parametrize(
    "mode", ["timeout_after_accept", "reset_after_accept", "502_after_accept", "html", "truncated", "unknown_code"]
)
def test_no_answer_is_in_doubt_and_a_notification_ends_it(ovo_house: OvoHouse, mode: str) -> None:
    ovo_house.linked()
    ovo_house.misbehave("pay", mode)
    deposit = ovo_house.push()
    attempt = ovo_house.attempt(deposit)
    assert (attempt.state, attempt.provider_trx_id) == (State.IN_DOUBT, "")
    assert "OVO has not answered yet" in _shown(ovo_house, deposit)
    settlement.submit(attempt.pk)
    assert len(ovo_house.payments) == 1, "never sent twice"
    ovo_house.tell(deposit)
    assert (deposit.state, ovo_house.balance) == ("success", Decimal(50_000))


def test_doubt_ends_by_our_clock_and_late_news_still_counts(ovo_house: OvoHouse, no_ledger_problems: None) -> None:
    ovo_house.linked()
    ovo_house.misbehave("pay", "timeout_after_accept")
    deposit = ovo_house.push()
    for _time in range(2):
        assert ovo_house.question(deposit).state == State.IN_DOUBT
    ovo_house.pass_time(deposit, timedelta(seconds=75))
    assert ovo_house.question(deposit).state == State.FAILED
    assert (deposit.state, deposit.reason) == ("failed", "not_made")
    ovo_house.tell(deposit)
    assert (deposit.state, deposit.outcome, ovo_house.balance) == ("success", "paid_late", Decimal(50_000))


@pytest.mark.parametrize("mode", ["wrong_amount", "wrong_bill", "foreign_host", "plain_http", "no_url"])
def test_a_wrong_answer_sends_nobody_anywhere(ovo_house: OvoHouse, mode: str) -> None:
    ovo_house.linked()
    ovo_house.misbehave("pay", mode)
    deposit = ovo_house.push()
    attempt = ovo_house.attempt(deposit)
    assert (attempt.state, attempt.page_url) == (State.IN_DOUBT, "")
    assert attempt.provider_trx_id
    assert PaymentCase.objects.get().kind == "wrong_answer"
    assert ovo_house.page.get(f"/topup/deposits/{deposit.public_id}/ovo")["Location"].startswith("/topup/")
    ovo_house.finish(deposit)
    ovo_house.question(deposit)
    assert (deposit.state, ovo_house.balance) == ("success", Decimal(50_000)), "the history has it"


@pytest.mark.parametrize(
    "mode",
    ["samples", "half_entities", "whole_entities", "bare_ampersand", "broken_lines", "bad_declaration",
     "spaced_declaration", "no_declaration", "missing_brace", "short_code", "numbers"],
)  # fmt: skip
def test_odd_answers_are_understood(ovo_house: OvoHouse, mode: str) -> None:
    ovo_house.linked()
    ovo_house.misbehave("pay", mode)
    deposit = ovo_house.push()
    assert ovo_house.attempt(deposit).state == State.OPEN
    ovo_house.finish(deposit)
    ovo_house.misbehave("history", mode)
    ovo_house.question(deposit)
    assert (deposit.state, ovo_house.balance) == ("success", Decimal(50_000))


def test_nothing_sent_is_sent_again(ovo_house: OvoHouse, settings: Any) -> None:
    ovo_house.linked()
    there, settings.FASPAY_OVO_BASE_URL = settings.FASPAY_OVO_BASE_URL, "http://127.0.0.1:9"
    deposit = ovo_house.push()
    assert ovo_house.attempt(deposit).state == State.SUBMITTING
    settings.FASPAY_OVO_BASE_URL = there
    settlement.submit(ovo_house.attempt(deposit).pk)
    assert ovo_house.attempt(deposit).state == State.OPEN


# -- trying again


def test_again_is_one_push_however_often_it_is_pressed(ovo_house: OvoHouse) -> None:
    ovo_house.linked()
    deposit = ovo_house.push()
    ovo_house.tell(deposit, "8")
    first = ovo.retry(deposit=deposit)
    assert ovo.retry(deposit=deposit).pk == first.pk
    settlement.submit(first.pk)
    with pytest.raises(NotAgain):
        ovo.retry(deposit=deposit)
    assert deposit.attempts.count() == 2


def test_not_again(ovo_house: OvoHouse) -> None:
    ovo_house.linked()
    deposit = ovo_house.push()
    for _time in range(ovo.RETRIES):
        ovo_house.tell(deposit, "8")
        settlement.submit(ovo.retry(deposit=deposit).pk)
    ovo_house.tell(deposit, "8")
    with pytest.raises(NotAgain):
        ovo.retry(deposit=deposit)
    Deposit.objects.filter(pk=deposit.pk).update(expires_at=timezone.now() + timedelta(seconds=80))
    with pytest.raises(NotAgain):
        ovo.retry(deposit=deposit)


def test_both_of_two_pushes_were_paid(ovo_house: OvoHouse, no_ledger_problems: None) -> None:
    ovo_house.linked()
    deposit = ovo_house.push()
    first = ovo_house.attempt(deposit)
    letter = ovo_house.finish(deposit)
    ovo_house.misbehave("history", "empty_lists")
    ovo_house.pass_time(deposit, timedelta(seconds=75))
    assert ovo_house.question(deposit).state == State.CLOSED
    settlement.submit(ovo.retry(deposit=deposit).pk)
    ovo_house.tell(deposit)
    ovo_house.deliver(letter)
    ovo_house.act(deposit)
    first.refresh_from_db()
    assert (ovo_house.balance, first.state) == (Decimal(50_000), State.PAID)
    assert PaymentCase.objects.get().kind == "paid_twice"
    assert Receipt.objects.get(place="suspense").amount == Decimal(50_000)
