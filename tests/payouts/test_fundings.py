"""A client's balance: announced, found by one, confirmed by another; play money apart."""

import re
import threading
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client as Browser

from accounts.models import Client, PortalUser, Role
from payouts.models import Funding
from tests.accounts.cast import browser_of, company, last_entry, person
from wallets import proof
from wallets.errors import InsufficientFunds
from wallets.selectors import client_balances
from wallets.services import Purse, pay_from_client

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _bank(settings: Any) -> None:
    settings.CLIENT_FUNDING_ACCOUNTS = {"SLE": "Rokel 002001000000000017 Gerbang"}


@pytest.fixture
def client() -> Client:
    return company()


@pytest.fixture
def boss(client: Client) -> PortalUser:
    return person("fatu", Role.PORTAL_ADMIN, client=client)


@pytest.fixture
def finder() -> PortalUser:
    return person("support", Role.SUPPORT)


@pytest.fixture
def checker() -> PortalUser:
    return person("citra", Role.COMPANY_ADMIN)


def announced(boss: PortalUser, amount: str = "12500.50") -> Funding:
    answer = browser_of(boss).post("/company/balance/top-up/", {"amount": amount, "currency": "SLE", "note": "June"})
    assert answer.status_code == 302, answer.content.decode()
    return Funding.objects.latest("id")


def have(client: Client, *, is_sandbox: bool = False) -> list[tuple[str, Decimal]]:
    return [(one.currency, one.available) for one in client_balances(client, is_sandbox=is_sandbox)]


def found(browser: Browser, funding: Funding, **more: str) -> Any:
    data = {"received": "12500.50", "bank_reference": "FT26325", **more}
    return browser.post(f"/staff/fundings/{funding.public_id}/find/", data)


def test_two_people_bring_it_into_the_balance(
    client: Client, boss: PortalUser, finder: PortalUser, checker: PortalUser
) -> None:
    funding = announced(boss)
    assert re.fullmatch(r"TF[0-9]{8}[0-9A-Z]{10}", funding.reference)
    assert have(client) == []
    assert found(browser_of(finder), funding).status_code == 302
    assert have(client) == []
    assert browser_of(checker).post(f"/staff/fundings/{funding.public_id}/confirm/").status_code == 302
    assert have(client) == [("SLE", Decimal("12500.50"))]
    assert last_entry().action == "funding.confirmed"
    assert proof.run().problems == []


def test_what_came_counts_not_what_was_announced(
    client: Client, boss: PortalUser, finder: PortalUser, checker: PortalUser
) -> None:
    funding = announced(boss)
    found(browser_of(finder), funding, received="12000.00")
    browser_of(checker).post(f"/staff/fundings/{funding.public_id}/confirm/")
    assert have(client) == [("SLE", Decimal("12000.00"))]


def test_whoever_found_it_does_not_confirm_it(client: Client, boss: PortalUser, checker: PortalUser) -> None:
    funding, browser = announced(boss), browser_of(checker)
    person("late", Role.COMPANY_ADMIN)
    checker.roles.add(Role.objects.get(name=Role.SUPPORT))
    found(browser, funding)
    browser.post(f"/staff/fundings/{funding.public_id}/confirm/")
    funding.refresh_from_db()
    assert (funding.state, have(client)) == ("found", [])


def test_the_database_wants_two_people_too(client: Client, boss: PortalUser, finder: PortalUser) -> None:
    funding = announced(boss)
    found(browser_of(finder), funding)
    with pytest.raises(IntegrityError, match="funding_by_two_people"), transaction.atomic():
        Funding.objects.filter(pk=funding.pk).update(state="credited", confirmed_by=finder.user)


def test_a_line_of_the_statement_is_credited_once(
    client: Client, boss: PortalUser, finder: PortalUser, checker: PortalUser
) -> None:
    first, second = announced(boss), announced(boss)
    found(browser_of(finder), first)
    again = found(browser_of(finder), second)
    assert again.status_code == 422
    assert "already found" in again.content.decode()
    browser_of(checker).post(f"/staff/fundings/{first.public_id}/confirm/")
    browser_of(checker).post(f"/staff/fundings/{second.public_id}/confirm/")
    assert have(client) == [("SLE", Decimal("12500.50"))]


def test_the_second_person_may_send_it_back(
    client: Client, boss: PortalUser, finder: PortalUser, checker: PortalUser
) -> None:
    funding = announced(boss)
    found(browser_of(finder), funding)
    browser_of(checker).post(f"/staff/fundings/{funding.public_id}/put-back/", {"reason": "Another client's"})
    funding.refresh_from_db()
    assert (funding.state, funding.bank_reference, funding.received_amount) == ("announced", "", None)
    assert found(browser_of(finder), funding).status_code == 302


