"""Somebody without an account pays a top-up of Ayu's by its link, on a desk and on a phone."""

import re

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser import steps
from tests.browser.portal import Portal
from tests.browser.screens import SCREENS, walked_on

pytestmark = [pytest.mark.browser, walked_on("phone")]


def ask_for_a_qr(page: Page, portal: Portal, amount: str) -> str:
    """Ayu begins a top-up by QRIS; the link that she passes on."""
    ayu = portal.demo["users"]["customer"]
    steps.sign_in(page, ayu["email"], ayu["password"])
    page.goto("/topup/?method=qris")
    steps.expect_accessible(page)
    page.get_by_label("Your own amount").fill(amount)
    page.get_by_role("button", name="Continue to payment").click()
    expect(page.locator("#qr-code")).to_be_visible()
    steps.expect_accessible(page)
    page.get_by_role("button", name="Copy link to pay").click()
    link = str(page.evaluate("navigator.clipboard.readText()"))
    assert re.fullmatch(rf"{portal.base_url}/pay/[0-9a-f-]{{36}}", link)
    return link


def test_a_stranger_pays_by_the_link(
    page: Page, context: BrowserContext, chromium: Browser, portal: Portal, screen: str
) -> None:
    link = ask_for_a_qr(page, portal, "81.000" if screen == "phone" else "82.000")
    width, height = SCREENS[screen]
    elsewhere = chromium.new_context(viewport={"width": width, "height": height}, accept_downloads=True)
    stranger = elsewhere.new_page()
    stranger.goto(link)
    expect(stranger.locator("#qr-code")).to_be_visible()
    steps.expect_accessible(stranger)
    save = stranger.get_by_role("link", name="Save image")
    if screen == "phone":
        with stranger.expect_download() as saved:
            save.click()
        assert saved.value.suggested_filename.startswith("gerbang-qris-")
    else:
        expect(save).to_be_hidden()

    stranger.locator("summary").filter(has_text="Virtual account").click()
    steps.expect_accessible(stranger)
    stranger.get_by_role("button", name="BRI", exact=True).click()
    expect(stranger.get_by_role("heading", name="Pay to this number")).to_be_visible()
    steps.expect_accessible(stranger)
    number = stranger.locator("[data-number]").get_attribute("data-number") or ""
    portal.faspay.control("pay", virtualAccountNo=number, notify=True)
    expect(stranger.get_by_role("heading", name=re.compile("^Rp8[12].000 arrived"))).to_be_visible()
    expect(stranger.get_by_text("Pay another way")).to_be_hidden()
    steps.expect_accessible(stranger)
    expect(page.get_by_role("heading", name=re.compile("is in your wallet"))).to_be_visible()
    elsewhere.close()
