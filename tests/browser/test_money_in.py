"""Every way to pay in, as a person sees it on a desk and on a phone, over real HTTP to the simulated providers."""

import re
import secrets
import uuid

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser import steps
from tests.browser.portal import Portal
from tests.browser.screens import walked_on

pytestmark = [pytest.mark.browser, walked_on("phone")]


@pytest.fixture
def dewi(page: Page, context: BrowserContext) -> str:
    """Somebody new, signed in; her e-mail address."""
    email = f"dewi-{uuid.uuid4().hex[:8]}@example.id"
    steps.sign_up(page, context, email)
    return email


def test_a_qr_is_scanned_and_paid(page: Page, context: BrowserContext, dewi: str, screen: str) -> None:
    steps.begin(page, "30.000", "QRIS")
    code = page.get_by_role("img", name="QR code to pay Rp30.000")
    expect(code).to_be_visible()
    expect(page.locator("#save-qr")).to_be_visible(visible=screen == "phone")
    steps.expect_accessible(page)
    picture = page.request.get(page.locator("#save-qr").get_attribute("href") or "")
    assert picture.headers["content-type"] == "image/png"

    steps.play(context, "Scan and pay", "Rp30.000")
    expect(page.get_by_role("heading", name="Rp30.000 is in your wallet")).to_be_visible()
    steps.expect_accessible(page)


def test_a_permanent_number_takes_any_amount_again_and_again(page: Page, context: BrowserContext, dewi: str) -> None:
    page.goto("/topup/permanent/")
    steps.expect_accessible(page)
    page.get_by_role("button", name="Get a number BCA").click()
    number = page.locator("[data-number]").get_attribute("data-number") or ""
    assert number.startswith("370202")
    steps.expect_accessible(page)
    for amount, shown in (("12345", "Rp12.345"), ("700000", "Rp700.000")):
        steps.transfer(context, number, amount)
        expect(page.locator("#live").get_by_text(shown)).to_be_visible()
    steps.expect_accessible(page)
    page.goto("/wallet/")
    expect(page.get_by_text("Rp712.345").first).to_be_visible()


def test_ovo_is_linked_once_and_then_paid_with_a_pin(
    page: Page, context: BrowserContext, portal: Portal, dewi: str
) -> None:
    phone = f"0812{secrets.randbelow(10**8):08}"
    page.goto("/topup/ovo/")
    steps.expect_accessible(page)
    page.get_by_label("Your number at OVO").fill(phone)
    page.get_by_role("button", name="Link OVO").click()
    with context.expect_page() as opened:
        page.get_by_role("link", name=re.compile("OVO")).and_(page.locator("[target=_blank]")).first.click()
    _confirm(opened.value)
    expect(page.get_by_text("OVO Cash", exact=True).first).to_be_visible()
    assert phone not in page.content(), "a phone number stands unmasked on the page"
    steps.expect_accessible(page)

    page.get_by_label("Your own amount").fill("25.000")
    page.get_by_role("button", name="Pay with OVO").click()
    expect(page.get_by_role("heading", name="Confirm in OVO")).to_be_visible()
    steps.expect_accessible(page)
    with context.expect_page() as opened:
        page.locator("#open-ovo").click()
    _confirm(opened.value)
    expect(page.get_by_role("heading", name="Rp25.000 is in your wallet")).to_be_visible()
    steps.expect_accessible(page)


def _confirm(ovo: Page) -> None:
    """On OVO's own page: every field takes six digits, one of them is always wrong."""
    ovo.wait_for_load_state()
    for field in ovo.get_by_role("textbox").all():
        field.fill("123456")
    ovo.get_by_role("button", name="Confirm").click()
    ovo.wait_for_load_state()
    ovo.close()


def test_money_that_came_twice_waits_until_two_people_agree(
    page: Page, context: BrowserContext, chromium: Browser, portal: Portal, dewi: str
) -> None:
    steps.begin(page, "51.000", "QRIS")
    expect(page.locator("#qr-code")).to_be_visible()
    code = next(row for row in portal.faspay.look("qr")["codes"] if row["amount"] == "51000.00" and not row["paid"])
    deposit = page.url
    page.goto(deposit.replace("/topup/deposits/", "/pay/").rstrip("/"))
    page.locator("summary").filter(has_text="Virtual account").click()
    page.get_by_role("button", name="Mandiri", exact=True).click()
    number = page.locator("[data-number]")
    expect(number).to_be_visible()
    steps.pay_at_the_bank(context, number.get_attribute("data-number") or "")
    expect(page.get_by_role("heading", name="Rp51.000 arrived")).to_be_visible()
    # Whoever had scanned the code before confirms now as well.
    portal.faspay.control("qr/pay", partnerReferenceNo=code["partnerReferenceNo"], wait=True)
    look_until(page, deposit, "a second time")
    steps.expect_accessible(page)

    first = staff(chromium, portal, "company_admin")
    first.goto(f"/staff/cases/?q={dewi}")
    steps.expect_accessible(first)
    first.get_by_role("link", name="Paid twice").first.click()
    case = first.url
    steps.expect_accessible(first)
    first.get_by_label("Put it into a wallet").check()
    first.get_by_label(re.compile("Reason", re.I)).fill("Paid twice by the same scan; the customer wants to keep it.")
    first.get_by_role("button", name="Propose").click()
    expect(first.get_by_text("A second person approves or rejects it.")).to_be_visible()

    second = staff(chromium, portal, "superadmin")
    second.goto(case)
    steps.expect_accessible(second)
    second.get_by_role("button", name="Approve").first.click()
    second.get_by_role("dialog").get_by_role("button", name="Approve").click()
    expect(second.get_by_role("heading", name="Settled")).to_be_visible()
    page.goto("/wallet/")
    expect(page.get_by_text("Rp102.000").first).to_be_visible()
    for person in (first, second):
        person.context.close()


def look_until(page: Page, address: str, words: str) -> None:
    """Open a finished page, which looks no more by itself, until it says ``words``."""
    for _look in range(20):
        page.goto(address)
        if page.get_by_text(words).count():
            return
        page.wait_for_timeout(500)
    raise AssertionError(f"{address} does not say {words!r}")


def staff(chromium: Browser, portal: Portal, role: str) -> Page:
    """A browser of its own, with somebody of the demo staff signed in."""
    person = chromium.new_context(base_url=portal.base_url).new_page()
    person.goto("/account/login/")
    who = portal.demo["users"][role]
    person.get_by_label("E-mail address").fill(who["email"])
    person.get_by_label("Password").fill(who["password"])
    person.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
    expect(person.get_by_role("heading", level=1)).to_be_visible()
    return person
