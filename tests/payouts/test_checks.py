"""Faults put into the books by hand: each is named by what the ledger check asks of money out."""

from decimal import Decimal

import pytest
from django.db import connection

from accounts.models import Client
from payouts import books
from payouts.models import Funding
from tests.accounts import cast
from tests.payouts.house import fund
from tests.payouts.sending import problems, ready
from wallets.services import Purse, credit_client, post_legs

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(db: None) -> Client:
    company = cast.company()
    fund(company)
    return company


def test_money_under_way_is_moved_by_payouts_only(client: Client) -> None:
    ready(client)
    assert problems() == []
    post_legs(
        legs=[(books.in_flight(False), Decimal(-5)), (books.clearing("bank", False), Decimal(5))],
        currency="SLE",
        kind="adjustment",
        reference="a-hand-in-the-till",
        subject="",
        memo="",
    )
    assert problems() == ["account payable:payouts SLE holds 97.50, what is on its way comes to 102.50"]


def top_up(client: Client, state: str = "announced") -> Funding:
    return Funding.objects.create(
        reference=f"TF{state}", client=client, amount=Decimal(50), is_sandbox=True, state=state
    )


def credited(funding: Funding, amount: str) -> None:
    credit_client(
        purse=Purse(funding.client, "SLE", True),
        source=books.funding(True),
        amount=Decimal(amount),
        kind="funding",
        reference=f"funding:{funding.public_id}",
        subject="",
        memo="",
    )


def test_a_top_up_is_what_its_client_got(client: Client) -> None:
    fund(client, is_sandbox=True)
    credited(top_up(client, "credited"), "50")
    assert problems() == []
    with connection.cursor() as cursor:
        cursor.execute("UPDATE payouts_funding SET amount = 60")
    assert problems() == ["top-up TFcredited is credited over 60.00, the balance of its client got 50.00"]


@pytest.mark.parametrize(("state", "got"), [("credited", ""), ("announced", "50")], ids=["never", "too soon"])
def test_a_top_up_is_credited_when_it_says_so(client: Client, state: str, got: str) -> None:
    funding = top_up(client, state)
    if got:
        credited(funding, got)
    assert problems() == [
        f"top-up TF{state} is {state} over 50.00, the balance of its client got {'50.00' if got else '0'}"
    ]
