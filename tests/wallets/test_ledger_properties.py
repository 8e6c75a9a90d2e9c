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
PEOPLE = ("ayu", "budi")
HOUSE = ("clearing:bank", "revenue:otp", "revenue:fees")
PAST = datetime(2020, 1, 1, tzinfo=UTC)

BAD_AMOUNTS: list[Any] = [5.0, 5, *map(Decimal, ("0", "-5", "0.5", "NaN", "Infinity", "1E16"))]
BAD_LEGS: dict[str, type[Exception]] = {
    "one leg": errors.UnbalancedTransaction,
    "not zero": errors.UnbalancedTransaction,
    "two currencies": errors.UnbalancedTransaction,
    "half a rupiah": errors.InvalidAmount,
    "stranger": errors.UnknownAccount,
}

people = st.sampled_from(PEOPLE)
currencies = st.sampled_from(("IDR", "IDR", "IDR", "SLE"))
edges = st.sampled_from((None, None, 0, 1))
small_amounts = st.one_of(st.integers(1, 50), st.integers(1, 50), st.integers(1, 3_000))
amounts = st.one_of(st.integers(1, 50), st.integers(1, 600), st.integers(1, 20_000))


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
    others: list[dict[str, Any]] = field(default_factory=list)


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
        # Most steps should find some money, or most of them would only be refused.
        for name, currency in (("ayu", "IDR"), ("budi", "IDR"), ("ayu", "SLE")):
            self.credit(name, currency, 1_000)

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

    def near_the_edge(self, name: str, currency: str, edge: int | None) -> int:
        """What is available, or one more; 0 when it is not asked for."""
        book = self.books[self.book_id(name, currency)]
        return 0 if edge is None else max(0, book.balance - book.held) + edge

    @staticmethod
    def other_than(name: str) -> str:
        return next(person for person in PEOPLE if person != name)

    def new_reference(self) -> str:
        self.count += 1
        return f"r{self.count}"

    # --- acting on both ------------------------------------------------------------------------------------

    def attempt(
        self, service: Callable[..., Any], arguments: dict[str, Any], model: Callable[[], None], *others: dict[str, Any]
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
                self.done.append(Done(service, arguments, answer, list(others)))
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
        others = [
            {"amount": money(amount + 1, currency)},
            {"customer": self.customers[self.other_than(name)]},
            {"kind": "refund"},
            {"subject": "deposit:another"},
        ]
        self.attempt(services.credit_from_provider, arguments, model, *others)

    @rule(sender=people, currency=currencies, amount=amounts, edge=edges)
    def transfer(self, sender: str, currency: str, amount: int, edge: int | None) -> None:
        recipient = self.other_than(sender)
        amount = self.near_the_edge(sender, currency, edge) or amount
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
        self.attempt(services.transfer, arguments, model, other, {"amount": money(amount + 1, currency)})

    @rule(name=people, currency=currencies, amount=small_amounts, edge=edges, due=st.booleans())
    def hold_some(self, name: str, currency: str, amount: int, edge: int | None, due: bool) -> None:
        self.hold(name, currency, self.near_the_edge(name, currency, edge) or amount, due)

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
        others = [
            {"amount": money(amount + 1, currency)},
            {"customer": self.customers[self.other_than(name)]},
            {"subject": "order:another"},
        ]
        self.attempt(services.hold_funds, arguments, model, *others)

    @rule(
        name=people,
        amount=st.integers(2, 50),
        then=st.sampled_from(("take", "take", "freeze and take", "give back", "wait")),
        data=st.data(),
    )
    def buy(self, name: str, amount: int, then: str, data: st.DataObject) -> None:
        """A hold and what mostly comes of it: left to chance alone, holds would seldom live to be used."""
        self.hold(name, "IDR", amount, data.draw(st.booleans(), "due"))
        if self.refused or then == "wait":
            return
        self.all_is_well()
        held = list(self.promises)[-1]
        if then == "freeze and take":
            self.set_status(name, "IDR", "frozen")
            self.all_is_well()
        if "take" in then:
            self.take(
                held, data.draw(st.sampled_from((30, 100, 100, 101)), "share"), data.draw(st.integers(0, 3), "fee")
            )
        else:
            self.release(held, data.draw(st.booleans(), "expired"))

    def holds_in(self, *states: str) -> list[str]:
        return [reference for reference, promise in self.promises.items() if promise.state in states]

    @precondition(lambda self: self.holds_in("open"))
    @rule(data=st.data(), share=st.sampled_from((1, 30, 100, 100, 101)), fee=st.integers(0, 3))
    def capture(self, data: st.DataObject, share: int, fee: int) -> None:
        self.take(data.draw(st.sampled_from(self.holds_in("open")), "hold"), share, fee)

    @precondition(lambda self: self.holds_in("captured", "released", "expired"))
    @rule(data=st.data(), share=st.sampled_from((1, 100, 101)))
    def capture_what_is_closed(self, data: st.DataObject, share: int) -> None:
        self.take(data.draw(st.sampled_from(self.holds_in("captured", "released", "expired")), "hold"), share, 0)

    def take(self, held: str, share: int, fee: int) -> None:
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
        elsewhere = [("revenue:fees", money(total, currency))]
        self.attempt(services.capture_hold, arguments, model, {"kind": "refund"}, {"splits": elsewhere})

    @precondition(lambda self: self.promises)
    @rule(data=st.data(), expired=st.booleans())
    def release_any(self, data: st.DataObject, expired: bool) -> None:
        self.release(data.draw(st.sampled_from(list(self.promises)), "hold"), expired)

    def release(self, held: str, expired: bool) -> None:
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
    @rule(data=st.data(), same=st.booleans())
    def ask_again(self, data: st.DataObject, same: bool) -> None:
        service = data.draw(st.sampled_from(sorted({done.service.__name__ for done in self.done})), "service")
        done = data.draw(st.sampled_from([done for done in self.done if done.service.__name__ == service]), "call")
        self.refused = True
        if same:
            self.same_again(done)
        elif done.others:
            self.something_else(done, data.draw(st.sampled_from(done.others), "other words"))

    def same_again(self, done: Done) -> None:
        """The same reference with the same content: the first answer, and not one byte changes."""
        again = done.service(**done.arguments)
        assert again.replayed
        assert type(again)(**{**vars(again), "replayed": False}) == done.answer

    def something_else(self, done: Done, other: dict[str, Any]) -> None:
        """The same reference with other content is refused, whatever else would be wrong or right with it."""
        with pytest.raises(errors.ReferenceConflict):
            done.service(**{**done.arguments, **other})

    # --- what is refused -----------------------------------------------------------------------------------

    @rule(data=st.data(), what=st.sampled_from(("amount", "legs", "broken off")), amount=amounts)
    def ask_for_what_is_wrong(self, data: st.DataObject, what: str, amount: int) -> None:
        self.refused = True
        if what == "amount":
            self.bad_amount(data.draw(st.sampled_from(BAD_AMOUNTS), "amount"), data)
        elif what == "legs":
            how = data.draw(st.sampled_from(sorted(BAD_LEGS)), "how")
            self.bad_legs(data.draw(people), data.draw(people), amount, how)
        else:
            self.broken_off(data.draw(people), amount)

    def bad_amount(self, amount: Any, data: st.DataObject) -> None:
        ayu, budi = self.customers["ayu"], self.customers["budi"]
        asks: list[Callable[..., Any]] = [
            partial(services.credit_from_provider, customer=ayu, channel="bank", kind="deposit", subject=""),
            partial(services.hold_funds, customer=ayu, subject=""),
            partial(services.transfer, sender=ayu, recipient=budi, caused_by=None),
        ]
        ask = data.draw(st.sampled_from(asks), "service")
        with pytest.raises(errors.InvalidAmount):
            ask(amount=amount, reference=self.new_reference(), currency="IDR", memo="")

    def bad_legs(self, a: str, b: str, amount: int, how: str) -> None:
        first, bank = self.book_id(a, "IDR"), self.book_id("clearing:bank", "IDR")
        second = {"two currencies": self.book_id(b, "SLE"), "one leg": bank, "stranger": 10**12}.get(how, first)
        moved = Decimal(amount) + (Decimal("0.5") if how == "half a rupiah" else 0)
        legs = {bank: -moved, second: moved + (1 if how == "not zero" else 0)}
        # A frozen or closed wallet is a reason of its own, and whichever comes first by account id is given.
        with pytest.raises((BAD_LEGS[how], errors.AccountFrozen)):
            ledger.post(reference=self.new_reference(), kind="test", legs=legs)

    def broken_off(self, name: str, amount: int) -> None:
        """A transaction around the call that fails afterwards takes everything back with it."""
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


def play(machine: type[LedgerMachine], *, examples: int, steps: int, **options: Any) -> None:
    """Any ``examples`` sequences of ``steps`` steps; the ledger is empty afterwards."""
    chosen = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
        **options,
    )
    try:
        run_state_machine_as_test(machine, settings=chosen)
    finally:
        ledger_state.wipe()


@pytest.mark.timeout(900)  # what fails takes Hypothesis minutes to make small
def test_any_sequence_of_movements_keeps_the_ledger_true(machine: type[LedgerMachine]) -> None:
    play(machine, examples=20, steps=40)


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_any_sequence_of_movements_keeps_the_ledger_true_for_long(machine: type[LedgerMachine]) -> None:
    play(machine, examples=int(os.environ.get("SOAK_EXAMPLES", "2000")), steps=50)
