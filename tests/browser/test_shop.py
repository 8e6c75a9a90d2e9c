"""The shop by keyboard, on a desk and on a phone: numbers with their options, inboxes in one's own order."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser import steps
from tests.browser.portal import Portal
from tests.browser.screens import walked_on

pytestmark = [pytest.mark.browser, walked_on("desktop")]


def _focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id"))


def test_numbers_are_found_sorted_and_counted_by_keyboard(page: Page, portal: Portal) -> None:
    ayu = portal.demo["users"]["customer"]
    steps.sign_in(page, ayu["email"], ayu["password"])
    page.goto("/numbers/")
    page.get_by_label("Which service sends the code?").press_sequentially("whats")
    offers = page.locator(".offers > .offer")
    expect(offers).to_have_count(3)
    steps.expect_accessible(page)

    page.locator("#sort-price").press("Enter")
    expect(page.locator("#sort-price")).to_have_attribute("aria-current", "true")
    expect(offers.first).to_contain_text("Cheapest")
    assert _focused(page) == "sort-price"

    page.get_by_text("Advanced: how many").press("Enter")
    page.get_by_label("How many", exact=True).select_option("3")
    expect(offers.first.get_by_role("button")).to_contain_text("Buy 3 for")
    page.get_by_label("Operator", exact=True).select_option("telkomsel")
    expect(offers).to_have_count(1)
    expect(offers.first).to_contain_text("Telkomsel")
    steps.expect_accessible(page)
    page.reload()
    expect(offers.first.get_by_role("button")).to_contain_text("Buy 3 for")

    offers.first.get_by_role("button").press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("Buy 3 times")
    page.keyboard.press("Escape")

    page.get_by_role("link", name="Compare countries").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("WhatsApp by country")
    steps.expect_accessible(page)
    page.get_by_role("link", name="See the offers in Sierra Leone").click()
    expect(page.locator("#offers-title")).to_contain_text("Sierra Leone")


def test_domains_are_put_in_order_by_keyboard(page: Page, portal: Portal) -> None:
    ayu = portal.demo["users"]["customer"]
    steps.sign_in(page, ayu["email"], ayu["password"])
    page.goto("/numbers/mail/")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.resource_type == "fetch" else None)
    page.get_by_label("Which site sends the mail?").press_sequentially("https://openai.com/login")
    page.keyboard.press("Enter")
    expect(page.locator("#offers-title")).to_have_text("Inboxes for openai.com")
    page.wait_for_load_state("networkidle")
    # The field changed and the form was sent, but one question is asked once.
    assert len([url for url in asked if "openai" in url]) == 1, asked
    steps.expect_accessible(page)

    for key in ("outlook-com", "mail-com"):
        page.locator(f"#turn-{key}").press("Enter")
        expect(page.locator(f"#drop-{key}")).to_be_visible()
        assert _focused(page) == f"turn-{key}"
    page.locator("#earlier-mail-com").press("Enter")
    expect(page.locator(".choice-name").first).to_contain_text("mail.com")
    assert _focused(page) in ("later-mail-com", "choices-title")
    steps.expect_accessible(page)

    page.get_by_text("Advanced: how many").press("Enter")
    page.get_by_label("Pattern of the code").fill("(")
    page.keyboard.press("Tab")
    expect(page.locator("#offers").get_by_role("alert")).to_contain_text("cannot be used")
    expect(page.get_by_role("button", name="Correct the filters first").first).to_be_disabled()
    page.get_by_label("Pattern of the code").fill(r"code (\d+)")
    page.keyboard.press("Tab")
    expect(page.locator("#offers").get_by_role("alert")).to_have_count(0)
    assert "domain=mail.com&domain=outlook.com" in page.url
    expect(page.locator(".choices-buy").get_by_role("button")).to_be_enabled()
