"""Codes that arrive, windows that end, snapshots that come twice or too late."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from accounts.models import Customer
from otp import checks, delivery, polling, selectors
from otp.models import ENDS, MOVES, Order, OrderCode, State
from otp.providers.types import Message, Snapshot
from tests.otp.helpers import (
    activations,
    age,
    buy,
    deliver,
    due_now,
    fresh,
    hold_of,
    look,
    lose_lease,
    place,
    wallet,
)
from tests.simulators import Simulator


def test_a_code_is_stored_as_text_and_paid_once(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu)
    deliver(shop, order, "004217")
    order = look(order)
    assert (order.state, order.code_count) == (State.OTP_RECEIVED, 1)
    [code] = order.codes.all()
    assert code.code == "004217"
    assert "004217" in code.message
    assert abs(code.received_at - timezone.now()) < timedelta(seconds=5)
    assert wallet(ayu) == (Decimal(94_600), Decimal(0))
    assert hold_of(order).captured == order.price
    look(order)
    assert wallet(ayu) == (Decimal(94_600), Decimal(0))


def test_a_message_without_a_code_is_delivered_text_too(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu)
    shop.control("deliver", order_id=int(fresh(order).provider_order_id), message="Open https://example.org/v/1")
    order = look(order)
    [code] = order.codes.all()
    assert (order.state, code.code, code.message) == (State.OTP_RECEIVED, None, "Open https://example.org/v/1")
    assert wallet(ayu)[0] == Decimal(94_600)


def test_later_codes_are_appended_and_cost_nothing(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu)
    deliver(shop, order, "111111")
    look(order)
    deliver(shop, order, "222222")
    deliver(shop, order, "222222")
    order = look(order)
    assert [code.code for code in order.codes.all()] == ["111111", "222222", "222222"]
    assert wallet(ayu)[0] == Decimal(94_600)


def test_the_end_of_the_window_after_a_code_is_success(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu)
    deliver(shop, order)
    look(order)
    shop.control("expire", order_id=int(fresh(order).provider_order_id))
    order = look(order)
    assert order.state == State.SUCCESS
    assert order.next_poll_at is None
    assert order.finished_at
    assert not polling.attend(order.pk)


def test_our_clock_may_close_what_is_paid(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu)
    deliver(shop, order)
    look(order)
    age(order, expires_at=timedelta(minutes=30))
    sold = delivery.Answer("check", Snapshot(fresh(order).provider_order_id, "otp_received"))
    leased = Order.objects.claim(order.pk)
    assert leased
    assert delivery.record(order_id=order.pk, lease=leased.lease_token, answer=sold)
    assert fresh(order).state == State.SUCCESS


@pytest.mark.parametrize(
    ("how", "state", "reason"),
    [("expire", State.EXPIRED, "no_code"), ("fail", State.FAILED, "number_failed")],
)
def test_no_code_gives_the_money_back(shop: Simulator, ayu: Customer, how: str, state: str, reason: str) -> None:
    order = buy(ayu)
    shop.control(how, order_id=int(fresh(order).provider_order_id))
    order = look(order)
    assert (order.state, order.reason) == (state, reason)
    assert hold_of(order).state == ("expired" if state == State.EXPIRED else "released")
    assert wallet(ayu) == (Decimal(100_000), Decimal(0))


def test_our_own_clock_never_refunds(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu)
    age(order, expires_at=timedelta(hours=1))
    _apply(order, Snapshot(fresh(order).provider_order_id, "pending"))
    order = fresh(order)
    assert (order.state, hold_of(order).state) == (State.PENDING, "open")
    # An exception for staff, looked at again calmly until the supplier says what became of it.
    assert Order.objects.overdue().get() == order
    assert selectors.staff_counts() == {"pending": 1, "overdue": 1}
    assert [problem for problem in checks.ledger_problems() if order.reference in problem]
    assert order.next_poll_at
    assert order.next_poll_at - timezone.now() > timedelta(seconds=50)
    deliver(shop, order)
    assert look(order).is_delivered


def test_a_code_before_the_answer_to_create_is_not_lost(shop: Simulator, ayu: Customer) -> None:
    order = place(ayu)
    shop.control("misbehave", operation="order/create", mode="reset_after_accept")
    look(order)
    [activation] = activations(shop)
    shop.control("deliver", phone_number=activation["phone_number"], code="000001")
    look(order)  # the stored answer of the first request: still without the code
    order = look(order)
    assert [code.code for code in order.codes.all()] == ["000001"]
    assert order.state == State.OTP_RECEIVED


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("mode", ["timeout_after_accept", "502", "html", "truncated", "empty", "not_found", "429"])
def test_a_failing_check_changes_nothing_and_backs_off(shop: Simulator, ayu: Customer, mode: str) -> None:
    order = buy(ayu)
    before = fresh(order)
    shop.control("misbehave", operation="order/check", mode=mode, times=1, retry_after=9)
    order = look(order)
    assert (order.state, order.version) == (State.PENDING, before.version)
    assert order.poll_failures == 1
    assert order.next_poll_at
    assert order.next_poll_at > timezone.now() + timedelta(seconds=8 if mode == "429" else 1)
    assert hold_of(order).state == "open"


def test_back_off_doubles_up_to_a_minute(shop: Simulator, ayu: Customer) -> None:
    assert [delivery.backoff(failures) for failures in (1, 2, 3, 6, 500)] == [2, 4, 8, 60, 60]
    order = buy(ayu)
    shop.control("misbehave", operation="order/check", mode="502", times=3)
    assert [look(order).poll_failures for _ in range(4)] == [1, 2, 3, 0]


def test_an_unknown_word_keeps_the_state(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu)
    applied = _apply(order, Snapshot(fresh(order).provider_order_id, ""))
    assert applied
    assert fresh(order).state == State.PENDING


# --- snapshots twice, late, or by somebody who lost the order --------------------------------------------------


def _apply(order: Order, snapshot: Snapshot) -> bool:
    leased = Order.objects.claim(order.pk)
    return bool(leased) and delivery.apply_snapshot(
        order_id=order.pk, snapshot=snapshot, lease=leased.lease_token if leased else None
    )


def _messages(*codes: str) -> tuple[Message, ...]:
    return tuple(Message(code, f"code {code}", None) for code in codes)


def test_the_same_snapshot_twice_is_once(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu)
    snapshot = Snapshot(fresh(order).provider_order_id, "otp_received", messages=_messages("1", "2"))
    _apply(order, snapshot)
    first = fresh(order)
    _apply(order, snapshot)
    assert (fresh(order).version, OrderCode.objects.count()) == (first.version, 2)
    assert wallet(ayu)[0] == Decimal(94_600)


@pytest.mark.parametrize("word", ["pending", "otp_received", "cancelled", "failed", "expired", ""])
def test_an_older_snapshot_never_takes_anything_back(shop: Simulator, ayu: Customer, word: str) -> None:
    order = buy(ayu)
    order_id = fresh(order).provider_order_id
    _apply(order, Snapshot(order_id, "otp_received", messages=_messages("1", "2")))
    _apply(order, Snapshot(order_id, word, phone_number="+10000"))
    late = fresh(order)
    assert late.state in (State.OTP_RECEIVED, State.SUCCESS)
    assert late.code_count == 2
    assert late.phone_number != "+10000"
    assert hold_of(order).state == "captured"


def test_a_failed_order_with_a_code_is_paid(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu)
    _apply(order, Snapshot(fresh(order).provider_order_id, "failed", messages=_messages("7")))
    assert fresh(order).state == State.SUCCESS
    assert hold_of(order).state == "captured"


def test_success_without_any_text_moves_no_money(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu)
    _apply(order, Snapshot(fresh(order).provider_order_id, "success"))
    assert fresh(order).state == State.PENDING
    assert hold_of(order).state == "open"


def test_a_lost_lease_writes_nothing(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu)
    slow = Order.objects.claim(order.pk)
    lose_lease(order)
    quick = Order.objects.claim(order.pk)
    assert slow
    assert quick
    assert slow.lease_token != quick.lease_token
    order_id = quick.provider_order_id
    late = Snapshot(order_id, "failed")
    assert not delivery.apply_snapshot(order_id=order.pk, snapshot=late, lease=slow.lease_token)
    assert (fresh(order).state, hold_of(order).state) == (State.PENDING, "open")
    assert delivery.apply_snapshot(
        order_id=order.pk, snapshot=Snapshot(order_id, "otp_received", messages=_messages("9")), lease=quick.lease_token
    )
    assert not delivery.apply_snapshot(order_id=order.pk, snapshot=late, lease=quick.lease_token)
    assert not delivery.apply_snapshot(order_id=order.pk, snapshot=late, lease=None)
    assert fresh(order).state == State.OTP_RECEIVED


def test_an_order_that_is_held_is_not_given_out_again(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu)
    due_now(order)
    [held] = Order.objects.claim_due(5)
    assert Order.objects.claim_due(5) == []
    assert Order.objects.claim(order.pk) is None
    lose_lease(order)
    assert [row.pk for row in Order.objects.claim_due(5)] == [held.pk]


# --- what the database refuses -----------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ENDS)
def test_the_database_refuses_to_leave_an_end(shop: Simulator, ayu: Customer, end: str) -> None:
    order = buy(ayu)
    if end == State.SUCCESS:
        deliver(shop, order)
        look(order)
    ending = {State.SUCCESS: "expire", State.EXPIRED: "expire", State.FAILED: "fail"}.get(State(end))
    if ending:
        shop.control(ending, order_id=int(fresh(order).provider_order_id))
        look(order)
    else:
        _apply(order, Snapshot(fresh(order).provider_order_id, "cancelled"))
    assert fresh(order).state == end
    for other in State.values:
        if other == end:
            continue
        with pytest.raises(DatabaseError), transaction.atomic():
            Order.objects.filter(pk=order.pk).update(state=other)


def test_the_database_knows_the_legal_moves(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu)
    allowed = {new for old, new in MOVES if old == State.PENDING}
    for other in set(State.values) - allowed - {State.PENDING}:
        with pytest.raises(DatabaseError, match="Invalid transition"), transaction.atomic():
            Order.objects.filter(pk=order.pk).update(state=other)


def test_price_and_cost_are_frozen_and_rows_are_kept(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu)
    deliver(shop, order)
    look(order)
    for change in ({"price": 1}, {"cost": 1}, {"reference": "X"}, {"product_id": "1"}):
        with pytest.raises(DatabaseError), transaction.atomic():
            Order.objects.filter(pk=order.pk).update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        OrderCode.objects.filter(order=order).update(code="1")
    with pytest.raises(DatabaseError), transaction.atomic():
        OrderCode.objects.filter(order=order).delete()


def test_no_live_order_can_be_without_a_due_time(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu)
    with pytest.raises(IntegrityError), transaction.atomic():
        Order.objects.filter(pk=order.pk).update(next_poll_at=None)


def test_no_state_can_claim_a_code_that_is_not_there(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu)
    with pytest.raises(IntegrityError), transaction.atomic():
        Order.objects.filter(pk=order.pk).update(state=State.OTP_RECEIVED)
    with pytest.raises(IntegrityError), transaction.atomic():
        Order.objects.filter(pk=order.pk).update(captured_at=timezone.now())


def test_what_was_paid_ends_although_the_supplier_forgot_it(shop: Simulator, ayu: Customer) -> None:
    """Else it would count among the customer's live orders for ever."""
    order = buy(ayu)
    deliver(shop, order)
    order = look(order)
    shop.control("misbehave", operation="order/check", mode="not_found", times=2)
    age(order, expires_at=timedelta(minutes=24))
    assert look(order).state == State.OTP_RECEIVED
    age(order, expires_at=timedelta(minutes=2))
    order = look(order)
    assert (order.state, order.charged, order.code_count) == (State.SUCCESS, order.price, 1)


def test_what_waits_for_its_code_does_not(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu)
    shop.control("misbehave", operation="order/check", mode="not_found", times=1)
    age(order, expires_at=timedelta(hours=3))
    order = look(order)
    assert (order.state, hold_of(order).state) == (State.PENDING, "open")
    look(order)
