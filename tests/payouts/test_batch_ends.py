"""A batch on the simulated rail to its end: what is paid, what fails and is tried again, what is called off, and what
people are told and take away."""

import csv
import io
import json
from decimal import Decimal
from typing import Any

import pytest

from accounts.errors import BadField
from payouts import export, news, sending
from payouts.errors import NotEnoughMoney, WrongState
from payouts.models import Attempt, Batch
from payouts.models.states import BatchState, Reason, State
from payouts.selectors import batches as selectors
from payouts.services import batches, rows
from tests.accounts.cast import browser_of, last_entry
from tests.api import text_of
from tests.payouts.desk import GOOD, Desk, desk, finished, mailed, payouts_of, rows_of, work
from tests.payouts.house import balance
from tests.simulators import Simulator

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_ledger_problems")]

# What the rail makes of account numbers by their last four digits.
NO_ACCOUNT, SECOND_TIME = "003001014892010000", "003001014892015555"


@pytest.fixture
def nassit(rail_sim: Simulator) -> Desk:
    rail_sim.control("settings", accepted_seconds=0.2, returned_seconds=0.2)
    return desk()


def _paid_by(rail: Simulator, batch: Batch) -> dict[str, int]:
    """How often money left for each reference of the batch, by the rail's own log."""
    ours = {row.reference for row in rows_of(batch)}
    known = {one["reference"]: one["paid"] for one in rail.look("payouts")["payouts"]}
    return {reference: times for reference, times in known.items() if reference in ours and times}


def test_everything_is_paid(nassit: Desk, rail_sim: Simulator) -> None:
    before = balance(nassit.client)
    batch = finished(nassit.approved("100", "200.50", "300"))
    assert (batch.state, batch.paid, batch.paid_amount) == (BatchState.COMPLETED, 3, Decimal("600.50"))
    assert balance(nassit.client) == before - batch.total
    progress = selectors.progress(batch)
    assert (progress.paid, progress.percent, progress.failed, progress.retryable) == (3, 100, 0, 0)
    with pytest.raises(WrongState):
        batches.cancel(actor=nassit.maker, batch=batch)


def test_its_makers_and_approvers_are_told_once_of_each_end(nassit: Desk) -> None:
    batch = finished(nassit.approved("100", "200", to=[GOOD[0], SECOND_TIME]))
    sent = len(mailed())
    for _ in range(2):
        for one in news.untold_ends():
            news.tell_end(one)
    assert [to for to, _ in mailed()[sent:]] == ["fatu-nassit@example.id", "musa-nassit@example.id"]
    assert mailed()[-1][1] == "One payment failed: Salaries"
    batches.retry(actor=nassit.maker, batch=batch)
    finished(batch)
    news.tell_end(batch.pk)
    news.tell_end(batch.pk)
    assert [subject for _, subject in mailed()[sent + 2 :]] == ["Everything is paid: Salaries"] * 2


def test_failed_rows_go_out_again_and_paid_ones_do_not(nassit: Desk, rail_sim: Simulator) -> None:
    before = balance(nassit.client)
    batch = finished(nassit.approved("100", "200", "300", to=[GOOD[0], SECOND_TIME, NO_ACCOUNT]))
    assert (batch.state, batch.paid, batch.failed) == (BatchState.PARTLY_COMPLETED, 1, 2)
    progress = selectors.progress(batch)
    assert {one.reason: one.count for one in progress.reasons} == {Reason.REFUSED: 1, Reason.NO_ACCOUNT: 1}
    assert progress.retryable == 2
    first, second, third = (row.public_id for row in rows_of(batch))
    done = batches.retry(actor=nassit.maker, batch=batch, items=[first, second])
    assert (len(done.payouts), [one.row.public_id for one in done.skipped]) == (1, [first])
    batch = finished(batch)
    assert (batch.state, batch.paid, batch.failed) == (BatchState.PARTLY_COMPLETED, 2, 1)
    fees = sum((payout.fee for payout in payouts_of(batch) if payout.completed_at), Decimal(0))
    assert balance(nassit.client) == before - 300 - fees
    assert set(_paid_by(rail_sim, batch).values()) == {1}
    assert [(one.number, one.asked_by) for one in Attempt.objects.filter(number__gt=1)] == [(2, nassit.maker.label)]
    assert third not in [row.public_id for row in selectors.rows(batch, "paid").items]


def test_nothing_is_tried_a_fourth_time(nassit: Desk) -> None:
    batch = finished(nassit.approved("100", to=[NO_ACCOUNT]))
    for number in (2, 3):
        assert len(batches.retry(actor=nassit.maker, batch=batch).payouts) == 1
        batch = finished(batch)
        assert payouts_of(batch)[0].attempts == number
    [row] = rows_of(batch)
    done = batches.retry(actor=nassit.maker, batch=batch, items=[row.public_id])
    assert (list(done.payouts), done.skipped[0].reason) == ([], "It was tried three times already.")
    assert selectors.progress(batch).retryable == 0
    with pytest.raises(BadField):
        batches.retry(actor=nassit.maker, batch=batch, items=[batch.public_id])


def test_another_try_takes_the_money_again(nassit: Desk) -> None:
    poor = desk("Poor", money="150")
    batch = finished(poor.approved("100", to=[SECOND_TIME]))
    left = balance(poor.client)
    poor.approved("100", name="Bonus")
    with pytest.raises(NotEnoughMoney):
        batches.retry(actor=poor.maker, batch=batch)
    batch.refresh_from_db()
    assert (batch.state, left) == (BatchState.PARTLY_COMPLETED, Decimal(150))


