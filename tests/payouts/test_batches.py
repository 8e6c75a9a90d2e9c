"""A batch and its two people: submitted, approved, begun or waiting for money, paused, called off, tried again."""

from decimal import Decimal
from typing import Any

import pytest

from accounts.errors import BadField
from accounts.models import AuditEntry, Client, User
from payouts import starting, tasks
from payouts.errors import (
    BatchChanged,
    NotFound,
    NotReady,
    OverDailyLimit,
    ReasonNeeded,
    SamePerson,
    WrongState,
)
from payouts.models import Batch, BatchRow, BlockedReceiver, FeeRule, Payout
from payouts.models.states import BatchState, Kind, State
from payouts.selectors import batches as selectors
from payouts.services import approving, batches, rows
from tests.accounts.cast import person
from tests.payouts.desk import GOOD, Desk, bot, desk, finished, mailed, payouts_of, rows_of
from tests.payouts.house import balance, fund, somebody

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_ledger_problems", "rail_sim")]


@pytest.fixture
def nassit(db: None) -> Desk:
    return desk()


def _state(batch: Batch) -> str:
    batch.refresh_from_db()
    return batch.state


# --- submitting -------------------------------------------------------------------------------------


def test_submitting_asks_those_who_may_approve_and_had_no_hand_in_it(nassit: Desk) -> None:
    batch = nassit.made("100", "200.50")
    person("aminata", "PortalAdmin", client=nassit.client)
    person("stranger", "PortalAdmin", client=desk("Other").client)
    batch = batches.submit(actor=nassit.maker, batch=batch)
    assert (batch.state, batch.good, batch.amount) == (BatchState.AWAITING_APPROVAL, 2, Decimal("300.50"))
    assert [to for to, _ in mailed()] == ["musa-nassit@example.id", "aminata@example.id"]
    assert batches.submit(actor=nassit.maker, batch=batch).submitted_at == batch.submitted_at
    assert len(mailed()) == 2


def test_a_batch_with_wrong_rows_is_not_submitted_until_they_are_left_out(nassit: Desk) -> None:
    batch = nassit.made("100", "200", to=["003001014892010184", "999001014892010184"])
    with pytest.raises(NotReady):
        batches.submit(actor=nassit.maker, batch=batch)
    rows.leave_out(actor=nassit.maker, batch=batch, rows="errors")
    batch = batches.submit(actor=nassit.maker, batch=batch)
    assert (batch.valid + batch.warning, batch.excluded, batch.amount) == (1, 1, Decimal(100))


def test_a_batch_without_a_good_row_is_not_submitted(nassit: Desk) -> None:
    batch = nassit.made("100", to=["999001014892010184"])
    rows.leave_out(actor=nassit.maker, batch=batch, rows="errors")
    with pytest.raises(NotReady):
        batches.submit(actor=nassit.maker, batch=batch)


def test_rows_that_repeat_want_a_reason(nassit: Desk) -> None:
    batch = nassit.made("100", "100", to=[GOOD[0]])
    with pytest.raises(ReasonNeeded) as refusal:
        batches.submit(actor=nassit.maker, batch=batch, duplicates_reason="  ")
    assert list(refusal.value.fields) == ["duplicates_reason"]
    batch = batches.submit(actor=nassit.maker, batch=batch, duplicates_reason=" wage \n and bonus ")
    assert batch.duplicates_reason == "wage and bonus"


def test_a_reason_is_not_kept_where_nothing_repeats(nassit: Desk) -> None:
    batch = batches.submit(actor=nassit.maker, batch=nassit.made("100"), duplicates_reason="just so")
    assert batch.duplicates_reason == ""


# --- two people -------------------------------------------------------------------------------------


def test_nobody_approves_what_they_made_changed_or_submitted(nassit: Desk) -> None:
    boss = somebody(person("boss", "PortalAdmin", client=nassit.client).user)
    batch = nassit.made("100")
    rows.edit(actor=boss, row=rows_of(batch)[0], destination=GOOD[1], amount="90")
    batch = batches.submit(actor=nassit.maker, batch=batch)
    for actor in (boss, nassit.maker):
        with pytest.raises(SamePerson):
            batches.approve(actor=actor, batch=batch)
    assert batches.approve(actor=nassit.checker, batch=batch).state == BatchState.PROCESSING


