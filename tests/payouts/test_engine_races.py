"""Payouts while things break: workers killed at each step, two of them at once, Redis emptied, the wire cut.

Whatever happens, at the end the rail's log, the payouts and the ledger say the same: nothing lost, nothing twice.
"""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests
from django.core.cache import cache
from django.db import connection, connections, transaction

from accounts.models import Client
from payouts import sending
from payouts.errors import NotEnoughMoney
from payouts.models import Batch, Contradiction, Payout
from payouts.models.states import ENDS, BatchState, Reason, State
from payouts.sending import claiming
from tests.accounts import cast
from tests.payouts.house import balance, fund
from tests.payouts.sending import FEE, accounts, begun, due_now, problems, ready, time_passes, work_off
from tests.simulators import Simulator
from wallets import proof

ROOT = Path(__file__).resolve().parent.parent.parent
START = Decimal(1_000_000)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def client(db: None) -> Client:
    company = cast.company()
    fund(company, str(START))
    return company


@pytest.fixture(autouse=True)
def _books(rail_sim: Simulator, settings: Any) -> Iterator[None]:
    settings.PAYOUT_RAIL_TIMEOUT_SECONDS = 0.5
    settings.PAYOUT_RAIL_PER_SECOND = 2000
    rail_sim.control("settings", accepted_seconds=0.2, returned_seconds=600)
    yield
    settle_up(rail_sim)


def settle_up(rail: Simulator) -> None:
    """The end: all payouts are over, and three books say the same."""
    work_off()
    assert not Payout.objects.exclude(state__in=ENDS).exists()
    totals = rail.look("totals")
    assert totals["paid_more_than_once"] == []
    paid = totals["by_status"].get("paid", {"count": 0, "cents": 0})
    ours = list(Payout.objects.filter(state=State.COMPLETED).values_list("amount", flat=True))
    assert (paid["count"], Decimal(paid["cents"]) / 100) == (len(ours), sum(ours, Decimal(0)))
    assert problems() == []
    assert proof.run().problems == []


def at_once(*works: Callable[[], object]) -> None:
    """Everything from the same moment on, each with a connection of its own."""
    gate, broken = threading.Barrier(len(works)), list[BaseException]()

    def go(work: Callable[[], object]) -> None:
        try:
            gate.wait(10)
            work()
        except BaseException as error:
            broken.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=go, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert broken == []


def test_two_workers_share_a_batch_and_pay_nothing_twice(client: Client, rail_sim: Simulator) -> None:
    batch = begun(client, accounts(60))
    single = ready(client)
    run = lambda: sending.run("live", seconds=20)  # noqa: E731
    at_once(run, run, run, lambda: sending.attend([single.pk], 2))
    work_off()
    batch.refresh_from_db()
    assert (batch.state, batch.paid) == (BatchState.COMPLETED, 60)
    assert rail_sim.look("totals")["references"] == 61


def test_two_claims_at_once_have_nothing_in_common(client: Client) -> None:
    begun(client, accounts(40))
    claims: list[list[int]] = []

    def claim() -> None:
        claims.append([one.id for one in claiming.to_send((False,), 25)])

    at_once(claim, claim, claim)
    taken = [one for claimed in claims for one in claimed]
    assert len(taken) == len(set(taken))
    time_passes(120)


def test_called_off_or_sent_never_both(client: Client, rail_sim: Simulator) -> None:
    batch = begun(client, accounts(40))
    ids = list(Payout.objects.values_list("pk", flat=True))
    stopped: list[int] = []

    def cancel() -> None:
        with transaction.atomic():
            Batch.objects.filter(pk=batch.pk).update(cancel_requested_at="2026-01-01T00:00Z")
            stopped.append(sending.release(ids, to=State.CANCELLED, reason=Reason.CANCELLED))

    at_once(lambda: sending.run("live", seconds=5), cancel)
    work_off()
    batch.refresh_from_db()
    assert batch.paid + batch.cancelled == 40
    assert batch.cancelled >= stopped[0]
    assert rail_sim.look("totals")["references"] == batch.paid


