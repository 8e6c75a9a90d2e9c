"""Anything, in any order: a state machine of customer, worker and supplier, with the invariants of orders."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import requests
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from accounts.models import Customer
from otp import polling, services
from otp.errors import ServiceError
from otp.models import ENDS, MOVES, Order, State
from tests.otp.helpers import activations, age, fresh, fund, hold_of, lose_lease, place, prove, wallet
from tests.simulators import Simulator

BREAKDOWNS = ["502", "502_after_accept", "reset_after_accept", "reset_before_accept", "html", "truncated", "empty"]
OPERATIONS = ["order/create", "order/check", "order/cancel", "order/finish"]
# What may follow what, over any number of steps between two looks.
REACHES: dict[str, set[str]] = {state: {state} for state in State.values}
for _round in State.values:
    for _old, _new in MOVES:
        REACHES[_old] |= REACHES[_new]


class Numbers(RuleBasedStateMachine):
    """``sim`` and ``customer`` are set by the test."""

    sim: Simulator
    customer: Customer
    orders = Bundle("orders")

    def __init__(self) -> None:
        super().__init__()
        # Every example on rows of its own: they are gone after it.
        self.rows = transaction.atomic()
        self.rows.__enter__()
        self.known: dict[int, Order] = {}
        self.started_with = wallet(self.customer)[0]

    @initialize()
    def open_shop(self) -> None:
        self.sim.control("reset")
        self.sim.control("settings", cancel_cooldown_seconds=0, balance=10_000_000, rate_per_minute=100_000)

    @precondition(lambda self: len(self.known) < 6)
    @rule(target=orders)
    def customer_buys(self) -> Order:
        order = place(self.customer, expected_price=Decimal(5400))
        self.known[order.pk] = order
        return order

    @rule(order=orders)
    def worker_takes_its_turn(self, order: Order) -> None:
        polling.attend(order.pk)

    @rule(order=orders)
    def worker_dies_with_it(self, order: Order) -> None:
        Order.objects.claim(order.pk)

    @rule(order=orders)
    def lease_runs_out(self, order: Order) -> None:
        if fresh(order).lease_token:
            lose_lease(order)

    @rule(order=orders)
    def customer_cancels(self, order: Order) -> None:
        with _refusals():
            services.request_cancel(order=order)

    @rule(order=orders)
    def customer_finishes(self, order: Order) -> None:
        with _refusals():
            services.finish_order(order=order)

    @rule(order=orders)
    def next_cancel_is_due(self, order: Order) -> None:
        if fresh(order).cancel_next_at:
            age(order, cancel_next_at=timedelta(hours=1))

    @rule(order=orders, code=st.from_regex(r"[0-9]{4,8}", fullmatch=True))
    def code_arrives(self, order: Order, code: str) -> None:
        for row in activations(self.sim, order):
            if row["status"] in ("pending", "otp_received"):
                self.sim.control("deliver", order_id=row["order_id"], code=code)

    @rule(order=orders, how=st.sampled_from(["expire", "fail"]))
    def supplier_ends_it(self, order: Order, how: str) -> None:
        for row in activations(self.sim, order):
            if row["status"] == "pending" or (how == "expire" and row["status"] == "otp_received"):
                self.sim.control(how, order_id=row["order_id"])

    @rule(operation=st.sampled_from(OPERATIONS), mode=st.sampled_from(BREAKDOWNS))
    def something_breaks(self, operation: str, mode: str) -> None:
        self.sim.control("misbehave", operation=operation, mode=mode)

    @invariant()
    def orders_tell_the_truth(self) -> None:
        charged = Decimal(0)
        held = Decimal(0)
        for before in list(self.known.values()):
            order = fresh(before)
            there = activations(self.sim, order)
            assert len(there) <= 1  # O4
            assert order.state in REACHES[before.state]  # O1, O11
            assert order.version >= before.version
            assert order.code_count >= before.code_count  # O10
            assert (order.next_poll_at is None) == (order.state in ENDS)  # O8
            hold = hold_of(order)
            charged += hold.captured
            held += order.price if hold.state == "open" else 0
            assert hold.captured in (0, order.price)  # O2
            assert (hold.state == "captured") == order.is_delivered  # O5
            assert (hold.state == "open") == (order.is_live and not order.is_delivered)
            if order.state in (State.CANCELLED, State.EXPIRED):
                assert not there[0]["otps"]  # O6
                assert there[0]["status"] in ("cancelled", "failed")
            if order.state == State.FAILED and there:
                assert there[0]["status"] in ("cancelled", "failed")
            texts = [row["otp"] for row in there[0]["otps"]] if there else []
            assert [code.code for code in order.codes.all()] == texts[: order.code_count]
            self.known[order.pk] = order
        assert wallet(self.customer) == (self.started_with - charged, held)

    def teardown(self) -> None:
        """Left alone with a supplier that works, every order is resolved: over, or waiting for a code."""
        try:
            self.everything_comes_to_its_end()
        finally:
            transaction.set_rollback(True)
            self.rows.__exit__(None, None, None)

    def everything_comes_to_its_end(self) -> None:
        requests.delete(f"{self.sim.url}/_control/misbehave", timeout=10).raise_for_status()
        for order in self.known.values():
            for _turn in range(12):
                if fresh(order).lease_token:
                    lose_lease(order)
                if fresh(order).is_live:
                    polling.attend(order.pk)
            assert fresh(order).state in (State.PENDING, State.OTP_RECEIVED, *ENDS)
        prove()


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
    except ServiceError:
        return


@pytest.mark.timeout(240)
def test_orders_hold_their_invariants(shop: Simulator, customer: Customer, settings: Any) -> None:
    settings.OTPZAP_RATE_PER_MINUTE = 100_000
    fund(customer, 100_000_000)
    machine = type("NumbersOfOne", (Numbers,), {"sim": shop, "customer": customer})
    run_state_machine_as_test(machine, settings=_profile())


def _profile() -> settings:
    return settings(
        max_examples=20,
        stateful_step_count=30,
        deadline=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
