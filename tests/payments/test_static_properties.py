"""Inquiries, flags, notifications, repeats, refunds, questions and closings of several numbers, in any order, against
a model told without the code. V1-V5: every payment is credited once or waits in its place, and nothing else is."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Customer
from payments import settlement
from payments.checks import ledger_problems
from payments.models import Deposit, ProviderMessage, Receipt, StaticAccount, StaticPayment
from payments.services import static_accounts
from payments.settlement.static_booking import receipt_key
from tests.examples import examples
from tests.payments.static_bank import StaticBank, Truth, code_of
from tests.wallets import ledger_state
from wallets.selectors import balance_in

pytestmark = pytest.mark.django_db

Step = tuple[str, int, str, int]
# What happens how often; drawn by weight, since a story of everything alike hardly ever meets the same payment twice.
KINDS = {"flag": 4, "paid": 6, "refunded": 3, "failed": 2, "pending": 1, "work": 9, "ask": 3, "inquire": 1, "close": 1}


def story_of(seed: int) -> list[Step]:
    """Names are shared by the numbers on purpose: a payment is named by both. Few of each, so that stories cross."""
    draw = random.Random(seed)
    kinds = draw.choices(list(KINDS), weights=list(KINDS.values()), k=25)
    return [_step(draw, kind) for kind in kinds]


def _step(draw: random.Random, kind: str) -> Step:
    if kind == "work":
        return kind, draw.randrange(9), "", 0
    amounts = [0, 1, 4, 5_000, 5_000, 7_000] if kind == "ask" else [5_000, 5_000, 5_000, 7_000]
    return kind, draw.choice([0, 0, 1]), draw.choice("aab"), draw.choice(amounts)


STATUS = {"paid": "00", "refunded": "04", "failed": "06", "pending": "02"}


@dataclass
class Told:
    """What the model knows of one payment."""

    announced: int
    booked: int = 0
    in_suspense: int = 0
    undone: bool = False
    failed: bool = False

    def paid(self, amount: int, *, by_the_bank_itself: bool = False) -> None:
        if self.booked or (self.undone and not by_the_bank_itself) or self.in_suspense:
            return
        if amount == self.announced:
            self.booked = amount
        else:
            self.in_suspense = amount


@dataclass
class Model:
    """Which payments there are, by number and name."""

    payments: dict[tuple[int, str], Told] = field(default_factory=dict)
    closed: set[int] = field(default_factory=set)

    def flag(self, place: int, name: str, amount: int) -> str:
        known = self.payments.get((place, name))
        if known is None and place in self.closed:
            return "4042519"
        known = known or self.payments.setdefault((place, name), Told(amount))
        return "2002500" if known.announced == amount else "4042518"

    def news(self, kind: str, place: int, name: str, amount: int) -> None:
        known = self.payments.get((place, name))
        if kind == "pending" or (known is None and kind not in {"paid", "refunded", "failed"}):
            return
        known = known or self.payments.setdefault((place, name), Told(amount))
        if kind == "paid":
            known.paid(amount)
        elif not (known.booked or known.failed):
            known.undone = True

    def answer(self, place: int, name: str, truth: int) -> None:
        known = self.payments[place, name]
        if known.booked:
            return
        if truth > 9:
            known.paid(truth, by_the_bank_itself=True)
        elif truth == 4:
            known.failed = True

    @property
    def credited(self) -> int:
        return sum(known.booked for known in self.payments.values())

    @property
    def suspended(self) -> int:
        return sum(known.in_suspense for known in self.payments.values())


@contextmanager
def undone() -> Iterator[None]:
    """Every example begins with the same rows."""
    cache.clear()
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.mark.examples
def test_any_order_ends_where_the_model_ends(bank: StaticBank, other_customer: Customer) -> None:
    accounts = [bank.number_at("702"), bank.number_at("702", other_customer)]
    _play(bank, accounts)


def _play(bank: StaticBank, accounts: list[StaticAccount]) -> None:
    @settings(max_examples=examples(7, 100), deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.integers(0, 2**32))
    def play(seed: int) -> None:
        story = story_of(seed)
        with undone():
            model = Model()
            told: dict[int, Step] = {}
            for step in [*story, *[("work", 0, "", 0)] * len(story)]:
                _do(bank, accounts, model, told, step)
            _compare(model, accounts)

    play()


def _do(
    bank: StaticBank,
    accounts: list[StaticAccount],
    model: Model,
    told: dict[int, Step],
    step: Step,
) -> None:
    kind, place, name, amount = step
    if kind == "inquire":
        expected = "4042419" if place in model.closed else "2002400"
        assert code_of(bank.inquire(accounts[place].number, name)) == expected
    elif kind == "flag":
        assert code_of(bank.flag(accounts[place].number, amount, name)) == model.flag(place, name, amount)
    elif kind in STATUS:
        assert code_of(bank.tell(accounts[place].number, amount, name, status=STATUS[kind])) == "2002500"
        told[ProviderMessage.objects.latest("id").pk] = step
    elif kind == "work":
        _work(model, told, place)
    elif kind == "ask":
        _ask(bank, accounts[place], model, step)
    else:
        static_accounts.close_number(account=accounts[place])
        model.closed.add(place)


def _work(model: Model, told: dict[int, Any], choice: int) -> None:
    """Act on any one of the messages that wait, the newest as well as the oldest."""
    waiting = settlement.due.messages()
    if waiting:
        message_id = waiting[choice % len(waiting)]
        settlement.apply_message(message_id)
        model.news(*told[message_id])


def _ask(bank: StaticBank, account: StaticAccount, model: Model, step: Step) -> None:
    _kind, place, name, truth = step
    payment = StaticPayment.objects.filter(account=account, payment_request_id=name).first()
    if payment is None:
        return
    bank.desk.answers[name] = {0: Truth("01"), 1: Truth("07"), 4: Truth("04")}.get(truth, Truth("00", truth))
    bank.ask(payment)
    model.answer(place, name, truth)


def _compare(model: Model, accounts: list[StaticAccount]) -> None:
    owners = {account.customer for account in accounts}
    assert sum(balance_in(owner, "IDR") for owner in owners) == model.credited
    suspended = Receipt.objects.filter(place="suspense").aggregate(total=Sum("amount"))["total"] or 0
    assert suspended == model.suspended
    for (place, name), known in model.payments.items():
        _compare_one(accounts[place], name, known)
    booked = [known for known in model.payments.values() if known.booked]
    assert Deposit.objects.filter(method="va_static", state="success").count() == len(booked)
    assert [*ledger_state.problems(), *ledger_problems()] == []


def _compare_one(account: StaticAccount, name: str, known: Told) -> None:
    payment = StaticPayment.objects.get(account=account, payment_request_id=name)
    assert (payment.amount, payment.state == "booked") == (Decimal(known.announced), bool(known.booked))
    receipts = Receipt.objects.filter(key=receipt_key(account.number, name))
    assert [receipt.amount for receipt in receipts] == [known.booked or known.in_suspense][: receipts.count()]
    assert receipts.count() == bool(known.booked or known.in_suspense)
