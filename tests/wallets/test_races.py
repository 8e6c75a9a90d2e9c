"""Two at once. First each race is shown on scratch tables with the protection off, then that the ledger holds.

Real threads, each with a connection of its own and real commits. Where the order matters it is forced: the first
acts and keeps its transaction open until the second is seen waiting for a lock in pg_stat_activity.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from accounts.models import Customer
from tests.wallets import ledger_state
from tests.wallets.ledger_state import capture, credit, hold, run, transfer, value
from wallets import errors, holds, proof, services
from wallets.models import Account, Hold, LedgerCheck, Transaction
from wallets.services import Posted

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(120)]


@dataclass(frozen=True)
class Outcome:
    answer: Any = None
    error: Exception | None = None


def attempt(act: Callable[[], Any]) -> Outcome:
    try:
        return Outcome(answer=act())
    except Exception as error:
        return Outcome(error=error)
    finally:
        connection.close()


def at_once(*acts: Callable[[], Any]) -> list[Outcome]:
    """Start all of them at the same moment, each in a thread and a connection of its own."""
    barrier = threading.Barrier(len(acts))

    def start(act: Callable[[], Any]) -> Outcome:
        connection.ensure_connection()
        barrier.wait()
        return attempt(act)

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(start, acts))


@contextmanager
def unfinished(act: Callable[[], Any], *, commit: bool) -> Iterator[None]:
    """``act`` has happened in another transaction, which ends (as told) when the block does."""
    acted, end = threading.Event(), threading.Event()

    def keep_open() -> None:
        with transaction.atomic():
            act()
            acted.set()
            assert end.wait(60)
            if not commit:
                transaction.set_rollback(True)

    with ThreadPoolExecutor(1) as pool:
        kept: Future[Outcome] = pool.submit(attempt, keep_open)
        try:
            while not acted.wait(0.01):
                assert not kept.done(), kept.result().error
            yield
        finally:
            end.set()
        assert kept.result().error is None


def second_after(first: Callable[[], Any], second: Callable[[], Any], *, commit: bool) -> Outcome:
    """What becomes of ``second`` when ``first`` stands uncommitted as it starts, and ends while it waits."""
    with ThreadPoolExecutor(1) as pool, unfinished(first, commit=commit):
        waiting = pool.submit(attempt, second)
        _wait_until_somebody_waits(waiting)
    return waiting.result()


def _wait_until_somebody_waits(second: "Future[Outcome]") -> None:
    sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    while not value(sql):
        assert not second.done(), f"did not wait for the first: {second.result()}"
        time.sleep(0.005)


def deadlocks() -> int:
    value("SELECT pg_stat_clear_snapshot()::text")
    return int(value("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"))


# --- the races, with the protection off ---------------------------------------------------------------------


@pytest.fixture
def scratch() -> Iterator[None]:
    """The same story on tables without rules, told by programs that read first and write afterwards."""
    run("CREATE TABLE scratch_account (id int PRIMARY KEY, balance int)")
    run("CREATE TABLE scratch_hold (id int PRIMARY KEY, state text)")
    run("CREATE TABLE scratch_effect (reference text, amount int)")
    run("INSERT INTO scratch_account VALUES (1, 100), (2, 100)")
    run("INSERT INTO scratch_hold VALUES (1, 'open')")
    yield
    run("DROP TABLE scratch_account, scratch_hold, scratch_effect")


def naively(question: str, wanted: Any, *writes: str) -> Callable[[threading.Barrier], None]:
    """Read, decide, write: as long as both read before either writes, both decide alike."""

    def act(both_have_read: threading.Barrier) -> None:
        with transaction.atomic():
            answer = value(question)
            both_have_read.wait(30)
            if answer == wanted:
                for write in writes:
                    run(write)

    return act


def race(*acts: Callable[[threading.Barrier], None]) -> list[Outcome]:
    barrier = threading.Barrier(len(acts))
    return at_once(*[lambda act=act: act(barrier) for act in acts])


SPEND = naively(
    "SELECT balance >= 60 FROM scratch_account WHERE id = 1",
    True,
    "UPDATE scratch_account SET balance = balance - 60 WHERE id = 1",
)
CAPTURE = naively(
    "SELECT state FROM scratch_hold WHERE id = 1",
    "open",
    "UPDATE scratch_hold SET state = 'captured' WHERE id = 1",
    "INSERT INTO scratch_effect VALUES ('capture', -60)",
)
RELEASE = naively(
    "SELECT state FROM scratch_hold WHERE id = 1",
    "open",
    "UPDATE scratch_hold SET state = 'released' WHERE id = 1",
    "INSERT INTO scratch_effect VALUES ('release', 60)",
)
ONCE = naively(
    "SELECT count(*) FROM scratch_effect WHERE reference = 'r'", 0, "INSERT INTO scratch_effect VALUES ('r', 60)"
)


@pytest.mark.usefixtures("scratch")
def test_without_protection_one_balance_is_spent_twice() -> None:
    race(SPEND, SPEND)
    assert value("SELECT balance FROM scratch_account WHERE id = 1") == -20


@pytest.mark.usefixtures("scratch")
def test_without_protection_one_hold_is_captured_twice() -> None:
    race(CAPTURE, CAPTURE)
    assert value("SELECT count(*) FROM scratch_effect") == 2


@pytest.mark.usefixtures("scratch")
def test_without_protection_a_hold_is_captured_and_released() -> None:
    race(CAPTURE, RELEASE)
    assert value("SELECT count(DISTINCT reference) FROM scratch_effect") == 2


@pytest.mark.usefixtures("scratch")
def test_without_protection_one_reference_has_two_effects() -> None:
    race(ONCE, ONCE)
    assert value("SELECT count(*) FROM scratch_effect") == 2


@pytest.mark.usefixtures("scratch")
def test_without_an_order_of_locks_opposite_transfers_deadlock() -> None:
    def move(source: int, target: int) -> Callable[[threading.Barrier], None]:
        def act(first_locked: threading.Barrier) -> None:
            with transaction.atomic():
                run("UPDATE scratch_account SET balance = balance - 1 WHERE id = %s", source)
                first_locked.wait(30)
                run("UPDATE scratch_account SET balance = balance + 1 WHERE id = %s", target)

        return act

    before = deadlocks()
    outcomes = race(move(1, 2), move(2, 1))
    assert [type(o.error) for o in outcomes if o.error] == [OperationalError]
    while deadlocks() == before:
        time.sleep(0.05)


# --- the same races against the ledger, the order forced ------------------------------------------------------


@dataclass(frozen=True)
class Cast:
    ayu: Customer
    budi: Customer


@pytest.fixture
def cast(customer: Customer, other_customer: Customer) -> Cast:
    """Ayu has 100 free and 60 held under "h"; Budi has 100."""
    credit(customer, 160, "ayu-in")
    credit(other_customer, 100, "budi-in")
    hold(customer, 60, "h", expires_at=datetime(2020, 1, 1, tzinfo=UTC))
    return Cast(customer, other_customer)


Act = Callable[[Cast], Any]


def spend(reference: str, amount: int = 60) -> Act:
    return lambda cast: transfer(cast.ayu, cast.budi, amount, reference)


def reserve(reference: str, amount: int = 60) -> Act:
    return lambda cast: hold(cast.ayu, amount, reference)


def take(reference: str, amount: int = 60) -> Act:
    return lambda cast: capture("h", reference, ("revenue:otp", amount))


def undo(reference: str) -> Act:
    return lambda cast: services.reverse(
        reference_of_original="budi-in", reference=reference, reason="", caused_by=None
    )


def give_back(cast: Cast) -> None:
    services.release_hold(hold_reference="h")


def expire(cast: Cast) -> int:
    return holds.expire_due_holds()


def freeze(cast: Cast) -> int:
    return Account.objects.filter(customer=cast.ayu).update(status="frozen")


def drain(cast: Cast) -> Posted:
    give_back(cast)
    return transfer(cast.ayu, cast.budi, 160, "all")


def close(cast: Cast) -> int:
    return Account.objects.filter(customer=cast.ayu).update(status="closed")


REPLAYED = "replayed"

# first, second, and what becomes of the second when the first commits: an error, or the first one's answer again
FORCED: dict[str, tuple[Act, Act, type[Exception] | str | None]] = {
    "two transfers of one balance": (spend("a"), spend("b"), errors.InsufficientFunds),
    "a transfer, then a hold": (spend("a"), reserve("b"), errors.InsufficientFunds),
    "a hold, then a transfer": (reserve("a"), spend("b"), errors.InsufficientFunds),
    "two holds on one balance": (reserve("a"), reserve("b"), errors.InsufficientFunds),
    "a transfer that leaves enough": (spend("a", 40), spend("b"), None),
    "two captures of one hold": (take("a"), take("b"), errors.HoldClosed),
    "a capture in part, then the whole": (take("a", 10), take("b"), errors.HoldClosed),
    "a capture, then a release": (take("a"), give_back, errors.HoldClosed),
    "a release, then a capture": (give_back, take("a"), errors.HoldClosed),
    "an expiry, then a capture": (expire, take("a"), errors.HoldClosed),
    "a capture, then a sweep": (take("a"), expire, None),
    "two releases": (give_back, give_back, None),
    "the same transfer twice": (spend("a"), spend("a"), REPLAYED),
    "the same capture twice": (take("a"), take("a"), REPLAYED),
    "the same hold twice": (reserve("a"), reserve("a"), REPLAYED),
    "the same reversal twice": (undo("a"), undo("a"), REPLAYED),
    "two reversals of one transaction": (undo("a"), undo("b"), errors.AlreadyReversed),
    "one reference, two amounts": (spend("a"), spend("a", 61), errors.ReferenceConflict),
    "one hold reference, two amounts": (reserve("a"), reserve("a", 61), errors.ReferenceConflict),
    "one reference, two purposes": (spend("a"), take("a"), errors.ReferenceConflict),
    "freezing, then a transfer": (freeze, spend("a"), errors.AccountFrozen),
    "freezing, then a capture of an open hold": (freeze, take("a"), None),
    "emptying, then closing": (drain, close, None),
}


@pytest.mark.parametrize(("first", "second", "expected"), FORCED.values(), ids=FORCED.keys())
def test_the_second_sees_what_the_first_committed(
    cast: Cast, first: Act, second: Act, expected: type[Exception] | str | None
) -> None:
    outcome = second_after(lambda: first(cast), lambda: second(cast), commit=True)
    if expected is None:
        assert outcome.error is None
    elif expected == REPLAYED:
        assert outcome.error is None
        assert outcome.answer.replayed
    else:
        assert type(outcome.error) is expected
    assert ledger_state.problems() == []


TAKEN_BACK = {name: pair[:2] for name, pair in FORCED.items() if name != "emptying, then closing"}


@pytest.mark.parametrize(("first", "second"), TAKEN_BACK.values(), ids=TAKEN_BACK.keys())
def test_what_the_first_took_back_never_happened(cast: Cast, first: Act, second: Act) -> None:
    outcome = second_after(lambda: first(cast), lambda: second(cast), commit=False)
    assert outcome.error is None
    assert not getattr(outcome.answer, "replayed", False)
    assert ledger_state.problems() == []


# --- many at once, the order left to chance -------------------------------------------------------------------


def spent(outcomes: Sequence[Outcome]) -> Counter[str]:
    return Counter(type(o.error).__name__ if o.error else "replayed" if o.answer.replayed else "ok" for o in outcomes)


def test_eight_spend_what_is_enough_for_three(cast: Cast) -> None:
    outcomes = at_once(*[lambda n=n: transfer(cast.ayu, cast.budi, 30, f"t{n}") for n in range(8)])
    assert spent(outcomes) == {"ok": 3, "InsufficientFunds": 5}
    assert services.wallet_of(cast.ayu).available == 10
    assert ledger_state.problems() == []


def test_eight_reserve_and_spend_what_is_enough_for_three(cast: Cast) -> None:
    acts = [lambda n=n: hold(cast.ayu, 30, f"h{n}") for n in range(4)]
    outcomes = at_once(*acts, *[lambda n=n: transfer(cast.ayu, cast.budi, 30, f"t{n}") for n in range(4)])
    assert spent(outcomes) == {"ok": 3, "InsufficientFunds": 5}
    assert ledger_state.problems() == []


def test_eight_repeat_one_reference(cast: Cast) -> None:
    for number in range(10):
        outcomes = at_once(*[lambda n=number: transfer(cast.ayu, cast.budi, 1, f"t{n}")] * 8)
        assert spent(outcomes) == {"ok": 1, "replayed": 7}
        assert len({o.answer.transaction_id for o in outcomes}) == 1
    assert services.wallet_of(cast.ayu).balance == 150
    assert ledger_state.problems() == []


def test_eight_repeat_one_capture(cast: Cast) -> None:
    for number in range(10):
        credit(cast.ayu, 5, f"c{number}")
        hold(cast.ayu, 5, f"h{number}")
        outcomes = at_once(*[lambda n=number: capture(f"h{n}", f"s{n}", ("revenue:otp", 4))] * 8)
        assert spent(outcomes) == {"ok": 1, "replayed": 7}
    assert Hold.objects.filter(state="captured").count() == 10
    assert ledger_state.problems() == []


def test_eight_repeat_one_reversal(cast: Cast) -> None:
    for number in range(10):
        credit(cast.ayu, 5, f"c{number}")
        again = {"reference_of_original": f"c{number}", "reference": f"r{number}", "reason": "", "caused_by": None}
        outcomes = at_once(*[lambda again=again: services.reverse(**again)] * 8)
        assert spent(outcomes) == {"ok": 1, "replayed": 7}
    assert ledger_state.problems() == []


def test_captures_and_releases_of_one_hold(cast: Cast) -> None:
    for number in range(10):
        credit(cast.ayu, 5, f"c{number}")
        hold(cast.ayu, 5, f"h{number}")
        outcomes = at_once(
            *[lambda n=number, k=k: capture(f"h{n}", f"s{n}-{k}", ("revenue:otp", 5)) for k in range(3)],
            *[lambda n=number: services.release_hold(hold_reference=f"h{n}")] * 3,
        )
        captured = [o for o in outcomes[:3] if not o.error]
        released = [o for o in outcomes[3:] if not o.error]
        assert (len(captured), len(released)) in {(1, 0), (0, 3)}
        assert {type(o.error) for o in outcomes if o.error} == {errors.HoldClosed}
    assert ledger_state.problems() == []


def test_a_wallet_is_opened_once_by_eight_first_payments(customer: Customer) -> None:
    outcomes = at_once(*[lambda n=n: credit(customer, 10, f"c{n}") for n in range(8)])
    assert spent(outcomes) == {"ok": 8}
    assert services.wallet_of(customer).balance == 80
    assert Account.objects.filter(code="clearing:bank").count() == 1
    assert ledger_state.problems() == []


def test_opposite_transfers_never_deadlock(cast: Cast) -> None:
    before = deadlocks()

    def many(sender: Customer, recipient: Customer, name: str) -> None:
        for number in range(40):
            transfer(sender, recipient, 1, f"{name}-{number}")

    acts = [lambda n=n: many(cast.ayu, cast.budi, f"a{n}") for n in range(2)]
    outcomes = at_once(*acts, *[lambda n=n: many(cast.budi, cast.ayu, f"b{n}") for n in range(2)])
    assert [o.error for o in outcomes] == [None] * 4
    assert deadlocks() == before
    assert Transaction.objects.filter(kind="transfer").count() == 160
    assert ledger_state.problems() == []


def test_any_history_of_six_is_a_true_ledger(cast: Cast) -> None:
    """Six threads do forty things each on two wallets and the same few holds; whatever the order was, every
    invariant holds, nobody saw an error that is not a refusal, and what was answered is what stands."""
    before = deadlocks()
    refusals = (errors.InsufficientFunds, errors.HoldClosed, errors.UnknownHold, errors.AlreadyReversed)
    outcomes = at_once(*[lambda seed=seed: _forty_things(cast, random.Random(seed), refusals) for seed in range(6)])
    assert [o.error for o in outcomes] == [None] * 6
    answered = sorted(reference for o in outcomes for reference in o.answer)
    standing = set(Transaction.objects.values_list("reference", flat=True)) - {"ayu-in", "budi-in"}
    assert set(answered) == standing
    assert len(answered) == len(standing)
    assert deadlocks() == before
    assert ledger_state.problems() == []


def test_a_check_in_the_middle_of_traffic_sees_one_moment(cast: Cast) -> None:
    done = threading.Event()

    def traffic() -> int:
        number = 0
        while not done.is_set():
            transfer(cast.ayu, cast.budi, 1, f"there-{number}")
            transfer(cast.budi, cast.ayu, 1, f"back-{number}")
            number += 1
        return number

    def checks() -> list[str]:
        try:
            return [problem for _ in range(15) for problem in proof.run().problems]
        finally:
            done.set()

    sent, found = at_once(traffic, checks)
    assert sent.error is None
    assert found.answer == []
    assert LedgerCheck.objects.filter(postings__gt=4).exists()


def _forty_things(cast: Cast, draw: random.Random, refusals: Any) -> list[str]:
    posted: list[str] = []
    for _number in range(40):
        reference = f"x{draw.randrange(10**9)}"
        a, b = draw.sample([cast.ayu, cast.budi], 2)
        shared = f"shared-{draw.randrange(6)}"
        acts: list[Callable[[], Any]] = [
            lambda r=reference, a=a: credit(a, Decimal(5), r),
            lambda r=reference, a=a, b=b: transfer(a, b, draw.randrange(1, 60), r),
            lambda s=shared: hold(cast.ayu, 20, s),
            lambda r=reference, s=shared: capture(s, r, ("revenue:otp", draw.randrange(1, 21))),
            lambda s=shared: services.release_hold(hold_reference=s),
            lambda r=reference: services.reverse(
                reference_of_original=draw.choice(posted or ["ayu-in"]), reference=r, reason="", caused_by=None
            ),
        ]
        try:
            answer = draw.choice(acts)()
        except refusals:
            continue
        if isinstance(answer, Posted) and not answer.replayed:
            posted.append(answer.reference)
    return posted
