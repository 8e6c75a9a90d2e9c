"""What programs of clients hear of money out: each single payout, and each batch once."""

import json
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.access.actors import command
from accounts.models import Client
from notifications.models import Owner, WebhookDelivery
from notifications.services import webhooks
from payouts import news, sending
from payouts.models import Payout
from payouts.models.states import Reason, State
from payouts.services import batches
from tests.accounts import cast
from tests.payouts.desk import GOOD, Desk, desk, finished
from tests.payouts.house import fund, payment
from tests.simulators import Simulator

pytestmark = pytest.mark.django_db
URL = "https://93.184.216.34/hook"


@pytest.fixture
def company(db: None) -> Client:
    made = cast.company("Kush")
    fund(made)
    return made


def listen(company: Client, *, is_sandbox: bool = False, **more: Any) -> None:
    owner = Owner(client=company, is_sandbox=is_sandbox)
    webhooks.change(actor=command("test"), owner=owner, url=URL, **more)


def heard() -> list[tuple[str, dict[str, Any]]]:
    rows = WebhookDelivery.objects.order_by("id")
    return [(row.event, json.loads(bytes(row.body))["data"]) for row in rows]


@pytest.mark.parametrize(
    ("state", "event", "status"),
    [
        (State.COMPLETED, "payout.completed", "Completed"),
        (State.RETURNED, "payout.failed", "Failed"),
        (State.FAILED, "payout.failed", "Failed"),
        (State.CANCELLED, "payout.failed", "Failed"),
        (State.EXPIRED, "payout.failed", "Expired"),
        (State.REJECTED, "payout.failed", "Rejected"),
    ],
)
def test_each_end_once(company: Client, state: State, event: str, status: str) -> None:
    listen(company)
    made = payment(company, state=state)
    for _ in range(2):
        news.ended([made.pk])
    ((name, told),) = heard()
    assert (name, told["transactionId"], told["status"], told["amount"]) == (event, str(made.public_id), status, 100)


def test_one_that_fails_again_is_told_again(company: Client) -> None:
    listen(company)
    made = payment(company, state=State.FAILED, reason=Reason.REFUSED)
    news.ended([made.pk])
    Payout.objects.filter(pk=made.pk).update(attempts=2)
    news.ended([made.pk])
    assert [name for name, _told in heard()] == ["payout.failed"] * 2


def test_worlds_are_told_apart_and_open_ones_are_none(company: Client) -> None:
    listen(company, is_sandbox=True)
    live, play = payment(company), payment(company, is_sandbox=True)
    waiting = payment(company, is_sandbox=True, state=State.PENDING)
    news.ended([live.pk, play.pk, waiting.pk])
    assert [told["transactionId"] for _name, told in heard()] == [str(play.public_id)]


def test_only_what_is_wanted(company: Client) -> None:
    listen(company, events=["payout.failed"])
    news.ended([payment(company).pk])
    assert heard() == []


def test_many_cost_as_little_as_one(company: Client) -> None:
    many = [payment(company).pk for _ in range(30)]
    with CaptureQueriesContext(connection) as nobody:
        news.ended(many)
    listen(company)
    with CaptureQueriesContext(connection) as somebody:
        news.ended(many)
    assert (len(nobody), len(somebody)) == (1, 3)
    assert len(heard()) == 30


def test_called_off_before_it_left(company: Client) -> None:
    listen(company)
    made = payment(company, state=State.PENDING)
    sending.reserve([made], memo="", caused_by=None)
    sending.release([made.pk], to=State.CANCELLED, reason=Reason.CANCELLED)
    assert [(name, told["state"]) for name, told in heard()] == [("payout.failed", "cancelled")]


def test_a_batch_is_told_once_for_each_end_and_its_rows_are_not(rail_sim: Simulator) -> None:
    rail_sim.control("settings", accepted_seconds=0.2, returned_seconds=0.2)
    nassit: Desk = desk()
    listen(nassit.client)
    batch = finished(nassit.approved("100", "200", to=[GOOD[0], "003001014892015555"]))
    # The worker may die here: whoever listens is told already, and the mails are still to come.
    assert len(heard()) == 1
    assert news.untold_ends() == [batch.pk]
    batches.retry(actor=nassit.maker, batch=batch)
    batch = finished(batch)
    for _ in range(2):
        news.tell_end(batch.pk)
        news.batches_ended([batch.pk])
    told = heard()
    assert [name for name, _told in told] == ["batch.finished"] * 2
    first, second = (data for _name, data in told)
    assert (first["state"], first["completedCount"], first["failedCount"]) == ("partly_completed", 1, 1)
    assert (second["state"], second["completedAmount"], second["batchName"]) == ("completed", 300, batch.name)


def test_a_batch_called_off_is_told_with_its_end_or_not_at_all(rail_sim: Simulator) -> None:
    nassit: Desk = desk()
    listen(nassit.client)
    batch = nassit.approved("100", "200")
    with transaction.atomic():
        batches.cancel(actor=nassit.maker, batch=batch)
        assert len(heard()) == 1
        transaction.set_rollback(True)
    batch.refresh_from_db()
    assert (batch.finished_at, heard()) == (None, [])
    batches.cancel(actor=nassit.maker, batch=batch)
    ((name, told),) = heard()
    assert (name, told["state"], told["cancelledCount"]) == ("batch.finished", "cancelled", 2)


def test_nobody_waits_for_a_batch_that_never_began(rail_sim: Simulator) -> None:
    nassit: Desk = desk()
    listen(nassit.client)
    batches.cancel(actor=nassit.maker, batch=nassit.submitted("100"))
    assert heard() == []
