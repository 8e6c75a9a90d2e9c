"""Any sequence of sending and paying by API, keys repeated at will, against a model in plain integers."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Customer
from accounts.services.people import register_customer
from tests.api import Program, program_of
from tests.conftest import PASSWORD
from tests.examples import examples
from tests.wallets import ledger_state
from tests.wallets.ledger_state import credit
from wallets.models import Account
from wallets.selectors import balance_in, spent_today

pytestmark = pytest.mark.django_db

PEOPLE = ("ayu", "budi", "citra")
BEGINNING, SINGLE, DAILY = 1_000, 400, 700


@dataclass(frozen=True)
class Call:
    """One call: ``other`` is a person to send to, or an invoice to pay; some calls carry a key."""

    operation: str
    who: str
    amount: int
    other: str
    key: str


@dataclass
class Model:
    """What should be, told without the code."""

    balances: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PEOPLE, BEGINNING))
    spent: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PEOPLE, 0))
    merchants: int = 0
    paid: set[tuple[str, str]] = field(default_factory=set)
    answers: dict[tuple[str, str, str], tuple[Call, int]] = field(default_factory=dict)

    def expect(self, call: Call) -> tuple[int, bool]:
        """(status, replayed); moves the model's money."""
        known = self.answers.get((call.who, call.operation, call.key)) if call.key else None
        if known is not None:
            before, status = known
            return (status, True) if before == call else (409, False)
        status = self._do(call)
        if call.key:
            self.answers[call.who, call.operation, call.key] = (call, status)
        return status, False

    def _do(self, call: Call) -> int:
        if call.operation == "transfer" and call.who == call.other:
            return 400
        if call.amount > SINGLE or self.spent[call.who] + call.amount > DAILY:
            return 422
        if call.operation == "pay" and (call.who, call.other) in self.paid:
            return 409
        if call.amount > self.balances[call.who]:
            return 422
        self.balances[call.who] -= call.amount
        self.spent[call.who] += call.amount
        if call.operation == "pay":
            self.paid.add((call.who, call.other))
            self.merchants += call.amount
        else:
            self.balances[call.other] += call.amount
        return 201


people, keys = st.sampled_from(PEOPLE), st.sampled_from(("", "", "k1", "k2"))
amounts = st.one_of(st.integers(1, 50), st.integers(200, SINGLE + 1))
calls = st.one_of(
    st.builds(Call, st.just("transfer"), people, amounts, people, keys),
    st.builds(Call, st.just("pay"), people, amounts, st.sampled_from(("I1", "I2", "I3")), keys),
)


def ask(programs: dict[str, Program], cast: dict[str, Customer], call: Call) -> tuple[int, bool]:
    body: dict[str, Any] = {"amount": call.amount, "description": "x"}
    if call.operation == "transfer":
        body["recipientCustomerId"] = str(cast[call.other].public_id)
    else:
        body["externalReference"] = call.other
    answer = programs[call.who].post(f"/customer-wallet/{call.operation}", key=call.key, **body)
    return answer.status_code, "Idempotent-Replayed" in answer


@contextmanager
def undone() -> Iterator[None]:
    """Every example begins with the same rows."""
    cache.clear()
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def cast(db: None) -> dict[str, Customer]:
    found = {
        name: register_customer(email=f"{name}@example.id", password=PASSWORD, display_name=name) for name in PEOPLE
    }
    for name, customer in found.items():
        credit(customer, BEGINNING, f"in:{name}", channel="bank")
    return found


@pytest.mark.examples
def test_any_sequence_ends_where_the_model_ends(cast: dict[str, Customer], settings: Any) -> None:
    settings.KYC_LEVELS = {"basic": [BEGINNING, SINGLE, DAILY], "verified": [0, 0, 0]}
    programs = {name: program_of(customer) for name, customer in cast.items()}
    _play(cast, programs)


def _play(cast: dict[str, Customer], programs: dict[str, Program]) -> None:
    @settings(max_examples=examples(12, 300), deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(calls, min_size=1, max_size=15))
    def play(story: list[Call]) -> None:
        with undone():
            model = Model()
            for call in story:
                assert ask(programs, cast, call) == model.expect(call), call
            for name, customer in cast.items():
                assert balance_in(customer, "IDR") == model.balances[name]
                assert spent_today(customer, "IDR") == model.spent[name]
            owed = Account.objects.filter(code="payable:merchants").first()
            assert (owed.balance if owed else 0) == model.merchants
            assert ledger_state.problems() == []

    play()
