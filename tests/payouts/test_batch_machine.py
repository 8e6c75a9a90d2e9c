"""Anything, in any order: a state machine of two people, their client's money, the workers and the rail, with what
must hold of batches."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from config.lib.errors import ServiceError
from payouts import starting
from payouts.checking import digest_of
from payouts.models import Batch, Payout
from payouts.models.states import BATCH_ENDS, BATCH_MOVES, BatchState, RowState, State
from payouts.moving import name_of
from payouts.selectors import batches as selectors
from payouts.services import batches, rows
from tests.examples import examples
from tests.payouts.desk import Desk, desk, payouts_of, rows_of, work
from tests.payouts.house import fund
from tests.payouts.sending import due_now, problems, time_passes, work_off
from tests.simulators import Simulator
from wallets import proof

# What becomes of them by their last four digits: paid, no account, accepted and paid, refused once, no such bank.
RECEIVERS = [
    *("003001014892010184", "076123456", "003001014892010000", "003001014892012222"),
    *("003001014892015555", "999001014892010184"),
]
ROWS = st.lists(st.tuples(st.sampled_from(RECEIVERS), st.integers(1, 400)), min_size=1, max_size=4)
ANY = st.integers(min_value=0, max_value=7)
ACTS = ["submit", "withdraw", "send_back", "approve", "pause", "resume", "cancel", "retry"]
FAULTS = ["timeout_after_accept", "timeout_before_accept", "502_after_accept", "html", "429"]

REACHES: dict[str, set[str]] = {state: {state} for state in BatchState.values}
for _round in BatchState.values:
    for _old, _new in BATCH_MOVES:
        REACHES[_old] |= REACHES[_new]


class Batches(RuleBasedStateMachine):
    """``rail`` and ``desk`` are set by the test. Batches go by their place."""

    rail: Simulator
    desk: Desk

    def __init__(self) -> None:
        super().__init__()
        # Every example on rows of its own: they are gone after it.
        self.rows = transaction.atomic()
        self.rows.__enter__()
        self.seen: dict[int, str] = {}
        self.rail.control("reset")
        self.rail.control("settings", accepted_seconds=0, returned_seconds=0)

    def batch(self, place: int) -> Batch | None:
        known = list(Batch.objects.order_by("pk"))
        return known[place % len(known)] if known else None

    # --- the people

    @precondition(lambda self: Batch.objects.count() < 4)
    @rule(given=ROWS, people=st.booleans())
    def makes(self, given: list[tuple[str, int]], people: bool) -> None:
        items = [rows.Item(to, Decimal(amount)) for to, amount in given]
        made = rows.from_items(actor=self.desk.maker, name="Wages", items=items)
        if people:
            Batch.objects.filter(pk=made.pk).update(origin=Batch.Origin.FILE)

    @rule(place=ANY, row=ANY, amount=st.integers(1, 400), by_checker=st.booleans())
    def edits(self, place: int, row: int, amount: int, by_checker: bool) -> None:
        batch = self.batch(place)
        if batch is not None:
            one = rows_of(batch)[row % batch.rows]
            actor = self.desk.checker if by_checker and row == 0 else self.desk.maker
            with _refusals():
                rows.edit(actor=actor, row=one, destination=one.destination, amount=str(amount))

    @rule(place=ANY, back=st.booleans())
    def leaves_wrong_rows_out(self, place: int, back: bool) -> None:
        batch = self.batch(place)
        if batch is not None:
            with _refusals():
                if back:
                    rows.put_back(actor=self.desk.maker, batch=batch, rows="all")
                else:
                    rows.leave_out(actor=self.desk.maker, batch=batch, rows="errors")

    @rule(place=ANY, act=st.sampled_from(ACTS), by_maker=st.booleans())
    def acts(self, place: int, act: str, by_maker: bool) -> None:
        batch = self.batch(place)
        if batch is not None:
            more = {"submit": {"duplicates_reason": "meant"}, "send_back": {"reason": "no"}}.get(act, {})
            actor = self.desk.maker if by_maker or act == "submit" else self.desk.checker
            with _refusals():
                getattr(batches, act)(actor=actor, batch=batch, **more)

    @rule(place=ANY)
    def both_do_their_part(self, place: int) -> None:
        """So that runs get somewhere."""
        self.leaves_wrong_rows_out(place, back=False)
        self.acts(place, act="submit", by_maker=True)
        self.acts(place, act="approve", by_maker=False)

    @rule(amount=st.integers(1, 900))
    def tops_up(self, amount: int) -> None:
        fund(self.desk.client, str(amount))

    # --- the workers, the rail and the clock

    @rule()
    def workers_work(self) -> None:
        due_now()
        work(1.0)

    @rule()
    def what_waits_for_money_is_looked_at(self) -> None:
        starting.start_due()

    @rule(mode=st.sampled_from(FAULTS))
    def the_rail_breaks_down_once(self, mode: str) -> None:
        self.rail.control("misbehave", operation="payouts", mode=mode, seconds=1)

    @rule()
    def time_passes_at_work(self) -> None:
        """Leases run out, doubt grows old; workers that never came would be a fault of their own."""
        time_passes(600)
        work(1.0)

    # --- what must hold

    @invariant()
    def books_and_counters_are_right(self) -> None:
        assert problems() == []

    @invariant()
    def nobody_is_both_and_what_is_sent_was_approved(self) -> None:
        checker = name_of(self.desk.checker)
        for batch in Batch.objects.all():
            assert batch.state in REACHES[self.seen.get(batch.pk, BatchState.CHECKING)]
            self.seen[batch.pk] = batch.state
            if batch.approved_at:
                assert checker not in batch.makers
                assert digest_of(batch) == batch.approved_digest
            sent = Payout.objects.filter(batch=batch).count()
            assert sent == (batch.good if batch.started_at else 0)
            _rows_add_up(batch)

    @invariant()
    def progress_adds_up(self) -> None:
        for batch in Batch.objects.all():
            told = selectors.progress(batch)
            parts = told.paid + told.failed + told.cancelled + told.waiting + told.sending + told.doubtful
            assert parts == told.good == batch.good
            assert sum(one.count for one in told.reasons) == told.failed

    def teardown(self) -> None:
        try:
            self._come_to_the_end()
        finally:
            transaction.set_rollback(True)
            self.rows.__exit__(None, None, None)

    def _come_to_the_end(self) -> None:
        for batch in Batch.objects.filter(state=BatchState.PAUSED):
            batches.resume(actor=self.desk.checker, batch=batch)
        work_off()
        assert problems() == []
        assert proof.run().problems == []
        assert self.rail.look("totals")["paid_more_than_once"] == []
        paid = {one["reference"] for one in self.rail.look("payouts")["payouts"] if one["status"] == "paid"}
        assert paid == set(Payout.objects.filter(state=State.COMPLETED).values_list("reference", flat=True))
        for batch in Batch.objects.filter(started_at__isnull=False):
            assert batch.state in BATCH_ENDS
            assert {payout.is_reserved for payout in payouts_of(batch)} == {False}


def _rows_add_up(batch: Batch) -> None:
    found = rows_of(batch)
    counted = {state: sum(row.state == state for row in found) for state in RowState.values}
    assert counted == {
        RowState.VALID: batch.valid,
        RowState.WARNING: batch.warning,
        RowState.ERROR: batch.error,
        RowState.EXCLUDED: batch.excluded,
    }
    good = [row for row in found if row.state in (RowState.VALID, RowState.WARNING)]
    assert sum(row.amount or 0 for row in good) == batch.amount
    assert sum(row.fee for row in good) == batch.fees


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
    except ServiceError:
        return


@pytest.mark.django_db
@pytest.mark.examples
@pytest.mark.timeout(600)
def test_batches_hold_their_invariants(rail_sim: Simulator, settings: Any) -> None:
    settings.PAYOUT_RAIL_TIMEOUT_SECONDS = 0.3
    machine = type("BatchesOfOne", (Batches,), {"rail": rail_sim, "desk": desk(money="600")})
    run_state_machine_as_test(machine, settings=_profile())


def _profile() -> settings:
    return settings(
        max_examples=examples(3, 100),
        stateful_step_count=25,
        deadline=None,
        print_blob=True,
        # With a rail that takes its time, making a failure smaller lasts longer than reading it.
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
