"""Passkeys and codes in a real browser, with a device that Chromium plays."""

import base64
import hashlib
import hmac
import re
import struct
import time

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.screens import walked_on
from tests.browser.steps import PASSWORD, expect_accessible, sign_up

pytestmark = [pytest.mark.browser, walked_on("phone")]


def _with_a_fingerprint(page: Page, context: BrowserContext) -> None:
    """Let Chromium have an authenticator that always says yes."""
    chrome = context.new_cdp_session(page)
    chrome.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    chrome.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def _code(secret: str, ahead: int = 0) -> str:
    """As an authenticator app works it out (RFC 6238), by code of our own; ``ahead`` steps of 30 seconds from now."""
    step = int(time.time()) // 30 + ahead
    digest = hmac.new(base64.b32decode(secret), struct.pack(">Q", step), hashlib.sha1).digest()
    start = digest[-1] & 15
    number = struct.unpack(">I", digest[start : start + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


def _sign_out(page: Page) -> None:
    page.goto("/account/logout/")
    page.get_by_role("main").get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/")


def _type_password(page: Page, email: str) -> None:
    page.goto("/account/login/")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()


def test_a_passkey_signs_in_by_itself_and_besides_the_password(
    page: Page, context: BrowserContext, screen: str
) -> None:
    email = f"passkey-{screen}@example.id"
    sign_up(page, context, email)
    _with_a_fingerprint(page, context)
    page.goto("/settings/security/")
    expect_accessible(page)
    page.get_by_role("link", name="Add a passkey").click()
    # Signing up is not typing the password: it is asked for first.
    if "reauthenticate" in page.url:
        expect_accessible(page)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Continue").click()
    expect_accessible(page)
    page.get_by_label("Name").fill("My phone")
    page.get_by_role("button", name="Make the passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    expect_accessible(page)
    with page.expect_download() as started:
        page.get_by_role("link", name="Download").click()
    codes = re.findall(r"^\d{8}$", started.value.path().read_text(), re.MULTILINE)
    assert len(codes) == 10
    page.get_by_role("link", name="I have saved them").click()
    expect(page.get_by_text("My phone").first).to_be_visible()
    expect_accessible(page)

    _sign_out(page)
    page.goto("/account/login/")
    expect_accessible(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Hello")

    _sign_out(page)
    _type_password(page, email)
    expect(page.get_by_role("heading", name="One more proof")).to_be_visible()
    expect_accessible(page)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Hello")

    _sign_out(page)
    _type_password(page, email)
    page.get_by_label("Code").fill(codes[0])
    page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Hello")


def test_an_app_is_set_up_and_asked(page: Page, context: BrowserContext, screen: str) -> None:
    email = f"app-{screen}@example.id"
    sign_up(page, context, email)
    page.goto("/account/2fa/totp/activate/")
    if "reauthenticate" in page.url:
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("img", name="QR code")).to_be_visible()
    expect_accessible(page)
    secret = page.locator(".secret-line .ref").inner_text().strip()
    page.get_by_label("Code shown by the app").fill(_code(secret))
    page.get_by_role("button", name="Switch it on").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    _sign_out(page)
    _type_password(page, email)
    # The code that switched the app on is used up; the clock of a phone may be one step ahead of ours.
    page.get_by_label("Code").fill(_code(secret, ahead=1))
    page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Hello")


def test_a_password_can_be_looked_at_and_pasted(page: Page) -> None:
    page.goto("/account/login/")
    field = page.get_by_label("Password")
    field.focus()
    page.evaluate("navigator.clipboard.writeText('pasted secret')")
    page.keyboard.press("ControlOrMeta+V")
    expect(field).to_have_value("pasted secret")
    expect(field).to_have_attribute("type", "password")
    show = page.get_by_role("button", name="Show")
    show.click()
    expect(field).to_have_attribute("type", "text")
    page.get_by_role("button", name="Hide").click()
    expect(field).to_have_attribute("type", "password")
