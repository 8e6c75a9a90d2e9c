"""From what somebody types to a bank or an operator, however it is written (TeraPay contract 6 and 7)."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from payouts.errors import BadDestination
from payouts.models import Bank, Telco
from payouts.models.states import Kind, Problem
from payouts.routing import Routes
from tests.examples import examples

pytestmark = pytest.mark.django_db

SPELLINGS = ("+232 {} {}", "00232-{}-{}", "232{}{}", "0{} {}", "{}.{}", "+232 0{} {}", " 0{}\u00a0{} ")


@pytest.mark.parametrize("spelling", SPELLINGS, ids=str)
def test_a_number_is_one_however_it_is_written(spelling: str) -> None:
    route = Routes().of(spelling.format("76", "123456"))
    assert (route.kind, route.receiver, route.code, route.name) == (Kind.MOBILE, "076123456", "076", "Orange")
    assert route.phone == "+23276123456"


@pytest.mark.parametrize(
    ("typed", "receiver"),
    [
        ("003001014892010184", "003001014892010184"),
        ("003 0010-1489 2010184", "003001014892010184"),
        # Ten digits of bank 003, not a number abroad.
        ("0033012345", "0033012345"),
        ("0087612345", "0087612345"),
        ("003", "003"),
    ],
    ids=str,
)
def test_an_account_stays_one(typed: str, receiver: str) -> None:
    route = Routes().of(typed)
    assert (route.kind, route.receiver, route.code) == (Kind.BANK, receiver, receiver[:3])


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("", Problem.NO_DESTINATION),
        ("  - ", Problem.NO_DESTINATION),
        ("1.23E+11", Problem.MANGLED_NUMBER),
        ("+23266123456", Problem.UNKNOWN_OPERATOR),
        ("+76123456", Problem.BAD_DESTINATION),
        ("+447700900123", Problem.BAD_DESTINATION),
        ("076123456x", Problem.BAD_DESTINATION),
        ("٠٧٦١٢٣٤٥٦", Problem.BAD_DESTINATION),
        ("12", Problem.BAD_DESTINATION),
        ("45612345", Problem.UNKNOWN_BANK),
        ("07612345", Problem.BAD_DESTINATION),
        ("0761234567", Problem.BAD_DESTINATION),
    ],
    ids=repr,
)
def test_what_is_neither_is_told(typed: str, problem: Problem) -> None:
    with pytest.raises(BadDestination) as caught:
        Routes().of(typed)
    assert caught.value.problem == problem


@pytest.mark.examples
def test_the_kind_that_is_stored_is_the_one_that_reports_count() -> None:
    """Bank: the first three characters are a bank's code. Mobile: without one leading zero they are an operator's."""
    banks, telcos = (set(model.objects.values_list("code", flat=True)) for model in (Bank, Telco))
    routes = Routes()

    @given(st.integers(0, 2**32))
    @settings(max_examples=examples(100, 2_000), deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def holds(seed: int) -> None:
        draw = random.Random(seed)
        digits = "".join(draw.choices("0123456789", k=draw.randrange(0, 20)))
        typed = draw.choice(["", "+232", "00232", "0", *sorted(banks), *sorted(telcos)]) + digits
        try:
            route = routes.of(typed)
        except BadDestination:
            return
        assert (route.code in banks) == (route.kind == Kind.BANK)
        assert (route.code.removeprefix("0") in telcos) == (route.kind == Kind.MOBILE)
        assert route.receiver.startswith(route.code)
        # What is stored, typed again, is the same.
        again = routes.of(route.receiver)
        assert (again.kind, again.receiver, again.code) == (route.kind, route.receiver, route.code)

    holds()
