"""Another way to pay the same deposit: one attempt at a time, whatever comes at the same moment."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone

from payments import settlement, tasks
from payments.errors import (
    AmountRefused,
    DepositRefused,
    NotPayable,
    OneMoment,
    TooManyTries,
    UnknownBank,
    UnknownMethod,
)
from payments.models import Deposit, PaymentAttempt, PaymentCase, Receipt
from payments.services import deposits, switching
from payments.services.switching import choose_way, renew
from payments.settlement.rows import Locked
from tests.payments.conftest import House, work_off
from tests.payments.test_races import at_once

pytestmark = pytest.mark.django_db(transaction=True)
LIVE = ["submitting", "in_doubt", "open"]


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[None]:
    """What tasks would do is done by hand."""
    monkeypatch.setattr("celery.app.task.Task.apply_async", lambda *args, **kwargs: None)
    settings.FASPAY_QRIS_CHANNEL = "711"
    cache.clear()
    yield
    cache.clear()


def live(deposit: Deposit) -> list[tuple[str, str]]:
    return list(deposit.attempts.filter(state__in=LIVE).values_list("bank", "state"))


def states(deposit: Deposit) -> list[tuple[str, str]]:
    return list(deposit.attempts.order_by("id").values_list("bank", "state"))


def made(house: House, deposit: Deposit) -> PaymentAttempt:
    settlement.submit(house.account(deposit).pk)
    return house.account(deposit)


def test_another_bank_ends_the_first_and_calls_it_off_there(house: House) -> None:
    deposit = house.ask_for(bank="702")
    former, version = house.account(deposit), deposit.version
    attempt = choose_way(deposit=deposit, method="va", bank="800")
    deposit.refresh_from_db()
    assert (deposit.method, deposit.bank, deposit.state) == ("va", "800", "pending")
    assert deposit.version > version
    assert states(deposit) == [("702", "closed"), ("800", "submitting")]
    settlement.close(former.pk)
    assert [row["path"] for row in house.requests("delete-va")]
    settlement.submit(attempt.pk)
    assert live(deposit) == [("800", "open")]


def test_the_provider_is_told_by_a_task_after_the_commit(
    house: House, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    deposit, queued = house.ask_for(), []
    monkeypatch.setattr(
        "celery.app.task.Task.apply_async", lambda task, _args, kwargs, **_more: queued.append((task.name, kwargs))
    )
    former = house.account(deposit)
    attempt = choose_way(deposit=deposit, method="va", bank="800")
    assert queued == [
        ("payments.close", {"attempt_id": former.pk}),
        ("payments.submit", {"attempt_id": attempt.pk}),
    ]


def test_the_way_chosen_already_is_given_again_and_is_no_try(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(switching, "PER_DEPOSIT", 1)
    deposit = house.ask_for()
    first = choose_way(deposit=deposit, method="va", bank="800")
    for _again in range(3):
        assert choose_way(deposit=deposit, method="va", bank="800") == first
    made(house, deposit)
    assert choose_way(deposit=deposit, method="va", bank="800") == first
    assert deposit.attempts.count() == 2


def test_an_attempt_never_lives_longer_than_its_deposit(house: House) -> None:
    deposit = house.ask_for()
    ends = timezone.now() + timedelta(minutes=7)
    Deposit.objects.filter(pk=deposit.pk).update(expires_at=ends)
    deposit.refresh_from_db()
    assert choose_way(deposit=deposit, method="qris").expires_at == ends


def test_what_was_never_sent_is_left_without_a_word_to_the_provider(house: House) -> None:
    deposit = house.ask_only(bank="702")
    former = house.account(deposit)
    choose_way(deposit=deposit, method="va", bank="800")
    former.refresh_from_db()
    assert (former.state, former.next_check_at, former.sent_at) == ("closed", None, None)
    settlement.submit(former.pk)
    work_off()
    assert len(house.requests("create-va")) <= 1
    assert former.number == ""


def test_one_moment_while_the_number_is_being_made(house: House) -> None:
    deposit = house.ask_only(bank="702")
    PaymentAttempt.objects.filter(deposit=deposit).update(
        sent_at=timezone.now(), lease_until=timezone.now() + timedelta(minutes=1)
    )
    with pytest.raises(OneMoment):
        choose_way(deposit=deposit, method="va", bank="800")
    deposit.refresh_from_db()
    assert (deposit.bank, states(deposit)) == ("702", [("702", "submitting")])


@pytest.mark.parametrize(("seconds", "may"), [(5, False), (30, True)])
def test_what_nobody_can_tell_of_may_be_left_after_a_while(house: House, seconds: int, may: bool) -> None:
    house.sim.control("misbehave", operation="create-va", mode="timeout_before_accept", times=1)
    deposit = house.ask_for(bank="702")
    assert states(deposit) == [("702", "in_doubt")]
    house.shift(house.account(deposit), timedelta(seconds=seconds), "in_doubt_since")
    if may:
        choose_way(deposit=deposit, method="va", bank="800")
        assert states(deposit) == [("702", "closed"), ("800", "submitting")]
    else:
        with pytest.raises(OneMoment):
            choose_way(deposit=deposit, method="va", bank="800")


def test_a_number_left_in_doubt_that_turns_up_is_not_open_again(house: House) -> None:
    house.sim.control("misbehave", operation="create-va", mode="timeout_after_accept", times=1)
    deposit = house.ask_for(bank="702")
    former = house.account(deposit)
    house.shift(former, timedelta(seconds=30), "in_doubt_since")
    choose_way(deposit=deposit, method="va", bank="800")
    made(house, deposit)
    PaymentAttempt.objects.filter(pk=former.pk).update(next_check_at=timezone.now())
    settlement.ask(former.pk)
    former.refresh_from_db()
    assert former.state == "closed"
    assert live(deposit) == [("800", "open")]


def test_money_for_the_former_number_is_credited_and_the_new_one_is_called_off(
    house: House, no_ledger_problems: None
) -> None:
    deposit = house.ask_for(bank="702")
    (letter,) = house.pay(deposit)
    choose_way(deposit=deposit, method="va", bank="800")
    current = made(house, deposit)
    house.deliver(letter)
    house.work()
    deposit.refresh_from_db()
    assert (deposit.state, house.balance) == ("success", Decimal(50_000))
    work_off()
    current.refresh_from_db()
    assert current.state == "closed"
    assert states(deposit) == [("702", "paid"), ("800", "closed")]
    assert len(house.requests("delete-va")) == 1


def test_what_was_never_sent_stays_here_once_the_deposit_is_paid(house: House) -> None:
    deposit = house.ask_for(bank="702")
    (letter,) = house.pay(deposit)
    choose_way(deposit=deposit, method="va", bank="800")
    house.deliver(letter)
    house.work()
    work_off()
    assert states(deposit) == [("702", "paid"), ("800", "closed")]
    assert len(house.requests("create-va")) == 1


def test_money_for_both_is_a_case_and_nothing_is_lost(house: House, no_ledger_problems: None) -> None:
    deposit = house.ask_for(bank="702")
    (first,) = house.pay(deposit)
    choose_way(deposit=deposit, method="va", bank="800")
    made(house, deposit)
    (second,) = house.pay(deposit)
    for letter in (second, first):
        house.deliver(letter)
        house.work()
    deposit.refresh_from_db()
    assert (deposit.state, house.balance) == ("success", Decimal(50_000))
    assert PaymentCase.objects.get().kind == "paid_twice"
    assert sorted(Receipt.objects.values_list("place", flat=True)) == ["suspense", "wallet"]


def test_a_failing_way_leaves_the_choice_to_the_payer(house: House) -> None:
    deposit = house.ask_for(bank="702")
    choose_way(deposit=deposit, method="va", bank="800")
    house.sim.control("misbehave", operation="create-va", mode="unauthorized", times=1)
    made(house, deposit)
    deposit.refresh_from_db()
    assert (deposit.state, states(deposit)) == ("pending", [("702", "closed"), ("800", "failed")])
    choose_way(deposit=deposit, method="va", bank="801")
    assert made(house, deposit).state == "open"


@pytest.mark.parametrize("state", ["success", "expired", "cancelled", "over", "nearly_over"])
def test_what_is_over_is_not_begun_again(house: House, state: str) -> None:
    deposit = house.ask_for()
    if state == "success":
        house.deliver(house.pay(deposit)[0])
        house.work()
    elif state == "expired":
        house.outlive(deposit)
    elif state == "cancelled":
        deposits.cancel_deposit(deposit=deposit)
    else:
        left = timedelta(seconds=-1 if state == "over" else 30)
        Deposit.objects.filter(pk=deposit.pk).update(expires_at=timezone.now() + left)
    deposit.refresh_from_db()
    with pytest.raises(NotPayable):
        choose_way(deposit=deposit, method="va", bank="800")
    assert deposit.attempts.count() == 1


def test_only_what_needs_no_account_may_be_chosen_by_link(house: House, settings: Any) -> None:
    settings.FASPAY_OVO_BASE_URL, settings.BTCPAY_BASE_URL = "https://ovo.example", "https://btcpay.example"
    deposit = house.ask_for(100_000)
    for method in ("ovo", "crypto", "va_static", "sandbox", "", "cash"):
        with pytest.raises(UnknownMethod):
            choose_way(deposit=deposit, method=method)
    with pytest.raises(UnknownBank):
        choose_way(deposit=deposit, method="va", bank="999")
    settings.FASPAY_QRIS_CHANNEL = ""
    with pytest.raises(UnknownMethod):
        choose_way(deposit=deposit, method="qris")


def test_an_amount_that_a_way_does_not_take_says_its_limits(house: House, settings: Any) -> None:
    settings.PAYMENT_LIMITS = {"qris": [1_000, 40_000]}
    deposit = house.ask_for(50_000)
    with pytest.raises(AmountRefused, match=r"QRIS takes from Rp1\.000 to Rp40\.000"):
        choose_way(deposit=deposit, method="qris")


def test_an_ended_qr_is_made_anew_and_a_living_one_is_not(house: House) -> None:
    deposit = house.ask_for()
    first = choose_way(deposit=deposit, method="qris")
    deposit.refresh_from_db()
    assert renew(deposit=deposit) == first
    PaymentAttempt.objects.filter(pk=first.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    again = renew(deposit=deposit)
    first.refresh_from_db()
    assert again.pk != first.pk
    assert (first.state, again.state, again.bank) == ("closed", "submitting", "711")


def test_a_stranger_with_the_link_cannot_keep_a_provider_busy(house: House) -> None:
    deposit = house.ask_only()
    banks = ["800", "801", "802", "402", "825", "708", "837", "408"]
    for bank in banks[: switching.PER_DEPOSIT]:
        choose_way(deposit=deposit, method="va", bank=bank, address="203.0.113.7")
    with pytest.raises(TooManyTries) as refused:
        choose_way(deposit=deposit, method="va", bank=banks[switching.PER_DEPOSIT], address="203.0.113.7")
    assert 0 < refused.value.retry_after <= switching.WINDOW_SECONDS


def test_nor_with_many_links(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(switching, "PER_ADDRESS", 2)
    asked = [house.ask_only(50_000 + number) for number in range(3)]
    for deposit in asked[:2]:
        choose_way(deposit=deposit, method="va", bank="800", address="203.0.113.7")
    with pytest.raises(TooManyTries):
        choose_way(deposit=asked[2], method="va", bank="800", address="203.0.113.7")
    choose_way(deposit=asked[2], method="va", bank="800", address="203.0.113.8")


def test_a_deposit_has_so_many_attempts_in_all(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(switching, "ATTEMPTS", 2)
    deposit = house.ask_only()
    choose_way(deposit=deposit, method="va", bank="800")
    with pytest.raises(TooManyTries):
        choose_way(deposit=deposit, method="va", bank="801")
    assert live(deposit) == [("800", "submitting")]


# --- at the same moment ---------------------------------------------------------------------------


def test_the_race_is_real(house: House) -> None:
    """The same steps without the deposit's lock leave two numbers open."""
    deposit = house.ask_only(bank="702")
    former = house.account(deposit)

    def naive(bank: str) -> None:
        with transaction.atomic():
            row = Deposit.objects.get(pk=deposit.pk)
            PaymentAttempt.objects.create(deposit=row, bank=bank, trx_id=f"NAIVE{bank}", expires_at=row.expires_at)

    at_once(partial(naive, "800"), partial(naive, "801"))
    PaymentAttempt.objects.filter(pk=former.pk).update(state="closed")
    assert len(live(deposit)) == 2