def test_the_last_money_is_set_aside_once(client: Client) -> None:
    waiting = [ready_to_go(client, START / 2) for _ in range(4)]
    refused: list[int] = []

    def reserve(payout: Payout) -> None:
        try:
            with transaction.atomic():
                sending.reserve([payout], memo="", caused_by=None)
        except NotEnoughMoney:
            refused.append(payout.pk)

    at_once(*[lambda payout=payout: reserve(payout) for payout in waiting])
    assert len(refused) == 3
    Payout.objects.filter(pk__in=refused).update(state=State.CANCELLED, due_at=None, closed_at="2026-01-01T00:00Z")


def test_a_small_batch_is_over_while_a_large_one_goes_on(client: Client, rail_sim: Simulator, settings: Any) -> None:
    settings.PAYOUT_RAIL_PER_SECOND = 60
    other = cast.company("Other")
    fund(other)
    large = begun(client, accounts(200))
    went_on: list[int] = []

    def paid() -> int:
        return Batch.objects.values_list("paid", flat=True).get(pk=large.pk)

    def somebody_else() -> None:
        wait_until(lambda: paid() >= 30)
        small = begun(other, accounts(10, 500))
        before = paid()
        wait_until(lambda: Batch.objects.filter(pk=small.pk, state=BatchState.COMPLETED).exists())
        went_on.append(paid() - before)

    run = lambda: sending.run("live", seconds=20)  # noqa: E731
    at_once(run, run, somebody_else)
    # Two seconds' worth of the rail's pace at most (B12).
    assert went_on[0] <= 2 * 60


def ready_to_go(client: Client, amount: Decimal) -> Payout:
    from tests.payouts.house import payment

    return payment(client, state=State.PENDING, amount=amount, fee=FEE)


def test_a_batch_begins_once(client: Client) -> None:
    from tests.payouts.sending import approved

    batch = approved(client, accounts(5))

    def begin() -> None:
        with transaction.atomic():
            held = Batch.objects.select_for_update().get(pk=batch.pk)
            if held.started_at is None:
                sending.begin_batch(held, caused_by=None)

    at_once(begin, begin, begin)
    assert Payout.objects.count() == 5
    assert balance(client) == START - 5 * (10 + FEE)


def worker(rail: Simulator, settings: Any, **given: str) -> "subprocess.Popen[bytes]":
    """A worker in a process of its own, on the database of this test."""
    database = connection.settings_dict
    url = f"postgres://{database['USER']}:{database['PASSWORD']}@{database['HOST']}:{database['PORT']}"
    environment = {
        **os.environ,
        "DATABASE_URL": f"{url}/{database['NAME']}",
        "PAYOUT_RAIL_URL": f"{rail.url}/rail/v1",
        "PAYOUT_RAIL_KEY": rail.secrets["api_key"],
        "PAYOUT_RAIL_TIMEOUT_SECONDS": "2",
        "PAYOUT_RAIL_PER_SECOND": "60",
        "LOG_LEVEL": "ERROR",
        **given,
    }
    program = "import django; django.setup(); from payouts import sending; [sending.run('live') for _ in range(200)]"
    environment["DJANGO_SETTINGS_MODULE"] = "config.settings"
    return subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, env=environment)