def test_whoever_only_submits_has_had_a_hand_in_it(nassit: Desk) -> None:
    boss = somebody(person("boss", "PortalAdmin", client=nassit.client).user)
    batch = batches.submit(actor=boss, batch=nassit.made("100"))
    with pytest.raises(SamePerson):
        batches.approve(actor=boss, batch=batch)


def test_small_batches_are_one_persons_if_the_house_says_so(nassit: Desk, settings: Any) -> None:
    settings.PAYOUT_ONE_PERSON_UP_TO = 100
    small, large = nassit.submitted("100"), nassit.submitted("60", "40.01", name="Bonus")
    assert set(selectors.to_approve(nassit.maker)) == {small}
    assert set(selectors.to_approve(nassit.checker)) == {small, large}
    assert batches.approve(actor=nassit.maker, batch=small).state == BatchState.PROCESSING
    with pytest.raises(SamePerson):
        batches.approve(actor=nassit.maker, batch=large)


def test_people_of_other_clients_neither_see_nor_approve_it(nassit: Desk) -> None:
    batch, other = nassit.submitted("100"), desk("Other")
    assert not selectors.listed(other.checker).exists()
    with pytest.raises(NotFound):
        selectors.seen(other.checker, batch.public_id)
    with pytest.raises(NotFound):
        selectors.row_seen(other.checker, rows_of(batch)[0].public_id)
    with pytest.raises(NotFound):
        batches.approve(actor=other.checker, batch=batch)


# --- what is approved -------------------------------------------------------------------------------


def test_an_approval_sets_the_money_aside_and_makes_the_payouts(nassit: Desk) -> None:
    before = balance(nassit.client)
    batch = nassit.approved("100", "200.50", "300")
    assert (batch.state, batch.approved_by) == (BatchState.PROCESSING, nassit.checker.user)
    assert len(batch.approved_digest) == 64
    assert balance(nassit.client) == before - batch.total
    assert [row.payout and row.payout.reference for row in rows_of(batch)] == [row.reference for row in rows_of(batch)]
    assert {payout.state for payout in payouts_of(batch)} == {State.AUTHORIZED}
    done = AuditEntry.objects.filter(object_type="batch").order_by("id").values_list("action", flat=True)
    assert list(done) == ["batch.uploaded", "batch.submitted", "batch.approved", "batch.started"]


def test_only_what_was_looked_at_is_approved(nassit: Desk) -> None:
    batch = nassit.submitted("100", "200")
    seen = selectors.before_approval(batch)
    rows.edit(actor=nassit.maker, row=rows_of(batch)[0], destination=GOOD[0], amount="150")
    again = batches.submit(actor=nassit.maker, batch=batch)
    with pytest.raises(BatchChanged):
        batches.approve(actor=nassit.checker, batch=again, digest=seen.digest, total=seen.total)
    with pytest.raises(BatchChanged):
        batches.approve(actor=nassit.checker, batch=again, total=seen.total)
    now = selectors.before_approval(again)
    assert batches.approve(actor=nassit.checker, batch=again, digest=now.digest, total=now.total).started_at


def test_an_edit_voids_the_submission_and_the_approval(nassit: Desk) -> None:
    poor = desk("Poor", money="0")
    for one, batch in ((nassit, nassit.submitted("100")), (poor, poor.approved("100"))):
        assert batch.state != BatchState.VALIDATED
        rows.edit(actor=one.maker, row=rows_of(batch)[0], destination=GOOD[1], amount="1")
        assert (_state(batch), batch.approved_at, batch.approved_digest) == (BatchState.VALIDATED, None, "")
    assert starting.start_due() == []


def test_rows_that_were_changed_behind_our_back_stop_the_start(nassit: Desk) -> None:
    poor = desk("Poor", money="0")
    batch = poor.approved("100", "200")
    BatchRow.objects.filter(batch=batch, position=1).update(receiver="003001014892010999")
    fund(poor.client)
    assert starting.start_due() == []
    assert (_state(batch), batch.approved_digest) == (BatchState.VALIDATED, "")
    assert not Payout.objects.filter(batch=batch).exists()


