"""A batch from a file with a wrong row to its last payment: mended, approved by somebody else, one row tried twice."""

import random
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from tests.browser import steps
from tests.browser.portal import Portal
from tests.browser.screens import walked_on

pytestmark = [pytest.mark.browser, walked_on("desktop")]


@pytest.fixture
def second(chromium: Browser, portal: Portal) -> Iterator[Page]:
    """The second person, at another machine."""
    context = chromium.new_context(base_url=portal.base_url)
    page = context.new_page()
    _enter(page, portal, "payout_approver")
    yield page
    context.close()


def _enter(page: Page, portal: Portal, who: str) -> None:
    person = portal.demo["users"][who]
    page.goto("/account/login/")
    page.get_by_label("E-mail address").fill(person["email"])
    page.get_by_label("Password").fill(person["password"])
    page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("navigation").first).to_be_visible()


def _file() -> bytes:
    """Other amounts each time, so that nothing repeats; the second account pays at the second try only."""
    rows = (("003001014892010184", "Aminata"), ("003001014892015555", "Ibrahim"), ("076 12", "Isatu"))
    lines = [f"{account};{random.randint(1100, 9999) / 100:.2f};{name}" for account, name in rows]
    return "\n".join(["Account;Amount;Name", *lines]).encode()


def _upload(page: Page, name: str) -> None:
    page.goto("/company/batches/")
    steps.expect_accessible(page)
    page.get_by_role("link", name="New batch").first.click()
    steps.expect_accessible(page)
    wages = FilePayload(name="wages.csv", mimeType="text/csv", buffer=_file())
    page.get_by_label("File", exact=True).set_input_files(wages)
    expect(page.get_by_text("wages.csv, ")).to_be_visible()
    expect(page.get_by_text("Aminata")).to_be_visible()
    page.get_by_label("Name of the batch").fill(name)
    page.get_by_role("button", name="Read and check").click()


def _mend(page: Page) -> None:
    expect(page.get_by_role("heading", name="1 row is wrong")).to_be_visible()
    steps.expect_accessible(page)
    page.get_by_role("link", name="Mend row 3").click()
    field = page.get_by_label("Account or phone number")
    expect(field).to_be_focused()
    field.fill("076 12 34 5")
    field.press("Enter")
    expect(page.locator("#rows").get_by_role("alert")).to_be_visible()
    steps.expect_accessible(page)
    page.get_by_label("Account or phone number").fill("+232 76 123 456")
    page.get_by_role("button", name="Check again").click()
    expect(page.get_by_role("heading", name="Send for approval")).to_be_visible()
    expect(page.locator("#rows")).to_contain_text("076123456")


def _submit(page: Page) -> str:
    total = page.locator("#batch-figures .amount-xl").inner_text()
    reason = page.get_by_label("Why are the repeated payments right?")
    if reason.is_visible():
        reason.fill("They are other wages.")
    page.get_by_role("button", name="Send for approval").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(total)
    expect(dialog).to_contain_text("3 receivers")
    dialog.get_by_role("button", name="Send for approval").click()
    expect(page.get_by_role("heading", name="Somebody else says yes")).to_be_visible()
    steps.expect_accessible(page)
    return total


def _approve(page: Page, name: str, total: str) -> None:
    page.goto("/company/approvals/")
    steps.expect_accessible(page)
    page.get_by_role("link", name=f"Look at {name}").click()
    expect(page.get_by_role("main")).to_contain_text(total)
    steps.expect_accessible(page)
    page.get_by_role("button", name="Approve and send").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(total)
    dialog.get_by_role("button", name="Approve and send").click()
    expect(page.get_by_text("Approved. It is being sent now.")).to_be_visible()


def test_a_file_is_mended_approved_by_somebody_else_and_paid_to_the_last_row(
    page: Page, portal: Portal, second: Page
) -> None:
    name = f"Wages {random.randint(10**6, 10**7)}"
    _enter(page, portal, "payout_maker")
    _upload(page, name)
    _mend(page)
    total = _submit(page)
    _approve(second, name, total)

    # The maker's page goes on by itself: sent, and one failed.
    expect(page.get_by_role("heading", name=re.compile("2 of 3 paid, 1 failed"))).to_be_visible()
    steps.expect_accessible(page)
    expect(page.get_by_text("The bank or operator refused it.").first).to_be_visible()
    failed = page.get_by_role("checkbox", name="Row 2")
    again = page.get_by_role("button", name="Try the ticked ones again")
    expect(again).to_be_disabled()
    failed.check()
    again.click()
    expect(page.get_by_text("1 row is tried again.")).to_be_visible()
    expect(page.get_by_role("heading", name="3 of 3 paid")).to_be_visible()
    expect(page.get_by_text("Everything is paid.")).to_be_visible()
    steps.expect_accessible(page)

    with page.expect_download() as result:
        page.get_by_role("link", name="Your list with results (CSV)").click()
    lines = result.value.path().read_text("utf-8-sig").splitlines()
    assert len(lines) == 4
    assert "Isatu" in lines[3]
