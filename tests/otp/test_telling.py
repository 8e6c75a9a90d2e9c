"""What a customer is told about orders and the balance, once each."""

from typing import Any

import pytest

from accounts.models import Customer
from notifications.models import Notice
from tests.otp.helpers import buy, deliver, look, wallet
from tests.simulators import Simulator

pytestmark = pytest.mark.django_db


def _told(customer: Customer) -> list[str]:
    return list(Notice.objects.filter(customer=customer).order_by("id").values_list("kind", flat=True))


def test_each_code_is_told_once_and_without_the_code(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu)
    assert _told(ayu) == []
    deliver(shop, order, code="004217")
    look(order)
    look(order)

    assert _told(ayu) == ["code_arrived"]
    notice = Notice.objects.get()
    assert order.service_name in notice.title
    assert "004217" not in notice.title + notice.text + str(notice.facts)
    assert notice.page == order.get_absolute_url()


def test_a_balance_that_falls_low_by_a_code_is_told_once_a_day(shop: Simulator, ayu: Customer, settings: Any) -> None:
    settings.LOW_BALANCE = 100_000
    for code in ("111111", "222222"):
        order = buy(ayu)
        deliver(shop, order, code=code)
        look(order)

    assert sorted(_told(ayu)) == ["code_arrived", "code_arrived", "low_balance"]
    told = Notice.objects.get(kind="low_balance")
    assert f"{100_000 - order.price:.0f}" == told.facts["amount"].partition(".")[0]
    assert wallet(ayu)[0] == 100_000 - 2 * order.price