def test_a_paused_batch_stays_and_the_others_go_on(nassit: Desk) -> None:
    held, other = nassit.approved("100", "200"), nassit.approved("300", name="Bonus")
    batches.pause(actor=nassit.maker, batch=held)
    finished(other)
    assert {payout.state for payout in payouts_of(held)} == {State.AUTHORIZED}
    batches.resume(actor=nassit.maker, batch=held)
    assert finished(held).state == BatchState.COMPLETED


def test_nothing_leaves_after_it_was_called_off(nassit: Desk, rail_sim: Simulator) -> None:
    before = balance(nassit.client)
    batch = nassit.approved("100", "200")
    batches.cancel(actor=nassit.checker, batch=batch)
    work(1.0)
    batch.refresh_from_db()
    assert (batch.state, _paid_by(rail_sim, batch), balance(nassit.client)) == (BatchState.CANCELLED, {}, before)


def test_called_off_halfway_what_is_on_its_way_ends_as_it_ends(nassit: Desk, rail_sim: Simulator) -> None:
    before = balance(nassit.client)
    # The rail takes the first one and says the end later; it is sent alone.
    batch = nassit.approved("100", "200", "300", to=["003001014892012222", GOOD[0], GOOD[1]])
    sending.attend([payouts_of(batch)[0].pk], 5.0)
    batch = batches.cancel(actor=nassit.checker, batch=batch)
    assert (batch.state, batch.cancelled) == (BatchState.PROCESSING, 2)
    [taken] = [row for row in rows_of(batch) if row.payout and row.payout.state != State.CANCELLED]
    rail_sim.control("end", reference=taken.reference, status="paid")
    batch = finished(batch)
    assert (batch.state, batch.paid, batch.cancelled) == (BatchState.CANCELLED, 1, 2)
    assert balance(nassit.client) == before - taken.amount - taken.fee  # type: ignore[operator]


# --- what is taken away -----------------------------------------------------------------------------


def _mixed(nassit: Desk) -> Batch:
    receivers = [GOOD[0], NO_ACCOUNT, "999001014892010184", GOOD[1]]
    batch = nassit.made("100", "200", "300", "50.25", to=receivers)
    rows.leave_out(actor=nassit.maker, batch=batch, rows="errors")
    batch = batches.submit(actor=nassit.maker, batch=batch, duplicates_reason="none")
    return finished(batches.approve(actor=nassit.checker, batch=batch))


def _table(pieces: Any) -> list[list[str]]:
    return list(csv.reader(io.StringIO("".join(pieces).removeprefix("\ufeff"))))


def test_the_result_stands_in_the_order_of_the_upload(nassit: Desk) -> None:
    batch = _mixed(nassit)
    head, *lines = _table(export.result_csv(batch))
    assert head[:6] == ["Row", "Account or phone", "Amount", "Name", "Narration", "State"]
    assert [line[0] for line in lines] == ["1", "2", "3", "4"]
    assert [line[1] for line in lines] == [row.destination for row in rows_of(batch)]
    assert [line[5] for line in lines] == ["paid", "failed", "left out", "paid"]
    assert [line[6] for line in lines] == ["", str(Reason.NO_ACCOUNT.label), "It was left out.", ""]
    assert [bool(line[10]) for line in lines] == [True, True, False, True]


def test_the_reconciliation_adds_up_and_matches_each_item_with_its_transaction(nassit: Desk) -> None:
    before = balance(nassit.client)
    batch = _mixed(nassit)
    told = json.loads("".join(export.reconciliation_json(batch)), parse_float=Decimal, parse_int=Decimal)
    # What the report says was taken is what the ledger has moved.
    assert before - balance(nassit.client) == told["processed"]["amount"] + told["fees"]
    assert told["status"] == "PartiallyCompleted"
    assert told["submitted"] == {"count": 4, "amount": Decimal("650.25")}
    assert told["processed"] == {"count": 2, "amount": Decimal("150.25")}
    assert told["failed"] == {"count": 2, "amount": 500}
    assert told["pending"] == {"count": 0, "amount": 0}
    assert (told["difference"], told["leftOut"]["count"], told["mismatches"]) == (0, 1, [])
    assert [item["status"] for item in told["items"]] == ["Processed", "Failed", "Failed", "Processed"]
    lines = _table(export.reconciliation_csv(batch))
    assert lines[0] == export.RECONCILIATION_HEAD
    assert [line[3] for line in lines[1:]] == [item["status"] for item in told["items"]]


def test_what_a_stranger_wrote_is_no_formula_in_a_spreadsheet(nassit: Desk) -> None:
    batch = nassit.made("100")
    rows.edit(actor=nassit.maker, row=rows_of(batch)[0], destination="=HYPERLINK(1)", amount="100")
    [line] = _table(export.result_csv(batch))[1:]
    assert line[1] == "'=HYPERLINK(1)"
    assert _table(export.reconciliation_csv(batch))[1][1] == "'=HYPERLINK(1)"


def test_the_files_are_for_people_of_the_client_and_on_record(nassit: Desk) -> None:
    batch = finished(nassit.approved("100"))
    other = desk("Other")
    pages = {
        "result.csv": "text/csv; charset=utf-8",
        "reconciliation.csv": "text/csv; charset=utf-8",
        "reconciliation.json": "application/json",
    }
    for name, kind in pages.items():
        address = f"/company/batches/{batch.public_id}/{name}"
        assert nassit.maker.user is not None
        assert other.maker.user is not None
        answer = browser_of(nassit.maker.user).get(address)
        assert (answer.status_code, answer["Content-Type"]) == (200, kind)
        assert GOOD[0] in text_of(answer)
        assert f"salaries-{name}" in answer["Content-Disposition"]
        assert last_entry().action == "batch.exported"
        assert browser_of(other.maker.user).get(address).status_code == 404