def _choose(deposit: Deposit, bank: str) -> str:
    try:
        choose_way(deposit=deposit, method="va", bank=bank)
    except DepositRefused as refused:
        return refused.code
    return "chosen"


def test_of_two_choices_at_once_one_stays(house: House) -> None:
    for round_ in range(4):
        deposit = house.ask_for(50_000 + round_)
        cache.clear()
        at_once(*(partial(_choose, deposit, bank) for bank in ("800", "801", "802", "402")))
        deposit.refresh_from_db()
        assert live(deposit) == [(deposit.bank, "submitting")]


def test_a_double_click_makes_one_attempt(house: House) -> None:
    deposit = house.ask_for(bank="702")
    found = at_once(*(partial(choose_way, deposit=deposit, method="va", bank="800") for _ in range(5)))
    assert len({attempt.pk for attempt in found}) == 1
    assert deposit.attempts.count() == 2


def test_a_choice_while_the_number_is_being_made_leaves_one_number(house: House) -> None:
    for round_ in range(4):
        cache.clear()
        deposit = house.ask_only(60_000 + round_, bank="702")
        former = house.account(deposit)
        _none, told = at_once(partial(settlement.submit, former.pk), partial(_choose, deposit, "800"))
        for attempt in deposit.attempts.all():
            settlement.submit(attempt.pk)
        wanted = "800" if told == "chosen" else "702"
        deposit.refresh_from_db()
        assert (live(deposit), deposit.bank) == ([(wanted, "open")], wanted)


