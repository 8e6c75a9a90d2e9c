"""A mail inbox from the shop to its code, read as text, and one more mail for nothing."""

import re
import uuid

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser import steps
from tests.browser.portal import Portal
from tests.browser.screens import walked_on

pytestmark = [pytest.mark.browser, walked_on("phone")]
MAIL = (
    '<div style="display:none">preview</div><h1>Verify your email address</h1><p>Your code is <b>482913</b>.</p>'
    '<a href="https://auth.openai.com/verify?token=abc&amp;u=1">Verify my email</a>'
    '<img src="http://127.0.0.1:9/pixel.gif"><script>document.title = "stolen"</script>'
)


def test_an_inbox_to_its_code_and_one_more(page: Page, context: BrowserContext, portal: Portal) -> None:
    steps.sign_up(page, context, f"rina-{uuid.uuid4().hex[:8]}@example.id", "Rina Wati")
    steps.top_up(page, "50.000")
    steps.pay_at_the_bank(context, page.locator("[data-number]").get_attribute("data-number") or "")
    expect(page.get_by_role("heading", name="Rp50.000 is in your wallet")).to_be_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    page.goto("/numbers/mail/?site=openai.com")
    page.locator("#offers").get_by_role("button", name=re.compile("^Buy ")).first.click()
    page.wait_for_url("**/numbers/live/")
    card = page.locator("article").first
    expect(card.locator(".big-address")).to_be_visible()
    address = card.locator(".big-address").inner_text().strip()
    expect(card).to_contain_text("The mail appears here by itself")
    expect(card.get_by_role("button", name="Cancel the inbox")).to_be_visible()
    steps.expect_accessible(page)

    # Asked about first, with the fee; and not done when the answer is no.
    card.get_by_role("button", name="Cancel the inbox").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("goes back to your wallet")
    dialog.get_by_role("button", name="Go back").click()
    expect(card.get_by_role("button", name="Cancel the inbox")).to_be_enabled()

    portal.otpzap.control(
        "mail/deliver", email=address, sender="OpenAI <no@openai.com>", subject="Your code", text=MAIL
    )
    expect(card.locator(".big-code")).to_have_text("482913")
    expect(page.locator("#announcer")).to_contain_text("A mail from openai.com has arrived")
    link = card.get_by_role("link", name="Open auth.openai.com")
    assert link.get_attribute("href") == "https://auth.openai.com/verify?token=abc&u=1"
    assert "noopener noreferrer" in (link.get_attribute("rel") or "")
    card.get_by_text("Read the mail").click()
    expect(card.locator(".message-text")).to_contain_text("Verify your email address")
    expect(card.locator(".message-text")).not_to_contain_text("preview")
    steps.expect_accessible(page)
    page.keyboard.press("c")
    expect(card.locator(".btn-copy.is-copied")).to_have_count(1)
    assert page.evaluate("navigator.clipboard.readText()") == "482913"

    card.get_by_role("button", name="One more mail").click()
    expect(card).to_contain_text("Waiting for one more mail. It costs nothing more.")
    # What the reader opened stays open when the card changes around it.
    expect(card.locator(".message-text")).to_be_visible()
    portal.otpzap.control("mail/deliver", email=address, sender="no@openai.com", subject="Again", text="Code: 550011")
    expect(card.locator(".big-code")).to_have_text("550011")

    card.get_by_role("heading").get_by_role("link").click()
    expect(page.get_by_role("heading", name="Mails (2)")).to_be_visible()
    expect(page.get_by_role("article", name="Your code")).to_contain_text("Verify my email")
    steps.expect_accessible(page)
    page.get_by_role("button", name="I have what I need").click()
    expect(page.get_by_text("Order finished")).to_be_visible()
    steps.expect_accessible(page)

    page.goto("/numbers/orders/?kind=mail")
    expect(page.get_by_role("link", name=re.compile("openai.com"))).to_be_visible()
    steps.expect_accessible(page)
    strangers = [url for url in asked if not url.startswith(portal.base_url)]
    assert not strangers, strangers