def test_the_yes_of_somebody_who_is_gone_counts_no_more(nassit: Desk) -> None:
    poor = desk("Poor", money="0")
    batch = poor.approved("100")
    assert poor.checker.user is not None
    User.objects.filter(pk=poor.checker.user.pk).update(is_active=False)
    fund(poor.client)
    assert starting.start_due() == []
    assert _state(batch) == BatchState.VALIDATED
    assert mailed()[-1] == ("fatu-poor@example.id", "Sent back to you: Salaries")


def test_a_receiver_that_was_blocked_meanwhile_sends_it_back(nassit: Desk) -> None:
    batch = nassit.submitted("100", "200")
    BlockedReceiver.objects.create(receiver=GOOD[0], why="court order")
    with pytest.raises(NotReady):
        batches.approve(actor=nassit.checker, batch=batch)
    assert (_state(batch), batch.error) == (BatchState.VALIDATED, 1)


def test_a_fee_that_changed_since_the_look_is_looked_at_again(nassit: Desk) -> None:
    batch = nassit.submitted("100", to=[GOOD[0]])
    seen = selectors.before_approval(batch)
    FeeRule.objects.update_or_create(client=nassit.client, kind=Kind.BANK, currency="SLE", defaults={"fixed": 9})
    with pytest.raises(BatchChanged):
        batches.approve(actor=nassit.checker, batch=batch, digest=seen.digest, total=seen.total)
    assert (_state(batch), batch.fees) == (BatchState.AWAITING_APPROVAL, Decimal(9))
    now = selectors.before_approval(batch)
    assert batches.approve(actor=nassit.checker, batch=batch, digest=now.digest, total=now.total).started_at


def test_the_same_by_two_batches_is_told_before_the_second_yes(nassit: Desk) -> None:
    first = batches.submit(actor=nassit.maker, batch=nassit.made("100", to=[GOOD[0]]))
    second = nassit.submitted("100", to=[GOOD[0]], name="Again")
    assert second.duplicates_reason
    with pytest.raises(NotReady):
        batches.approve(actor=nassit.checker, batch=first)
    assert _state(first) == BatchState.VALIDATED
    assert batches.approve(actor=nassit.checker, batch=second).started_at


def test_the_limit_of_a_day_counts_what_is_approved_and_waits(nassit: Desk, settings: Any) -> None:
    settings.PAYOUT_BATCH_DAILY_LIMIT = 500
    poor = desk("Poor", money="0")
    assert poor.approved("300").state == BatchState.AWAITING_FUNDS
    second = poor.submitted("201", name="Bonus")
    with pytest.raises(OverDailyLimit):
        batches.approve(actor=poor.checker, batch=second)
    nassit.approved("500")
    third = nassit.submitted("1", name="Bonus")
    with pytest.raises(OverDailyLimit):
        batches.approve(actor=nassit.checker, batch=third)


def test_sent_back_it_says_why_and_the_maker_is_told(nassit: Desk) -> None:
    batch = nassit.submitted("100")
    with pytest.raises(ReasonNeeded):
        batches.send_back(actor=nassit.checker, batch=batch, reason=" ")
    batch = batches.send_back(actor=nassit.checker, batch=batch, reason="Fatu's raise is missing")
    assert (batch.state, batch.sent_back_reason) == (BatchState.VALIDATED, "Fatu's raise is missing")
    assert mailed()[-1][0] == "fatu-nassit@example.id"
    assert batches.submit(actor=nassit.maker, batch=batch).sent_back_reason == ""


def test_taken_back_it_can_be_submitted_again(nassit: Desk) -> None:
    batch = batches.withdraw(actor=nassit.maker, batch=nassit.submitted("100"))
    assert (batch.state, batch.submitted_at) == (BatchState.VALIDATED, None)
    with pytest.raises(WrongState):
        batches.approve(actor=nassit.checker, batch=batch)
    begun = batches.approve(actor=nassit.checker, batch=batches.submit(actor=nassit.maker, batch=batch))
    with pytest.raises(WrongState):
        batches.withdraw(actor=nassit.maker, batch=begun)


