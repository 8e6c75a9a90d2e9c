"""The first page, for each who may open it: what have I got, what is running?"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal

import pytest
from django.test import Client

from accounts.models import Customer, User
from otp.models import PriceRule
from payments import services as payments
from tests.otp.helpers import buy, deliver, fund, look
from tests.simulators import Simulator
from wallets.models import LedgerCheck

pytestmark = pytest.mark.django_db


@pytest.fixture
def busy(customer: Customer, otpzap_sim: Simulator) -> Customer:
    """Ayu with money, an open invoice, a running number and one with a code."""
    PriceRule.objects.create(percent=20, step=100)
    fund(customer)
    payments.request_deposit(customer=customer, amount=Decimal(75_000), bank="702", idempotency_key="one")
    buy(customer, idempotency_key="first")
    coded = buy(customer, idempotency_key="second")
    deliver(otpzap_sim, coded, "004217")
    look(coded)
    return customer


def test_a_stranger_sees_what_it_is_for(client: Client) -> None:
    page = client.get("/").content.decode()
    assert "/account/signup/" in page
    assert "/account/login/" in page


def test_a_customer_sees_money_and_what_runs(busy: Customer, client_for: Callable[..., Client]) -> None:
    page = client_for(busy).get("/").content.decode()
    price = Decimal(5_400)
    for amount in (Decimal(100_000) - price, price, Decimal(100_000) - 2 * price):
        assert f"Rp{amount:,.0f}".replace(",", ".") in page
    assert "004217" in page
    assert "Rp75.000" in page


def test_the_first_page_stays_cheap(
    busy: Customer,
    client_for: Callable[..., Client],
    django_assert_max_num_queries: Callable[[int], AbstractContextManager[object]],
) -> None:
    client = client_for(busy)
    for number in range(6):
        buy(busy, idempotency_key=f"more-{number}")
    with django_assert_max_num_queries(12):
        assert client.get("/").status_code == 200


def test_staff_come_to_their_desk(staff_user: User, client_for: Callable[..., Client]) -> None:
    client = client_for(staff_user)
    assert client.get("/")["Location"] == "/staff/"
    page = client.get("/staff/").content.decode()
    assert "not been proved" in page


def test_the_desk_names_what_does_not_add_up(staff_user: User, client_for: Callable[..., Client]) -> None:
    LedgerCheck.objects.create(seconds=Decimal(1), postings=7, problems=["account wallet:x says 1, its postings say 2"])
    page = client_for(staff_user).get("/staff/").content.decode()
    assert "account wallet:x says 1" in page
