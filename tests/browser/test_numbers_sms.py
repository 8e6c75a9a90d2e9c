"""A number with its second thoughts: another number instead, one more code, and a cancellation that comes too late."""

import re
import uuid

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser import steps
from tests.browser.portal import Portal
from tests.browser.screens import walked_on

pytestmark = [pytest.mark.browser, walked_on("phone")]
COOLDOWN = 8


@pytest.fixture(autouse=True)
def _short_cooldown(portal: Portal) -> None:
    portal.otpzap.control("settings", cancel_cooldown_seconds=COOLDOWN)


def _customer(page: Page, context: BrowserContext) -> None:
    steps.sign_up(page, context, f"putri-{uuid.uuid4().hex[:8]}@example.id", "Putri Lestari")
    steps.top_up(page, "50.000")
    steps.pay_at_the_bank(context, page.locator("[data-number]").get_attribute("data-number") or "")
    expect(page.get_by_role("heading", name="Rp50.000 is in your wallet")).to_be_visible()


def _buy(page: Page, service: str, server: int) -> str:
    """Buy the first offer of one server, which decides whether another number may be had instead."""
    page.goto("/numbers/")
    page.get_by_label("Which service sends the code?").fill(service)
    page.locator("#offers").get_by_role("link", name=service, exact=True).first.click()
    form = page.locator("#offers form").filter(has=page.locator(f'input[name="server"][value="{server}"]'))
    form.get_by_role("button", name=re.compile(f"^Buy .*{service}")).first.click()
    number = page.locator(".big-number").first
    expect(number).to_be_visible()
    return number.inner_text().strip()


def _card(page: Page, number: str) -> Locator:
    return page.locator("article").filter(has=page.locator(".big-number", has_text=number))


def _digits(number: str) -> str:
    return f"+{re.sub(r'[^0-9]', '', number)}"


def test_another_number_one_more_code_and_done(page: Page, context: BrowserContext, portal: Portal) -> None:
    _customer(page, context)
    first = _buy(page, "WhatsApp", server=1)

    # The supplier's cooldown opens the button by itself.
    other = _card(page, first).get_by_role("button", name="Other number")
    expect(other).to_be_disabled()
    expect(page.get_by_text("Cancel or replace in")).to_be_visible()
    steps.expect_accessible(page)
    expect(other).to_be_enabled()
    other.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Take another number instead?")
    expect(dialog).to_contain_text(first)
    dialog.get_by_role("button", name="Other number").click()

    fresh = page.locator("article").filter(has_text=f"Instead of {first}")
    expect(fresh.locator(".big-number")).to_be_visible()
    second = fresh.locator(".big-number").inner_text().strip()
    assert second != first
    expect(_card(page, first).first).to_contain_text("moved on to the new number")
    expect(page.get_by_text("A fresh number is on its way.").first).to_be_attached()
    steps.expect_accessible(page)

    page.keyboard.press("n")
    expect(page.locator("#announcer")).to_contain_text("copied")
    assert page.evaluate("navigator.clipboard.readText()") == _digits(second)

    steps.deliver(context, second, "048213")
    code = fresh.locator(".big-code")
    expect(code).to_have_text("048213")
    expect(page.locator("#announcer")).to_contain_text("A code from WhatsApp has arrived")
    page.keyboard.press("c")
    expect(fresh.locator(".btn-copy.is-copied")).to_have_count(1)
    assert page.evaluate("navigator.clipboard.readText()") == "048213"

    # By keyboard alone, and the focus stays in the card although the button goes.
    more = fresh.get_by_role("button", name="One more code")
    more.focus()
    page.keyboard.press("Enter")
    expect(fresh).to_contain_text(re.compile("We are asking for it|Asked for. It appears here by itself"))
    expect(more).to_be_disabled()
    assert page.evaluate("document.activeElement.closest('article') !== null")
    steps.deliver(context, second, "771100")
    expect(code).to_have_text("771100")
    expect(fresh.get_by_text("Earlier messages (1)")).to_be_visible()
    steps.expect_accessible(page)

    fresh.get_by_role("button", name="I have what I need").click()
    expect(fresh).to_contain_text("Done.")
    fresh.get_by_role("heading").get_by_role("link").click()
    expect(page.get_by_role("heading", name="What happened")).to_be_visible()
    steps.expect_accessible(page)
    page.get_by_role("link", name=first).click()
    expect(page.get_by_text("The price moved on to the new number")).to_be_visible()
    steps.expect_accessible(page)


def test_a_code_that_beats_the_cancellation_is_told(page: Page, context: BrowserContext, portal: Portal) -> None:
    portal.otpzap.control("settings", cancel_cooldown_seconds=120)
    _customer(page, context)
    number = steps.buy(page, "Telegram")
    card = _card(page, number)
    card.get_by_role("button", name="Cancel the number").click()
    expect(card).to_contain_text("as soon as the supplier allows")
    expect(card).to_contain_text("If the code comes first, the code is yours")
    steps.expect_accessible(page)
    steps.deliver(context, number, "33021")
    expect(card.locator(".big-code")).to_have_text("33021")
    expect(card).to_contain_text(re.compile(r"Not refunded, because the code arrived at \d\d:\d\d:\d\d WIB"))
    steps.expect_accessible(page)


def test_a_cancelled_number_gives_the_money_back(page: Page, context: BrowserContext, portal: Portal) -> None:
    portal.otpzap.control("settings", cancel_cooldown_seconds=0)
    _customer(page, context)
    number = steps.buy(page, "WhatsApp")
    card = _card(page, number)
    card.get_by_role("button", name="Cancel the number").click()
    expect(card).to_contain_text("You cancelled it.")
    expect(card).to_contain_text("is back in your wallet")
    steps.expect_accessible(page)
    card.get_by_role("link", name="Try another number").click()
    expect(page.get_by_role("button", name=re.compile("^Buy .*WhatsApp")).first).to_be_visible()