def wait_until(is_so: Callable[[], bool], seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_worker_that_is_killed_while_paying_costs_nobody_anything(
    client: Client, rail_sim: Simulator, settings: Any
) -> None:
    batch = begun(client, [*accounts(80), "003001000000000000"])
    process = worker(rail_sim, settings)
    try:
        wait_until(lambda: rail_sim.look("totals")["references"] >= 15)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    assert Payout.objects.filter(state__in=[State.SENDING, State.IN_DOUBT]).exists()
    time_passes(120)
    work_off()
    batch.refresh_from_db()
    assert (batch.state, batch.paid, batch.failed) == (BatchState.PARTLY_COMPLETED, 80, 1)


@pytest.mark.parametrize("step", ["claimed", "paid, nothing written", "asked, nothing written"])
def test_whoever_is_gone_at_this_step_is_replaced(client: Client, rail_sim: Simulator, step: str) -> None:
    from payouts import rails

    payout = ready(client)
    where = rails.line("live")
    assert where
    claimed = claiming.to_send((False,), 1)
    if step != "claimed":
        rails.on(where, "gone").send([one.instruction() for one in claimed])
    if step.startswith("asked"):
        time_passes(120)
        rails.on(where, "gone").ask([one.reference for one in claiming.to_ask((False,), 1)])
    with transaction.atomic():
        assert sending.release([payout.pk], to=State.CANCELLED, reason=Reason.CANCELLED) == 0
    sending.run("live", seconds=0.5)
    payout.refresh_from_db()
    assert payout.state in (State.SENDING, State.IN_DOUBT)
    time_passes(120)
    work_off()
    payout.refresh_from_db()
    assert (payout.state, payout.attempts) == (State.COMPLETED, 1)


def test_redis_may_forget_everything_in_the_middle(client: Client, rail_sim: Simulator, settings: Any) -> None:
    settings.PAYOUT_RAIL_PER_SECOND = 60
    batch = begun(client, accounts(90))
    at_once(lambda: sending.run("live", seconds=4), lambda: _forget(5, 0.2))
    work_off()
    batch.refresh_from_db()
    assert batch.state == BatchState.COMPLETED
    # One tenth of a second's worth may go again.
    assert rail_sim.look("pressure")["per_second"] <= 60 * 1.2


def _forget(times: int, pause: float) -> None:
    for _time in range(times):
        time.sleep(pause)
        cache.clear()


# --- anything in any order ----------------------------------------------------------------------------------------

_FAULTS = [
    *("timeout_after_accept", "reset_after_accept", "502_after_accept", "html", "truncated", "empty", "429"),
    *("timeout_before_accept", "502", "wrong_amount", "wrong_reference", "unauthorized", "reset_before_accept"),
]
_ENDINGS = ("9001", "9001", "9001", "0000", "2222", "5555", "6666", "7777", "1111")


class Story:
    """Things that happen to a client's payouts, chosen by a seed; what must hold is looked at after each of them."""

    def __init__(self, client: Client, rail: Simulator, seed: int) -> None:
        self.client, self.rail, self.draw = client, rail, random.Random(seed)
        self.number = 0
        self.acts: list[Callable[[], None]] = [
            *(self.pay, self.pay, self.begin, self.run, self.run, self.run, self.break_rail, self.lose_worker),
            *(self.stop_one, self.again, self.pause, self.resume, self.cancel, self.wait, self.come_back),
        ]

    def go(self, steps: int) -> None:
        for _step in range(steps):
            self.draw.choice(self.acts)()
            assert [one for one in problems() if "rail says" not in one] == []
        behave(self.rail)
        self.finish()

    def account(self) -> str:
        self.number += 1
        return f"003001{self.number:08d}{self.draw.choice(_ENDINGS)}"

    def pay(self) -> None:
        ready(self.client, self.account(), amount=Decimal(self.draw.randint(1, 5000)) / 100)

    def begin(self) -> None:
        begun(self.client, [self.account() for _ in range(self.draw.randint(1, 8))])

    def run(self) -> None:
        sending.run("live", seconds=self.draw.choice([0.05, 1]))

    def wait(self) -> None:
        time_passes(self.draw.choice([1, 5, 30, 120]))

    def break_rail(self) -> None:
        operation = self.draw.choice(["payouts", "payouts", "lookup", "events"])
        # Another amount at a question is for a person: it stays until somebody has explained it.
        mode = self.draw.choice([one for one in _FAULTS if operation == "payouts" or one != "wrong_amount"])
        self.rail.control("misbehave", operation=operation, mode=mode, times=self.draw.randint(1, 3), seconds=1)

    def lose_worker(self) -> None:
        """Somebody takes payouts, perhaps gives them to the rail, and is never seen again."""
        from payouts import rails

        claimed = claiming.to_send((False,), self.draw.randint(1, 4))
        where = rails.line("live")
        assert where
        if self.draw.random() < 0.6:
            rails.on(where, "lost").send([one.instruction() for one in claimed])

    def stop_one(self) -> None:
        ids = list(Payout.objects.filter(batch=None).values_list("pk", flat=True))
        if ids:
            with transaction.atomic():
                sending.release([self.draw.choice(ids)], to=State.CANCELLED, reason=Reason.CANCELLED)

    def again(self) -> None:
        ids = list(Payout.objects.filter(state=State.FAILED).values_list("pk", flat=True))
        if ids:
            with transaction.atomic():
                sending.again(self.draw.sample(ids, min(3, len(ids))), asked_by="x", caused_by=None)

    def pause(self) -> None:
        Batch.objects.filter(state=BatchState.PROCESSING).update(state=BatchState.PAUSED)

    def resume(self) -> None:
        Batch.objects.filter(state=BatchState.PAUSED).update(state=BatchState.PROCESSING)

    def cancel(self) -> None:
        batch = Batch.objects.filter(state__in=[BatchState.PROCESSING, BatchState.PAUSED]).first()
        if batch is not None and self.draw.random() < 0.3:
            with transaction.atomic():
                Batch.objects.filter(pk=batch.pk).update(cancel_requested_at="2026-01-01T00:00Z")
                ids = list(Payout.objects.filter(batch=batch).values_list("pk", flat=True))
                sending.release(ids, to=State.CANCELLED, reason=Reason.CANCELLED)

    def come_back(self) -> None:
        payout = Payout.objects.filter(state=State.COMPLETED).order_by("?").first()
        if payout is not None and self.draw.random() < 0.5:
            # It may have come back already without our knowing.
            with suppress(requests.HTTPError):
                self.rail.control("return", reference=payout.reference)

    def finish(self) -> None:
        time.sleep(0.3)
        self.resume()
        due_now()
        work_off()
        for _twice in range(2):
            due_now()
            sending.run("live")
        # News under a wrong name, or an answer about somebody else, is made good in the night.
        sending.look_back("live")
        assert not Batch.objects.filter(state__in=[BatchState.PROCESSING, BatchState.PAUSED]).exists()
        assert not Contradiction.objects.exists()
        back = Payout.objects.filter(state=State.RETURNED).count()
        assert self.rail.look("totals")["by_status"].get("returned", {"count": 0})["count"] == back


def behave(rail: Simulator) -> None:
    requests.delete(f"{rail.url}/_control/misbehave", timeout=10).raise_for_status()


def tell(client: Client, rail: Simulator, seed: int, steps: int) -> None:
    Story(client, rail, seed).go(steps)


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_happens_all_books_agree(client: Client, rail_sim: Simulator, seed: int) -> None:
    tell(client, rail_sim, seed, 40)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10, 40))
