"""What the database refuses whoever asks, and what the proof finds when somebody got round it."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pgtrigger
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone, translation

from payments import selectors, services
from payments.banks import BANKS
from payments.checks import ledger_problems
from payments.errors import AmountRefused, KeyReused, UnknownBank
from payments.models import Deposit, DepositRequest, PaymentAttempt, ProviderMessage
from tests.payments.conftest import House
from wallets.services import credit_from_provider

pytestmark = pytest.mark.django_db
PAID = {"state": "success", "received_amount": 50_000, "ledger_reference": "deposit:x"}


def refused(rows: Any, **changes: Any) -> bool:
    try:
        with transaction.atomic():
            rows.update(**changes)
    except DatabaseError:
        return True
    return False


@pytest.mark.parametrize(
    ("before", "after", "legal"),
    [
        ("pending", "success", True),
        ("pending", "expired", True),
        ("pending", "failed", True),
        ("pending", "cancelled", True),
        ("expired", "success", True),
        ("failed", "success", True),
        ("cancelled", "success", True),
        ("expired", "pending", False),
        ("failed", "pending", False),
        ("cancelled", "expired", False),
        ("expired", "failed", False),
        ("success", "pending", False),
        ("success", "failed", False),
        ("success", "expired", False),
        ("pending", "whatever", False),
    ],
)
def test_only_legal_moves_of_a_deposit(house: House, before: str, after: str, legal: bool) -> None:
    money = {**PAID, "paid_at": timezone.now()}
    none = {"received_amount": None, "ledger_reference": "", "paid_at": None}
    deposit = Deposit.objects.create(
        customer=house.customer,
        amount=50_000,
        bank="702",
        expires_at=timezone.now(),
        **({**money, "state": before} if before == "success" else {"state": before}),
    )
    rows = Deposit.objects.filter(pk=deposit.pk)
    changes = {**(money if after == "success" else none), "state": after}
    assert refused(rows, **changes) is not legal


def test_money_and_success_come_together(house: House) -> None:
    rows = Deposit.objects.filter(pk=house.ask_for().pk)
    assert refused(rows, state="success")
    assert refused(rows, received_amount=50_000)
    assert refused(rows, outcome="paid_late")
    assert refused(rows, **PAID)
    assert refused(rows, **{**PAID, "received_amount": 0, "paid_at": timezone.now()})
    assert refused(rows, **PAID, paid_at=timezone.now(), outcome="underpaid")
    assert refused(rows, **PAID, paid_at=timezone.now(), outcome="overpaid")


def test_what_was_asked_and_what_was_received_stay(house: House) -> None:
    deposit = house.ask_for()
    rows = Deposit.objects.filter(pk=deposit.pk)
    for change in (
        {"amount": 1},
        {"currency": "USD"},
        {"customer": None},
        {"created_at": timezone.now()},
    ):
        assert refused(rows, **change), change
    house.deliver(house.pay(deposit)[0])
    house.work()
    for change in (
        {"received_amount": 1},
        {"outcome": "overpaid"},
        {"paid_at": timezone.now()},
        {"ledger_reference": "z"},
    ):
        assert refused(rows, **change), change
    assert refused(rows, bank="800")
    assert not refused(rows, attention="looked at")


def test_nothing_is_deleted(house: House) -> None:
    deposit = house.ask_for()
    house.deliver(house.pay(deposit)[0])
    for table in ("payments_providermessage", "payments_virtualaccount", "payments_deposit"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {table}")


def test_a_number_and_its_id_stay(house: House) -> None:
    rows = PaymentAttempt.objects.filter(pk=house.account(house.ask_for()).pk)
    for change in ({"number": "1"}, {"number": ""}, {"trx_id": "x"}, {"state": "submitting"}, {"state": "in_doubt"}):
        assert refused(rows, **change), change
    fresh = PaymentAttempt.objects.filter(pk=house.account(house.ask_only(60_000)).pk)
    assert refused(fresh, state="open"), "open without a number"
    assert refused(fresh, number="  3702011")


def test_a_trx_id_is_used_once_for_ever(house: House) -> None:
    deposit = house.ask_only()
    with pytest.raises(IntegrityError), transaction.atomic():
        PaymentAttempt.objects.create(deposit=deposit, trx_id=house.account(deposit).trx_id)


def test_a_kept_message_stays_as_it_came(house: House) -> None:
    house.deliver(house.pay(house.ask_for())[0])
    rows = ProviderMessage.objects.all()
    for change in (
        {"body": b"x"},
        {"verified": False},
        {"answer_code": "2002500", "kind": "legacy"},
        {"external_id": "1"},
    ):
        assert refused(rows, **change), change
    assert not refused(rows, decision="acknowledged", note="n", processed_at=timezone.now())


# --- the service, without a page -------------------------------------------------------------------


@pytest.mark.parametrize(
    "amount", [Decimal("0"), Decimal("-1"), Decimal("NaN"), Decimal("50000.5"), Decimal(9_999), 50_000.0]
)
def test_the_service_judges_amounts_itself(house: House, amount: Any) -> None:
    with pytest.raises(AmountRefused):
        services.request_deposit(customer=house.customer, amount=amount, bank="702", idempotency_key="k" * 16)


def test_the_service_judges_banks_and_keys_itself(house: House) -> None:
    with pytest.raises(UnknownBank):
        house.ask_only(bank="6011")
    house.ask_only(key="one")
    with pytest.raises(KeyReused):
        house.ask_only(amount=60_000, key="one")
    assert DepositRequest.objects.count() == 1


def test_every_offered_bank_can_be_paid_at(house: House, settings: Any) -> None:
    for number, code in enumerate(BANKS):
        deposit = house.ask_for(50_000 + number, code)
        picture = selectors.picture_of(deposit)
        assert picture.stage == "waiting"
        for language, _name in settings.LANGUAGES:
            with translation.override(language):
                steps = " ".join(str(step) for way in picture.ways for step in way.steps)
            assert picture.grouped_number in steps
            assert "{" not in steps


# --- the proof --------------------------------------------------------------------------------------


def _paid(house: House) -> Deposit:
    deposit = house.ask_for()
    house.deliver(house.pay(deposit)[0])
    house.work()
    deposit.refresh_from_db()
    return deposit


def test_nothing_to_say_when_all_is_well(house: House) -> None:
    house.ask_for(60_000)
    _paid(house)
    assert list(ledger_problems()) == []
    call_command("check_ledger")


def test_a_success_without_money_is_found(house: House) -> None:
    deposit = house.ask_for()
    Deposit.objects.filter(pk=deposit.pk).update(**PAID, paid_at=timezone.now())
    found = " ".join(ledger_problems())
    assert f"deposit {deposit.public_id} received 50000.00 IDR, the ledger credited nothing" in found
    assert f"deposit {deposit.public_id} was credited by 0 receipts, not one" in found
    with pytest.raises(CommandError):
        call_command("check_ledger")


def test_another_sum_is_found(house: House) -> None:
    deposit = _paid(house)
    with pgtrigger.ignore("payments.Deposit:received_once"):
        Deposit.objects.filter(pk=deposit.pk).update(received_amount=60_000)
    assert "received 60000.00 IDR, the ledger credited 50000.00" in " ".join(ledger_problems())


def test_money_without_a_deposit_is_found(house: House) -> None:
    deposit = _paid(house)
    for reference in ("deposit:nobody", f"{deposit.reference}:again"):
        credit_from_provider(
            customer=house.customer,
            amount=Decimal(10_000),
            currency="IDR",
            channel="faspay_va",
            kind="deposit",
            reference=reference,
            subject=deposit.reference,
            memo="by hand",
        )
    found = " ".join(ledger_problems())
    assert "deposit:nobody belongs to no successful deposit" in found
    assert f"deposit {deposit.public_id} has 3 transactions" in found
    assert "clearing:faspay_va in IDR is at -70000.00" in found


def test_what_is_in_doubt_for_long_is_named(house: House) -> None:
    account = house.account(house.ask_only())
    assert list(ledger_problems()) == []
    with pgtrigger.ignore("payments.PaymentAttempt:named_once"):
        house.shift(account, timedelta(minutes=16), "created_at")
    assert [account.trx_id in problem for problem in ledger_problems()] == [True]


def test_counts_for_staff(house: House) -> None:
    _paid(house)
    house.ask_only(60_000)
    counts = selectors.staff_counts()
    assert (counts["success"], counts["pending"], counts["in_doubt"], counts["attention"]) == (1, 1, 1, 0)
    assert len(selectors.open_deposits(house.customer)) == 1
