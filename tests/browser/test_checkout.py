"""Somebody pays a shop on our page: by card, after a look at the bank, and another way when the card is declined."""

import re
from typing import Any

import pytest
import requests
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser import steps
from tests.browser.portal import Portal
from tests.browser.screens import walked_on

pytestmark = [pytest.mark.browser, walked_on("phone")]
GOOD, ASKS, DECLINED = "4242 4242 4242 4242", "4000 0000 0000 3220", "4000 0000 0000 0002"


@pytest.fixture(autouse=True)
def shop(context: BrowserContext) -> None:
    """The shop that payers go back to."""

    def answer(route: Route) -> None:
        route.fulfill(body="<!doctype html><title>Shop</title><link rel='icon' href='data:,'><h1>The shop</h1>")

    context.route("https://shop.example/**", answer)


def open_checkout(portal: Portal, amount: int, currency: str, key: str = "api_user") -> dict[str, Any]:
    answer = requests.post(
        f"{portal.base_url}/api/checkout/sessions",
        json={
            "amount": amount,
            "currency": currency,
            "returnUrl": "https://shop.example/thanks?order=7",
            "description": "Two chairs",
        },
        headers=_headers(portal, key),
        timeout=20,
    )
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def status_of(portal: Portal, session: dict[str, Any], key: str = "api_user") -> str:
    url = f"{portal.base_url}/api/checkout/sessions/{session['sessionId']}"
    return str(requests.get(url, headers=_headers(portal, key), timeout=20).json()["status"])


def _headers(portal: Portal, key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {portal.demo['api_keys'][key]}"}


def type_card(page: Page, number: str) -> None:
    """By the keyboard alone."""
    page.get_by_label("Card number").focus()
    page.keyboard.type(number)
    page.keyboard.press("Tab")
    page.keyboard.type("12/30")
    page.keyboard.press("Tab")
    page.keyboard.type("123")
    page.keyboard.press("Enter")


def test_a_card_pays_and_leads_back_to_the_shop(page: Page, portal: Portal, screen: str) -> None:
    session = open_checkout(portal, 250, "SLE")
    page.goto(session["sessionUrl"])
    expect(page.get_by_text("SLE 250.00").first).to_be_visible()
    expect(page.get_by_text("Two chairs")).to_be_visible()
    steps.expect_accessible(page)
    type_card(page, GOOD)
    expect(page.get_by_role("heading", name="SLE 250.00 is paid")).to_be_visible()
    steps.expect_accessible(page)
    page.wait_for_url(re.compile(r"^https://shop\.example/thanks\?order=7&sessionId=[0-9a-f-]{36}&status=Completed$"))
    assert status_of(portal, session) == "Completed"


def test_the_bank_asks_and_another_tab_sees_it(
    page: Page, context: BrowserContext, portal: Portal, screen: str
) -> None:
    session = open_checkout(portal, 1_500, "SLE", "api_user_sandbox")
    page.goto(session["sessionUrl"])
    type_card(page, ASKS)
    expect(page.get_by_role("heading", name="Your bank wants to know that it is you")).to_be_visible()
    steps.expect_accessible(page)
    other = context.new_page()
    other.goto(session["sessionUrl"])
    page.get_by_role("button", name="Continue to your bank").click()
    page.get_by_role("button", name="Confirm").click()
    page.get_by_role("button", name="Back to the shop").click()
    expect(page.get_by_role("heading", name="SLE 1,500.00 is paid")).to_be_visible()
    expect(other.get_by_role("heading", name="SLE 1,500.00 is paid")).to_be_visible()
    assert status_of(portal, session, "api_user_sandbox") == "Completed"


def test_a_declined_card_and_then_a_bank(page: Page, portal: Portal, screen: str) -> None:
    session = open_checkout(portal, 83_000 if screen == "phone" else 84_000, "IDR")
    page.goto(session["sessionUrl"])
    type_card(page, DECLINED)
    expect(page.get_by_role("heading", name="Your bank declined the card")).to_be_visible()
    expect(page.get_by_text("Nothing was charged")).to_be_visible()
    assert page.get_by_label("Card number").input_value() == ""
    steps.expect_accessible(page)
    page.locator("#way-va > summary").click()
    steps.expect_accessible(page)
    page.get_by_role("button", name="BCA", exact=True).click()
    expect(page.get_by_role("heading", name="Pay to this number")).to_be_visible()
    steps.expect_accessible(page)
    number = page.locator("[data-number]").get_attribute("data-number") or ""
    portal.faspay.control("pay", virtualAccountNo=number, notify=True)
    expect(page.get_by_role("heading", name=re.compile(r"^Rp8[34]\.000 is paid"))).to_be_visible()
    assert status_of(portal, session) == "Completed"
