"""Any order of payments, news and decisions: nothing is lost, nothing is there twice, and the books agree each time."""

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.access.actors import Actor, Origin
from accounts.models import Customer, User
from config.lib.errors import ServiceError
from payments.models import Deposit, PaymentAttempt, PaymentCase, ProviderMessage, Receipt
from payments.services import cases
from payments.settlement import closing
from tests.examples import examples
from tests.payments.cases_desk import house_balance, problems, wallet
from tests.payments.conftest import House, Letter, body_of
from wallets.errors import LedgerError
from wallets.models import Account
from wallets.services import transfer, wallet_of

pytestmark = pytest.mark.django_db
RIGHTS = frozenset({"PaymentCases.Propose", "PaymentCases.Approve"})


def person(name: str) -> Actor:
    user = User.objects.create_user(f"{name}@example.id", "x", display_name=name)
    return Actor(
        kind="session", origin=Origin(via="page"), user=user, roles=frozenset({"SuperAdmin"}), permissions=RIGHTS
    )


@dataclass
class Town:
    """One customer, a few deposits, two people at the desk, and everything that can happen to them."""

    house: House
    other: Customer
    chance: random.Random
    one: Actor
    two: Actor
    letters: list[Letter] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    spent: Decimal = Decimal(0)
    count: int = 0

    # --- the customer ---

    def ask(self) -> None:
        if Deposit.objects.count() < 4:
            self.count += 1
            self.attempt(self.house.ask_only(50_000 + 1_000 * self.count))

    def attempt(self, deposit: Deposit) -> PaymentAttempt:
        self.count += 1
        row = deposit.attempts.filter(state="submitting", number="").first()
        number = f"37020100000{self.count:05}"
        if row is None:
            return PaymentAttempt.objects.create(
                deposit=deposit, bank="702", trx_id=f"ATTEMPT{self.count:09}", number=number, state="open"
            )
        PaymentAttempt.objects.filter(pk=row.pk).update(number=number, state="open", next_check_at=None)
        return row

    def ask_again(self) -> None:
        pending = Deposit.objects.filter(state="pending").order_by("?").first()
        if pending and pending.attempts.count() < 3:
            self.attempt(pending)

    def cancel(self) -> None:
        attempt = self.some(PaymentAttempt)
        if attempt:
            closing.cancel(attempt.pk)

    def expire(self) -> None:
        deposit = self.some(Deposit)
        if deposit and deposit.state == "pending":
            Deposit.objects.filter(pk=deposit.pk).update(expires_at=timezone.now() - timedelta(minutes=1))
            closing.expire(deposit.pk)

    def spend(self) -> None:
        amount = Decimal(self.chance.choice([1_000, 30_000]))
        with suppress(LedgerError), transaction.atomic():
            self.count += 1
            transfer(
                sender=self.house.customer,
                recipient=self.other,
                amount=amount,
                currency="IDR",
                reference=f"spent-{self.count}",
                memo="",
                caused_by=None,
            )
            self.spent += amount

    def close_wallet(self) -> None:
        account = wallet_of(self.house.customer)
        if account.balance == 0:
            Account.objects.filter(pk=account.pk).update(status="closed")

    def open_wallet(self) -> None:
        Account.objects.filter(pk=wallet_of(self.house.customer).pk).update(status="open")

    # --- the bank ---

    def pay(self) -> None:
        """All that was asked for, to a number that nothing came to before: it must arrive."""
        known = PaymentAttempt.objects.exclude(receipts__currency="IDR").exclude(deposit__state="success")
        attempt = known.exclude(number="").order_by("pk").first()
        is_open = wallet_of(self.house.customer).status == "open"
        if attempt:
            self.tell(attempt)
            attempt.deposit.refresh_from_db()
            assert attempt.deposit.state == "success" or not is_open

    def tell(self, attempt: PaymentAttempt | None = None, **changes: Any) -> None:
        attempt = attempt or self.some(PaymentAttempt)
        if attempt and attempt.number:
            amount = {"value": f"{attempt.deposit.amount:.2f}", "currency": "IDR"}
            body = body_of(attempt.number, **{"trxId": attempt.trx_id, "paidAmount": amount, **changes})
            self.carry(body)

    def carry(self, body: dict[str, Any]) -> None:
        letter = self.house.sign(body)
        self.letters.append(letter)
        self.house.deliver(letter)
        self.work()

    def partial(self) -> None:
        self.tell(paidAmount={"value": "20000.00", "currency": "IDR"})

    def over(self) -> None:
        self.tell(paidAmount={"value": "90000.00", "currency": "IDR"})

    def other_currency(self) -> None:
        self.tell(paidAmount={"value": self.chance.choice(["3.50", "4.00"]), "currency": "USD"})

    def unknown_currency(self) -> None:
        self.tell(paidAmount={"value": "3.50", "currency": "EUR"})

    def cents(self) -> None:
        self.tell(paidAmount={"value": "50000.50", "currency": "IDR"})

    def undone(self) -> None:
        flag = self.chance.choice(["04", "05"])
        self.tell(additionalInfo={**body_of()["additionalInfo"], "latestTransactionStatus": flag})

    def again(self) -> None:
        """An earlier letter once more, as it was or under a new id."""
        if self.letters:
            letter = self.chance.choice(self.letters)
            self.house.deliver(letter if self.chance.random() < 0.5 else self.house.sign(letter.json))
            self.work()

    def all_again(self) -> None:
        """Every letter once more under a new id."""
        for letter in self.letters[-8:]:
            self.house.deliver(self.house.sign(letter.json))
        self.work()

    def stranger(self) -> None:
        self.count += 1
        name = f"STRANGER{self.count:08}"
        self.strangers.append(name)
        self.carry(body_of(f"37020900000{self.count:05}", trxId=name))

    def appear(self) -> None:
        if self.strangers:
            name = self.strangers.pop()
            number = f"37020900000{int(name[8:]):05}"
            deposit = self.house.ask_only(50_000)
            PaymentAttempt.objects.create(deposit=deposit, bank="702", trx_id=name, number=number, state="open")
            self.work()

    def work(self) -> None:
        ProviderMessage.objects.filter(decision="unmatched").update(next_try_at=timezone.now() - timedelta(seconds=1))
        self.house.work()

    # --- the desk ---

    def propose(self) -> None:
        case = self.case("open")
        if case:
            choice = self.chance.choice(cases.choices_of(case))
            amount = Decimal(self.chance.choice([5_000, 20_000])) if choice.takes_amount else None
            customer = self.house.customer if choice.takes_customer else None
            self.attempt_at(
                lambda: cases.propose(
                    actor=self.one, case=case, action=choice.action, note="so", amount=amount, customer=customer
                )
            )

    def approve(self) -> None:
        case = self.case("proposed")
        if case:
            self.attempt_at(lambda: cases.approve(actor=self.chance.choice([self.one, self.two, self.two]), case=case))

    def settle(self) -> None:
        self.propose()
        self.approve()

    def reject(self) -> None:
        case = self.case("proposed")
        if case:
            self.attempt_at(lambda: cases.reject(actor=self.two, case=case, note="no"))

    def correct(self) -> None:
        deposit = self.some(Deposit)
        if deposit:
            self.attempt_at(lambda: cases.open_correction(actor=self.one, deposit=deposit, note="odd"))

    def attempt_at(self, work: Callable[[], object]) -> None:
        with suppress(ServiceError), transaction.atomic():
            work()

    def case(self, state: str) -> PaymentCase | None:
        found = list(PaymentCase.objects.filter(state=state).order_by("pk"))
        return self.chance.choice(found) if found else None

    def some(self, model: Any) -> Any:
        found = list(model.objects.order_by("pk"))
        return self.chance.choice(found) if found else None

    # --- what must hold ---

    def check(self) -> None:
        assert problems() == []
        self.check_money()
        self.check_attention()

    def check_money(self) -> None:
        """V1, V2: the wallet has what came into it, less what two people took out again and what was spent."""
        inside = Receipt.objects.filter(place__in=["wallet", "returned"], currency="IDR", customer__isnull=False)
        came = inside.aggregate(total=Sum("amount"))["total"] or 0
        taken = PaymentCase.objects.filter(state="settled", action="take_back", currency="IDR")
        back = taken.aggregate(total=Sum("action_amount"))["total"] or 0
        assert wallet(self.house.customer) == came - back - self.spent
        waits = Receipt.objects.filter(place="suspense", currency="IDR").aggregate(total=Sum("amount"))["total"] or 0
        assert house_balance("suspense:faspay_va") == waits

    def check_attention(self) -> None:
        """A deposit needs attention exactly as long as a case about it is open."""
        for deposit in Deposit.objects.prefetch_related("cases"):
            is_open = any(case.state != "settled" for case in deposit.cases.all())
            assert bool(deposit.attention) == is_open, (deposit.attention, is_open)