def test_what_the_approver_sees(nassit: Desk) -> None:
    first = finished(nassit.approved("100", "200", "300"))
    batch = nassit.submitted("100", "250", "5000", "7", to=[*GOOD[:2], "001001014892010199"], name="October")
    before = selectors.before_approval(batch)
    assert [row.amount for row in before.largest] == [Decimal(5000), Decimal(250), Decimal(100), Decimal(7)]
    assert before.total == batch.total
    assert before.after == before.balance - before.total
    assert before.short == 0
    assert [row.receiver for row in before.new_receivers] == ["001001014892010199"]
    found = before.compared
    assert found is not None
    # GOOD[0] got 100 and now 107, GOOD[1] 200 and 250; one is new, one is gone.
    assert (found.last, found.same, found.changed, found.added, found.gone) == (first, 0, 2, 1, 1)


# --- money ------------------------------------------------------------------------------------------


def test_without_money_it_waits_and_begins_by_itself_after_a_top_up(nassit: Desk) -> None:
    poor = desk("Poor", money="150")
    batch = poor.approved("100", "200")
    assert (batch.state, batch.started_at, balance(poor.client)) == (BatchState.AWAITING_FUNDS, None, Decimal(150))
    told = [one for one in mailed() if "top-up" in one[1]]
    assert [to for to, _ in told] == ["fatu-poor@example.id", "musa-poor@example.id"]
    assert starting.due() == []
    fund(poor.client, "100")
    assert starting.start_due() == []
    fund(poor.client, "100")
    assert [one.pk for one in starting.start_due()] == [batch.pk]
    assert _state(batch) == BatchState.PROCESSING
    assert len([one for one in mailed() if "top-up" in one[1]]) == 2


def test_the_batch_that_fits_is_not_kept_waiting_by_a_larger_one(nassit: Desk) -> None:
    poor = desk("Poor", money="0")
    large, small = poor.approved("1000"), poor.approved("10", name="Small")
    fund(poor.client, "50")
    starting.start_due()
    assert (_state(large), _state(small)) == (BatchState.AWAITING_FUNDS, BatchState.PROCESSING)


def test_nothing_begins_while_the_client_is_not_active(nassit: Desk) -> None:
    poor = desk("Poor", money="0")
    batch = poor.approved("100")
    fund(poor.client)
    Client.objects.filter(pk=poor.client.pk).update(status=Client.Status.DEACTIVATED)
    assert starting.start_due() == []
    starting.start(batch.pk)
    assert _state(batch) == BatchState.AWAITING_FUNDS


