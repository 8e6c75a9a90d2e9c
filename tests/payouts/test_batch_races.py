"""Two at once on one batch: real threads, each with a connection of its own and real commits."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction

from config.lib.errors import ServiceError
from payouts import sending, starting
from payouts.errors import BatchBusy
from payouts.models import Batch, Payout
from payouts.models.states import BatchState, State
from payouts.services import batches, rows
from payouts.services.moving import hold
from tests.payouts.desk import GOOD, Desk, desk, finished, rows_of
from tests.payouts.house import balance, fund
from tests.simulators import Simulator
from wallets import proof

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(120)]


@pytest.fixture
def nassit(rail_sim: Simulator, transactional_db: None) -> Any:
    yield desk()
    assert proof.run().problems == []


def _in_thread(act: Callable[[], Any]) -> Any:
    """What came of it, or the refusal."""
    try:
        return act()
    except ServiceError as error:
        return error
    finally:
        connection.close()


def _at_once(*acts: Callable[[], Any]) -> list[Any]:
    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(_in_thread, acts))


def test_one_batch_many_hands(nassit: Desk) -> None:
    """In one test, for each of these empties the database afterwards."""
    _two_who_approve_do_not_wait_for_each_other(nassit)
    _many_who_approve_approve_once(nassit)
    _an_edit_and_an_approval_never_both_count(nassit)
    _many_sweeps_start_it_once(nassit)
    _a_payout_is_sent_or_called_off_never_both(nassit)
    _many_who_try_again_try_once(nassit)


def _two_who_approve_do_not_wait_for_each_other(nassit: Desk) -> None:
    batch = nassit.submitted("100")
    with transaction.atomic(), ThreadPoolExecutor(1) as pool:
        hold(batch)
        refused = pool.submit(_in_thread, lambda: batches.approve(actor=nassit.checker, batch=batch)).result(20)
    assert isinstance(refused, BatchBusy)
    assert batches.approve(actor=nassit.checker, batch=batch).started_at is not None


def _many_who_approve_approve_once(nassit: Desk) -> None:
    batch, before = nassit.submitted("10", "20"), balance(nassit.client)
    answers = _at_once(*[lambda: batches.approve(actor=nassit.checker, batch=batch)] * 4)
    assert [one for one in answers if not isinstance(one, (Batch, BatchBusy))] == []
    assert Payout.objects.filter(batch=batch).count() == 2
    batch.refresh_from_db()
    assert balance(nassit.client) == before - batch.total


def _an_edit_and_an_approval_never_both_count(nassit: Desk) -> None:
    for number in range(4):
        batch = nassit.submitted("100", name=f"Race {number}")
        [row] = rows_of(batch)
        _at_once(
            lambda batch=batch: batches.approve(actor=nassit.checker, batch=batch),
            lambda row=row: rows.edit(actor=nassit.maker, row=row, destination=GOOD[1], amount="90"),
        )
        batch.refresh_from_db()
        row.refresh_from_db()
        # Either it was approved and the row is what was approved, or it was changed and waits to be submitted.
        assert (batch.state, f"{row.amount:f}") in {(BatchState.PROCESSING, "100.00"), (BatchState.VALIDATED, "90.00")}


def _many_sweeps_start_it_once(nassit: Desk) -> None:
    poor = desk("Poor", money="0")
    batch = poor.approved("100", "200")
    fund(poor.client, "1000")
    _at_once(*[starting.start_due] * 3)
    batch.refresh_from_db()
    assert (batch.state, Payout.objects.filter(batch=batch).count()) == (BatchState.PROCESSING, 2)
    assert balance(poor.client) == 1000 - batch.total


def _a_payout_is_sent_or_called_off_never_both(nassit: Desk) -> None:
    batch = nassit.approved(*["1"] * 30, name="Race")
    _at_once(lambda: sending.run("live", seconds=1.0), lambda: batches.cancel(actor=nassit.checker, batch=batch))
    ended = finished(batch)
    states = list(Payout.objects.filter(batch=batch).values_list("state", flat=True))
    assert (states.count(State.COMPLETED), states.count(State.CANCELLED)) == (ended.paid, ended.cancelled)
    assert ended.paid + ended.cancelled == 30


def _many_who_try_again_try_once(nassit: Desk) -> None:
    batch = finished(nassit.approved("100", name="Again", to=["003001014892010000"]))
    _at_once(*[lambda: batches.retry(actor=nassit.maker, batch=batch)] * 3)
    finished(batch)
    assert Payout.objects.get(batch=batch).attempts == 2
