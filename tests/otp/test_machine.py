"""Anything, in any order: a state machine of customer, worker and supplier, with the invariants of orders."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import requests
from django.db import transaction
from django.db.models.functions import Now
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
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
from otp.models import DELIVERED, ENDS, MOVES, BlockedService, Order, Reason, Server, State
from tests.examples import examples
from tests.otp.helpers import (
    INBOX,
    OPERATOR,
    activations,
    age,
    allow,
    fund,
    hold_of,
    inboxes,
    lose_lease,
    place,
    prove,
    wallet,
)
from tests.simulators import Simulator

BREAKDOWNS = ["502", "502_after_accept", "reset_after_accept", "reset_before_accept", "html", "truncated", "empty"]
REFUSALS = ["out_of_stock", "conflict", "429", "request_in_progress", "success_false"]
NUMBERS = [f"order/{name}" for name in ("create", "check", "cancel", "finish", "resend", "replace")]
INBOXES = [f"order/email-{name}" for name in ("create", "check", "cancel", "finish", "reorder")]
WISHES = ["request_cancel", "finish_order", "request_resend", "request_replace", "request_reorder"]
WANTED: dict[str, dict[str, Any]] = {
    "number": {"expected_price": Decimal(5400)},
    "operator": OPERATOR,
    "inbox": {**INBOX, "domains": ("icloud.com", "mail.com", "outlook.com")},
}
BANK = "Bank Nusa"
# What may follow what, over any number of steps between two looks.
REACHES: dict[str, set[str]] = {state: {state} for state in State.values}
for _round in State.values:
    for _old, _new in MOVES:
        REACHES[_old] |= REACHES[_new]

ANY = st.integers(min_value=0, max_value=7)


class Numbers(RuleBasedStateMachine):
    """``sim`` and ``customer`` are set by the test. Orders go by their place, also those that replace others."""

    sim: Simulator
    customer: Customer

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

    def order(self, place_of_it: int) -> Order | None:
        orders = list(Order.objects.filter(customer=self.customer).order_by("pk"))
        return orders[place_of_it % len(orders)] if orders else None

    # --- the customer

    @precondition(lambda self: len(self.known) < 5)
    @rule(what=st.sampled_from(sorted(WANTED)))
    def buys(self, what: str) -> None:
        place(self.customer, **WANTED[what])

    @rule(
        which=ANY,
        wish=st.sampled_from(
            ["request_cancel", "finish_order", "request_resend", "request_replace", "request_reorder"]
        ),
    )
    def wishes(self, which: int, wish: str) -> None:
        order = self.order(which)
        if order:
            with _refusals():
                getattr(services, wish)(order=order)

    # --- the workers and the clock

    @rule(which=ANY, times=st.integers(min_value=1, max_value=3))
    def worker_takes_its_turn(self, which: int, times: int) -> None:
        order = self.order(which)
        for _turn in range(times if order else 0):
            assert order
            polling.attend(order.pk)

    @rule()
    def everybody_is_looked_at(self) -> None:
        Order.objects.live().filter(customer=self.customer).update(next_poll_at=Now())
        polling.sweep(seconds=0)

    @rule(which=ANY)
    def worker_dies_with_it(self, which: int) -> None:
        order = self.order(which)
        if order:
            Order.objects.claim(order.pk)

    @rule(which=ANY)
    def worker_dies_after_asking(self, which: int) -> None:
        order = self.order(which)
        leased = order and Order.objects.claim(order.pk)
        if leased:
            polling.ask(leased)

    @rule(which=ANY)
    def lease_runs_out(self, which: int) -> None:
        order = self.order(which)
        if order and order.lease_token:
            lose_lease(order)

    @rule(which=ANY)
    def waiting_is_over(self, which: int) -> None:
        order = self.order(which)
        for name in ("cancel_next_at", "replace_next_at", "resend_next_at", "resend_locked_until"):
            if order and getattr(order, name):
                age(order, **{name: timedelta(hours=1)})

    @rule(which=ANY)
    def note_comes(self, which: int) -> None:
        order = self.order(which)
        if order and order.state in (State.PENDING, State.OTP_RECEIVED):
            Order.objects.filter(pk=order.pk).update(next_poll_at=Now(), hinted_at=Now())

    # --- the supplier

    @rule(which=ANY, code=st.from_regex(r"[0-9]{4,8}", fullmatch=True), bank=st.sampled_from([False, False, True]))
    def message_arrives(self, which: int, code: str, bank: bool) -> None:
        there = self.there(which)
        if there and there["live"]:
            words = {"message": f"{BANK}: {code}"} if bank else {}
            if "ref" in there:
                mail = {"sender": "otp@example.org", "subject": BANK} if bank else {}
                self.sim.control("mail/deliver", ref=there["ref"], code=code, **mail)
            else:
                self.sim.control("deliver", order_id=there["order_id"], code=code, **words)

    @rule(which=ANY, how=st.sampled_from(["expire", "fail"]))
    def supplier_ends_it(self, which: int, how: str) -> None:
        there = self.there(which)
        if there and "ref" in there:
            self.sim.control("mail/expire", ref=there["ref"])
        elif there and (there["status"] == "pending" or (how == "expire" and there["live"])):
            self.sim.control(how, order_id=there["order_id"])

    @rule(operation=st.sampled_from([*NUMBERS, *INBOXES]), mode=st.sampled_from([*BREAKDOWNS, *REFUSALS]))
    def something_breaks(self, operation: str, mode: str) -> None:
        # A plain refusal of a purchase is believed: here it would be a lie about one that was accepted before.
        if mode in REFUSALS and operation.endswith(("create", "replace", "check")):
            mode = "502"
        self.sim.control("misbehave", operation=operation, mode=mode, retry_after=0)

    def there(self, which: int) -> dict[str, Any] | None:
        order = self.order(which)
        log = _log(self.sim)
        return log.get(order.reference) if order else None

    # --- what must be true at any moment

    @invariant()
    def orders_tell_the_truth(self) -> None:
        log, charged, held = _log(self.sim), Decimal(0), Decimal(0)
        orders = list(Order.objects.filter(customer=self.customer).prefetch_related("codes"))
        assert len(log) == len(activations(self.sim)) + len(inboxes(self.sim))  # O4: one activation per reference
        assert set(log) <= {name for order in orders for name in (order.reference, order.replace_reference)}
        for order in orders:
            hold = hold_of(order)
            charged += hold.captured
            held += order.price if hold.state == "open" else 0
            _is_lawful(order, self.known.get(order.pk, order))
            _money_is_right(order, hold)
            _agrees_with_supplier(order, log.get(order.reference))
            self.known[order.pk] = order
        assert wallet(self.customer) == (self.started_with - charged, held)

    def teardown(self) -> None:
        """Left alone with a supplier that works, every order is resolved: over, or waiting for a message."""
        try:
            self.everything_comes_to_its_end()
        finally:
            transaction.set_rollback(True)
            self.rows.__exit__(None, None, None)

    def everything_comes_to_its_end(self) -> None:
        requests.delete(f"{self.sim.url}/_control/misbehave", timeout=10).raise_for_status()
        for _turn in range(12):
            for order in Order.objects.live().filter(customer=self.customer):
                if order.lease_token:
                    lose_lease(order)
                for name in ("cancel_next_at", "replace_next_at", "resend_next_at"):
                    if getattr(order, name):
                        age(order, **{name: timedelta(hours=1)})
                polling.attend(order.pk)
        self.orders_tell_the_truth()
        self.supplier_and_we_agree()
        prove()

    def supplier_and_we_agree(self) -> None:
        log = _log(self.sim)
        for order in Order.objects.filter(customer=self.customer):
            assert order.state in (State.PENDING, State.OTP_RECEIVED, *ENDS)
            assert not order.is_replacing
            there = log.get(order.reference)
            if there and there["live"]:
                # A number nobody here knows of any more would be money lost in silence.
                assert order.is_live or order.state == State.SUCCESS, order.reason


def _log(sim: Simulator) -> dict[str, dict[str, Any]]:
    """The supplier's own log of activations and inboxes by our reference."""
    return {row["idempotency_key"]: row for row in [*activations(sim), *inboxes(sim)]}