def test_a_payment_during_the_choice_is_credited_once_and_nothing_stays_open(
    house: House, no_ledger_problems: None
) -> None:
    for round_ in range(4):
        cache.clear()
        deposit = house.ask_for(70_000 + round_, bank="702")
        house.deliver(house.pay(deposit)[0])
        (message_id,) = settlement.due.messages()
        at_once(partial(settlement.apply_message, message_id), partial(_choose, deposit, "800"))
        work_off()
        tasks.call(provider="faspay_snap")
        deposit.refresh_from_db()
        assert (deposit.state, live(deposit)) == ("success", [])
        assert house.credits == round_ + 1


def test_a_choice_and_the_end_at_once_leave_nothing_open(house: House) -> None:
    for round_ in range(3):
        cache.clear()
        deposit = house.ask_for(80_000 + round_, bank="702")
        ends = timezone.now() + switching.LEAST_TIME + timedelta(milliseconds=40)
        Deposit.objects.filter(pk=deposit.pk).update(expires_at=ends)
        deposit.refresh_from_db()
        with suppress(DepositRefused):
            choose_way(deposit=deposit, method="va", bank="800")
        house.outlive(deposit)
        assert live(deposit) == []


def test_expiry_and_choice_at_once(house: House) -> None:
    deposit = house.ask_for(bank="702")
    Deposit.objects.filter(pk=deposit.pk).update(expires_at=timezone.now())
    at_once(partial(settlement.expire, deposit.pk), partial(_choose, deposit, "800"))
    house.work()
    deposit.refresh_from_db()
    assert (deposit.state, states(deposit)) == ("expired", [("702", "closed")])


def test_a_locked_deposit_is_waited_for(house: House) -> None:
    """The choice reads the newest attempt after it has the lock, not before."""
    deposit = house.ask_for(bank="702")
    with transaction.atomic():
        Deposit.objects.select_for_update(no_key=True).get(pk=deposit.pk)
        row = Locked(house.account(deposit), deposit, timezone.now())
        row.attempt.state, row.attempt.next_check_at = "closed", None
        row.save("state", "next_check_at")
        deposit.state = "cancelled"
        row.touch("state")
    with pytest.raises(NotPayable):
        choose_way(deposit=deposit, method="va", bank="800")
