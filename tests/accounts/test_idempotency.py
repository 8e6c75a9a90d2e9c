"""One Idempotency-Key, one effect: repeated, changed, raced, forgotten after a day.

Shown on paying and sending, through the API, because what is remembered must commit together with the money.
"""

import json
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction

from accounts.access.actors import Actor, Origin, command
from accounts.errors import KeyUsedForOther, StillRunning
from accounts.models import Customer, IdempotencyRecord
from accounts.services import idempotency
from accounts.tasks import forget_idempotency
from config.lib.errors import Conflict, ServiceError, TooMany
from tests.api import Program, program_of
from tests.wallets.ledger_state import credit
from wallets.models import Payment, Posting
from wallets.selectors import balance_in

PAY, TRANSFER, TOP_UP = (f"/customer-wallet/{name}" for name in ("pay", "transfer", "top-up"))
REPLAYED = "Idempotent-Replayed"


def pay(program: Program, key: str = "key", reference: str = "INV-1", amount: Any = 1_000) -> Any:
    return program.post(PAY, key=key, amount=amount, description="shoes", externalReference=reference)


def actor_for(customer: Customer) -> Actor:
    return Actor(kind="customer", origin=Origin(via="api"), user=customer.user, customer=customer)


@pytest.fixture
def ayu(customer: Customer) -> Program:
    credit(customer, 100_000, "in")
    return program_of(customer)


@pytest.mark.django_db
class TestRepeated:
    def test_the_same_call_is_answered_the_same(self, ayu: Program, customer: Customer) -> None:
        first, again = pay(ayu), pay(ayu)
        assert (first.status_code, again.status_code) == (201, 201)
        assert first.content == again.content
        assert REPLAYED not in first
        assert again[REPLAYED] == "true"
        assert balance_in(customer, "IDR") == 99_000

    def test_how_the_amount_is_written_does_not_matter(self, ayu: Program) -> None:
        pay(ayu)
        assert pay(ayu, amount=1000.00)[REPLAYED] == "true"
        body = '{"description":"shoes","externalReference":"INV-1","amount":1000.0,"unknown":1}'
        assert ayu.send(PAY, body, **{"Idempotency-Key": "key"})[REPLAYED] == "true"

    def test_another_body_is_a_conflict(self, ayu: Program, customer: Customer) -> None:
        pay(ayu)
        answer = pay(ayu, amount=2_000)
        assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_reused")
        assert balance_in(customer, "IDR") == 99_000

    def test_a_key_belongs_to_one_caller_and_one_operation(
        self, ayu: Program, customer: Customer, other_customer: Customer
    ) -> None:
        credit(other_customer, 5_000, "his")
        assert pay(ayu).status_code == 201
        answer = ayu.post(
            TRANSFER, key="key", recipientCustomerId=str(other_customer.public_id), amount=1, description="x"
        )
        assert (answer.status_code, REPLAYED in answer) == (201, False)
        his = pay(program_of(other_customer))
        assert (his.status_code, REPLAYED in his) == (201, False)

    def test_without_a_key_every_call_counts(self, ayu: Program, other_customer: Customer, customer: Customer) -> None:
        body = {"recipientCustomerId": str(other_customer.public_id), "amount": 1_000, "description": "x"}
        assert [ayu.post(TRANSFER, **body).status_code for _ in range(2)] == [201, 201]
        assert balance_in(customer, "IDR") == 98_000
        assert IdempotencyRecord.objects.count() == 0

    @pytest.mark.parametrize("key", ["a b", "ä", "x" * 129, "a/b", "a.b", "a,b"])
    def test_an_odd_key_is_refused(self, ayu: Program, key: str) -> None:
        for path in (PAY, TRANSFER, TOP_UP):
            answer = ayu.send(path, json.dumps({"amount": 1}), **{"Idempotency-Key": key})
            assert answer.status_code == 400
            assert "Idempotency-Key" in str(answer.json()["errors"])

    def test_a_long_key_is_taken(self, ayu: Program) -> None:
        assert pay(ayu, key="aZ09-_" + "x" * 122).status_code == 201

    def test_after_a_day_the_key_is_free(self, ayu: Program) -> None:
        pay(ayu)
        IdempotencyRecord.objects.update(created_at=_ago(hours=23, minutes=59))
        assert pay(ayu)[REPLAYED] == "true"
        IdempotencyRecord.objects.update(created_at=_ago(hours=24, minutes=1))
        # The reference protects the money where the key does no more.
        assert pay(ayu).json()["code"] == "already_paid"
        assert pay(ayu, key="key2", reference="INV-2").status_code == 201

    def test_old_rows_are_removed(self, ayu: Program) -> None:
        pay(ayu)
        pay(ayu, "new", "INV-2")
        IdempotencyRecord.objects.filter(key="key").update(created_at=_ago(hours=25))
        forget_idempotency()
        assert [record.key for record in IdempotencyRecord.objects.all()] == ["new"]

    def test_nothing_secret_is_kept(self, ayu: Program) -> None:
        pay(ayu)
        record = IdempotencyRecord.objects.get()
        assert ayu.bearer not in json.dumps(record.body)
        assert len(record.fingerprint) == 64


