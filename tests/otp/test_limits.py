"""How much one customer may order: the refusal and the meter come from one reckoning."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Customer
from config.lib import clock
from otp import limits
from otp.errors import OverDailyOrders, OverDailySpending, Paused, Stopped, TooManyLive
from otp.models import Order, Pardon, Reason, State
from tests.otp.making import make_order

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _figures(settings: Any) -> None:
    settings.ORDER_LIMITS = {"basic": [3, 6, 50_000], "verified": [5, 60, 500_000]}
    settings.ORDER_CANCEL_PERCENT, settings.ORDER_CANCEL_FREE = 50, 4
    settings.ORDER_FRESH_STARTS, settings.ORDER_STRIKES = 2, 3


def _cancelled(customer: Customer, **more: Any) -> Order:
    return make_order(customer, state=State.CANCELLED, reason=Reason.CANCELLED_BY_CUSTOMER, **more)


def _ago(hours: float) -> dict[str, Any]:
    return {"created_at": clock.now() - timedelta(hours=hours)}


def test_a_new_customer_may_buy(customer: Customer) -> None:
    limits.check(customer, 3, Decimal(50_000))

    standing = limits.meters(customer)
    assert [meter.name for meter in standing.meters] == ["live", "orders", "spending", "cancelled"]
    assert not standing.calls_for_attention


def test_no_more_alive_at_one_time_than_the_level_allows(customer: Customer) -> None:
    make_order(customer), make_order(customer)
    limits.check(customer, 1, Decimal(1000))
    with pytest.raises(TooManyLive):
        limits.check(customer, 2, Decimal(2000))

    customer.is_verified = True
    limits.check(customer, 2, Decimal(2000))


def test_the_orders_of_a_day_count_when_there_was_a_number(customer: Customer) -> None:
    for _piece in range(6):
        make_order(customer, state=State.FAILED, reason=Reason.OUT_OF_STOCK, activated_at=None)
    limits.check(customer, 1, Decimal(1000))
    for hours in (20, 10, 5, 4, 3, 25):
        make_order(customer, state=State.EXPIRED, reason=Reason.NO_CODE, **_ago(hours))
    limits.check(customer, 1, Decimal(1000))
    with pytest.raises(OverDailyOrders) as refused:
        limits.check(customer, 3, Decimal(1000))

    # Two must grow old: the second one is ten hours old.
    assert 13.9 * 3600 < refused.value.retry_after <= 14 * 3600


def test_what_is_held_and_what_was_paid_count_as_spent(customer: Customer) -> None:
    make_order(customer, price=Decimal(20_000))
    make_order(customer, state=State.SUCCESS, price=Decimal(20_000))
    make_order(customer, state=State.EXPIRED, price=Decimal(20_000))
    make_order(customer, state=State.SUCCESS, price=Decimal(20_000), **_ago(30))

    limits.check(customer, 1, Decimal(10_000))
    with pytest.raises(OverDailySpending) as refused:
        limits.check(customer, 1, Decimal(10_001))
    assert refused.value.left == 10_000


def test_buying_pauses_when_too_many_are_given_back(customer: Customer) -> None:
    for hours in (23, 22, 21):
        _cancelled(customer, **_ago(hours))
    limits.check(customer, 1, Decimal(1000))
    make_order(customer, state=State.SUCCESS, price=Decimal(1000), **_ago(20))
    with pytest.raises(Paused) as refused:
        limits.check(customer, 1, Decimal(1000))

    # Without the oldest there are too few to judge.
    assert 0.9 * 3600 < refused.value.retry_after <= 3600
    standing = limits.meters(customer)
    assert standing.paused_until == refused.value.until
    assert standing.restarts_left == 2
    assert {meter.name: meter.level for meter in standing.meters}["cancelled"] == "full"


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({"reason": Reason.REPLACED}, id="replaced"),
        pytest.param({"reason": Reason.CANCELLED_BY_SUPPLIER}, id="by-the-supplier"),
        pytest.param({"charged": Decimal(300)}, id="paid-for-by-a-fee"),
        pytest.param({"created_at": clock.now() - timedelta(hours=25)}, id="yesterday"),
    ],
)
def test_what_is_no_fault_of_the_customer_does_not_count(customer: Customer, more: dict[str, Any]) -> None:
    for _piece in range(5):
        make_order(customer, **{"state": State.CANCELLED, "reason": Reason.CANCELLED_BY_CUSTOMER, **more})

    assert limits.usage(customer).cancelled == 0


def test_a_fresh_start_ends_the_pause_and_leaves_strikes(customer: Customer) -> None:
    for _piece in range(4):
        _cancelled(customer, withheld_count=1)
    Pardon.objects.create(customer=customer, created_at=clock.now())

    used = limits.usage(customer)
    assert (used.judged, used.is_paused) == (0, False)
    assert used.strikes == 4
    with pytest.raises(Stopped):
        limits.check(customer, 1, Decimal(1000))


def test_strikes_are_forgotten_after_a_month_or_by_staff(customer: Customer) -> None:
    for _piece in range(2):
        make_order(customer, state=State.EXPIRED, withheld_count=1)
    make_order(customer, state=State.EXPIRED, withheld_count=2, **_ago(24 * 31))
    limits.check(customer, 1, Decimal(1000))
    assert limits.meters(customer).meters[-1].name == "strikes"

    make_order(customer, state=State.EXPIRED, withheld_count=1)
    with pytest.raises(Stopped):
        limits.check(customer, 1, Decimal(1000))
    assert limits.meters(customer).is_stopped

    Pardon.objects.create(customer=customer, created_at=clock.now(), clears_strikes=True)
    limits.check(customer, 1, Decimal(1000))


def test_a_stranger_s_orders_count_for_nobody_else(customer: Customer, other_customer: Customer) -> None:
    for _piece in range(3):
        make_order(other_customer)

    limits.check(customer, 3, Decimal(1000))


def test_the_meter_asks_few_questions(customer: Customer, django_assert_max_num_queries: Any) -> None:
    for _piece in range(5):
        _cancelled(customer)
    with django_assert_max_num_queries(7):
        limits.meters(customer)