STEPS = [
    *["ask", "ask", "ask_again", "pay", "pay", "tell", "partial", "over", "other_currency", "unknown_currency"],
    *[
        "cents",
        "undone",
        "undone",
        "again",
        "all_again",
        "stranger",
        "appear",
        "cancel",
        "expire",
        "spend",
        "close_wallet",
    ],
    *["open_wallet", "propose", "approve", "reject", "correct", "settle", "settle", "settle", "settle"],
]


@pytest.fixture
def quick(house: House, other_customer: Customer, monkeypatch: pytest.MonkeyPatch) -> tuple[House, Customer]:
    """Money for nobody is sheltered at its first try, so that few steps are many orders."""
    monkeypatch.setattr("payments.settlement.messages.CASE_AFTER_TRIES", 1)
    monkeypatch.setattr("celery.app.task.Task.apply_async", lambda *args, **kwargs: None)
    return house, other_customer


@pytest.mark.examples
@settings(
    max_examples=examples(6, 100),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(steps=st.lists(st.sampled_from(STEPS), min_size=10, max_size=40), seed=st.integers(0, 2**16))
def test_the_books_agree_after_every_step(quick: tuple[House, Customer], steps: list[str], seed: int) -> None:
    house, other = quick
    point = transaction.savepoint()
    try:
        town = Town(house, other, random.Random(seed), person("one"), person("two"))
        town.ask()
        for step in steps:
            getattr(town, step)()
            town.check()
    finally:
        transaction.savepoint_rollback(point)
