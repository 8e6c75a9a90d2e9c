"""Real threads on real connections: news, flags and questions about one payment at once. First the race itself."""

import secrets
import threading
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from payments import settlement
from payments.models import Deposit, ProviderMessage, Receipt, StaticAccount, StaticPayment
from payments.services import static_accounts
from payments.services.static_accounts import StaticRefusal
from payments.settlement import static, static_booking
from payments.settlement.crediting import Arrival
from tests.payments.static_bank import StaticBank, Truth, code_of
from tests.payments.test_races import at_once
from wallets.services import credit_from_provider

pytestmark = pytest.mark.django_db(transaction=True)
WORKERS = 6


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else works on these rows: what tasks would do is done here."""
    monkeypatch.setattr("celery.app.task.Task.apply_async", lambda *args, **kwargs: None)


def flagged(bank: StaticBank, name: str = "one") -> StaticPayment:
    assert code_of(bank.flag(bank.number_at().number, 50_000, name)) == "2002500"
    return bank.payment(name)


def waiting_messages(bank: StaticBank, count: int, name: str = "one", amount: int = 50_000) -> list[int]:
    number = bank.number_at().number
    for _ in range(count):
        assert code_of(bank.tell(number, amount, name)) == "2002500"
    return settlement.due.messages()


def test_the_race_is_real(bank: StaticBank) -> None:
    """The same steps without the row lock, and with a receipt of its own each, credit twice."""
    payment = flagged(bank)
    between = threading.Barrier(2)

    def naive() -> None:
        with transaction.atomic():
            row = StaticPayment.objects.select_related("account__customer").get(pk=payment.pk)
            between.wait(10)
            if row.state == "flagged":
                credit_from_provider(
                    customer=row.account.customer,
                    amount=row.amount,
                    currency="IDR",
                    channel="faspay_va",
                    kind="deposit",
                    reference=f"naive:{secrets.token_hex(8)}",
                    subject="",
                    memo="naive",
                )

    at_once(naive, naive)
    assert (bank.credits, bank.balance) == (2, Decimal(100_000))


def test_without_the_lock_the_receipt_still_holds(bank: StaticBank, no_ledger_problems: None) -> None:
    """Second line of defence: of two workers that both believe to be first, one is refused by the table."""
    payment = flagged(bank)
    between = threading.Barrier(2)

    def unlocked() -> str:
        row = StaticPayment.objects.select_related("account__customer").get(pk=payment.pk)
        row.database_now = timezone.now()  # type: ignore[attr-defined]
        between.wait(10)
        try:
            with transaction.atomic():
                return static_booking.settle(row, Arrival(Decimal(50_000), "IDR", None))[0]
        except IntegrityError:
            return "refused"

    assert sorted(at_once(unlocked, unlocked)) in (["credited", "refused"], ["credited", "repeated"])
    assert (bank.credits, bank.balance) == (1, Decimal(50_000))


@pytest.mark.parametrize("with_flag", [True, False])
def test_many_notifications_at_once_book_once(bank: StaticBank, no_ledger_problems: None, with_flag: bool) -> None:
    for round_ in range(3):
        name = f"round-{round_}"
        if with_flag:
            flagged(bank, name)
        ids = waiting_messages(bank, WORKERS, name)
        at_once(*(partial(settlement.apply_message, one) for one in ids))
        told = ProviderMessage.objects.filter(pk__in=ids).values_list("decision", flat=True)
        assert sorted(told) == ["credited"] + ["repeated"] * (WORKERS - 1)
        assert (bank.credits, Receipt.objects.count(), Deposit.objects.count()) == (round_ + 1,) * 3


def test_flags_and_notifications_at_once(bank: StaticBank, no_ledger_problems: None) -> None:
    """Whichever comes first makes the row, the others find it."""
    number = bank.number_at().number
    for round_ in range(4):
        name = f"round-{round_}"
        (message_id,) = waiting_messages(bank, 1, name)

        def flag(name: str = name) -> None:
            static_accounts.take_flag(
                number=number,
                payment_request_id=name,
                reference_no="F",
                amount=Decimal(50_000),
                currency="IDR",
                paid_at=None,
                raw_time="",
            )

        at_once(flag, partial(settlement.apply_message, message_id), flag, flag)
        assert bank.payment(name).state == "booked"
        assert bank.credits == round_ + 1


def test_flags_of_other_amounts_at_once_leave_one(bank: StaticBank) -> None:
    number = bank.number_at().number

    def flag(amount: int) -> Any:
        try:
            return static_accounts.take_flag(
                number=number,
                payment_request_id="one",
                reference_no="F",
                amount=Decimal(amount),
                currency="IDR",
                paid_at=None,
                raw_time="",
            )
        except StaticRefusal as error:
            return error.case

    said = at_once(*(partial(flag, 50_000 + step) for step in range(WORKERS)))
    assert said.count("40418") == WORKERS - 1
    assert StaticPayment.objects.count() == 1


def test_a_question_and_news_at_once_book_once(bank: StaticBank, no_ledger_problems: None) -> None:
    for round_ in range(4):
        name = f"round-{round_}"
        payment = flagged(bank, name)
        bank.desk.answers[name] = Truth()
        (message_id,) = waiting_messages(bank, 1, name)
        StaticPayment.objects.filter(pk=payment.pk).update(next_check_at=timezone.now())
        at_once(
            partial(static.ask, payment.pk),
            partial(settlement.apply_message, message_id),
            partial(static.ask, payment.pk),
        )
        payment.refresh_from_db()
        assert (payment.state, bank.credits) == ("booked", round_ + 1)


def test_many_workers_ask_once(bank: StaticBank) -> None:
    payment = flagged(bank)
    bank.desk.answers["one"] = Truth("01")
    StaticPayment.objects.update(next_check_at=timezone.now())
    at_once(*(partial(static.ask, payment.pk) for _ in range(WORKERS)))
    assert len(bank.desk.asked) == 1


def test_money_and_its_refund_at_once(bank: StaticBank, no_ledger_problems: None) -> None:
    """Either it was booked first and staff must take it back, or the bank is asked before anything is booked."""
    number = bank.number_at().number
    for round_ in range(4):
        name = f"round-{round_}"
        flagged(bank, name)
        waiting_messages(bank, 1, name)
        assert code_of(bank.tell(number, 50_000, name, status="04")) == "2002500"
        before = bank.credits
        at_once(*(partial(settlement.apply_message, one) for one in settlement.due.messages()))
        payment = bank.payment(name)
        if payment.state == "booked":
            assert (bank.credits, payment.deposit and payment.deposit.attention) == (before + 1, "refunded")
        else:
            assert (payment.state, payment.undone_at is not None, bank.credits) == ("flagged", True, before)


def test_a_double_click_gets_one_number(bank: StaticBank) -> None:
    numbers = at_once(*(partial(bank.number_at, "702") for _ in range(WORKERS)))
    assert len({account.number for account in numbers}) == 1
    assert StaticAccount.objects.count() == 1


def test_closing_and_a_flag_at_once(bank: StaticBank) -> None:
    """Either the bank was told yes before, or it is told that the number is closed: never yes to a closed one."""
    for round_ in range(4):
        account, name = bank.number_at("702"), f"round-{round_}"

        def flag(account: StaticAccount = account, name: str = name) -> str:
            try:
                static_accounts.take_flag(
                    number=account.number,
                    payment_request_id=name,
                    reference_no="F",
                    amount=Decimal(1_000),
                    currency="IDR",
                    paid_at=None,
                    raw_time="",
                )
            except StaticRefusal as error:
                return error.case
            return "yes"

        said, _closed = at_once(flag, partial(static_accounts.close_number, account=account))
        account.refresh_from_db()
        assert account.state == "closed"
        known = StaticPayment.objects.filter(payment_request_id=name).exists()
        assert (said, known) in {("yes", True), ("40419", False)}
