"""One more message: sent again to a number, ordered again at an inbox."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Customer
from config.lib import clock
from otp import delivery, services
from otp.errors import NotNow, NotPossible, OrderOver, ResendLocked
from otp.models import Order, Refusal, State
from tests.otp.helpers import (
    INBOX,
    OPERATOR,
    activations,
    age,
    break_next,
    buy,
    deliver,
    deliver_mail,
    fresh,
    inboxes,
    look,
    place,
    wallet,
)
from tests.simulators import Simulator


def _resend(order: Order) -> Order:
    return services.request_resend(order=order)


@pytest.mark.parametrize("wanted", [{}, OPERATOR], ids=["server1", "server2"])
def test_one_more_message_costs_nothing(shop: Simulator, ayu: Customer, wanted: dict[str, Any]) -> None:
    order = buy(ayu, **wanted)
    deliver(shop, order, "1111")
    look(order)
    _resend(order)
    order = look(order)
    assert (order.resend_count, order.resend_requested_at, order.state) == (1, None, State.OTP_RECEIVED)
    assert order.resend_locked_until
    deliver(shop, order, "2222")
    order = look(order)
    assert [code.code for code in order.codes.all()] == ["1111", "2222"]
    assert order.resend_free_at(timezone.now()) <= timezone.now()
    assert wallet(ayu) == (Decimal(100_000) - order.price, Decimal(0))


def test_the_gate_is_shut_until_the_message_has_come(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu)
    _resend(order)
    order = look(order)
    with pytest.raises(ResendLocked) as refused:
        _resend(order)
    assert 0 < refused.value.retry_after <= 60
    deliver(shop, order)
    order = look(order)
    _resend(order)
    assert look(order).resend_count == 2


def test_asking_twice_is_asking_once(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu)
    first = _resend(order)
    assert _resend(order).version == first.version


def test_what_cannot_be_sent_again_says_why(shop: Simulator, ayu: Customer) -> None:
    with pytest.raises(NotNow):
        _resend(place(ayu))
    with pytest.raises(NotPossible):
        _resend(buy(ayu, **INBOX))
    with pytest.raises(NotPossible):
        services.request_reorder(order=buy(ayu))
    with pytest.raises(NotNow):
        services.request_reorder(order=buy(ayu, **INBOX))
    over = buy(ayu)
    shop.control("fail", order_id=int(over.provider_order_id))
    look(over)
    with pytest.raises(OrderOver):
        _resend(over)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("mode", ["502_after_accept", "reset_after_accept", "timeout_after_accept", "truncated"])
def test_a_lost_answer_asks_for_no_second_message(shop: Simulator, ayu: Customer, mode: str) -> None:
    order = buy(ayu)
    _resend(order)
    break_next(shop, "order/resend", mode)
    order = look(order)  # the look that follows shows that it was done
    assert (order.resend_count, order.resend_requested_at) == (1, None)
    assert activations(shop, order)[0]["resend_count"] == 1


def test_a_lost_answer_and_a_lost_look_end_at_the_shut_gate(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu)
    _resend(order)
    break_next(shop, "order/resend", "502_after_accept")
    break_next(shop, "order/check", "502")
    order = look(order)
    assert order.resend_requested_at
    age(order, resend_next_at=timedelta(minutes=1))
    order = look(order)  # 429: shut by our own first try
    assert (order.resend_requested_at, order.resend_count, order.resend_refusal) == (None, 1, "")
    assert activations(shop, order)[0]["resend_count"] == 1


@pytest.mark.parametrize(("mode", "refusal"), [("validation", Refusal.UNSUPPORTED), ("conflict", Refusal.REFUSED)])
def test_a_refusal_is_said_and_the_number_goes_on(shop: Simulator, ayu: Customer, mode: str, refusal: Refusal) -> None:
    order = buy(ayu)
    _resend(order)
    break_next(shop, "order/resend", mode)
    order = look(order)
    assert (order.state, order.resend_requested_at, order.resend_refusal) == (State.PENDING, None, refusal)
    _resend(order)
    assert (look(order).resend_count, fresh(order).resend_refusal) == (1, "")


def test_the_suppliers_own_gate_is_believed(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu)
    _resend(order)
    break_next(shop, "order/resend", "resend_locked", retry_after=40)
    order = look(order)
    assert (order.resend_count, order.resend_requested_at) == (0, None)
    with pytest.raises(ResendLocked) as refused:
        _resend(order)
    assert 30 <= refused.value.retry_after <= 40


def test_a_supplier_that_never_answers_is_asked_a_few_times(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu)
    _resend(order)
    break_next(shop, "order/resend", "502", times=delivery.RESEND_TRIES)
    for _attempt in range(delivery.RESEND_TRIES):
        assert fresh(order).resend_requested_at
        order = look(order)
        if order.resend_next_at:
            age(order, resend_next_at=timedelta(minutes=2))
    assert (order.resend_requested_at, order.resend_refusal) == (None, Refusal.UNREACHABLE)


# --- inboxes -------------------------------------------------------------------------------------------------------


def _with_a_mail(shop: Simulator, ayu: Customer) -> Order:
    order = buy(ayu, **INBOX)
    deliver_mail(shop, order, "1111")
    return look(order)


def test_an_inbox_is_ordered_again_without_a_second_charge(shop: Simulator, ayu: Customer) -> None:
    order = _with_a_mail(shop, ayu)
    paid = wallet(ayu)
    age(order, expires_at=timedelta(minutes=20))
    services.request_reorder(order=order)
    order = look(order)
    assert (order.state, order.resend_count) == (State.OTP_RECEIVED, 1)
    assert order.expires_at
    assert order.expires_at > timezone.now() + timedelta(minutes=19)
    assert inboxes(shop, order)[0]["status"] == "pending"
    with pytest.raises(ResendLocked):
        services.request_reorder(order=order)
    deliver_mail(shop, order, "2222")
    order = look(order)
    assert [code.code for code in order.codes.all()] == ["1111", "2222"]
    assert wallet(ayu) == paid
    services.request_reorder(order=order)
    assert look(order).resend_count == 2


def test_nothing_is_paid_back_when_the_second_mail_stays_away(shop: Simulator, ayu: Customer) -> None:
    order = _with_a_mail(shop, ayu)
    services.request_reorder(order=order)
    look(order)
    shop.control("mail/expire", ref=order.provider_order_id)
    order = look(order)
    assert (order.state, order.charged) == (State.SUCCESS, order.price)
    assert wallet(ayu)[0] == Decimal(100_000) - order.price


@pytest.mark.parametrize("mode", ["502_after_accept", "reset_after_accept", "html"])
def test_a_lost_reorder_is_not_done_twice(shop: Simulator, ayu: Customer, mode: str) -> None:
    order = _with_a_mail(shop, ayu)
    services.request_reorder(order=order)
    break_next(shop, "order/email-reorder", mode)
    order = look(order)
    assert (order.resend_count, order.resend_requested_at) == (1, None)
    assert inboxes(shop, order)[0]["reorder_count"] == 1


def test_another_ref_after_a_reorder_changes_nothing(shop: Simulator, ayu: Customer) -> None:
    shop.control("settings", reorder_changes_ref=1)
    try:
        order = _with_a_mail(shop, ayu)
        services.request_reorder(order=order)
        order = look(order)
        deliver_mail(shop, order, "2222")
        assert look(order).code_count == 2
    finally:
        shop.control("settings", reorder_changes_ref=0)


def test_a_web_clock_that_is_ahead_asks_the_supplier_no_more_often(
    shop: Simulator, ayu: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is due goes by the database's clock: until then whoever waits only waits."""
    order = buy(ayu)
    ahead = clock.now() + timedelta(seconds=30)
    monkeypatch.setattr(clock, "now", lambda: ahead)
    _resend(order)
    before = len(shop.look("requests")["requests"])
    services.place_now(order=order, seconds=1)
    assert len(shop.look("requests")["requests"]) == before
