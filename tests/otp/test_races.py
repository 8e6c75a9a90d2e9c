"""Several at once, on real threads and processes. Each race is first shown with its lock off."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.db import connection, connections
from django.db.models import QuerySet

from accounts.models import Customer
from otp import catalogue, delivery, polling, services
from otp.delivery import Answer, recording
from otp.errors import ServiceError
from otp.models import ENDS, Order, State, queue
from otp.providers.types import Message, Snapshot
from otp.services import orders as placing
from tests.otp.helpers import (
    activations,
    age,
    allow,
    buy,
    deliver,
    due_now,
    fresh,
    fund,
    hold_of,
    look,
    lose_lease,
    place,
    prove,
    shown_price,
    wallet,
)
from tests.simulators import ROOT, Simulator

pytestmark = pytest.mark.django_db(transaction=True)


def together(*steps: Callable[[], Any]) -> list[Any]:
    """Start all steps at the same moment, each on a thread and connection of its own; errors are results."""
    start = threading.Barrier(len(steps))

    def run(step: Callable[[], Any]) -> Any:
        start.wait()
        try:
            return step()
        except Exception as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(steps)) as pool:
        return list(pool.map(run, steps))


@pytest.fixture
def forgetful() -> Iterator[None]:
    """The kept statement is made anew, for tests that change what it is made of."""
    queue.claiming.cache_clear()
    yield
    queue.claiming.cache_clear()


@pytest.fixture
def locks_off(monkeypatch: pytest.MonkeyPatch, forgetful: None) -> Callable[[], None]:
    def switch() -> None:
        monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **how: self.all())
        queue.claiming.cache_clear()

    return switch


@pytest.fixture
def meet(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any, str], None]:
    """Let two threads wait for each other (a moment) before they go on in the named function."""

    def install(owner: Any, name: str) -> None:
        barrier, inner = threading.Barrier(2), getattr(owner, name)

        def waiting(*args: Any, **kwargs: Any) -> Any:
            try:
                barrier.wait(0.4)
            except threading.BrokenBarrierError:
                barrier.reset()
            return inner(*args, **kwargs)

        monkeypatch.setattr(owner, name, waiting)

    return install


def test_without_the_lock_two_workers_take_the_same_order(
    shop: Simulator, ayu: Customer, locks_off: Callable[[], None], meet: Callable[[Any, str], None]
) -> None:
    order = buy(ayu)
    due_now(order)
    locks_off()
    meet(Order, "take_lease")
    taken = together(lambda: Order.objects.claim_due(5), lambda: Order.objects.claim_due(5))
    assert [len(rows) for rows in taken] == [1, 1]


def test_two_workers_never_take_the_same_order(
    shop: Simulator, ayu: Customer, meet: Callable[[Any, str], None]
) -> None:
    orders = [buy(ayu) for _ in range(6)]
    for order in orders:
        due_now(order)
    meet(Order, "take_lease")
    taken = together(*[lambda: Order.objects.claim_due(4)] * 3)
    keys = [row.pk for rows in taken for row in rows]
    assert len(keys) == len(set(keys)) == 6


def _answer(order: Order) -> tuple[Any, Snapshot]:
    leased = Order.objects.claim(order.pk)
    assert leased
    return leased.lease_token, Snapshot(leased.provider_order_id, "otp_received", messages=(Message("1", "1", None),))


def test_without_the_lock_the_same_answer_is_written_twice(
    shop: Simulator, ayu: Customer, locks_off: Callable[[], None], meet: Callable[[Any, str], None]
) -> None:
    order = buy(ayu)
    lease, snapshot = _answer(order)
    locks_off()
    meet(recording, "_digest")
    write = lambda: delivery.apply_snapshot(order_id=order.pk, snapshot=snapshot, lease=lease)  # noqa: E731
    # Both get past the lease; only the database's own rules stop the second one, with an error.
    assert sorted(type(result).__name__ for result in together(write, write)) == ["IntegrityError", "bool"]


def test_the_same_answer_at_once_is_written_once(
    shop: Simulator, ayu: Customer, meet: Callable[[Any, str], None]
) -> None:
    order = buy(ayu)
    lease, snapshot = _answer(order)
    meet(recording, "_digest")
    write = lambda: delivery.apply_snapshot(order_id=order.pk, snapshot=snapshot, lease=lease)  # noqa: E731
    assert sorted(together(write, write)) == [False, True]
    assert wallet(ayu) == (Decimal(94_600), Decimal(0))


def test_without_the_lock_the_cap_leaks(
    shop: Simulator, ayu: Customer, settings: Any, locks_off: Callable[[], None], meet: Any
) -> None:
    allow(settings, live=1)
    price = shown_price()
    locks_off()
    meet(placing, "_new_order")
    together(*[lambda: place(ayu, expected_price=price)] * 2)
    assert Order.objects.count() == 2


def test_the_cap_holds_when_all_buy_at_once(shop: Simulator, ayu: Customer, settings: Any, meet: Any) -> None:
    allow(settings, live=2)
    price = shown_price()
    meet(placing, "_new_order")
    results = together(*[lambda: place(ayu, expected_price=price)] * 5)
    assert Order.objects.count() == 2
    assert sum(isinstance(result, ServiceError) for result in results) == 3


def test_a_double_click_on_two_servers_is_one_order(shop: Simulator, ayu: Customer, meet: Any) -> None:
    price = shown_price()
    results = together(*[lambda: place(ayu, expected_price=price, idempotency_key="one-form-1")] * 4)
    assert {result.pk for result in results} == {Order.objects.get().pk}
    assert wallet(ayu)[1] == price


def test_the_last_rupiah_is_held_once(shop: Simulator, customer: Customer) -> None:
    fund(customer, 6000)
    price = shown_price()
    results = together(*[lambda: place(customer, expected_price=price)] * 4)
    assert sum(isinstance(result, Order) for result in results) == 1
    assert wallet(customer) == (Decimal(6000), Decimal(5400))


@pytest.mark.parametrize("third", ["expire", "fail", "nothing"])
def test_code_cancel_and_expiry_have_one_winner(shop: Simulator, ayu: Customer, third: str) -> None:
    for round_number in range(6):
        order = buy(ayu)
        shop_id = int(fresh(order).provider_order_id)
        together(
            lambda: shop.control("deliver", order_id=shop_id, code="0042"),  # noqa: B023
            lambda: services.request_cancel(order=order),  # noqa: B023
            lambda: shop.control(third, order_id=shop_id) if third != "nothing" else None,  # noqa: B023
            lambda: polling.attend(order.pk),  # noqa: B023
            lambda: polling.attend(order.pk),  # noqa: B023
            lambda: polling.sweep(seconds=0),
        )
        for _turn in range(4):
            polling.attend(order.pk)
        [there] = activations(shop, order)
        here = fresh(order)
        if there["otps"]:
            assert here.is_delivered, round_number
            assert hold_of(order).state == "captured"
        else:
            assert here.state in ENDS, round_number
            assert there["status"] in ("cancelled", "failed")
            assert hold_of(order).state in ("released", "expired")
        if here.is_live:
            services.finish_order(order=order)
            assert look(order).state == State.SUCCESS
        prove()


# --- the shared rate ------------------------------------------------------------------------------------------------


def _poll_hard(seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for order in Order.objects.live():
            due_now(order)
        polling.sweep(seconds=0.2)


def test_threads_and_processes_share_one_rate(shop: Simulator, ayu: Customer, settings: Any) -> None:
    orders = [buy(ayu) for _ in range(8)]
    cache.clear()
    settings.OTPZAP_RATE_PER_MINUTE = 60
    before = shop.look("requests")["total"]
    processes = [_python("from tests.otp.test_races import _poll_hard; _poll_hard(4)", settings) for _ in range(2)]
    together(*[lambda: _poll_hard(7)] * 2)
    for process in processes:
        assert process.wait(30) == 0
    made = shop.look("requests")["total"] - before
    # 58 of the 60 are ours to use, and polls leave a part of that to people who buy and cancel.
    assert 5 < made <= 58 - 6
    # There is room left for a purchase although polls are being refused.
    assert {fresh(order).poll_failures for order in orders} == {0}
    assert fresh(buy(ayu)).state == State.PENDING


def _python(code: str, settings: Any) -> "subprocess.Popen[bytes]":
    """Another process of ours on the database and Redis of this test."""
    database = connection.settings_dict
    url = (
        f"postgres://{database['USER']}:{database['PASSWORD']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
    )
    env = {
        **os.environ,
        "DATABASE_URL": url,
        "REDIS_URL": django_settings.REDIS_URL,
        "OTPZAP_BASE_URL": settings.OTPZAP_BASE_URL,
        "OTPZAP_API_KEY": settings.OTPZAP_API_KEY,
        "OTPZAP_RATE_PER_MINUTE": str(settings.OTPZAP_RATE_PER_MINUTE),
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    return subprocess.Popen([sys.executable, "-c", f"import django; django.setup(); {code}"], cwd=ROOT, env=env)


def test_used_up_rate_is_no_failure_and_loses_no_place(shop: Simulator, ayu: Customer, settings: Any) -> None:
    orders = [buy(ayu) for _ in range(4)]
    settings.OTPZAP_RATE_PER_MINUTE = 1
    for order in orders:
        due_now(order)
    polling.sweep()
    for order in orders:
        waiting = fresh(order)
        assert (waiting.poll_failures, waiting.lease_token) == (0, None)
    assert Order.objects.due().count() == 4
    settings.OTPZAP_RATE_PER_MINUTE = 300
    assert polling.sweep() == 4
    assert Order.objects.due().count() == 0


def test_a_cold_catalogue_is_asked_for_once(shop: Simulator, ayu: Customer) -> None:
    shop.control("misbehave", operation="countries", mode="slow", seconds=0.7)
    before = shop.look("requests")["total"]
    shelves = together(*[catalogue.countries] * 6)
    assert {len(shelf.items) for shelf in shelves} == {12}
    assert shop.look("requests")["total"] - before == 1


def test_one_hanging_call_delays_no_other_order(shop: Simulator, ayu: Customer) -> None:
    orders = [buy(ayu) for _ in range(5)]
    for order in orders:
        deliver(shop, order)
        due_now(order)
    shop.control("misbehave", operation="order/check", mode="timeout_before_accept")
    seen: list[int] = []
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.05):
            seen.append(Order.objects.filter(state=State.OTP_RECEIVED).count())
            if seen[-1] == 4:
                return

    def work() -> None:
        polling.sweep(seconds=0)
        done.set()

    together(watch, work)
    # Four codes were there while the fifth call was still waiting for its answer.
    assert seen[-1] == 4
    polling.sweep()


def test_a_supplier_that_hangs_does_not_take_every_worker(
    shop: Simulator, ayu: Customer, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow(settings)
    monkeypatch.setattr(polling, "MOST_IN_HAND", 16)
    orders = [buy(ayu) for _ in range(18)]
    for order in orders:
        due_now(order)
    assert len(Order.objects.claim_due(polling.MOST_IN_HAND)) == 16  # in the hands of workers that wait
    assert polling.sweep() == 0
    for order in Order.objects.in_hand():
        lose_lease(order)
    done = 0
    while turns := polling.sweep():
        done += turns
    assert done == 18


# --- crashes --------------------------------------------------------------------------------------------------------


def test_nothing_is_forgotten_when_everything_stops(shop: Simulator, ayu: Customer) -> None:
    orders = [place(ayu), place(ayu), buy(ayu), buy(ayu), buy(ayu)]
    services.request_cancel(order=orders[3])
    deliver(shop, orders[4])
    for order in orders:
        assert Order.objects.claim(order.pk)  # every one in the hands of a worker
    cache.clear()  # and Redis has lost everything
    for order in orders:
        lose_lease(order)
        due_now(order)
    assert Order.objects.due().count() == 5
    while polling.sweep():
        pass
    states = [fresh(order).state for order in orders]
    assert states == ["pending", "pending", "pending", "cancelled", "otp_received"]
    assert len(activations(shop)) == 5


def test_a_worker_killed_while_buying_buys_nothing_twice(shop: Simulator, ayu: Customer, settings: Any) -> None:
    order = place(ayu)
    shop.control("misbehave", operation="order/create", mode="timeout_after_accept")
    worker = _python(f"from otp import polling; polling.attend({order.pk})", settings)
    until = time.monotonic() + 30
    while not activations(shop, order) and time.monotonic() < until:
        time.sleep(0.05)
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait(10)
    assert fresh(order).state == State.SUBMITTING
    lose_lease(order)
    due_now(order)
    assert polling.sweep() == 1
    bought = fresh(order)
    assert (bought.state, bought.doubted_at is not None) == (State.PENDING, True)
    assert [row["phone_number"] for row in activations(shop)] == [bought.phone_number]


def test_the_urgent_come_first_and_nobody_waits_for_ever(
    shop: Simulator, ayu: Customer, monkeypatch: pytest.MonkeyPatch, forgetful: None
) -> None:
    monkeypatch.setattr(queue, "YOUNG", timedelta(0))  # none of these is young any more, but the one that is new
    calm, ending, starving = buy(ayu), buy(ayu), buy(ayu)
    for order in (calm, ending, starving):
        due_now(order)
    age(ending, expires_at=timedelta(minutes=19, seconds=30))
    age(starving, next_poll_at=timedelta(minutes=1))
    new = place(ayu)
    taken = [row.pk for _turn in range(4) for row in Order.objects.claim_due(1)]
    assert taken == [starving.pk, new.pk, ending.pk, calm.pk]


# --- replacing ------------------------------------------------------------------------------------------------------


def _replaced(order: Order) -> list[Order]:
    return list(Order.objects.filter(replaces=order))


def test_two_workers_replace_once(shop: Simulator, ayu: Customer) -> None:
    for _round in range(4):
        order = buy(ayu)
        services.request_replace(order=order)
        together(*[lambda: polling.attend(order.pk)] * 3)  # noqa: B023
        [new] = _replaced(order)
        assert len([row for row in activations(shop) if row["live"]]) == 1
        services.request_cancel(order=new)
        assert look(new).state == State.CANCELLED
    assert wallet(ayu) == (Decimal(100_000), Decimal(0))


def test_replace_cancel_and_code_have_one_winner(shop: Simulator, ayu: Customer) -> None:
    for round_number in range(6):
        order = buy(ayu)
        there = int(order.provider_order_id)
        together(
            lambda: services.request_replace(order=order),  # noqa: B023
            lambda: services.request_cancel(order=order),  # noqa: B023
            lambda: shop.control("deliver", order_id=there, code="42"),  # noqa: B023
            lambda: polling.attend(order.pk),  # noqa: B023
            lambda: polling.sweep(seconds=0),
        )
        for _turn in range(4):
            polling.attend(order.pk)
        here, [row] = fresh(order), [row for row in activations(shop) if row["order_id"] == there]
        if row["otps"]:
            assert here.is_delivered, round_number
            services.finish_order(order=order)
            look(order)
        elif _replaced(order):
            assert here.reason == "replaced"
            services.request_cancel(order=_replaced(order)[0])
            look(_replaced(order)[0])
        else:
            assert here.reason == "cancelled_by_customer"
        assert [row for row in activations(shop) if row["live"]] == []
        prove()


def test_nobody_spends_the_money_on_its_way_to_the_new_number(shop: Simulator, customer: Customer) -> None:
    fund(customer, 5400)
    order = buy(customer)
    price = shown_price()
    services.request_replace(order=order)
    bought = together(lambda: polling.attend(order.pk), *[lambda: place(customer, expected_price=price)] * 3)
    assert bought[0] is True
    assert [type(result).__name__ for result in bought[1:]] == ["ShortOfBalance"] * 3
    assert wallet(customer) == (Decimal(5400), Decimal(5400))


def test_a_worker_that_wakes_up_late_replaces_nothing_again(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu)
    services.request_replace(order=order)
    slow = Order.objects.claim(order.pk)
    assert slow
    answer = polling.ask(slow)  # done, and then it slept
    lose_lease(order)
    look(order)
    [new] = _replaced(order)
    assert not delivery.record(order_id=order.pk, lease=slow.lease_token, answer=answer)
    assert _replaced(order) == [new]
    assert wallet(ayu)[1] == Decimal(5400)


def test_an_answer_that_names_another_order_is_no_answer(shop: Simulator, ayu: Customer) -> None:
    """It must neither break the worker's turn again and again nor be taken for a refusal."""
    first, second = buy(ayu), place(ayu)
    leased = Order.objects.claim(second.pk)
    assert leased
    odd = Answer("create", Snapshot(first.provider_order_id, "pending", phone_number="+6281200000000"))
    assert delivery.record(order_id=second.pk, lease=leased.lease_token, answer=odd)
    second = fresh(second)
    assert (second.state, second.provider_order_id, second.poll_failures) == (State.IN_DOUBT, "", 1)
    assert wallet(ayu)[1] == first.price + second.price
    assert look(second).state == State.PENDING
