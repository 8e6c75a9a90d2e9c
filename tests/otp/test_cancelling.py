"""Cancelling and finishing, and everything that can come in between."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.models import Customer
from otp import delivery, services
from otp.errors import CodeArrived, NotNow, OrderOver
from otp.models import Order, State
from tests.otp.helpers import activations, age, buy, deliver, fresh, hold_of, look, place, wallet
from tests.simulators import Simulator


def _cancel(order: Order) -> Order:
    return services.request_cancel(order=order)


def test_a_cancelled_number_costs_nothing(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu)
    _cancel(order)
    assert fresh(order).shown_state == "cancelling"
    order = look(order)
    assert (order.state, order.reason) == (State.CANCELLED, "cancelled_by_customer")
    assert wallet(ayu) == (Decimal(100_000), Decimal(0))
    assert activations(shop)[0]["status"] == "cancelled"


def test_too_early_is_kept_for_the_first_allowed_moment(shop: Simulator, ayu: Customer) -> None:
    shop.control("settings", cancel_cooldown_seconds=120)
    order = buy(ayu)
    asked = _cancel(order)
    assert asked.cancel_next_at == asked.cancel_allowed_at
    order = look(order)  # an ordinary look: nobody is bothered before the time
    assert order.state == State.PENDING
    assert not [row for row in shop.look("requests")["requests"] if row["path"].endswith("cancel")]
    assert order.next_poll_at
    assert order.next_poll_at <= timezone.now() + delivery.POLL_EVERY


def test_the_suppliers_429_moves_the_moment(shop: Simulator, ayu: Customer) -> None:
    shop.control("settings", cancel_cooldown_seconds=120)
    order = buy(ayu)
    age(order, cancel_allowed_at=timedelta(minutes=2))  # we believe it is time; the supplier does not
    _cancel(order)
    order = look(order)
    assert (order.state, order.cancel_tries) == (State.PENDING, 0)
    assert order.cancel_next_at
    assert order.cancel_next_at > timezone.now() + timedelta(seconds=100)
    assert order.cancel_allowed_at == order.cancel_next_at
    shop.control("settings", cancel_cooldown_seconds=0)
    age(order, cancel_next_at=timedelta(minutes=3))
    assert look(order).state == State.CANCELLED


def test_asking_twice_is_asking_once(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu)
    first = _cancel(order)
    assert _cancel(order).version == first.version


def test_what_can_no_longer_be_cancelled_says_why(shop: Simulator, ayu: Customer) -> None:
    unsent = place(ayu)
    with pytest.raises(NotNow):
        _cancel(unsent)
    delivered = buy(ayu)
    deliver(shop, delivered)
    look(delivered)
    with pytest.raises(CodeArrived):
        _cancel(delivered)
    over = buy(ayu)
    shop.control("fail", order_id=int(fresh(over).provider_order_id))
    look(over)
    with pytest.raises(OrderOver):
        _cancel(over)


def test_a_code_that_came_first_wins_and_is_shown(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu)
    deliver(shop, order, "0815")
    _cancel(order)  # asked before we had seen the code
    order = look(order)  # 409, then the look that finds the code
    assert (order.state, order.cancel_next_at) == (State.OTP_RECEIVED, None)
    assert order.cancel_requested_at is not None
    assert [code.code for code in order.codes.all()] == ["0815"]
    assert wallet(ayu) == (Decimal(94_600), Decimal(0))


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "mode", ["502_after_accept", "reset_after_accept", "timeout_after_accept", "html", "truncated"]
)
def test_a_cancel_whose_answer_was_lost_is_looked_up(shop: Simulator, ayu: Customer, mode: str) -> None:
    order = buy(ayu)
    _cancel(order)
    shop.control("misbehave", operation="order/cancel", mode=mode)
    order = look(order)
    assert (order.state, order.reason) == (State.CANCELLED, "cancelled_by_customer")
    assert wallet(ayu) == (Decimal(100_000), Decimal(0))


def test_a_lost_cancel_and_a_lost_look_refund_nothing_yet(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu)
    _cancel(order)
    shop.control("misbehave", operation="order/cancel", mode="502_after_accept")
    shop.control("misbehave", operation="order/check", mode="502")
    order = look(order)
    assert (order.state, hold_of(order).state) == (State.PENDING, "open")
    age(order, cancel_next_at=timedelta(minutes=2))
    order = look(order)  # 409: it is cancelled already, and the look says so
    assert order.state == State.CANCELLED
    assert wallet(ayu)[1] == 0


def test_a_supplier_that_refuses_is_asked_a_few_times_and_then_believed(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu)
    _cancel(order)
    shop.control("misbehave", operation="order/cancel", mode="502", times=delivery.CANCEL_TRIES)
    for tries in range(1, delivery.CANCEL_TRIES):
        order = look(order)
        assert (order.state, order.cancel_tries) == (State.PENDING, tries)
        age(order, cancel_next_at=timedelta(hours=1))
    order = look(order)
    assert order.cancel_requested_at is None
    assert order.cancel_refused_at
    assert (order.state, hold_of(order).state) == (State.PENDING, "open")
    _cancel(order)  # the customer may ask again
    assert look(order).state == State.CANCELLED


def test_the_suppliers_own_cancellation_is_said(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu)
    shop_order = int(fresh(order).provider_order_id)
    _api(shop, "order/cancel", shop_order)
    order = look(order)
    assert (order.state, order.reason) == (State.CANCELLED, "cancelled_by_supplier")


def _api(shop: Simulator, path: str, order_id: int) -> None:
    import requests

    headers = {"Authorization": f"Bearer {shop.secrets['api_key']}"}
    reply = requests.post(f"{shop.url}/api/v1/{path}", json={"order_id": order_id}, headers=headers, timeout=5)
    assert reply.ok


# --- finishing -----------------------------------------------------------------------------------------------------


def test_finish_closes_the_number_and_keeps_the_last_code(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu)
    deliver(shop, order, "1")
    look(order)
    deliver(shop, order, "2")  # not seen yet when the customer is done
    services.finish_order(order=order)
    order = look(order)
    assert (order.state, order.code_count) == (State.SUCCESS, 2)
    assert activations(shop)[0]["status"] == "success"
    assert services.finish_order(order=order).version == order.version


def test_finish_needs_a_code(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu)
    with pytest.raises(NotNow):
        services.finish_order(order=order)
    _cancel(order)
    look(order)
    with pytest.raises(OrderOver):
        services.finish_order(order=order)


@pytest.mark.parametrize("mode", ["502_after_accept", "reset_after_accept", "html"])
def test_a_finish_whose_answer_was_lost_is_looked_up(shop: Simulator, ayu: Customer, mode: str) -> None:
    order = buy(ayu)
    deliver(shop, order)
    look(order)
    services.finish_order(order=order)
    shop.control("misbehave", operation="order/finish", mode=mode)
    assert look(order).state == State.SUCCESS


def test_a_refused_finish_is_dropped_in_the_end(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu)
    deliver(shop, order)
    look(order)
    services.finish_order(order=order)
    shop.control("misbehave", operation="order/finish", mode="502", times=delivery.FINISH_TRIES)
    for _attempt in range(delivery.FINISH_TRIES):
        assert fresh(order).finish_requested_at
        order = look(order)
    assert (order.state, order.finish_requested_at) == (State.OTP_RECEIVED, None)
