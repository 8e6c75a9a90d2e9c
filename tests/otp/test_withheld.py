"""Messages of senders that nobody may rent a number for: kept back, unpaid, and no way round."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Customer
from otp import services
from otp.errors import NotNow
from otp.models import BlockedService, Order, Reason, State
from tests.otp.helpers import (
    INBOX,
    OPERATOR,
    age,
    buy,
    deliver,
    deliver_mail,
    fresh,
    hold_of,
    look,
    wallet,
)
from tests.simulators import Simulator


@pytest.fixture
def bank(db: None) -> BlockedService:
    return BlockedService.objects.create(words="Bank Nusa", why="A bank.", at_order=False)


def _kept_back(shop: Simulator, ayu: Customer, **wanted: Any) -> Order:
    order = buy(ayu, **wanted)
    if order.is_mail:
        deliver_mail(shop, order, "991122", sender="otp@banknusa.example", subject="Bank Nusa code")
    else:
        deliver(shop, order, "991122", message="Bank Nusa: 991122 is your code")
    return look(order)


def _let_the_window_end(shop: Simulator, order: Order) -> None:
    if order.is_mail:
        shop.control("mail/expire", ref=order.provider_order_id)
    else:
        shop.control("expire", order_id=int(order.provider_order_id))
    age(order, expires_at=timedelta(minutes=45))


@pytest.mark.parametrize("wanted", [{}, OPERATOR, INBOX], ids=["server1", "server2", "inbox"])
def test_neither_code_nor_text_is_kept_and_nobody_pays(
    shop: Simulator, ayu: Customer, bank: BlockedService, wanted: dict[str, Any]
) -> None:
    order = _kept_back(shop, ayu, **wanted)
    assert (order.state, order.code_count, order.withheld_count) == (State.PENDING, 0, 1)
    [row] = order.codes.all()
    assert (row.withheld, row.code, row.message, row.sender, row.subject, row.link) == (True, None, "", "", "", "")
    assert hold_of(order).state == "open"
    order = look(order)
    assert order.withheld_count == 1  # seen again, counted once
    _let_the_window_end(shop, order)
    order = look(order)
    assert (order.state, order.reason) == (State.FAILED, Reason.WITHHELD)
    assert wallet(ayu) == (Decimal(100_000), Decimal(0))


def test_a_proper_message_after_it_is_shown_and_paid(shop: Simulator, ayu: Customer, bank: BlockedService) -> None:
    order = _kept_back(shop, ayu)
    deliver(shop, order, "0042")
    order = look(order)
    assert (order.state, order.code_count, order.withheld_count) == (State.OTP_RECEIVED, 1, 1)
    assert [(code.position, code.code) for code in order.codes.all()] == [(0, None), (1, "0042")]
    deliver(shop, order, "0043")
    assert [code.code for code in look(order).codes.all()] == [None, "0042", "0043"]
    assert wallet(ayu) == (Decimal(94_600), Decimal(0))


def test_one_that_comes_later_costs_nothing_more(shop: Simulator, ayu: Customer, bank: BlockedService) -> None:
    order = buy(ayu)
    deliver(shop, order, "0042")
    deliver(shop, order, "991122", message="BANK-NUSA 991122")
    order = look(order)
    assert (order.code_count, order.withheld_count) == (1, 1)
    assert wallet(ayu)[0] == Decimal(94_600)


@pytest.mark.parametrize("wanted", [{}, INBOX], ids=["number", "inbox"])
def test_the_customer_may_give_up_at_once(
    shop: Simulator, ayu: Customer, bank: BlockedService, wanted: dict[str, Any]
) -> None:
    order = _kept_back(shop, ayu, **wanted)
    with pytest.raises(NotNow):
        services.finish_order(order=order)
    services.request_cancel(order=order)
    order = look(order)
    assert (order.reason, order.is_over) == (Reason.WITHHELD, True)
    assert wallet(ayu) == (Decimal(100_000), Decimal(0))


def test_the_end_at_the_supplier_is_the_end(shop: Simulator, ayu: Customer, bank: BlockedService) -> None:
    order = _kept_back(shop, ayu)
    shop.control("expire", order_id=int(order.provider_order_id))
    assert look(order).reason == Reason.WITHHELD
    assert hold_of(order).state == "released"


def test_it_cannot_be_replaced(shop: Simulator, ayu: Customer, bank: BlockedService) -> None:
    order = _kept_back(shop, ayu)
    with pytest.raises(NotNow):
        services.request_replace(order=order)
    assert fresh(order).replace_requested_at is None
