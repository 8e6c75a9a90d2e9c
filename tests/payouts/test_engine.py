"""The engine of payouts against a real rail of its own: every end, every doubt, and what must hold throughout."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from accounts.models import Client
from payouts import sending
from payouts.errors import BatchChanged, NotEnoughMoney, NotInDoubt, NotPending
from payouts.models import Attempt, Batch, Contradiction, Lane, Payout
from payouts.models.states import BatchState, Reason, State
from payouts.sending import claiming
from tests.accounts import cast
from tests.payouts.house import balance, fund, payment
from tests.payouts.sending import (
    FEE,
    accounts,
    approved,
    begun,
    due_now,
    paid_at_rail,
    problems,
    ready,
    time_passes,
    work_off,
)
from tests.simulators import Simulator
from wallets import proof

pytestmark = pytest.mark.django_db
START = Decimal(100_000)


@pytest.fixture
def client(db: None) -> Client:
    company = cast.company()
    fund(company)
    return company


@pytest.fixture(autouse=True)
def _books(rail_sim: Simulator, settings: Any) -> Iterator[None]:
    """After every test the rail, the payouts and the ledger say the same."""
    settings.PAYOUT_RAIL_TIMEOUT_SECONDS = 0.5
    rail_sim.control("settings", accepted_seconds=0.3, returned_seconds=0.3)
    yield
    assert problems() == []
    assert proof.run().problems == []


def state_of(payout: Payout) -> str:
    return Payout.objects.values_list("state", flat=True).get(pk=payout.pk)


def fresh(payout: Payout) -> Payout:
    return Payout.objects.get(pk=payout.pk)


# --- one payout ---------------------------------------------------------------------------------------------------


def test_a_payment_goes_out_once_and_the_fee_is_ours(client: Client, rail_sim: Simulator) -> None:
    payout = ready(client)
    assert balance(client) == START - 100 - FEE
    sending.run("live")
    payout = fresh(payout)
    assert (payout.state, payout.rail, payout.attempts, payout.is_reserved) == (State.COMPLETED, "bank", 1, False)
    assert payout.rail_id
    assert payout.completed_at
    assert (payout.due_at, payout.lease_token) == (None, None)
    assert balance(client) == START - 100 - FEE
    assert list(Attempt.objects.values_list("number", "result")) == [(1, "paid")]
    sending.run("live")
    assert paid_at_rail(rail_sim, payout.reference) == 1


@pytest.mark.parametrize(
    ("ending", "reason"), [("0000", Reason.NO_ACCOUNT), ("1111", Reason.ACCOUNT_CLOSED)], ids=["none", "closed"]
)
def test_what_is_rejected_gives_all_money_back(client: Client, ending: str, reason: Reason) -> None:
    payout = ready(client, f"00300100000000{ending}")
    sending.run("live")
    payout = fresh(payout)
    assert (payout.state, payout.reason) == (State.FAILED, reason)
    assert balance(client) == START
    assert Attempt.objects.get().result == "failed"


def test_what_is_accepted_ends_when_the_rail_says_so(client: Client, rail_sim: Simulator) -> None:
    paid, turned = ready(client, "076122222"), ready(client, "076127777")
    sending.run("live")
    assert state_of(paid) == state_of(turned) == State.SENDING
    assert fresh(paid).rail == "mobile"
    for payout, status in ((paid, "paid"), (turned, "rejected")):
        rail_sim.control("end", reference=payout.reference, status=status)
    due_now()
    sending.run("live")
    assert (state_of(paid), state_of(turned)) == (State.COMPLETED, State.FAILED)
    assert balance(client) == START - 100 - FEE


def test_news_end_what_is_not_due_yet(client: Client, rail_sim: Simulator) -> None:
    rail_sim.control("settings", accepted_seconds=60)
    payout = ready(client, "076122222")
    sending.run("live")
    Payout.objects.update(due_at="2100-01-01T00:00Z")
    rail_sim.control("end", reference=payout.reference)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE payouts_feed SET read_at = now() - interval '2 s'")
    sending.run("live")
    assert state_of(payout) == State.COMPLETED


def test_what_comes_back_is_a_movement_of_its_own(client: Client, rail_sim: Simulator) -> None:
    payout = ready(client)
    sending.run("live")
    paid_at = fresh(payout).completed_at
    rail_sim.control("return", reference=payout.reference)
    for _again in range(3):
        due_now()
        sending.run("live")
    payout = fresh(payout)
    assert (payout.state, payout.reason, payout.completed_at) == (State.RETURNED, Reason.RETURNED, paid_at)
    assert balance(client) == START - FEE


def test_a_return_told_under_a_wrong_name_is_found_in_the_night(client: Client, rail_sim: Simulator) -> None:
    payout = ready(client)
    sending.run("live")
    rail_sim.control("return", reference=payout.reference)
    rail_sim.control("misbehave", operation="events", mode="wrong_reference")
    due_now()
    sending.run("live")
    assert state_of(payout) == State.COMPLETED
    assert sending.look_back("live") == 1
    assert state_of(payout) == State.RETURNED


@pytest.mark.parametrize(
    "mode",
    [
        *("timeout_after_accept", "reset_after_accept", "502_after_accept", "html", "truncated", "empty", "numbers"),
        *("wrong_amount", "wrong_reference", "wrong_currency", "unknown_status", "no_status", "500_after_accept"),
    ],
)
def test_a_broken_answer_after_paying_is_doubt_and_then_paid(client: Client, rail_sim: Simulator, mode: str) -> None:
    payout = ready(client)
    rail_sim.control("misbehave", operation="payouts", mode=mode, seconds=3)
    sending.run("live", seconds=0.1)
    payout = fresh(payout)
    assert (payout.state, payout.is_reserved) == (State.IN_DOUBT, True)
    assert balance(client) == START - 100 - FEE
    with transaction.atomic():
        assert sending.release([payout.pk], to=State.CANCELLED, reason=Reason.CANCELLED) == 0
    due_now()
    sending.run("live")
    assert state_of(payout) == State.COMPLETED
    assert paid_at_rail(rail_sim, payout.reference) == 1


@pytest.mark.parametrize("mode", ["timeout_before_accept", "502", "503", "conflict"])
def test_what_the_rail_never_saw_goes_out_again_under_its_reference(
    client: Client, rail_sim: Simulator, mode: str
) -> None:
    payout = ready(client)
    rail_sim.control("misbehave", operation="payouts", mode=mode, seconds=2)
    sending.run("live", seconds=0.1)
    assert state_of(payout) == State.IN_DOUBT
    # Said once, a moment later, it may still be on its way.
    due_now()
    sending.run("live", seconds=0.1)
    assert state_of(payout) == State.IN_DOUBT
    time_passes(90)
    sending.run("live")
    payout = fresh(payout)
    assert (payout.state, payout.attempts) == (State.COMPLETED, 1)
    assert paid_at_rail(rail_sim, payout.reference) == 1


@pytest.mark.parametrize("mode", ["429", "unauthorized"])
def test_a_clear_no_to_the_call_is_no_end_of_the_payment(client: Client, rail_sim: Simulator, mode: str) -> None:
    payout = ready(client)
    rail_sim.control("misbehave", operation="payouts", mode=mode)
    sending.run("live")
    payout = fresh(payout)
    assert (payout.state, payout.sent_at) == (State.AUTHORIZED, None)
    sending.run("live")
    assert state_of(payout) == State.AUTHORIZED
    time_passes(10)
    sending.run("live")
    assert state_of(payout) == State.COMPLETED


def test_a_form_that_the_rail_does_not_take_fails(client: Client, rail_sim: Simulator) -> None:
    payout = ready(client)
    rail_sim.control("misbehave", operation="payouts", mode="invalid")
    sending.run("live")
    assert (state_of(payout), fresh(payout).reason) == (State.FAILED, Reason.REFUSED)
    assert balance(client) == START


def test_a_rail_that_cannot_be_reached_is_given_up_after_many_turns(client: Client, settings: Any) -> None:
    settings.PAYOUT_RAIL_URL = "http://127.0.0.1:9/rail/v1"
    payout = ready(client)
    sending.run("live")
    assert (state_of(payout), fresh(payout).asked) == (State.AUTHORIZED, 1)
    Payout.objects.update(asked=59)
    time_passes(400)
    sending.run("live")
    assert (state_of(payout), fresh(payout).reason) == (State.FAILED, Reason.UNREACHABLE)
    assert balance(client) == START


def test_an_answer_of_nobody_known_changes_nothing(client: Client, rail_sim: Simulator) -> None:
    payout = ready(client)
    rail_sim.control("misbehave", operation="payouts", mode="timeout_after_accept", seconds=2)
    sending.run("live", seconds=0.1)
    for mode in ("wrong_reference", "html", "429", "numbers"):
        rail_sim.control("misbehave", operation="lookup", mode=mode)
        due_now()
        sending.run("live", seconds=0.1)
        assert state_of(payout) == State.IN_DOUBT
    due_now()
    sending.run("live")
    assert state_of(payout) == State.COMPLETED


def test_another_amount_is_for_a_person(client: Client, rail_sim: Simulator) -> None:
    payout = ready(client)
    rail_sim.control("misbehave", operation="payouts", mode="timeout_after_accept", seconds=2)
    rail_sim.control("misbehave", operation="lookup", mode="wrong_amount")
    sending.run("live", seconds=0.1)
    due_now()
    sending.run("live", seconds=0.1)
    assert state_of(payout) == State.IN_DOUBT
    assert any(payout.reference in problem for problem in problems())
    call_command("explain_payout", payout.reference, "their statement says 100")
    assert problems() == []
    with pytest.raises(CommandError):
        call_command("explain_payout", payout.reference, "again")
    due_now()
    sending.run("live")
    assert state_of(payout) == State.COMPLETED


def test_a_payment_that_failed_and_was_paid_later_is_named(client: Client, rail_sim: Simulator) -> None:
    payout = ready(client, "076122222")
    rail_sim.control("settings", accepted_seconds=60)
    sending.run("live")
    Payout.objects.update(state=State.IN_DOUBT, sent_at="2026-01-01T00:00Z")
    sending.settle(payout.pk, is_paid=False, message="the operator says no", caused_by=None)
    assert balance(client) == START
    rail_sim.control("end", reference=payout.reference)
    due_now()
    sending.run("live")
    assert state_of(payout) == State.FAILED
    assert any(payout.reference in problem for problem in problems())
    Contradiction.objects.update(explained_at="2026-01-01T00:00Z")


def test_only_what_is_long_in_doubt_is_settled_by_hand(client: Client, rail_sim: Simulator) -> None:
    payout = ready(client)
    rail_sim.control("misbehave", operation="payouts", mode="timeout_after_accept", seconds=2)
    sending.run("live", seconds=0.1)
    with pytest.raises(NotInDoubt):
        sending.settle(payout.pk, is_paid=True, message="", caused_by=None)
    time_passes(13 * 3600)
    sending.settle(payout.pk, is_paid=True, message="statement of 21 November", caused_by=None)
    assert (state_of(payout), fresh(payout).rail_message) == (State.COMPLETED, "statement of 21 November")


# --- attempts -----------------------------------------------------------------------------------------------------


def test_a_failed_payment_is_tried_again_under_its_reference(client: Client, rail_sim: Simulator) -> None:
    payout = ready(client, "003001000000005555")
    sending.run("live")
    assert state_of(payout) == State.FAILED
    with transaction.atomic():
        assert sending.again([payout.pk], asked_by="Aminata", caused_by=None) == [payout.pk]
    assert balance(client) == START - 100 - FEE
    sending.run("live")
    assert state_of(payout) == State.COMPLETED
    tries = Attempt.objects.order_by("number").values_list("number", "result", "asked_by")
    assert list(tries) == [(1, "failed", ""), (2, "paid", "Aminata")]
    assert paid_at_rail(rail_sim, payout.reference) == 1


def test_three_times_are_enough(client: Client) -> None:
    payout = ready(client, "003001000000000000")
    for _attempt in range(2):
        sending.run("live")
        with transaction.atomic():
            assert sending.again([payout.pk], asked_by="x", caused_by=None)
    sending.run("live")
    with transaction.atomic():
        assert sending.again([payout.pk], asked_by="x", caused_by=None) == []
    assert (state_of(payout), balance(client)) == (State.FAILED, START)


def test_the_no_of_an_earlier_attempt_does_not_end_a_later_one(client: Client, rail_sim: Simulator) -> None:
    payout = ready(client, "003001000000005555")
    sending.run("live")
    with transaction.atomic():
        sending.again([payout.pk], asked_by="x", caused_by=None)
    rail_sim.control("misbehave", operation="payouts", mode="timeout_before_accept", seconds=2)
    sending.run("live", seconds=0.1)
    assert state_of(payout) == State.IN_DOUBT
    time_passes(90)
    sending.run("live")
    assert state_of(payout) == State.COMPLETED
    assert paid_at_rail(rail_sim, payout.reference) == 1


@pytest.mark.parametrize(
    "given",
    [{"reason": Reason.WRONG_CODE}, {"reason": Reason.BLOCKED, "authorized_at": "2026-01-01T00:00Z"}],
    ids=["code", "rule"],
)
def test_what_was_never_let_go_is_not_tried_again(client: Client, given: dict[str, Any]) -> None:
    payout = payment(client, state=State.FAILED, **given)
    with transaction.atomic():
        assert sending.again([payout.pk], asked_by="x", caused_by=None) == []
    assert balance(client) == START


def test_trying_again_needs_the_money(client: Client) -> None:
    payout = ready(client, "003001000000000000", amount=START - FEE)
    sending.run("live")
    ready(client, amount=Decimal(50))
    with pytest.raises(NotEnoughMoney), transaction.atomic():
        sending.again([payout.pk], asked_by="x", caused_by=None)
    assert state_of(payout) == State.FAILED
    assert Attempt.objects.filter(payout=payout).count() == 1


# --- set aside and given back ---------------------------------------------------------------------------------------


def test_without_the_money_nothing_waits_to_leave(client: Client) -> None:
    with pytest.raises(NotEnoughMoney):
        ready(client, amount=START)
    assert Payout.objects.get().state == State.PENDING
    assert balance(client) == START


def test_what_does_not_wait_any_more_is_not_let_go(client: Client) -> None:
    payout = ready(client)
    with pytest.raises(NotPending), transaction.atomic():
        sending.reserve([payout], memo="", caused_by=None)
    assert balance(client) == START - 100 - FEE


def test_what_is_called_off_before_it_leaves_is_never_sent(client: Client, rail_sim: Simulator) -> None:
    payout = ready(client)
    with transaction.atomic():
        assert sending.release([payout.pk], to=State.CANCELLED, reason=Reason.CANCELLED) == 1
        assert sending.release([payout.pk], to=State.CANCELLED, reason=Reason.CANCELLED) == 0
    sending.run("live")
    assert (state_of(payout), balance(client)) == (State.CANCELLED, START)
    assert rail_sim.look("payouts")["payouts"] == []


def test_nothing_waits_for_its_code_for_ever(client: Client) -> None:
    late = payment(client, state=State.PENDING, expires_at="2026-01-01T00:00Z")
    waits = payment(client, state=State.PENDING, expires_at="2100-01-01T00:00Z")
    assert sending.expire() == 1
    late.refresh_from_db()
    assert (late.state, late.reason, late.due_at) == (State.EXPIRED, Reason.CODE_TOO_LATE, None)
    assert state_of(waits) == State.PENDING


def test_a_request_sends_its_own_payment_at_once(client: Client, rail_sim: Simulator) -> None:
    first, second = ready(client), ready(client)
    sending.attend([second.pk], 5)
    assert (state_of(first), state_of(second)) == (State.AUTHORIZED, State.COMPLETED)


def test_a_request_is_quiet_about_what_it_cannot_do(client: Client, settings: Any) -> None:
    payout = ready(client)
    sending.attend([payout.pk + 1], 5)
    settings.PAYOUT_RAIL_URL = settings.SANDBOX_RAIL_URL = ""
    sending.attend([payout.pk], 5)
    assert sending.run("live") == []
    assert state_of(payout) == State.AUTHORIZED


def test_without_a_count_of_calls_nothing_leaves(client: Client, rail_sim: Simulator, settings: Any) -> None:
    payout = ready(client)
    settings.CACHES = {
        **settings.CACHES,
        "default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:9/0"},
    }
    sending.run("live")
    sending.attend([payout.pk], 1)
    assert state_of(payout) == State.AUTHORIZED
    assert rail_sim.look("payouts")["payouts"] == []


def test_play_money_stays_in_its_books(client: Client, rail_sim: Simulator) -> None:
    fund(client, "500", is_sandbox=True)
    payout = ready(client, is_sandbox=True)
    assert balance(client, is_sandbox=True) == 500 - 100 - FEE
    sending.run("live")
    assert state_of(payout) == State.COMPLETED
    assert balance(client) == START


# --- batches ------------------------------------------------------------------------------------------------------


def test_a_batch_is_one_posting_and_ends_with_its_last_row(client: Client) -> None:
    batch = begun(client, [*accounts(5), "003001000000000000", "076123456"])
    assert batch.state == BatchState.PROCESSING
    assert balance(client) == START - 7 * (10 + FEE)
    assert sending.run("live") == [batch.pk]
    batch.refresh_from_db()
    assert (batch.state, batch.paid, batch.failed, batch.open) == (BatchState.PARTLY_COMPLETED, 6, 1, 0)
    assert (batch.paid_amount, batch.failed_amount) == (Decimal(60), Decimal(10))
    assert batch.finished_at
    assert balance(client) == START - 6 * (10 + FEE)


def test_all_paid_is_completed(client: Client) -> None:
    batch = begun(client, accounts(3))
    sending.run("live")
    batch.refresh_from_db()
    assert (batch.state, batch.paid) == (BatchState.COMPLETED, 3)


def test_a_batch_without_the_money_leaves_no_trace(client: Client) -> None:
    batch = approved(client, accounts(3), amount=START)
    with pytest.raises(NotEnoughMoney), transaction.atomic():
        sending.begin_batch(batch, caused_by=None)
    assert not Payout.objects.exists()
    assert Batch.objects.get().state == BatchState.APPROVED


def test_other_rows_than_the_totals_say_do_not_begin(client: Client) -> None:
    batch = approved(client, accounts(3))
    batch.items.filter(position=2).update(amount=11)
    with pytest.raises(BatchChanged), transaction.atomic():
        sending.begin_batch(batch, caused_by=None)
    batch.items.filter(position=2).update(amount=10)


def test_paused_rows_stay_and_go_on(client: Client, rail_sim: Simulator) -> None:
    batch = begun(client, accounts(3))
    Batch.objects.update(state=BatchState.PAUSED)
    sending.run("live")
    assert rail_sim.look("payouts")["payouts"] == []
    Batch.objects.update(state=BatchState.PROCESSING)
    sending.run("live")
    batch.refresh_from_db()
    assert batch.state == BatchState.COMPLETED


def test_a_batch_called_off_ends_when_what_was_on_its_way_has_ended(client: Client, rail_sim: Simulator) -> None:
    batch = begun(client, [*accounts(3), "076122222"])
    rail_sim.control("settings", accepted_seconds=60)
    on_its_way = Payout.objects.get(receiver="076122222")
    sending.attend([on_its_way.pk], 5)
    Batch.objects.update(cancel_requested_at="2026-01-01T00:00Z")
    ids = list(Payout.objects.values_list("pk", flat=True))
    with transaction.atomic():
        assert sending.release(ids, to=State.CANCELLED, reason=Reason.CANCELLED) == 3
    assert sending.run("live") == []
    rail_sim.control("end", reference=on_its_way.reference)
    due_now()
    assert sending.run("live") == [batch.pk]
    batch.refresh_from_db()
    assert (batch.state, batch.paid, batch.cancelled) == (BatchState.CANCELLED, 1, 3)
    assert len(rail_sim.look("payouts")["payouts"]) == 1


def test_what_comes_back_unsent_after_the_end_was_asked_for_is_called_off(client: Client, settings: Any) -> None:
    batch = begun(client, accounts(3))
    claimed = claiming.to_send((False,), 2)
    Batch.objects.update(cancel_requested_at="2026-01-01T00:00Z")
    ids = list(Payout.objects.values_list("pk", flat=True))
    with transaction.atomic():
        assert sending.release(ids, to=State.CANCELLED, reason=Reason.CANCELLED) == 1
    Payout.objects.filter(pk__in=[one.id for one in claimed]).update(
        state=State.AUTHORIZED, sent_at=None, lease_token=None, lease_until=None
    )
    Attempt.objects.filter(payout__in=[one.id for one in claimed]).update(result="")
    assert sending.run("live") == [batch.pk]
    batch.refresh_from_db()
    assert (batch.state, batch.cancelled) == (BatchState.CANCELLED, 3)
    assert balance(client) == START


def test_what_the_rail_may_have_seen_goes_on_in_a_batch_called_off(client: Client, rail_sim: Simulator) -> None:
    batch = begun(client, accounts(1))
    rail_sim.control("misbehave", operation="payouts", mode="timeout_before_accept", seconds=2)
    sending.run("live", seconds=0.1)
    Batch.objects.update(cancel_requested_at="2026-01-01T00:00Z", state=BatchState.PAUSED)
    time_passes(90)
    sending.run("live")
    batch.refresh_from_db()
    assert (batch.state, batch.paid) == (BatchState.COMPLETED, 1)


def test_failed_rows_go_again_and_the_batch_with_them(client: Client) -> None:
    batch = begun(client, [*accounts(2), "003001000000005555"])
    sending.run("live")
    failed = Payout.objects.get(state=State.FAILED)
    with transaction.atomic():
        assert sending.again([failed.pk], asked_by="x", caused_by=None) == [failed.pk]
    batch.refresh_from_db()
    assert (batch.state, batch.failed, batch.finished_at) == (BatchState.PROCESSING, 0, None)
    assert sending.run("live") == [batch.pk]
    batch.refresh_from_db()
    assert (batch.state, batch.paid) == (BatchState.COMPLETED, 3)


def test_rows_that_come_back_are_counted(client: Client, rail_sim: Simulator) -> None:
    batch = begun(client, accounts(2))
    sending.run("live")
    rail_sim.control("return", reference=Payout.objects.latest("pk").reference)
    due_now()
    sending.run("live")
    batch.refresh_from_db()
    assert (batch.state, batch.paid, batch.returned) == (BatchState.COMPLETED, 2, 1)


# --- who works on what --------------------------------------------------------------------------------------------


def test_a_small_batch_of_somebody_else_does_not_wait_for_a_large_one(client: Client) -> None:
    other = cast.company("Other")
    fund(other)
    begun(client, accounts(60))
    begun(client, accounts(60, 100))
    small = begun(other, accounts(5, 200))
    alone = ready(other)
    claimed = claiming.to_send((False,), 20)
    assert len(claimed) == 20
    mine = [one for one in claimed if one.client_id == other.pk]
    assert {one.batch_id for one in mine} == {small.pk, None}
    assert len(mine) == 6
    assert alone.pk in {one.id for one in mine}
    of_batches = [one.batch_id for one in claimed if one.client_id == client.pk]
    assert {of_batches.count(batch) for batch in set(of_batches)} == {7}
    work_off_claims(client, other)


def work_off_claims(*clients: Client) -> None:
    time_passes(120)
    work_off()


def test_a_claim_belongs_to_one(client: Client) -> None:
    ready(client)
    [claimed] = claiming.to_send((False,), 10)
    assert claiming.to_send((False,), 10) == []
    assert claiming.these_to_send([claimed.id], (False,)) == []
    assert claiming.to_ask((False,), 10) == []
    assert claiming.to_send((True,), 10) == []
    time_passes(120)
    work_off()


def test_the_answer_of_who_lost_the_lease_is_not_written(client: Client, rail_sim: Simulator) -> None:
    from payouts import rails
    from payouts.sending import recording, verdicts

    payout = ready(client, "003001000000000000")
    claimed = claiming.to_send((False,), 1)
    time_passes(120)
    [asked] = claiming.to_ask((False,), 1)
    assert (asked.state, asked.age > 60) == (State.IN_DOUBT, True)
    where = rails.line("live")
    assert where
    answers = rails.on(where, "test").send([one.instruction() for one in claimed])
    recording.record([(claimed[0], verdicts.of_sending(claimed[0], answers[0]))])
    assert state_of(payout) == State.IN_DOUBT
    time_passes(120)
    work_off()
    assert (state_of(payout), balance(client)) == (State.FAILED, START)


def test_places_are_given_back_and_not_given_twice(client: Client, settings: Any) -> None:
    from payouts.rails import lanes

    settings.PAYOUT_RAIL_AT_ONCE = 16
    assert lanes.layout() == lanes.Layout(quick=4, wide=2, width=6)
    with lanes.take("live") as first, lanes.take("live") as second, lanes.take("live") as third:
        assert first
        assert second
        assert third is None
    with lanes.take("live") as first:
        assert first
        assert first.keep()
        Lane.objects.update(until="2026-01-01T00:00Z")
        with lanes.take("live") as thief:
            assert thief
            assert not first.keep()


def test_the_pace_is_kept(client: Client, rail_sim: Simulator, settings: Any) -> None:
    settings.PAYOUT_RAIL_PER_SECOND = 20
    begun(client, accounts(50))
    rail_sim.control("reset")
    sending.run("live", seconds=10)
    pressure = rail_sim.look("pressure")
    assert pressure["per_second"] <= 20
    assert pressure["at_once"] <= settings.PAYOUT_RAIL_AT_ONCE
    assert Batch.objects.get().state == BatchState.COMPLETED


def test_queries_do_not_grow_with_the_rows(client: Client, django_assert_max_num_queries: Any, settings: Any) -> None:
    settings.PAYOUT_RAIL_PER_SECOND = 100_000
    begun(client, accounts(1))
    sending.run("live")
    batch = begun(client, accounts(200))
    # Seven for each claim and what came of it, at most 500 payouts; the rest is looking around, once a second.
    with django_assert_max_num_queries(32):
        sending.run("live")
    batch.refresh_from_db()
    assert batch.state == BatchState.COMPLETED
