"""The main job of a new customer, on a phone (on a desk in the long run): sign up, top up, buy, read the code."""

import uuid

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser import steps
from tests.browser.portal import Portal
from tests.browser.screens import walked_on

pytestmark = [pytest.mark.browser, walked_on("phone")]


def test_a_new_customer_gets_a_code(page: Page, context: BrowserContext, portal: Portal) -> None:
    steps.sign_up(page, context, f"dewi-{uuid.uuid4().hex[:8]}@example.id")
    steps.expect_accessible(page)

    steps.top_up(page, "50.000")
    account = page.locator("[data-number]").get_attribute("data-number") or ""
    steps.pay_at_the_bank(context, account)
    expect(page.get_by_role("heading", name="Rp50.000 is in your wallet")).to_be_visible()
    steps.expect_accessible(page)

    number = steps.buy(page, "WhatsApp")
    steps.expect_accessible(page)
    steps.deliver(context, number, "048213")
    expect(page.locator(".big-code")).to_have_text("048213")
    steps.expect_accessible(page)

    page.get_by_role("button", name="I have what I need").click()
    expect(page.get_by_text("Success").first).to_be_visible()

    page.goto("/wallet/")
    steps.expect_accessible(page)
    expect(page.get_by_role("link", name="Top-up", exact=True)).to_be_visible()
    page.get_by_role("link", name="Number bought").click()
    expect(page.locator(".big-code")).to_have_text("048213")
    steps.expect_accessible(page)


def test_the_bought_number_can_be_copied_with_one_click(page: Page, context: BrowserContext, portal: Portal) -> None:
    ayu = portal.demo["users"]["customer"]
    steps.sign_in(page, ayu["email"], ayu["password"])
    steps.top_up(page, "75.000")
    page.get_by_role("button", name="Copy account number").first.click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.locator("[data-number]").get_attribute("data-number")
    assert copied.isdigit()


def test_the_page_speaks_indonesian(page: Page, portal: Portal) -> None:
    page.goto("/")
    page.get_by_role("button", name="Bahasa Indonesia").click()
    expect(page.locator("html")).to_have_attribute("lang", "id")
    expect(page.get_by_role("link", name="Masuk").first).to_be_visible()