def test_only_an_untouched_announcement_is_called_off(
    client: Client, boss: PortalUser, finder: PortalUser, checker: PortalUser
) -> None:
    first, second = announced(boss), announced(boss)
    found(browser_of(finder), first)
    for one in (first, second):
        browser_of(boss).post(f"/company/balance/top-up/{one.public_id}/call-off/")
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state) == ("found", "cancelled")


def test_a_stranger_sees_no_top_up(boss: PortalUser) -> None:
    funding = announced(boss)
    stranger = person("moses", Role.PORTAL_ADMIN, client=company("Other"))
    assert browser_of(stranger).get(f"/company/balance/top-up/{funding.public_id}/").status_code == 404
    assert browser_of(stranger).post(f"/company/balance/top-up/{funding.public_id}/call-off/").status_code == 404
    assert browser_of(boss).get(f"/staff/fundings/{funding.public_id}/").status_code == 404


@pytest.mark.parametrize("amount", ["0", "-5", "12.345", "abc", "", "1e9", "99999999999999999"], ids=str)
def test_a_bad_amount_is_told_and_changes_nothing(boss: PortalUser, amount: str) -> None:
    answer = browser_of(boss).post("/company/balance/top-up/", {"amount": amount, "currency": "SLE"})
    assert answer.status_code == 400
    assert Funding.objects.count() == 0


def test_a_currency_without_an_account_of_ours_is_not_taken(boss: PortalUser) -> None:
    answer = browser_of(boss).post("/company/balance/top-up/", {"amount": "10", "currency": "IDR"})
    assert answer.status_code == 400
    assert Funding.objects.count() == 0


def test_play_money_stays_in_books_of_its_own(client: Client, boss: PortalUser) -> None:
    answer = browser_of(boss).post("/company/balance/play-money/", {"amount": "500.00"})
    assert answer.status_code == 302
    assert have(client, is_sandbox=True) == [("SLE", Decimal("500.00"))]
    assert have(client) == []
    assert "500.00" not in browser_of(boss).get("/company/balance/").content.decode()
    page = browser_of(boss).get("/company/balance/?sandbox=1").content.decode()
    assert "500.00" in page
    assert "Top-up" in page
    # The desk is live: a link would lead to a page that is not there.
    assert "/company/balance/top-up/" not in page
    assert proof.run().problems == []


def test_the_pages_show_what_is_there(
    client: Client, boss: PortalUser, finder: PortalUser, checker: PortalUser
) -> None:
    funding = announced(boss)
    page = browser_of(boss).get(f"/company/balance/top-up/{funding.public_id}/").content.decode()
    assert funding.reference in page
    assert "002001000000000017" in page
    assert funding.reference in browser_of(boss).get("/company/balance/").content.decode()
    assert funding.reference in browser_of(finder).get("/staff/fundings/").content.decode()
    found(browser_of(finder), funding)
    browser_of(checker).post(f"/staff/fundings/{funding.public_id}/confirm/")
    balance = browser_of(boss).get("/company/balance/").content.decode()
    assert "12,500.50" in balance
    csv = b"".join(browser_of(boss).get("/company/balance/statement.csv").streaming_content).decode()  # type: ignore[attr-defined]
    assert "12500.50" in csv
    live = browser_of(boss).get(f"/company/balance/top-up/{funding.public_id}/", headers={"HX-Request": "true"})
    assert "hx-trigger" not in live.content.decode()


@pytest.mark.django_db(transaction=True)
def test_of_two_confirmations_at_once_one_counts(settings: Any) -> None:
    client = company()
    funding = announced(person("fatu", Role.PORTAL_ADMIN, client=client))
    found(browser_of(person("support", Role.SUPPORT)), funding)
    browsers = [browser_of(person(f"boss{n}", Role.COMPANY_ADMIN)) for n in range(4)]
    gate = threading.Barrier(len(browsers))

    def confirm(browser: Browser) -> None:
        gate.wait()
        browser.post(f"/staff/fundings/{funding.public_id}/confirm/")
        connection.close()

    threads = [threading.Thread(target=confirm, args=(one,)) for one in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert have(client) == [("SLE", Decimal("12500.50"))]
    assert proof.run().problems == []


def test_a_balance_never_goes_below_zero(client: Client, boss: PortalUser) -> None:
    purse = Purse(client, "SLE")
    with pytest.raises(InsufficientFunds), transaction.atomic():
        pay_from_client(
            purse=purse,
            target="payable:payouts",
            amount=Decimal("0.01"),
            kind="payout",
            reference="payout:none",
            subject="",
            memo="",
        )
    assert have(client) in ([], [("SLE", Decimal(0))])
