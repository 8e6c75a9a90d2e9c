"""What a rail says that cannot be, or never says: nothing is paid twice, nothing is overlooked, somebody can end it."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction

from accounts.models import Client
from config.lib.clock import now
from payouts import sending
from payouts.errors import NotInDoubt
from payouts.models import Contradiction, Payout
from payouts.models.states import BatchState, State
from payouts.selectors import search
from payouts.sending import counting, verdicts
from tests.accounts import cast
from tests.payouts.house import balance, fund
from tests.payouts.sending import FEE, accounts, begun, due_now, paid_at_rail, problems, ready, time_passes
from tests.simulators import Simulator
from wallets import proof
from wallets.models import Account

pytestmark = pytest.mark.django_db
START = Decimal(100_000)


@pytest.fixture
def client(db: None) -> Client:
    company = cast.company()
    fund(company)
    return company


@pytest.fixture(autouse=True)
def _books(rail_sim: Simulator, settings: Any) -> Iterator[None]:
    settings.PAYOUT_RAIL_TIMEOUT_SECONDS = 0.5
    rail_sim.control("settings", accepted_seconds=60, returned_seconds=60)
    yield
    Contradiction.objects.update(explained_at=now())
    assert proof.run().problems == []


def state_of(payout: Payout) -> str:
    return Payout.objects.values_list("state", flat=True).get(pk=payout.pk)


def named(payout: Payout) -> bool:
    return any(payout.reference in problem for problem in problems())


@pytest.mark.parametrize("status", ["returned", "paid"])
def test_another_amount_of_what_is_paid_is_for_a_person(client: Client, rail_sim: Simulator, status: str) -> None:
    payout = ready(client)
    sending.run("live")
    if status == "returned":
        rail_sim.control("return", reference=payout.reference, code="account_closed")
    rail_sim.control("misbehave", operation="lookup", mode="wrong_amount")
    sending.look_back("live")
    assert (state_of(payout), balance(client)) == (State.COMPLETED, START - 100 - FEE)
    assert Contradiction.objects.get().outcome == status
    assert named(payout)


def test_another_currency_is_for_a_person(client: Client, rail_sim: Simulator) -> None:
    payout = ready(client)
    rail_sim.control("misbehave", operation="payouts", mode="timeout_after_accept", seconds=2)
    rail_sim.control("misbehave", operation="lookup", mode="wrong_currency")
    sending.run("live", seconds=0.1)
    due_now()
    sending.run("live", seconds=0.1)
    assert state_of(payout) == State.IN_DOUBT
    assert named(payout)
    time_passes(400)
    sending.run("live", seconds=0.1)
    assert state_of(payout) == State.COMPLETED


def test_what_was_accepted_and_is_forgotten_is_not_given_again(client: Client, rail_sim: Simulator) -> None:
    payout = ready(client, "003001000000002222")
    sending.run("live")
    assert state_of(payout) == State.SENDING
    rail_sim.control("misbehave", operation="lookup", mode="not_found", times=6)
    for _turn in range(6):
        time_passes(120)
        due_now()
        sending.run("live", seconds=0.1)
    assert state_of(payout) == State.IN_DOUBT
    rows = rail_sim.look(f"payouts?reference={payout.reference}")["payouts"]
    assert rows[0]["attempts"] == 1
    rail_sim.control("end", reference=payout.reference, status="paid")
    time_passes(400)
    sending.run("live", seconds=0.1)
    assert state_of(payout) == State.COMPLETED
    assert paid_at_rail(rail_sim, payout.reference) == 1


def test_what_was_accepted_and_never_ends_is_ended_by_a_person(client: Client, rail_sim: Simulator) -> None:
    payout = ready(client, "003001000000002222")
    sending.run("live")
    time_passes(71 * 3600)
    with pytest.raises(NotInDoubt):
        sending.settle(payout.pk, is_paid=False, message="", caused_by=None)
    assert not Payout.objects.filter(search.for_a_person()).exists()
    time_passes(3600)
    assert Payout.objects.filter(search.for_a_person()).get() == payout
    sending.settle(payout.pk, is_paid=False, message="they never had it", caused_by=None)
    assert (state_of(payout), balance(client)) == (State.FAILED, START)
    # It is asked about once more all the same.
    rail_sim.control("end", reference=payout.reference, status="paid")
    sending.look_back("live")
    assert state_of(payout) == State.FAILED
    assert named(payout)


def test_what_may_have_been_seen_and_cannot_be_given_any_more_comes_into_doubt(
    client: Client, rail_sim: Simulator
) -> None:
    payout = ready(client)
    rail_sim.control("misbehave", operation="payouts", mode="timeout_before_accept", seconds=2)
    sending.run("live", seconds=0.1)
    time_passes(90)
    rail_sim.control("misbehave", operation="payouts", mode="unauthorized", times=9)
    sending.run("live", seconds=0.1)
    assert state_of(payout) == State.AUTHORIZED
    Payout.objects.filter(pk=payout.pk).update(asked=verdicts.MOST_TURNS)
    due_now()
    rail_sim.control("misbehave", operation="lookup", mode="502", times=9)
    sending.run("live", seconds=0.1)
    assert state_of(payout) == State.IN_DOUBT
    time_passes(13 * 3600)
    payout.refresh_from_db()
    since = search.settle_from(payout)
    assert since is not None
    assert since < now() - timedelta(minutes=30)
    sending.settle(payout.pk, is_paid=False, message="they never had it", caused_by=None)
    assert balance(client) == START


# --- clients that are gone, and what others hold --------------------------------------------------------------------


def test_a_client_that_was_deactivated_pays_nothing_more(client: Client, rail_sim: Simulator) -> None:
    batch, single, other = begun(client, accounts(3)), ready(client), cast.company("Other")
    doubtful = ready(client, "003001000000005009")
    Payout.objects.filter(pk=doubtful.pk).update(sent_at=now())
    fund(other)
    theirs = ready(other)
    Client.objects.filter(pk=client.pk).update(status=Client.Status.DEACTIVATED)
    assert sending.run("live") == [batch.pk]
    batch.refresh_from_db()
    assert (batch.state, batch.cancelled) == (BatchState.CANCELLED, 3)
    # What the rail may have seen goes on to its end.
    assert [state_of(one) for one in (single, doubtful, theirs)] == ["cancelled", "completed", "completed"]
    assert balance(client) == START - 100 - FEE
    assert paid_at_rail(rail_sim, single.reference) == 0
    assert problems() == []


def test_one_that_cannot_be_stopped_keeps_nobody_waiting(client: Client, rail_sim: Simulator) -> None:
    poor = cast.company("Poor")
    fund(poor, str(100 + FEE))
    stuck = ready(poor)
    Account.objects.filter(client=poor).update(status="closed")
    Client.objects.filter(pk=poor.pk).update(status=Client.Status.DEACTIVATED)
    payout = ready(client)
    sending.run("live")
    assert (state_of(stuck), state_of(payout)) == (State.AUTHORIZED, State.COMPLETED)
    Account.objects.filter(client=poor).update(status="open")
    sending.run("live")
    assert (state_of(stuck), balance(poor)) == (State.CANCELLED, 100 + FEE)


def test_what_comes_back_to_a_closed_balance_is_named_and_keeps_nobody_waiting(
    client: Client, rail_sim: Simulator
) -> None:
    poor = cast.company("Poor")
    fund(poor, str(100 + FEE))
    back = ready(poor)
    sending.run("live")
    Account.objects.filter(client=poor).update(status="closed")
    rail_sim.control("return", reference=back.reference, code="account_closed")
    payout = ready(client)
    due_now()
    sending.run("live")
    assert (state_of(back), state_of(payout)) == (State.COMPLETED, State.COMPLETED)
    assert named(back)
    Account.objects.filter(client=poor).update(status="open")
    sending.look_back("live")
    assert (state_of(back), balance(poor)) == (State.RETURNED, Decimal(100))


@pytest.mark.django_db(transaction=True)
def test_who_holds_a_batch_for_long_does_not_hold_a_worker_for_each_row(rail_sim: Simulator, caplog: Any) -> None:
    payer = cast.company()
    fund(payer)
    batch = begun(payer, accounts(6))
    is_held, is_done = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            counting.hold([batch.pk])
            is_held.set()
            is_done.wait(20)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    is_held.wait(10)
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '100ms'")
    sending.run("live", seconds=0.1)
    is_done.set()
    holder.join()
    with connection.cursor() as cursor:
        cursor.execute("RESET lock_timeout")
    assert len([one for one in caplog.records if "could not be recorded" in one.message]) == 1
    assert set(batch.payouts.values_list("state", flat=True)) == {State.SENDING}
    time_passes(120)
    sending.run("live")
    batch.refresh_from_db()
    assert (batch.state, batch.paid) == (BatchState.COMPLETED, 6)
    assert problems() == []
