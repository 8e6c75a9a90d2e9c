"""What the proof finds when receipts, cases and ledger part ways; each written behind the back of the rules."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from accounts.models import User
from payments.checks import ledger_problems
from payments.models import PaymentCase, ProviderMessage, Receipt
from payments.settlement.cases import open_case
from tests.payments.cases_desk import Desk
from tests.payments.conftest import House, body_of, rewritten_history
from wallets.services import move_in_house, reverse

pytestmark = pytest.mark.django_db
RP = Decimal(50_000)


def said() -> str:
    return "\n".join(ledger_problems())


def moved(source: str, target: str, kind: str = "odd") -> None:
    move_in_house(
        source=source,
        target=target,
        amount=RP,
        currency="IDR",
        kind=kind,
        reference=f"{kind}:1",
        subject="",
        memo="",
    )


def paid(house: House) -> Receipt:
    house.deliver(house.pay(house.ask_for())[0])
    house.work()
    assert said() == ""
    return Receipt.objects.get()


def waiting(house: House, name: str = "PAYMENTOFAYU0001") -> PaymentCase:
    with transaction.atomic():
        return open_case(
            PaymentCase.Kind.PAID_TWICE,
            key=f"paid_twice:{name}",
            channel="faspay_va",
            amount=RP,
            currency="IDR",
            customer_id=house.customer.pk,
            reference=name,
            receipt_key=name,
        )


def test_clearing_moves_by_receipts_cases_and_settlements_only(house: House) -> None:
    paid(house)
    moved("bank:bca", "clearing:faspay_va", "settlement")
    assert said() == "", "the provider has paid out what it owed"
    moved("bank:bca", "clearing:faspay_va")
    assert "clearing:faspay_va moved by 50000.00 in odd:1, which is no receipt, case or settlement" in said()
    assert "clearing:faspay_va in IDR is at 50000.00; receipts, returns, losses and settlements make 0" in said()


def test_a_credit_taken_back_without_a_case_is_found(house: House) -> None:
    receipt = paid(house)
    reverse(reference_of_original=receipt.ledger_reference, reference="undo", reason="", caused_by=None)
    assert "in undo, which is no receipt, case or settlement" in said()


def test_suspense_is_the_sum_of_what_waits(house: House) -> None:
    waiting(house)
    assert said() == ""
    moved("clearing:faspay_va", "suspense:faspay_va")
    assert "suspense:faspay_va in IDR holds 100000.00, the payments that wait in it sum to 50000.00" in said()


def test_waiting_money_has_an_open_case_and_a_settled_case_its_transaction(house: House, staff_user: User) -> None:
    case, other = waiting(house), User.objects.create_user("other@example.id", "x")
    PaymentCase.objects.filter(pk=case.pk).update(
        state="settled",
        action="credit",
        action_amount=RP,
        proposed_by=other,
        proposed_at=timezone.now(),
        decided_by=staff_user,
        decided_at=timezone.now(),
        ledger_reference="nowhere",
    )
    assert "PAYMENTOFAYU0001 waits in suspense, and no open case asks what to do with it" in said()
    assert f"case {case.public_id} is settled by nowhere, which is not in the ledger" in said()
    assert f"case {case.public_id} was not decided by two people with a reason" in said()


def test_a_receipt_without_its_money_is_found(house: House) -> None:
    receipt = paid(house)
    Receipt.objects.create(
        channel="faspay_va", key="x", amount=RP, currency="IDR", place="wallet", ledger_reference="nowhere"
    )
    assert "receipt faspay_va:x of 50000.00 IDR did not come in as the ledger says" in said()
    assert receipt.key not in said()


def test_a_message_about_money_without_a_case_is_found(house: House) -> None:
    house.deliver(house.sign(body_of(trxId="NOBODYKNOWS12345")))
    with rewritten_history():
        ProviderMessage.objects.update(tries=5, received_at=timezone.now() - timedelta(hours=3))
    message = ProviderMessage.objects.get()
    assert f"message {message.pk} tells of money nobody knows, and has no case" in said()


def test_lists_ask_the_database_as_often_for_many_rows_as_for_few(
    house: House, desk: Desk, django_assert_max_num_queries: Any
) -> None:
    for number in range(8):
        house.ask_for(50_000 + number)
        desk.propose(waiting(house, f"PAYMENTOFAYU{number:04}"), "return")
    reader: Client = desk.checker
    for page in ("/staff/cases/", "/staff/deposits/"):
        reader.get(page)
        with django_assert_max_num_queries(16):
            assert reader.get(page).status_code == 200