@pytest.mark.django_db
class TestRefused:
    def test_a_refusal_is_repeated(self, ayu: Program, customer: Customer) -> None:
        first = pay(ayu, amount=200_000)
        credit(customer, 200_000, "more")
        again = pay(ayu, amount=200_000)
        assert (first.status_code, again.status_code) == (422, 422)
        assert again[REPLAYED] == "true"
        assert {**first.json(), "traceId": ""} == {**again.json(), "traceId": ""}
        assert Payment.objects.count() == 0

    def test_what_was_not_understood_is_not_kept(self, ayu: Program) -> None:
        assert pay(ayu, amount=-1).status_code == 400
        assert IdempotencyRecord.objects.count() == 0
        assert pay(ayu).status_code == 201

    @pytest.mark.parametrize(
        "failure", [ServiceError("x", code="x"), TooMany("x", retry_after=1), RuntimeError("x"), ZeroDivisionError()]
    )
    def test_our_own_failures_leave_nothing_behind(self, customer: Customer, failure: Exception) -> None:
        actor = actor_for(customer)
        if type(failure) is ServiceError:
            failure.__class__ = type("Down", (ServiceError,), {"status": 503})

        def act() -> dict[str, Any]:
            credit(customer, 1, "lost")
            raise failure

        with pytest.raises(type(failure)):
            idempotency.once(actor=actor, operation="test", key="k", content={}, act=act)
        assert (IdempotencyRecord.objects.count(), Posting.objects.count()) == (0, 0)
        assert idempotency.once(actor=actor, operation="test", key="k", content={}, act=lambda: {"a": 1}).body == {
            "a": 1
        }

    def test_a_refusal_takes_back_what_was_begun(self, customer: Customer) -> None:
        def act() -> dict[str, Any]:
            credit(customer, 1, "lost")
            raise Conflict("no")

        with pytest.raises(Conflict):
            idempotency.once(actor=actor_for(customer), operation="test", key="k", content={}, act=act)
        assert (IdempotencyRecord.objects.get().status, Posting.objects.count()) == (409, 0)

    def test_everybody_has_a_scope(self, customer: Customer) -> None:
        for actor in (actor_for(customer), command("x")):
            idempotency.once(actor=actor, operation="test", key="k", content={"n": Decimal("1.0")}, act=dict)
        assert IdempotencyRecord.objects.count() == 2
        with pytest.raises(KeyUsedForOther):
            idempotency.once(actor=command("x"), operation="test", key="k", content={"n": 2}, act=dict)


def _ago(**by: int) -> Any:
    from django.utils import timezone

    return timezone.now() - timedelta(**by)


# --- at once ------------------------------------------------------------------------------------------------


def at_once(count: int, act: Callable[[int], Any]) -> list[Any]:
    """Real threads, each with a connection of its own."""
    barrier = threading.Barrier(count)

    def start(number: int) -> Any:
        try:
            connection.ensure_connection()
            barrier.wait()
            return act(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(start, range(count)))


