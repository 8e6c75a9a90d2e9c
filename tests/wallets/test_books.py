"""The accounts of the house as staff see them: what stands where, line by line, with the way to what each is about."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from accounts.models import Customer, Role
from config.lib import clock
from tests.accounts.cast import browser_of, company, person
from wallets.models import Account
from wallets.services import credit_from_provider

pytestmark = pytest.mark.django_db
LEDGER = "/staff/ledger/"
CLEARING = f"{LEDGER}?account=clearing:test&currency=IDR"


@pytest.fixture
def desk() -> Browser:
    return browser_of(person("dewi", Role.AUDITOR))


def paid_in(customer: Customer, *amounts: int, subject: str = "") -> None:
    for amount in amounts:
        credit_from_provider(
            customer=customer,
            amount=Decimal(amount),
            currency="IDR",
            channel="test",
            kind="deposit",
            reference=f"in-{amount}",
            subject=subject,
            memo="for a test",
        )


def test_an_account_tells_how_its_money_came_there(desk: Browser, customer: Customer) -> None:
    assert "No money has moved yet" in desk.get(LEDGER).content.decode()
    deposit = "deposit:0b9f4c7e-1100-4000-8000-000000000000"
    paid_in(customer, 50_000, 20_000, subject=deposit)
    page = desk.get(LEDGER)
    assert "account=clearing%3Atest" in page.content.decode() or "account=clearing:test" in page.content.decode()
    answer = desk.get(CLEARING)
    lines = answer.context["lines"]
    assert [line.posting.amount for line in lines] == [Decimal(-20_000), Decimal(-50_000)]
    assert {line.url for line in lines} == {f"/staff/deposits/{deposit.partition(':')[2]}/"}
    assert "-Rp70.000" in answer.content.decode()
    today = clock.now().date().isoformat()
    assert len(desk.get(f"{CLEARING}&last=2020-01-01").context["lines"]) == 0
    assert len(desk.get(f"{CLEARING}&first=2020-01-01&last=nonsense{today}").context["lines"]) == 2


def test_wallets_are_not_among_them(desk: Browser, customer: Customer) -> None:
    paid_in(customer, 50_000)
    wallet = Account.objects.get(customer=customer)
    for query in (f"account={wallet.code}&currency=IDR", "account=nothing&currency=IDR", "account=clearing:test"):
        assert desk.get(f"{LEDGER}?{query}").status_code == 404, query


def test_strangers_have_no_such_page(customer: Customer) -> None:
    for role, client in ((Role.APPROVER, None), (Role.PORTAL_ADMIN, company())):
        assert browser_of(person(f"one-{role}".lower(), role, client=client)).get(LEDGER).status_code == 404


def test_a_page_costs_the_same_for_many_lines(desk: Browser, customer: Customer) -> None:
    paid_in(customer, 1_000)
    desk.get(CLEARING)
    before = _cost(desk)
    paid_in(customer, *range(1_001, 1_021))
    assert _cost(desk) == before


def _cost(desk: Browser) -> int:
    with CaptureQueriesContext(connection) as spent:
        assert desk.get(CLEARING).status_code == 200
    return len(spent)
