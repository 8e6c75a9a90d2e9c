"""Checkouts as staff see them: found by anything, with each way that was tried and its money; never changed."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from accounts.access.actors import command
from accounts.models import Client, Role
from checkout.models import Session, Try
from checkout.services import sessions
from payments.models import Deposit
from tests.accounts import cast
from tests.checkout.house import ask_for, fresh, pay, payment_of
from tests.simulators import Simulator

pytestmark = pytest.mark.django_db
LIST = "/staff/checkouts/"


@pytest.fixture
def desk() -> Browser:
    return cast.browser_of(cast.person("citra", Role.SUPER_ADMIN, Role.COMPANY_ADMIN))


def text(answer: Any) -> str:
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode())


def page_of(session: Session) -> str:
    return f"{LIST}{session.public_id}/"


def listed(desk: Browser, query: str = "") -> list[str]:
    answer = desk.get(f"{LIST}?{query}")
    assert answer.status_code == 200
    return [line.session.reference for line in answer.context["lines"]]


def test_staff_find_a_checkout_of_any_client(desk: Browser, shop: Client) -> None:
    assert "No checkouts yet" in text(desk.get(LIST))
    mine = ask_for(shop, description="Invoice 77")
    other = ask_for(cast.company("Rokel"), "90", description="Boots")
    ask_for(shop, is_sandbox=True)
    assert listed(desk) == [other.reference, mine.reference]
    for query in (f"q={mine.reference.lower()}", f"q={mine.public_id}", "q=kush", "q=invoice", "q=250"):
        assert listed(desk, query) == [mine.reference], query
    sessions.cancel(session=mine, actor=command("test"))
    assert listed(desk, "group=unpaid") == [mine.reference]
    assert listed(desk, "group=open") == [other.reference]
    assert listed(desk, "last=2020-01-01") == []
    assert "Nothing found" in text(desk.get(f"{LIST}?q=nothing+like+it"))


def test_one_shows_the_way_it_was_paid_and_its_money(desk: Browser, shop: Client, cards: Simulator) -> None:
    session = ask_for(shop)
    assert "nothing is paid yet" in text(desk.get(page_of(session)))
    assert "every 5s" in text(desk.get(page_of(session)))
    pay(session)
    page = text(desk.get(page_of(fresh(session))))
    for words in ("SLE 250.00 in the balance of Kush", "Booked: ", "Visa", f"/staff/clients/{shop.public_id}/"):
        assert words in page, words
    there = f"/staff/cards/{payment_of(session).public_id}/"
    assert there in page
    # And back again.
    assert page_of(session) in text(desk.get(there))
    assert "every 5s" not in page


def test_a_deposit_of_a_checkout_leads_there_and_back(desk: Browser, shop: Client) -> None:
    session = ask_for(shop, "50000", "IDR")
    deposit = Deposit.objects.create(
        client=shop,
        amount=Decimal(50_000),
        currency="IDR",
        method="qris",
        memo="Order 7",
        expires_at=session.expires_at,
    )
    Try.objects.create(session=session, method="qris", press=session.public_id, deposit=deposit)
    assert f"/staff/deposits/{deposit.public_id}/" in text(desk.get(page_of(session)))
    assert page_of(session) in text(desk.get(f"/staff/deposits/{deposit.public_id}/"))


def test_a_poll_brings_nothing_while_nothing_is_new(desk: Browser, shop: Client) -> None:
    session = ask_for(shop)
    version = desk.get(page_of(session)).context["version"]
    assert desk.get(f"{page_of(session)}?v={version}", headers={"HX-Request": "true"}).status_code == 204
    sessions.cancel(session=session, actor=command("test"))
    answer = desk.get(f"{page_of(session)}?v={version}", headers={"HX-Request": "true"})
    assert "<html" not in text(answer)
    assert "Called off" in text(answer)


def test_play_ones_and_strangers_have_no_page(desk: Browser, shop: Client) -> None:
    assert desk.get(page_of(ask_for(shop, is_sandbox=True))).status_code == 404
    session = ask_for(shop)
    for role, client in ((Role.PORTAL_ADMIN, shop), (Role.APPROVER, None)):
        browser = cast.browser_of(cast.person(f"one-{role}".lower(), role, client=client))
        assert [browser.get(path).status_code for path in (LIST, page_of(session))] == [404, 404]
    auditor = cast.browser_of(cast.person("dewi", Role.AUDITOR))
    assert "Audit" in text(auditor.get(page_of(session)))
    assert auditor.post(page_of(session)).status_code == 405


def test_the_list_and_the_page_cost_the_same_for_many(desk: Browser, shop: Client) -> None:
    session = ask_for(shop)
    _try(session)
    desk.get(LIST)
    before = [_cost(desk, path) for path in (LIST, page_of(session))]
    for _ in range(5):
        ask_for(shop)
        _try(session)
    assert [_cost(desk, path) for path in (LIST, page_of(session))] == before


def _try(session: Session) -> Try:
    deposit = Deposit.objects.create(
        client=session.client,
        amount=Decimal(50_000),
        currency="IDR",
        method="qris",
        memo="Order 7",
        expires_at=session.expires_at + timedelta(hours=1),
    )
    return Try.objects.create(
        session=session,
        method="qris",
        press=deposit.public_id,
        deposit=deposit,
        is_over=True,
        ended_at=session.created_at,
    )


def _cost(desk: Browser, path: str) -> int:
    with CaptureQueriesContext(connection) as spent:
        assert desk.get(path).status_code == 200
    return len(spent)
