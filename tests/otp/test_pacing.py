"""When an order is looked at again: with notes of the supplier and without, and what comes in between."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import Customer
from otp import delivery, polling, services
from otp.delivery import Answer, pacing
from otp.models import Order, State
from otp.providers.types import Message, Snapshot
from tests.otp.helpers import INBOX, age, buy, deliver, due_now, fresh, look, wallet
from tests.simulators import Simulator


def _wait(order: Order) -> float:
    order = fresh(order)
    assert order.next_poll_at
    return (order.next_poll_at - timezone.now()).total_seconds()


def _hint(order: Order) -> None:
    """What a note does."""
    Order.objects.filter(pk=order.pk).update(next_poll_at=Now(), hinted_at=Now())


def _codes(shop: Simulator, ayu: Customer, *, hinted: int, silent: int) -> None:
    for place in range(hinted + silent):
        order = buy(ayu)
        deliver(shop, order)
        if place < hinted:
            _hint(order)
        look(order)
    cache.clear()


def test_without_notes_a_number_is_looked_at_every_five_seconds(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu)
    look(order)
    assert 4 < _wait(order) <= 5
    deliver(shop, order)
    look(order)
    assert 9 < _wait(order) <= 10


def test_with_notes_looking_is_the_safety_net(shop: Simulator, ayu: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    _codes(shop, ayu, hinted=3, silent=0)
    order = buy(ayu)
    look(order)
    assert 14 < _wait(order) <= 15
    # An order's date cannot be changed, so what counts as young is.
    monkeypatch.setattr(pacing, "YOUNG", timedelta(0))
    look(order)
    assert 29 < _wait(order) <= 30
    deliver(shop, order)
    look(order)
    assert 29 < _wait(order) <= 30


def test_mails_have_no_notes(shop: Simulator, ayu: Customer) -> None:
    _codes(shop, ayu, hinted=3, silent=0)
    order = buy(ayu, **INBOX)
    look(order)
    assert 4 < _wait(order) <= 5


@pytest.mark.parametrize(("hinted", "silent", "alive"), [(2, 0, False), (3, 1, True), (3, 2, False), (0, 4, False)])
def test_notes_are_believed_on_evidence(shop: Simulator, ayu: Customer, hinted: int, silent: int, alive: bool) -> None:
    _codes(shop, ayu, hinted=hinted, silent=silent)
    assert delivery.notes_alive() is alive


def test_a_note_during_a_look_is_not_forgotten(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu)
    leased = Order.objects.claim(order.pk)
    assert leased
    seen = polling.ask(leased)  # nothing there yet
    deliver(shop, order)
    _hint(order)
    assert not polling.attend(order.pk)  # the note's own nudge finds it in other hands
    delivery.record(order_id=order.pk, lease=leased.lease_token, answer=seen)
    assert _wait(order) <= 0
    assert polling.sweep() == 1
    assert fresh(order).state == State.OTP_RECEIVED


def test_a_note_before_and_after_the_poll_changes_nothing(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu)
    _hint(order)  # it tells of a code that is not there yet
    assert look(order).state == State.PENDING
    deliver(shop, order)
    look(order)
    _hint(order)  # late, and once more
    _hint(order)
    assert look(order).code_count == 1
    assert wallet(ayu) == (Decimal(94_600), Decimal(0))


# --- looks that bring nothing --------------------------------------------------------------------------------------


def _quiet(order: Order) -> tuple[Order, Answer]:
    due_now(order)
    [leased] = Order.objects.claim_due(1)
    return leased, Answer("check", Snapshot(leased.provider_order_id, "pending", expires_at=leased.expires_at))


def test_a_look_that_brings_nothing_is_written_in_one_statement(
    shop: Simulator, ayu: Customer, django_assert_num_queries: Callable[..., Any]
) -> None:
    orders = [buy(ayu) for _ in range(3)]
    for order in orders:
        due_now(order)
    leased = Order.objects.claim_due(5)
    delivery.notes_alive()  # remembered for ten seconds
    with django_assert_num_queries(1):
        assert delivery.record_quiet(leased) == {order.pk for order in orders}
    for order in orders:
        row = fresh(order)
        assert (row.lease_token, row.lease_until, row.poll_failures) == (None, None, 0)
        assert 4 < _wait(row) <= 5


def test_only_what_says_nothing_new_is_quiet(shop: Simulator, ayu: Customer) -> None:
    leased, same = _quiet(buy(ayu))
    assert delivery.brings_nothing(leased, same)
    code = (Message("1", "1", None),)
    later = timezone.now() + timedelta(hours=1)
    name = leased.provider_order_id
    for other in (
        Answer("cancel", same.snapshot),
        Answer("check", Snapshot(name, "otp_received", messages=code)),
        Answer("check", Snapshot(name, "otp_received")),
        Answer("check", Snapshot(name, "cancelled")),
        Answer("check", Snapshot(name, "success")),
        Answer("check", Snapshot(name, "pending", expires_at=later)),
        Answer("check", Snapshot(name, "pending", resend_count=1)),
        Answer("check", Snapshot(name, "pending", resend_locked_until=later)),
        Answer("check", same.snapshot, successor=same.snapshot),
    ):
        assert not delivery.brings_nothing(leased, other)


@pytest.mark.parametrize("what", ["cancel", "resend", "note", "lease"])
def test_what_happens_meanwhile_is_left_to_the_careful_way(shop: Simulator, ayu: Customer, what: str) -> None:
    order = buy(ayu)
    leased, same = _quiet(order)
    if what == "cancel":
        services.request_cancel(order=order)
    elif what == "resend":
        services.request_resend(order=order)
    elif what == "note":
        _hint(order)
    else:
        age(order, lease_until=timedelta(minutes=5))
        assert Order.objects.claim(order.pk)
    before = fresh(order)
    assert delivery.record_quiet([leased]) == set()
    assert fresh(order).lease_token == before.lease_token
    if what != "lease":
        assert delivery.record(order_id=order.pk, lease=leased.lease_token, answer=same)
        assert _wait(order) <= 0


def test_a_queued_cancellation_is_not_slept_through(shop: Simulator, ayu: Customer) -> None:
    shop.control("settings", cancel_cooldown_seconds=2)
    order = buy(ayu)
    services.request_cancel(order=order)
    leased, _same = _quiet(order)
    assert delivery.record_quiet([leased]) == {order.pk}
    row = fresh(order)
    assert row.next_poll_at
    assert row.next_poll_at == row.cancel_next_at