def test_a_large_batch_is_begun_by_the_worker(nassit: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(approving, "START_AT_ONCE", 1)
    batch = nassit.approved("100", "200")
    assert (batch.state, payouts_of(batch)) == (BatchState.APPROVED, [])
    tasks.start_batch(batch_id=batch.pk)
    tasks.start_batch(batch_id=batch.pk)
    assert (_state(batch), len(payouts_of(batch))) == (BatchState.PROCESSING, 2)


def test_the_sweep_finds_what_no_nudge_began_and_what_nobody_was_told(
    nassit: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(approving, "START_AT_ONCE", 0)
    batch = nassit.approved("100")
    tasks.batches()
    finished(batch)
    tasks.batches()
    tasks.batches()
    assert [subject for _, subject in mailed()].count("Everything is paid: Salaries") == 2


def test_starting_twice_starts_once(nassit: Desk) -> None:
    batch = nassit.approved("100")
    starting.start(batch.pk)
    assert batches.approve(actor=nassit.checker, batch=batch).pk == batch.pk
    assert len(payouts_of(batch)) == 1


# --- steering ---------------------------------------------------------------------------------------


def test_pause_and_go_on(nassit: Desk) -> None:
    batch = nassit.approved("100")
    assert batches.pause(actor=nassit.maker, batch=batch).state == BatchState.PAUSED
    assert batches.pause(actor=nassit.maker, batch=batch).state == BatchState.PAUSED
    assert batches.resume(actor=nassit.checker, batch=batch).state == BatchState.PROCESSING
    waiting = nassit.submitted("100", name="Bonus")
    for act in (batches.pause, batches.resume):
        with pytest.raises(WrongState):
            act(actor=nassit.maker, batch=waiting)


@pytest.mark.parametrize("step", ["made", "submitted", "waiting"])
def test_before_it_begins_it_is_called_off_whole(nassit: Desk, step: str) -> None:
    poor = desk("Poor", money="0")
    make = {"made": poor.made, "submitted": poor.submitted, "waiting": poor.approved}[step]
    batch = batches.cancel(actor=poor.maker, batch=make("100"))
    assert (batch.state, payouts_of(batch)) == (BatchState.CANCELLED, [])
    sent = len(mailed())
    assert batches.cancel(actor=poor.maker, batch=batch).state == BatchState.CANCELLED
    fund(poor.client)
    assert starting.start_due() == []
    with pytest.raises(WrongState):
        batches.approve(actor=poor.checker, batch=batch)
    assert len(mailed()) == sent


def test_called_off_before_anything_left_all_money_comes_back(nassit: Desk) -> None:
    before = balance(nassit.client)
    batch = nassit.approved("100", "200")
    batch = batches.cancel(actor=nassit.checker, batch=batch)
    assert (batch.state, batch.cancelled, balance(nassit.client)) == (BatchState.CANCELLED, 2, before)
    assert {payout.state for payout in payouts_of(batch)} == {State.CANCELLED}
    with pytest.raises(WrongState):
        batches.resume(actor=nassit.checker, batch=batch)


def test_items_of_another_batch_are_not_tried_again(nassit: Desk) -> None:
    batch, other = nassit.approved("100"), nassit.approved("100", name="Bonus")
    with pytest.raises(BadField):
        batches.retry(actor=nassit.maker, batch=batch, items=[rows_of(other)[0].public_id])
    with pytest.raises(WrongState):
        batches.retry(actor=nassit.maker, batch=batch, items=[rows_of(batch)[0].public_id])


# --- programs ---------------------------------------------------------------------------------------


def test_another_program_of_the_client_is_another_person(nassit: Desk) -> None:
    maker, checker = bot(nassit, "Maker"), bot(nassit, "Checker")
    batch = batches.submit_items(actor=maker, name="Wages", items=[rows.Item(GOOD[0], Decimal(10))])
    assert batch.state == BatchState.AWAITING_APPROVAL
    with pytest.raises(SamePerson):
        batches.process(actor=maker, batch=batch)
    done = batches.process(actor=checker, batch=batch)
    assert (done.has_begun, done.batch.state) == (True, BatchState.PROCESSING)
    assert not batches.process(actor=checker, batch=done.batch).has_begun
    assert done.batch.approved_by_api_user == checker.api_user


def test_a_person_approves_what_a_program_has_made(nassit: Desk) -> None:
    batch = batches.submit_items(actor=bot(nassit, "Maker"), name="Wages", items=[rows.Item(GOOD[0], Decimal(10))] * 2)
    assert batch in selectors.to_approve(nassit.checker)
    assert batches.approve(actor=nassit.checker, batch=batch).state == BatchState.PROCESSING


def test_play_money_has_batches_of_its_own(nassit: Desk) -> None:
    maker, checker = bot(nassit, "Maker", is_sandbox=True), bot(nassit, "Checker", is_sandbox=True)
    batch = batches.submit_items(actor=maker, name="Wages", items=[rows.Item(GOOD[0], Decimal(10))])
    assert not selectors.listed(nassit.checker).exists()
    before = balance(nassit.client)
    assert batches.process(actor=checker, batch=batch).batch.state == BatchState.AWAITING_FUNDS
    fund(nassit.client, "100", is_sandbox=True)
    starting.start_due()
    assert (_state(batch), balance(nassit.client)) == (BatchState.PROCESSING, before)
    assert mailed() == []
