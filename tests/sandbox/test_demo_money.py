"""What the demo tells of money: each story ends as it should, once."""

from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Customer
from payments.models import Deposit, PaymentCase, StaticPayment
from sandbox import demo_money
from tests.simulators import Simulator
from wallets import services as wallets
from wallets.selectors import balances


@pytest.fixture
def ayu(customer: Customer, faspay_sim: Simulator, settings: Any) -> Customer:
    settings.FASPAY_QRIS_CHANNEL = "711"
    settings.FASPAY_STATIC_SERVICE_IDS = {"702": "370202"}
    wallets.wallet_of(customer)
    return customer


def test_every_story_is_told_once(ayu: Customer, no_ledger_problems: None) -> None:
    told = list(demo_money.tell(ayu))
    assert not [line for line in told if "left out" in line]
    outcomes = Deposit.objects.order_by("id").values_list("method", "state", "outcome")
    assert list(outcomes) == [
        ("qris", "success", ""),
        ("va_static", "success", ""),
        ("va", "success", "paid_late"),
        ("qris", "success", ""),
    ]
    assert StaticPayment.objects.get().state == "booked"
    assert PaymentCase.objects.get().kind == "paid_twice"
    assert balances(ayu)[0].balance == Decimal(180_000)
    assert list(demo_money.tell(ayu)) == []


def test_a_story_that_cannot_be_told_is_left_out(ayu: Customer, faspay_sim: Simulator) -> None:
    faspay_sim.control("misbehave", operation="create-va", mode="general_error", times=-1)
    told = list(demo_money.tell(ayu))
    assert told == [
        "money: a top-up by QRIS",
        "money: a transfer to a permanent number",
        "money: a late payment left out",
        "money: a payment made twice left out",
    ]