@pytest.mark.usefixtures("no_ledger_problems")
@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_without_the_gate_two_act(self, customer: Customer) -> None:
        """The race itself: look, then act, as a program would without the gate."""
        looked = threading.Barrier(2)

        def look_and_act(number: int) -> int:
            with transaction.atomic():
                known = IdempotencyRecord.objects.filter(scope="s", key="k").exists()
                looked.wait(5)
                if not known:
                    credit(customer, 1_000, f"race-{number}")
            return int(known)

        assert at_once(2, look_and_act) == [0, 0]
        assert balance_in(customer, "IDR") == 2_000

    def test_with_the_gate_one_acts(self, ayu: Program, customer: Customer, other_customer: Customer) -> None:
        body = {"recipientCustomerId": str(other_customer.public_id), "amount": 1_000, "description": "x"}
        for round_ in range(5):
            answers = at_once(6, lambda _number, key=f"r{round_}": Program(ayu.bearer).post(TRANSFER, key=key, **body))
            told = Counter((answer.status_code, answer.get(REPLAYED, "")) for answer in answers)
            assert told[(201, "")] == 1, told
            assert set(told) <= {(201, ""), (201, "true"), (409, "")}
            for answer in answers:
                if answer.status_code == 409:
                    assert (answer.json()["code"], answer["Retry-After"]) == ("still_running", "1")
            assert len({answer.json()["transferId"] for answer in answers if answer.status_code == 201}) == 1
        assert balance_in(customer, "IDR") == 95_000

    def test_a_call_that_is_still_running_is_told_so(self, customer: Customer) -> None:
        actor = actor_for(customer)
        running, end = threading.Event(), threading.Event()

        def slowly() -> dict[str, Any]:
            running.set()
            assert end.wait(20)
            return {"slow": True}

        def first() -> Any:
            try:
                return idempotency.once(actor=actor, operation="test", key="k", content={}, act=slowly)
            finally:
                connection.close()

        with ThreadPoolExecutor(1) as pool:
            slow = pool.submit(first)
            assert running.wait(20)
            with pytest.raises(StillRunning):
                idempotency.once(actor=actor, operation="test", key="k", content={}, act=dict)
            # Another key of the same caller does not wait for it.
            assert idempotency.once(actor=actor, operation="test", key="other", content={}, act=dict).body == {}
            end.set()
            assert slow.result().body == {"slow": True}
        again = idempotency.once(actor=actor, operation="test", key="k", content={}, act=dict)
        assert (again.body, again.replayed) == ({"slow": True}, True)

    def test_a_form_waits_for_the_first_press(self, customer: Customer) -> None:
        actor, done = actor_for(customer), []

        def press(_number: int) -> Any:
            return idempotency.once(
                actor=actor, operation="test", key="k", content={}, act=lambda: {"n": done.append(1) or 1}, wait=True
            )

        answers = at_once(5, press)
        assert len(done) == 1
        assert Counter(answer.replayed for answer in answers) == {False: 1, True: 4}

    def test_one_reference_is_paid_once(self, ayu: Program, customer: Customer) -> None:
        answers = at_once(6, lambda number: pay(Program(ayu.bearer), key=f"k{number}"))
        assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 5}
        assert balance_in(customer, "IDR") == 99_000

    def test_the_day_s_limit_holds(self, ayu: Program, customer: Customer, settings: Any) -> None:
        settings.KYC_LEVELS = {"basic": [100_000, 40_000, 50_000], "verified": [0, 0, 0]}
        answers = at_once(6, lambda number: pay(Program(ayu.bearer), f"k{number}", f"INV-{number}", 20_000))
        assert Counter(answer.status_code for answer in answers) == {201: 2, 422: 4}
        assert balance_in(customer, "IDR") == 60_000

    def test_sending_to_each_other_at_once_locks_nobody_up(
        self, ayu: Program, customer: Customer, other_customer: Customer
    ) -> None:
        credit(other_customer, 100_000, "his")
        people = [customer, other_customer]

        def send(number: int) -> int:
            program, to = program_of(people[number % 2]), people[1 - number % 2]
            body = {"recipientCustomerId": str(to.public_id), "amount": 1_000, "description": "x"}
            return int(program.post(TRANSFER, **body).status_code)

        assert set(at_once(8, send)) == {201}
        assert balance_in(customer, "IDR") == balance_in(other_customer, "IDR") == 100_000
