"""Limits hold when one customer clicks in many windows at once."""

import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from accounts.access.actors import command
from accounts.models import Customer
from config.lib.errors import ServiceError
from config.lib.ids import new_reference
from otp import limits, services
from otp.models import Order, Pardon, Reason, State
from otp.services.limits import start_afresh
from otp.wanted import Wanted
from tests.otp.helpers import place, shown_price, wallet
from tests.otp.making import make_order
from tests.simulators import Simulator

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = 8


def _together(act: Callable[[], Any]) -> list[str]:
    """What each of many threads got: "done" or the code of the refusal."""
    outcomes: list[str] = []
    start = threading.Barrier(AT_ONCE)

    def run() -> None:
        start.wait()
        try:
            act()
            outcomes.append("done")
        except ServiceError as refusal:
            outcomes.append(refusal.code)
        connection.close()

    threads = [threading.Thread(target=run) for _number in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(outcomes)


@pytest.mark.parametrize(
    ("figures", "refusal"),
    [
        pytest.param([2, 100, 1_000_000], "too_many_live", id="live"),
        pytest.param([100, 2, 1_000_000], "daily_orders", id="orders-of-a-day"),
        pytest.param([100, 100, None], "daily_spending", id="rupiah-of-a-day"),
    ],
)
def test_no_limit_is_passed_by_clicking_at_once(
    shop: Simulator, ayu: Customer, settings: Any, figures: list[int | None], refusal: str
) -> None:
    price = shown_price()
    settings.ORDER_LIMITS = {"basic": [figure or int(price * 2) for figure in figures]}
    outcomes = _together(lambda: place(ayu, expected_price=price))

    assert outcomes == sorted([*[refusal] * (AT_ONCE - 2), "done", "done"])
    assert Order.objects.filter(customer=ayu).count() == 2
    assert wallet(ayu)[1] == price * 2


def test_a_purchase_of_several_takes_all_of_its_places_or_none(shop: Simulator, ayu: Customer, settings: Any) -> None:
    settings.ORDER_LIMITS = {"basic": [5, 100, 1_000_000]}
    first = place(ayu)
    wanted = Wanted(product_id=first.product_id, service_id=first.service_id, country_id=first.country_id)

    def buy_three() -> None:
        services.buy(
            customer=ayu,
            wanted=wanted,
            expected_price=first.price,
            idempotency_key=new_reference("K"),
            quantity=3,
        )

    outcomes = _together(buy_three)

    assert outcomes.count("done") == 1
    assert Order.objects.filter(customer=ayu).count() == 4


def test_the_last_fresh_start_is_taken_once(ayu: Customer, settings: Any) -> None:
    settings.ORDER_CANCEL_PERCENT, settings.ORDER_CANCEL_FREE, settings.ORDER_FRESH_STARTS = 50, 4, 1
    for _piece in range(4):
        make_order(ayu, state=State.CANCELLED, reason=Reason.CANCELLED_BY_CUSTOMER, price=Decimal(1000))
    outcomes = _together(lambda: start_afresh(actor=command("test"), customer=ayu))

    assert outcomes.count("done") == 1
    assert Pardon.objects.count() == 1
    assert not limits.usage(ayu).is_paused
