"""Anything, in any order: a state machine of payers, a shop, the workers, the clock and a processor that breaks, with
what must hold of cards."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from accounts.models import Client
from cards.models import CardAct, CardPayment
from cards.models.states import ACT_MOVES, ENDS, MOVES, ActState, State
from cards.services import acts, payments
from config.lib.errors import ServiceError
from tests.cards.house import (
    ASKS,
    DECLINES,
    GOOD,
    NO_REFUND,
    OTHER_GOOD,
    at_processor,
    charge,
    fund,
    is_unknown,
    problems,
    time_passes,
    work,
    work_off,
)
from tests.examples import examples
from tests.simulators import Simulator
from wallets import proof

NUMBERS = [GOOD, GOOD, OTHER_GOOD, ASKS, NO_REFUND, *list(DECLINES)[:2]]
ANY = st.integers(min_value=0, max_value=7)
CENTS = st.integers(1, 15_000).map(lambda cents: Decimal(cents) / 100)
BREAKS = [
    *("500_after_accept", "502_after_accept", "html", "truncated", "empty", "reset_after_accept", "502", "429"),
    *("reset_before_accept", "unauthorized", "invalid", "conflict", "wrong_amount", "wrong_reference", "no_status"),
]
OPERATIONS = ["authorizations", "verify", "captures", "voids", "refunds", "ask", "*"]


def reaches(moves: list[tuple[str, str]], states: list[str]) -> dict[str, set[str]]:
    found = {state: {state} for state in states}
    for _round in states:
        for old, new in moves:
            found[old] |= found[new]
    return found


REACHES = reaches(MOVES, State.values)
ACT_REACHES = reaches(ACT_MOVES, ActState.values)


class Cards(RuleBasedStateMachine):
    """``cards`` and ``shop`` are set by the test. Payments go by their place."""

    cards: Simulator
    shop: Client

    def __init__(self) -> None:
        super().__init__()
        # Every example on rows of its own: they are gone after it.
        self.rows = transaction.atomic()
        # As Django marks a test's own: what insists on being the outermost transaction takes it for none.
        self.rows._from_testcase = True  # type: ignore[attr-defined]
        self.rows.__enter__()
        self.seen: dict[str, str] = {}
        self.cards.control("reset")

    def payment(self, place: int) -> CardPayment | None:
        known = list(CardPayment.objects.order_by("pk"))
        return known[place % len(known)] if known else None

    # --- people and programs

    @precondition(lambda self: CardPayment.objects.count() < 5)
    @rule(number=st.sampled_from(NUMBERS), amount=CENTS, order=st.sampled_from(["", "a", "b"]))
    def pays(self, number: str, amount: Decimal, order: str) -> None:
        with _refusals():
            charge(self.shop, number, str(amount), order_id=order)

    @rule(place=ANY, said=st.sampled_from(["Y", "N", "A", "nonsense"]))
    def answers(self, place: int, said: str) -> None:
        payment = self.payment(place)
        if payment is not None and at_processor(self.cards, payment).get("status") == "challenge":
            answer = said
            if said != "nonsense":
                answer = self.cards.control("challenge", reference=payment.reference, status=said)["paRes"]
            with _refusals():
                payments.verify(payment=payment, pa_res=answer)

    @rule(place=ANY, amount=CENTS, whole=st.booleans())
    def captures(self, place: int, amount: Decimal, whole: bool) -> None:
        payment = self.payment(place)
        if payment is not None:
            with _refusals():
                acts.capture(payment=payment, amount=payment.amount if whole else amount)

    @rule(place=ANY)
    def releases(self, place: int) -> None:
        payment = self.payment(place)
        if payment is not None:
            with _refusals():
                acts.void(payment=payment)

    @rule(place=ANY, amount=CENTS, whole=st.booleans())
    def gives_back(self, place: int, amount: Decimal, whole: bool) -> None:
        payment = self.payment(place)
        if payment is not None:
            with _refusals():
                acts.refund(payment=payment, amount=payment.refundable if whole else amount, note="back")

    @rule(amount=st.integers(1, 100))
    def tops_up(self, amount: int) -> None:
        fund(self.shop, str(amount))

    # --- the workers, the processor and the clock

    @rule()
    def workers_work(self) -> None:
        work()

    @rule(operation=st.sampled_from(OPERATIONS), mode=st.sampled_from(BREAKS), times=st.integers(1, 2))
    def the_processor_breaks(self, operation: str, mode: str, times: int) -> None:
        self.cards.control("misbehave", operation=operation, mode=mode, times=times)

    @rule(seconds=st.sampled_from([3, 70, 400, 1000, 8 * 24 * 3600]))
    def time_passes_at_work(self, seconds: int) -> None:
        time_passes(seconds)
        work()

    # --- what must hold

    @invariant()
    def money_is_where_the_payments_say(self) -> None:
        assert problems() == []

    @invariant()
    def nothing_goes_back(self) -> None:
        rows: list[tuple[dict[str, set[str]], Any]] = [(REACHES, one) for one in CardPayment.objects.all()]
        rows += [(ACT_REACHES, one) for one in CardAct.objects.all()]
        for reach, one in rows:
            assert one.state in reach[self.seen.get(one.reference, one.state)]
            self.seen[one.reference] = one.state

    @invariant()
    def no_more_than_the_processor_has_done(self) -> None:
        """Not even between two turns does anybody get what the processor did not collect."""
        for payment in CardPayment.objects.filter(state=State.CAPTURED):
            theirs = at_processor(self.cards, payment)
            assert Decimal(theirs["captured"]) == payment.captured
            assert Decimal(theirs["refunded"]) / 100 <= payment.refunded

    def teardown(self) -> None:
        try:
            self._come_to_the_end()
        finally:
            transaction.set_rollback(True)
            self.rows.__exit__(None, None, None)

    def _come_to_the_end(self) -> None:
        self.cards.control("misbehave", operation="ask", mode="html", times=1)
        for _turn in range(4):
            if is_unknown():
                time_passes(400)
                work()
        work_off(40)
        assert problems() == []
        assert proof.run().problems == []
        for payment in CardPayment.objects.all():
            theirs = at_processor(self.cards, payment)
            assert Decimal(theirs.get("captured") or 0) == payment.captured
            assert Decimal(theirs.get("refunded") or 0) / 100 == payment.refunded
            assert bool(theirs.get("is_void")) == (payment.state == State.VOIDED)
            assert (payment.due_at is None) == (payment.state in ENDS)
            log = self.cards.look(f"payments?reference={payment.reference}")["log"]
            assert sum(one["what"] == "authorize" for one in log) <= 1
            assert sum(one["what"] == "capture" and one["status"] == "done" for one in log) <= 1


@contextmanager
def _refusals() -> Iterator[None]:
    """Of our own: what was begun before one stays, as it does outside a test."""
    try:
        yield
    except ServiceError:
        return


@pytest.mark.django_db
@pytest.mark.examples
@pytest.mark.timeout(900)
def test_cards_hold_their_invariants(cards: Simulator, shop: Client) -> None:
    machine = type("CardsOfOneShop", (Cards,), {"cards": cards, "shop": shop})
    run_state_machine_as_test(machine, settings=_profile())


def _profile() -> settings:
    return settings(
        max_examples=examples(6, 150),
        stateful_step_count=25,
        deadline=None,
        print_blob=True,
        # Against a processor of its own, making a failure smaller lasts longer than reading it.
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