def _is_lawful(order: Order, before: Order) -> None:
    assert order.state in REACHES[before.state]  # O1, O11
    assert order.version >= before.version
    assert order.code_count >= before.code_count  # O10
    assert order.withheld_count >= before.withheld_count
    assert (order.next_poll_at is None) == (order.state in ENDS)  # O8
    assert order.reason != Reason.REPLACEMENT_LOST
    assert (order.reason == Reason.REPLACED) == Order.objects.filter(replaces=order).exists()


def _money_is_right(order: Order, hold: Any) -> None:
    assert hold.amount == order.price
    assert hold.captured == order.charged <= order.price  # O2
    assert (hold.state == "open") == (order.is_live and order.captured_at is None)
    if order.is_delivered:
        assert order.charged == _price_of(order)  # O5
    elif order.charged:
        assert order.server == Server.MAIL
        assert order.reason == Reason.CANCELLED_BY_CUSTOMER
        assert order.charged <= order.cancel_fee


def _price_of(order: Order) -> Decimal:
    return next((Decimal(row["price"]) for row in order.domains if row["domain"] == order.domain), order.price)


def _agrees_with_supplier(order: Order, there: dict[str, Any] | None) -> None:
    texts = [row["otp"] for row in (there or {}).get("otps", (there or {}).get("messages", []))]
    ours = list(order.codes.all())
    assert len(ours) == order.message_count == order.code_count + order.withheld_count
    assert all(row.withheld or row.code == told for row, told in zip(ours, texts, strict=False))
    assert all((row.code, row.message) == (None, "") for row in ours if row.withheld)
    if order.state in (State.CANCELLED, State.EXPIRED) and order.reason != Reason.WITHHELD:
        assert there
        assert not texts  # O6
        assert there["status"] in ("cancelled", "failed", "expired")
    if order.state in DELIVERED:
        assert len(texts) >= order.message_count


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
    except ServiceError:
        return


@pytest.mark.examples
@pytest.mark.timeout(300)
def test_orders_hold_their_invariants(shop: Simulator, customer: Customer, settings: Any) -> None:
    settings.OTPZAP_RATE_PER_MINUTE = 100_000
    allow(settings)
    settings.ORDER_STRIKES = 10_000
    BlockedService.objects.create(words=BANK, why="A bank.", at_order=False)
    fund(customer, 100_000_000)
    machine = type("NumbersOfOne", (Numbers,), {"sim": shop, "customer": customer})
    run_state_machine_as_test(machine, settings=_profile())


def _profile() -> settings:
    return settings(
        max_examples=examples(6, 200),
        stateful_step_count=35,
        deadline=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
