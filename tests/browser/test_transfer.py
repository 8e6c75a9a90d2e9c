"""A transfer from its form to its proof: whose account it is, the code out of a letter, and paid by itself."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser import steps
from tests.browser.portal import Portal
from tests.browser.screens import walked_on

pytestmark = [pytest.mark.browser, walked_on("phone")]

# Each screen pays somebody else: the same payment twice in a row would be worth a second look.
RECEIVERS = {"desktop": "003 001 014892 010184", "phone": "+232 76 555 123"}


def _enter(page: Page, email: str, password: str) -> None:
    page.goto("/account/login/")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("navigation").first).to_be_visible()


def _code(context: BrowserContext, email: str, reference: str) -> str:
    """Out of the letter about this payment, once the worker has sent it."""
    box = context.new_page()
    box.goto(f"/sandbox/mail/?q={email}")
    letter = box.locator("#letters a").first
    for _ in range(20):
        letter.click()
        text = box.get_by_role("article").inner_text()
        found = re.search(r"^\s*([0-9]{6})\s*$", text, re.MULTILINE)
        if found and reference in text:
            box.close()
            return found[1]
        box.wait_for_timeout(500)
        box.goto(f"/sandbox/mail/?q={email}")
    raise AssertionError(f"no letter with a code for {reference}")


def test_a_transfer_goes_out_with_its_code(page: Page, context: BrowserContext, portal: Portal, screen: str) -> None:
    person = portal.demo["users"]["portal_admin"]
    _enter(page, person["email"], person["password"])
    page.goto("/company/transfers/")
    steps.expect_accessible(page)
    page.get_by_role("link", name="New transfer").click()
    page.get_by_label("Account or phone number").fill(RECEIVERS[screen])
    page.get_by_label("Amount").fill("125.50")
    # Before anything is asked for: whose it is, and what it takes.
    expect(page.locator("#whose")).to_contain_text("belongs to")
    expect(page.locator("#outlook")).to_contain_text("SLE 128.00" if screen == "desktop" else "SLE 126.76")
    steps.expect_accessible(page)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Check it once more")).to_be_visible()
    steps.expect_accessible(page)
    code = _code(context, person["email"], page.locator(".page-lead .ref").inner_text())
    # As it comes out of a message: with a gap, by the keyboard.
    page.evaluate("text => navigator.clipboard.writeText(text)", f"{code[:3]} {code[3:]}")
    page.get_by_label("Code", exact=False).first.focus()
    page.keyboard.press("ControlOrMeta+V")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Paid", exact=True)).to_be_visible()
    steps.expect_accessible(page)
    with page.expect_download() as paper:
        page.get_by_role("link", name="Proof as PDF").click()
    assert paper.value.suggested_filename.startswith("TP")
    page.goto("/company/transfers/?group=paid")
    expect(page.get_by_role("main").get_by_role("table")).to_contain_text("SLE 125.50")
