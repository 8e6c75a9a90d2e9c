"""Real threads on real connections. First the race itself, without our lock and reference; then that we win it."""

import secrets
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from payments import services, settlement, tasks
from payments.errors import AskedTooSoon
from payments.models import Deposit, DepositRequest, PaymentAttempt, ProviderMessage
from payments.settlement import crediting
from payments.settlement.rows import Locked, lock
from tests.payments.conftest import CALLBACK, House, Letter, code_of, work_off
from wallets.services import credit_from_provider

pytestmark = pytest.mark.django_db(transaction=True)
WORKERS = 6


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Run all in threads of their own that start together; their results, in order."""
    barrier = threading.Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        try:
            barrier.wait(10)
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else works on these rows: what tasks would do is done here."""
    monkeypatch.setattr("celery.app.task.Task.apply_async", lambda *args, **kwargs: None)


def _deliver(letter: Letter) -> str:
    headers = {name: value for name, value in letter.headers.items() if name != "Content-Type"}
    return code_of(Client().post(CALLBACK, letter.body, content_type="application/json", headers=headers))


def test_the_race_is_real(house: House) -> None:
    """The same steps without the row lock and with a reference per message credit twice."""
    deposit, moment = house.ask_for(), timezone.now()
    between = threading.Barrier(2)

    def naive() -> None:
        with transaction.atomic():
            row = Deposit.objects.get(pk=deposit.pk)
            between.wait(10)
            if row.state != Deposit.State.SUCCESS:
                credit_from_provider(
                    customer=row.customer,
                    amount=row.amount,
                    currency=row.currency,
                    channel="faspay_va",
                    kind="deposit",
                    reference=f"naive:{secrets.token_hex(8)}",
                    subject=row.reference,
                    memo="naive",
                )
                Deposit.objects.filter(pk=row.pk).update(
                    state="success", received_amount=row.amount, paid_at=moment, ledger_reference=row.reference
                )

    at_once(naive, naive)
    assert (house.credits, house.balance) == (2, Decimal(100_000))


def test_without_the_lock_the_reference_still_holds(house: House) -> None:
    """Second line of defence: two workers that both believe to be first post one transaction."""
    deposit = house.ask_for()
    account_id, paid_at = house.account(deposit).pk, timezone.now()
    between = threading.Barrier(2)

    def unlocked() -> None:
        va = PaymentAttempt.objects.select_related("deposit__customer").get(pk=account_id)
        between.wait(10)
        with transaction.atomic():
            crediting.credit(Locked(va, va.deposit, timezone.now()), crediting.Arrival(Decimal(50_000), "IDR", paid_at))

    at_once(unlocked, unlocked)
    assert (house.credits, house.balance) == (1, Decimal(50_000))


def test_a_deposit_somebody_works_on_is_locked(house: House) -> None:
    deposit = house.ask_for()
    account_id = house.account(deposit).pk

    def busy() -> bool:
        with transaction.atomic():
            return lock(account_id, wait=False) is None

    with transaction.atomic():
        Deposit.objects.select_for_update(no_key=True).get(pk=deposit.pk)
        assert at_once(busy) == [True]
    assert at_once(busy) == [False]


def test_many_notifications_at_once_credit_once(house: House, no_ledger_problems: None) -> None:
    for round_ in range(3):
        deposit = house.ask_for(50_000 + round_)
        letters = house.pay(deposit, count=WORKERS)
        assert set(at_once(*(lambda letter=letter: _deliver(letter) for letter in letters))) == {"2002500"}
        ids = settlement.due.messages()
        assert len(ids) == WORKERS
        at_once(*(lambda one=one: settlement.apply_message(one) for one in ids))
        deposit.refresh_from_db()
        assert deposit.state == "success"
        assert house.credits == round_ + 1


def test_one_message_worked_on_by_all_is_decided_once(house: House, no_ledger_problems: None) -> None:
    deposit = house.ask_for()
    house.deliver(house.pay(deposit)[0])
    (message_id,) = settlement.due.messages()
    at_once(*(lambda: settlement.apply_message(message_id) for _ in range(WORKERS)))
    message = ProviderMessage.objects.get(pk=message_id)
    assert (house.credits, message.tries, message.decision) == (1, 1, "credited")


def test_the_same_letter_at_once_is_kept_once(house: House) -> None:
    (letter,) = house.pay(house.ask_for())
    assert set(at_once(*(lambda: _deliver(letter) for _ in range(WORKERS)))) == {"2002500"}
    message = ProviderMessage.objects.get()
    assert message.times_received == WORKERS


def test_message_question_expiry_and_cancellation_at_once(house: House, no_ledger_problems: None) -> None:
    for round_ in range(4):
        deposit = house.ask_for(60_000 + round_)
        account = house.account(deposit)
        house.deliver(house.pay(deposit)[0])
        (message_id,) = settlement.due.messages()
        PaymentAttempt.objects.filter(pk=account.pk).update(next_check_at=timezone.now())
        Deposit.objects.filter(pk=deposit.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
        at_once(
            partial(settlement.apply_message, message_id),
            partial(settlement.ask, account.pk),
            partial(settlement.expire, deposit.pk),
            partial(settlement.cancel, account.pk),
            partial(settlement.apply_message, message_id),
        )
        work_off()
        deposit.refresh_from_db()
        assert deposit.state == "success"
        assert house.credits == round_ + 1


def test_many_workers_send_one_request(house: House) -> None:
    deposit = house.ask_only()
    account = house.account(deposit)
    at_once(*(lambda: settlement.submit(account.pk) for _ in range(WORKERS)))
    assert len(house.requests("create-va")) == 1
    assert house.account(deposit).state == "open"


def test_sweeps_at_once_do_everything_once(house: House, no_ledger_problems: None) -> None:
    deposits = [house.ask_only(50_000 + number) for number in range(4)]
    PaymentAttempt.objects.update(next_check_at=timezone.now() - timedelta(seconds=1))
    at_once(*(tasks.sweep for _ in range(4)))
    work_off()
    assert len(house.requests("create-va")) == len(deposits)
    for deposit in deposits:
        house.deliver(house.pay(deposit)[0])
    at_once(*(tasks.sweep for _ in range(4)))
    assert house.credits == len(deposits)


@pytest.mark.parametrize("same_key", [True, False])
def test_a_double_click_makes_one_deposit(house: House, same_key: bool) -> None:
    keys = ["one-key-for-all-of-them"] * WORKERS if same_key else [secrets.token_hex(12) for _ in range(WORKERS)]
    found = at_once(*(lambda key=key: house.ask_only(key=key).pk for key in keys))
    assert len(set(found)) == 1
    assert (Deposit.objects.count(), PaymentAttempt.objects.count()) == (1, 1)
    assert DepositRequest.objects.count() == len(set(keys))


def test_check_now_by_many_asks_once(house: House) -> None:
    deposit = house.ask_for()

    def press() -> None:
        with suppress(AskedTooSoon):
            services.check_now(deposit=deposit)
        settlement.ask(house.account(deposit).pk)

    at_once(*[press] * WORKERS)
    assert len(house.requests("status")) == 1