def test_whatever_happens_all_books_agree_for_long(client: Client, rail_sim: Simulator, seed: int) -> None:
    tell(client, rail_sim, seed, 300)


@pytest.mark.soak
def test_ten_thousand_survive_killed_workers_and_an_emptied_redis(
    client: Client, rail_sim: Simulator, settings: Any
) -> None:
    settings.PAYOUT_RAIL_TIMEOUT_SECONDS = 2
    batch = begun(client, [*accounts(9_990), *["003001000000000000"] * 10])
    draw = random.Random(7)
    until = time.monotonic() + 400
    while Payout.objects.filter(is_reserved=True).exists() and time.monotonic() < until:
        workers = [worker(rail_sim, settings, PAYOUT_RAIL_PER_SECOND="400") for _ in range(2)]
        try:
            # Long enough to begin, and in the middle of something.
            done = rail_sim.look("totals")["references"]
            wait_until(lambda done=done: _has_gone_on(rail_sim, done), 60)  # type: ignore[misc]
            cache.clear()
            rail_sim.control("misbehave", operation="payouts", mode=draw.choice(_FAULTS), times=5, seconds=3)
            time.sleep(draw.uniform(2, 6))
        finally:
            for process in workers:
                process.send_signal(signal.SIGKILL)
                process.wait(10)
        time_passes(60)
    behave(rail_sim)
    work_off(400)
    batch.refresh_from_db()
    assert (batch.state, batch.paid, batch.failed) == (BatchState.PARTLY_COMPLETED, 9_990, 10)


def _has_gone_on(rail: Simulator, done: int) -> bool:
    return (
        rail.look("totals")["references"] >= min(done + 400, 9_900)
        or not Payout.objects.filter(is_reserved=True).exists()
    )
