"""From the Buy button to the number: what is held, what is sent, what the supplier can answer."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Customer
from otp import delivery, polling
from otp.errors import DuplicateWithOtherContent, PriceChanged, ProductGone, ShortOfBalance, SoldOut, TooManyLive
from otp.models import Order, State
from tests.otp.helpers import (
    WHATSAPP_INDONESIA,
    activations,
    age,
    allow,
    buy,
    due_now,
    fresh,
    fund,
    hold_of,
    look,
    lose_lease,
    place,
    shown_price,
    wallet,
)
from tests.simulators import Simulator


def test_money_is_held_before_the_first_byte_leaves(shop: Simulator, ayu: Customer) -> None:
    order = place(ayu)
    assert (order.state, order.cost, order.price) == (State.CREATED, Decimal(4500), Decimal(5400))
    assert wallet(ayu) == (Decimal(100_000), Decimal(5400))
    assert activations(shop) == []


def test_a_bought_number_is_shown_with_its_times(shop: Simulator, ayu: Customer) -> None:
    shop.control("settings", cancel_cooldown_seconds=120)
    order = buy(ayu)
    [activation] = activations(shop)
    assert order.pk
    assert fresh(order).state == State.PENDING
    assert fresh(order).phone_number == activation["phone_number"]
    assert activation["idempotency_key"] == order.reference
    bought = fresh(order)
    assert bought.cancel_allowed_at
    assert bought.expires_at
    assert bought.activated_at
    assert timedelta(seconds=115) < bought.cancel_allowed_at - bought.created_at < timedelta(seconds=125)
    assert timedelta(minutes=19) < bought.expires_at - bought.created_at < timedelta(minutes=21)
    assert bought.next_poll_at
    assert bought.next_poll_at - bought.activated_at == delivery.FIRST_POLL
    assert hold_of(order).state == "open"


def test_the_same_key_is_the_same_order(shop: Simulator, ayu: Customer) -> None:
    first = place(ayu, idempotency_key="double-click-1")
    again = place(ayu, idempotency_key="double-click-1")
    assert again.pk == first.pk
    assert Order.objects.count() == 1
    assert wallet(ayu)[1] == first.price


def test_the_same_key_with_another_price_is_refused(shop: Simulator, ayu: Customer) -> None:
    place(ayu, idempotency_key="double-click-1")
    with pytest.raises(DuplicateWithOtherContent):
        place(ayu, idempotency_key="double-click-1", expected_price=Decimal(1))
    assert Order.objects.count() == 1


def test_a_replay_is_answered_although_the_supplier_is_away(shop: Simulator, ayu: Customer) -> None:
    price = shown_price()
    first = place(ayu, idempotency_key="double-click-1")
    shop.control("misbehave", operation="products", mode="html", times=1)
    assert place(ayu, idempotency_key="double-click-1", expected_price=price).pk == first.pk


def test_a_changed_price_is_asked_about_again(shop: Simulator, ayu: Customer) -> None:
    shown = shown_price()
    shop.control("product", product_id=int(WHATSAPP_INDONESIA), price=6000)
    with pytest.raises(PriceChanged) as refused:
        place(ayu, expected_price=shown)
    assert (refused.value.shown, refused.value.now) == (Decimal(5400), Decimal(7200))
    assert not Order.objects.exists()
    assert wallet(ayu)[1] == 0


def test_sold_out_and_gone_are_told_apart(shop: Simulator, ayu: Customer) -> None:
    shown = shown_price()
    shop.control("product", product_id=int(WHATSAPP_INDONESIA), stock=0)
    with pytest.raises(SoldOut):
        place(ayu, expected_price=shown)
    shop.control("product", product_id=int(WHATSAPP_INDONESIA), active=False)
    with pytest.raises(ProductGone):
        place(ayu, expected_price=shown)
    assert wallet(ayu)[1] == 0


def test_a_short_balance_names_what_is_missing(shop: Simulator, customer: Customer) -> None:
    fund(customer, 5000)
    with pytest.raises(ShortOfBalance) as refused:
        place(customer)
    assert refused.value.shortfall == Decimal(400)
    assert not Order.objects.exists()


def test_nobody_takes_the_whole_key(shop: Simulator, ayu: Customer, settings: Any) -> None:
    allow(settings, live=2)
    place(ayu), place(ayu)
    with pytest.raises(TooManyLive):
        place(ayu)


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        ("out_of_stock", "out_of_stock"),
        ("insufficient_balance", "supplier_short"),
        ("unauthorized", "supplier_short"),
        ("forbidden", "supplier_short"),
        ("not_found", "product_gone"),
        ("success_false", "refused"),
    ],
)
def test_a_refusal_gives_the_money_back_at_once(shop: Simulator, ayu: Customer, mode: str, reason: str) -> None:
    order = place(ayu)
    shop.control("misbehave", operation="order/create", mode=mode)
    order = look(order)
    assert (order.state, order.reason) == (State.FAILED, reason)
    assert order.get_reason_display()
    assert hold_of(order).state == "released"
    assert wallet(ayu) == (Decimal(100_000), Decimal(0))
    assert activations(shop, order) == []


@pytest.mark.parametrize("mode", ["reset_after_accept", "502_after_accept", "html", "truncated", "cut", "empty"])
def test_a_lost_answer_is_in_doubt_and_resolved_without_a_second_number(
    shop: Simulator, ayu: Customer, mode: str
) -> None:
    order = place(ayu)
    shop.control("misbehave", operation="order/create", mode=mode)
    order = look(order)
    assert order.state == State.IN_DOUBT
    assert hold_of(order).state == "open"
    order = look(order)
    assert order.state == State.PENDING
    [activation] = activations(shop)
    assert activation["phone_number"] == order.phone_number


@pytest.mark.parametrize("mode", ["502", "503", "reset_before_accept"])
def test_an_order_that_never_arrived_is_bought_once(shop: Simulator, ayu: Customer, mode: str) -> None:
    order = place(ayu)
    shop.control("misbehave", operation="order/create", mode=mode, times=3)
    for _attempt in range(3):
        order = look(order)
        assert (order.state, hold_of(order).state) == (State.IN_DOUBT, "open")
    assert look(order).state == State.PENDING
    assert len(activations(shop)) == 1


@pytest.mark.usefixtures("impatient")
def test_a_hanging_create_is_in_doubt_not_failed(shop: Simulator, ayu: Customer) -> None:
    order = place(ayu)
    shop.control("misbehave", operation="order/create", mode="timeout_after_accept")
    order = look(order)
    assert order.state == State.IN_DOUBT
    assert look(order).state == State.PENDING
    assert len(activations(shop)) == 1


def test_in_doubt_believes_no_key_trouble_and_no_running_twin(shop: Simulator, ayu: Customer) -> None:
    order = place(ayu)
    shop.control("misbehave", operation="order/create", mode="reset_after_accept")
    look(order)
    for mode in ("unauthorized", "forbidden", "request_in_progress", "502"):
        shop.control("misbehave", operation="order/create", mode=mode)
        assert look(order).state == State.IN_DOUBT
    assert look(order).state == State.PENDING
    assert len(activations(shop)) == 1


def test_in_doubt_ends_when_the_supplier_says_there_is_none(shop: Simulator, ayu: Customer) -> None:
    order = place(ayu)
    shop.control("misbehave", operation="order/create", mode="reset_before_accept")
    assert look(order).state == State.IN_DOUBT
    shop.control("misbehave", operation="order/create", mode="out_of_stock")
    assert look(order).state == State.FAILED
    assert wallet(ayu)[1] == 0


def test_a_worker_that_died_after_sending_leaves_a_doubt(shop: Simulator, ayu: Customer) -> None:
    order = place(ayu)
    assert Order.objects.claim(order.pk)  # the worker took it, and was killed
    assert not polling.attend(order.pk)
    lose_lease(order)
    assert [row.state for row in Order.objects.claim_due(1)] == [State.IN_DOUBT]
    lose_lease(order)
    assert polling.sweep() == 1
    assert fresh(order).state == State.PENDING
    assert len(activations(shop)) == 1


def test_429_waits_as_long_as_it_was_told_and_spends_nothing(shop: Simulator, ayu: Customer) -> None:
    order = place(ayu)
    shop.control("misbehave", operation="order/create", mode="429", retry_after=7)
    order = look(order)
    assert order.state == State.SUBMITTING
    assert order.next_poll_at
    assert order.next_poll_at - order.created_at > timedelta(seconds=6.5)
    sent = shop.look("requests")["total"]
    # The key itself is over its rate: nothing else leaves either, and that is no failure.
    assert look(order).poll_failures == order.poll_failures
    assert shop.look("requests")["total"] == sent


def test_a_supplier_that_cannot_be_reached_is_given_up_after_a_minute(
    shop: Simulator, ayu: Customer, settings: Any
) -> None:
    order = place(ayu)
    settings.OTPZAP_BASE_URL = "http://127.0.0.1:9/api/v1"
    order = look(order)
    assert (order.state, hold_of(order).state) == (State.SUBMITTING, "open")
    age(order, sent_at=timedelta(minutes=2))
    order = look(order)
    assert (order.state, order.reason) == (State.FAILED, "unreachable")
    assert wallet(ayu)[1] == 0


def test_a_doubt_is_never_given_up_by_the_clock(shop: Simulator, ayu: Customer) -> None:
    order = place(ayu)
    shop.control("misbehave", operation="order/create", mode="502_after_accept", times=2)
    look(order)
    age(order, sent_at=timedelta(minutes=30))
    assert look(order).state == State.IN_DOUBT
    due_now(order)
    assert look(order).state == State.PENDING


def test_a_key_that_may_be_forgotten_is_not_used_again(shop: Simulator, ayu: Customer) -> None:
    order = place(ayu)
    shop.control("misbehave", operation="order/create", mode="reset_after_accept")
    look(order)
    age(order, sent_at=timedelta(hours=13))
    before = len(shop.look("requests")["requests"])
    order = look(order)
    assert order.state == State.IN_DOUBT
    assert len(shop.look("requests")["requests"]) == before
    age(order, sent_at=-timedelta(hours=13))
    assert look(order).state == State.PENDING
