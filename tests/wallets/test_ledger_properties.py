"""The ledger against a model in plain integers: any sequence of movements, looked at from outside after every step.

Every step really commits, on a real PostgreSQL. After each one the invariants L1 to L9 are asked of the database
(tests/wallets/invariants.sql, one round trip), the accounts are compared with the model, and what may never change is
compared with how it was a step before.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from accounts.models import Customer, User
from tests.wallets import ledger_state
from wallets import errors, holds, ledger, services
from wallets.models import Account
from wallets.services import Held, Posted

pytestmark = pytest.mark.django_db(transaction=True)

DIGITS = {"IDR": 0, "SLE": 2}
PEOPLE = ("ayu", "budi", "citra")
HOUSE = ("clearing:bank", "revenue:otp", "revenue:fees")
PAST = datetime(2020, 1, 1, tzinfo=UTC)

people = st.sampled_from(PEOPLE)
currencies = st.sampled_from(("IDR", "IDR", "IDR", "SLE"))
amounts = st.one_of(st.integers(1, 50), st.integers(1, 20_000))


@dataclass
class Book:
    """An account as the model sees it, in the smallest unit of its currency."""

    key: str
    currency: str
    owner: str | None
    balance: int = 0
    held: int = 0
    version: int = 0
    status: str = "open"


@dataclass
class Promise:
    """A hold as the model sees it."""

    book: Book
    amount: int
    state: str = "open"
    captured: int = 0
    due: bool = False


@dataclass
class Moved:
    """A transaction as the model sees it: signed amounts by account id."""

    legs: dict[int, int]
    reverses: str | None = None
    reversed: bool = False


@dataclass
class Done:
    """A call that succeeded, to be repeated as it was or with one word changed."""

    service: Callable[..., Any]
    arguments: dict[str, Any]
    answer: Posted | Held
    other: dict[str, Any] = field(default_factory=dict)


class Refused(Exception):
    def __init__(self, error: type[Exception], *figures: int) -> None:
        self.error = error
        self.figures = figures


def money(units: int, currency: str) -> Decimal:
    return Decimal(units).scaleb(-DIGITS[currency])


def units(amount: str, currency: str) -> int:
    scaled = Decimal(amount).scaleb(DIGITS[currency])
    assert scaled == int(scaled), f"{amount} is no amount of {currency}"
    return int(scaled)


class LedgerMachine(RuleBasedStateMachine):
    customers: dict[str, Customer]

    @initialize()
    def open_the_books(self) -> None:
        ledger_state.wipe()
        self.books: dict[int, Book] = {}
        self.moves: dict[str, Moved] = {}
        self.promises: dict[str, Promise] = {}
        self.done: list[Done] = []
        self.count = 0
        for currency in DIGITS:
            for name in PEOPLE:
                account = services.wallet_of(self.customers[name], currency)
                self.books[account.pk] = Book(account.code, currency, name)
            for code in HOUSE:
                self.books[services.house_account_id(code, currency)] = Book(code, currency, None)
        self.before = ledger_state.look()
        self.refused = False

    # --- the model -----------------------------------------------------------------------------------------

    def book_id(self, name: str, currency: str) -> int:
        return next(number for number, b in self.books.items() if b.currency == currency and name in {b.owner, b.key})

    def move(self, legs: dict[int, int], promise: Promise | None = None) -> None:
        """Apply the legs, or raise `Refused` with nothing changed. The first account by id that cannot is named."""
        for number in sorted(legs):
            book, amount = self.books[number], legs[number]
            freed = promise.amount if promise and promise.book is book else 0
            if book.status == "closed" or (book.status == "frozen" and amount < 0 and not freed):
                raise Refused(errors.AccountFrozen)
            if book.owner and book.balance + amount < book.held - freed:
                raise Refused(errors.InsufficientFunds, book.balance - book.held, abs(amount))
        for number, amount in legs.items():
            self.books[number].balance += amount
            self.books[number].version += 1
        if promise:
            promise.book.held -= promise.amount

    def new_reference(self) -> str:
        self.count += 1
        return f"r{self.count}"

    # --- acting on both ------------------------------------------------------------------------------------

    def attempt(
        self, service: Callable[..., Any], arguments: dict[str, Any], model: Callable[[], None], **other: Any
    ) -> None:
        """Ask the service and the model the same; both succeed, or both refuse for the same reason."""
        try:
            model()
            expected = None
        except Refused as refusal:
            expected = refusal
        self.refused = expected is not None
        if expected is None:
            answer = service(**arguments)
            if isinstance(answer, Posted | Held):
                assert not answer.replayed
                assert answer.reference == arguments["reference"]
                self.done.append(Done(service, arguments, answer, other))
            return
        with pytest.raises(expected.error) as caught:
            service(**arguments)
        if isinstance(caught.value, errors.InsufficientFunds):
            currency = arguments.get("currency") or "IDR"
            assert expected.figures == (
                units(str(caught.value.available), currency),
                units(str(caught.value.needed), currency),
            )

    @rule(name=people, currency=currencies, amount=amounts)
    def credit(self, name: str, currency: str, amount: int) -> None:
        reference = self.new_reference()
        legs = {self.book_id("clearing:bank", currency): -amount, self.book_id(name, currency): amount}

        def model() -> None:
            self.move(legs)
            self.moves[reference] = Moved(legs)

        arguments = {
            "customer": self.customers[name],
            "amount": money(amount, currency),
            "currency": currency,
            "channel": "bank",
            "kind": "deposit",
            "reference": reference,
            "subject": f"deposit:{reference}",
            "memo": "from the bank",
        }
        self.attempt(services.credit_from_provider, arguments, model, amount=money(amount + 1, currency))

    @rule(sender=people, recipient=people, currency=currencies, amount=amounts)
    def transfer(self, sender: str, recipient: str, currency: str, amount: int) -> None:
        assume(sender != recipient)
        reference = self.new_reference()
        legs = {self.book_id(sender, currency): -amount, self.book_id(recipient, currency): amount}

        def model() -> None:
            self.move(legs)
            self.moves[reference] = Moved(legs)

        arguments = {
            "sender": self.customers[sender],
            "recipient": self.customers[recipient],
            "amount": money(amount, currency),
            "currency": currency,
            "reference": reference,
            "memo": "thank you",
            "caused_by": self.customers[sender].user,
        }
        other = {"sender": self.customers[recipient], "recipient": self.customers[sender]}
        self.attempt(services.transfer, arguments, model, **other)

    @rule(name=people, currency=currencies, amount=amounts, due=st.booleans())
    def hold(self, name: str, currency: str, amount: int, due: bool) -> None:
        reference = self.new_reference()
        book = self.books[self.book_id(name, currency)]

        def model() -> None:
            if book.status != "open":
                raise Refused(errors.AccountFrozen)
            if book.balance - book.held < amount:
                raise Refused(errors.InsufficientFunds, book.balance - book.held, amount)
            book.held += amount
            self.promises[reference] = Promise(book, amount, due=due)

        arguments = {
            "customer": self.customers[name],
            "amount": money(amount, currency),
            "currency": currency,
            "reference": reference,
            "subject": f"order:{reference}",
            "memo": "a number",
            "expires_at": PAST if due else None,
        }
        self.attempt(services.hold_funds, arguments, model, subject="order:another")

    @precondition(lambda self: self.promises)
    @rule(data=st.data(), share=st.sampled_from((1, 30, 100, 100, 101)), fee=st.integers(0, 3))
    def capture(self, data: st.DataObject, share: int, fee: int) -> None:
        held = data.draw(st.sampled_from(sorted(self.promises)), "hold")
        promise = self.promises[held]
        currency = promise.book.currency
        total = promise.amount + 1 if share == 101 else max(1, promise.amount * share // 100)
        splits = [("revenue:otp", total - fee), ("revenue:fees", fee)] if 0 < fee < total else [("revenue:otp", total)]
        legs = {self.book_id(code, currency): part for code, part in splits}
        legs[self.book_id(promise.book.key, currency)] = -total
        reference = self.new_reference()

        def model() -> None:
            if promise.state != "open":
                raise Refused(errors.HoldClosed)
            if total > promise.amount:
                raise Refused(errors.UnbalancedTransaction)
            self.move(legs, promise)
            promise.state, promise.captured = "captured", total
            self.moves[reference] = Moved(legs)

        arguments = {
            "hold_reference": held,
            "reference": reference,
            "kind": "order",
            "splits": [(code, money(part, currency)) for code, part in splits],
            "subject": f"order:{held}",
            "memo": "a number",
        }
        self.attempt(services.capture_hold, arguments, model, kind="refund")

    @precondition(lambda self: self.promises)
    @rule(data=st.data(), expired=st.booleans())
    def release(self, data: st.DataObject, expired: bool) -> None:
        held = data.draw(st.sampled_from(sorted(self.promises)), "hold")
        promise = self.promises[held]

        def model() -> None:
            if promise.state == "captured":
                raise Refused(errors.HoldClosed)
            if promise.state == "open":
                promise.state = "expired" if expired else "released"
                promise.book.held -= promise.amount

        self.attempt(services.release_hold, {"hold_reference": held, "expired": expired}, model)

    @rule()
    def sweep(self) -> None:
        due = [promise for promise in self.promises.values() if promise.due and promise.state == "open"]
        for promise in due:
            promise.state = "expired"
            promise.book.held -= promise.amount
        self.refused = not due
        assert holds.expire_due_holds() == len(due)

    @precondition(lambda self: self.moves)
    @rule(data=st.data())
    def reverse(self, data: st.DataObject) -> None:
        reference = data.draw(st.sampled_from(sorted(self.moves)), "original")
        original = self.moves[reference]
        legs = {number: -amount for number, amount in original.legs.items()}
        new = self.new_reference()

        def model() -> None:
            if original.reversed or original.reverses:
                raise Refused(errors.AlreadyReversed)
            self.move(legs)
            original.reversed = True
            self.moves[new] = Moved(legs, reverses=reference)

        arguments = {"reference_of_original": reference, "reference": new, "reason": "a mistake", "caused_by": None}
        currency = self.books[next(iter(legs))].currency
        if currency != "IDR":
            assume(not self._would_lack(legs))
        self.attempt(services.reverse, arguments, model)

    def _would_lack(self, legs: dict[int, int]) -> bool:
        return any(
            self.books[n].owner and self.books[n].balance + amount < self.books[n].held for n, amount in legs.items()
        )

    # --- asking again --------------------------------------------------------------------------------------

    @precondition(lambda self: self.done)
    @rule(data=st.data())
    def ask_again(self, data: st.DataObject) -> None:
        """The same reference with the same content: the first answer, and not one byte changes."""
        done = data.draw(st.sampled_from(self.done), "call")
        self.refused = True
        again = done.service(**done.arguments)
        assert again.replayed
        assert type(again)(**{**vars(again), "replayed": False}) == done.answer

    @precondition(lambda self: any(done.other for done in self.done))
    @rule(data=st.data())
    def ask_for_something_else(self, data: st.DataObject) -> None:
        """The same reference with other content is refused, whatever else would be wrong or right with it."""
        done = data.draw(st.sampled_from([done for done in self.done if done.other]), "call")
        self.refused = True
        with pytest.raises(errors.ReferenceConflict):
            done.service(**{**done.arguments, **done.other})

    # --- what is refused -----------------------------------------------------------------------------------

    @rule(
        amount=st.sampled_from(
            [Decimal(0), Decimal(-5), Decimal("0.5"), Decimal("NaN"), Decimal("Infinity"), Decimal(10) ** 16, 5.0, 5]
        ),
        data=st.data(),
    )
    def bad_amount(self, amount: Any, data: st.DataObject) -> None:
        self.refused = True
        ayu, budi = self.customers["ayu"], self.customers["budi"]
        asks: list[Callable[..., Any]] = [
            partial(services.credit_from_provider, customer=ayu, channel="bank", kind="deposit", subject=""),
            partial(services.hold_funds, customer=ayu, subject=""),
            partial(services.transfer, sender=ayu, recipient=budi, caused_by=None),
        ]
        ask = data.draw(st.sampled_from(asks), "service")
        with pytest.raises(errors.InvalidAmount):
            ask(amount=amount, reference=self.new_reference(), currency="IDR", memo="")

    @rule(
        a=people, b=people, amount=amounts, how=st.sampled_from(("one leg", "not zero", "two currencies", "stranger"))
    )
    def bad_legs(self, a: str, b: str, amount: int, how: str) -> None:
        self.refused = True
        first, bank = self.book_id(a, "IDR"), self.book_id("clearing:bank", "IDR")
        legs = {
            "one leg": {bank: Decimal(-amount)},
            "not zero": {bank: Decimal(-amount), first: Decimal(amount + 1)},
            "two currencies": {bank: Decimal(-amount), self.book_id(b, "SLE"): Decimal(amount)},
            "stranger": {bank: Decimal(-amount), 10**12: Decimal(amount)},
        }[how]
        expected = errors.UnknownAccount if how == "stranger" else errors.UnbalancedTransaction
        # A frozen or closed wallet is a reason of its own, and whichever comes first by account id is given.
        with pytest.raises((expected, errors.AccountFrozen)):
            ledger.post(reference=self.new_reference(), kind="test", legs=legs)

    @rule(name=people, amount=amounts)
    def broken_off(self, name: str, amount: int) -> None:
        """A transaction around the call that fails afterwards takes everything back with it."""
        self.refused = True
        assume(self.books[self.book_id(name, "IDR")].status != "closed")
        with transaction.atomic():
            ledger_state.credit(self.customers[name], amount, self.new_reference())
            transaction.set_rollback(True)

    @rule(name=people, currency=currencies, status=st.sampled_from(("open", "open", "frozen", "closed")))
    def set_status(self, name: str, currency: str, status: str) -> None:
        number = self.book_id(name, currency)
        book = self.books[number]
        self.refused = status == "closed" and (book.balance, book.held) != (0, 0)
        if self.refused:
            with pytest.raises(IntegrityError):
                Account.objects.filter(pk=number).update(status=status)
            return
        Account.objects.filter(pk=number).update(status=status)
        book.status = status

    # --- after every step ----------------------------------------------------------------------------------

    @invariant()
    def all_is_well(self) -> None:
        now = ledger_state.look()
        assert now["problems"] == []
        if self.refused:
            assert now == self.before, "a refused operation left a trace"
        for table in ("transactions", "postings"):
            assert self.before[table].items() <= now[table].items(), f"{table} changed"
        for reference, was in self.before["holds"].items():
            assert was["state"] == "open" or now["holds"][reference] == was, "a closed hold changed"
        self.compare(now)
        self.before = now
        self.refused = False

    def compare(self, now: dict[str, Any]) -> None:
        assert {int(number) for number in now["accounts"]} == set(self.books)
        for number, book in self.books.items():
            row = now["accounts"][str(number)]
            seen = (units(row["balance"], book.currency), units(row["held"], book.currency), row["version"])
            assert (*seen, row["status"]) == (book.balance, book.held, book.version, book.status), book.key
        assert set(now["holds"]) == set(self.promises)
        for reference, promise in self.promises.items():
            row = now["holds"][reference]
            assert row["state"] == promise.state
            assert units(row["captured"], promise.book.currency) == promise.captured
        assert len(now["transactions"]) == len(self.moves)


@pytest.fixture
def machine(db: None) -> type[LedgerMachine]:
    def person(name: str) -> Customer:
        return Customer.objects.create(user=User.objects.create_user(f"{name}@example.id"))

    return type("Machine", (LedgerMachine,), {"customers": {name: person(name) for name in PEOPLE}})


def _run(machine: type[LedgerMachine], examples: int, steps: int) -> None:
    chosen = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
    try:
        run_state_machine_as_test(machine, settings=chosen)
    finally:
        ledger_state.wipe()


def test_any_sequence_of_movements_keeps_the_ledger_true(machine: type[LedgerMachine]) -> None:
    _run(machine, examples=20, steps=30)


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_any_sequence_of_movements_keeps_the_ledger_true_for_long(machine: type[LedgerMachine]) -> None:
    _run(machine, examples=int(os.environ.get("SOAK_EXAMPLES", "2000")), steps=50)
