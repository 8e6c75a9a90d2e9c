"""A customer's documents from upload to verified, and a reviewer who does it all by keyboard."""

import re
import uuid
from collections.abc import Iterator
from io import BytesIO

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, BrowserContext, FilePayload, Page, Route, expect

from tests.browser import steps
from tests.browser.portal import Portal
from tests.browser.screens import SCREENS, walked_on

pytestmark = [pytest.mark.browser, walked_on("desktop")]


def picture(name: str, width: int = 900, height: int = 600) -> FilePayload:
    """A picture that no other test has sent."""
    image = Image.new("RGB", (width, height), (205, 222, 240))
    ImageDraw.Draw(image).text((40, 40), f"{name} {uuid.uuid4()}", fill=(20, 30, 60))
    out = BytesIO()
    image.save(out, "JPEG", quality=90)
    return {"name": name, "mimeType": "image/jpeg", "buffer": out.getvalue()}


@pytest.fixture
def reviewer(chromium: Browser, portal: Portal, screen: str) -> Iterator[Page]:
    """An approver at another machine."""
    width, height = SCREENS[screen]
    context = chromium.new_context(base_url=portal.base_url, viewport={"width": width, "height": height})
    context.set_default_timeout(15_000)
    page = context.new_page()
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    approver = portal.demo["users"]["approver"]
    english = (
        f"from accounts.models import User; User.objects.filter(email={approver['email']!r}).update(language='en')"
    )
    assert portal.manage("shell", "-c", english).returncode == 0
    page.goto("/account/login/")
    page.get_by_label("E-mail address").fill(approver["email"])
    page.get_by_label("Password").fill(approver["password"])
    page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("navigation").first).to_be_visible()
    yield page
    context.close()
    assert not troubles, troubles


def _add(page: Page, kind: str, file: FilePayload) -> None:
    slot = page.locator(f'[data-upload-slot="{kind}"]')
    slot.locator("input[type=file][name]").set_input_files(file)
    expect(slot.locator(".upload-file")).to_contain_text(file["name"])


def _hand_in(page: Page, name: str) -> None:
    page.goto("/identity/")
    steps.expect_accessible(page)
    _tell(page, name)
    _add(page, "identity", picture("ktp.jpg"))
    _add(page, "selfie", picture("selfie.jpg", 600, 800))
    steps.expect_accessible(page)
    page.get_by_role("button", name="Send for review").click()
    expect(page).to_have_url(re.compile("/identity/$"))
    steps.expect_accessible(page)


def _tell(page: Page, name: str) -> None:
    page.goto("/identity/upload/")
    steps.expect_accessible(page)
    page.get_by_label("Full name, as on the document").fill(name)
    page.get_by_label("Date of birth").fill("1990-08-17")
    page.get_by_label("Identity number").fill(f"320410170890{uuid.uuid4().int % 10_000:04}")
    page.get_by_role("textbox", name="Address").fill("Jl. Asia Afrika 8, Bandung, Jawa Barat")


@pytest.mark.parametrize("arrives", [True, False])
def test_send_waits_for_the_file_that_is_on_its_way(page: Page, context: BrowserContext, arrives: bool) -> None:
    name = f"Wulan {uuid.uuid4().hex[:6]}"
    steps.sign_up(page, context, f"wulan-{uuid.uuid4().hex[:8]}@example.id", name)
    _tell(page, name)
    _add(page, "identity", picture("ktp.jpg"))
    held: list[Route] = []
    page.route("**/identity/documents/", lambda route: held.append(route))
    selfie = page.locator('[data-upload-slot="selfie"]')
    with page.expect_request("**/identity/documents/"):
        selfie.locator("input[type=file][name]").set_input_files(picture("selfie.jpg", 600, 800))
    page.get_by_role("button", name="Send for review").click()
    waiting = page.get_by_role("button", name="Waiting for your file")
    expect(waiting).to_have_attribute("aria-disabled", "true")
    expect(page.locator("[data-upload-status]")).to_have_text("Waiting for your file …")
    steps.expect_accessible(page)
    waiting.press("Enter")
    expect(page).to_have_url(re.compile("/identity/upload/$"))

    if arrives:
        held[0].continue_()
        expect(page).to_have_url(re.compile("/identity/$"))
        expect(page.get_by_role("main")).to_contain_text("We are looking at your documents")
        return
    # A page instead of the place of the file, as after the session ran out.
    held[0].fulfill(status=200, content_type="text/html", body="<p>Sign in</p>")
    expect(page.get_by_role("button", name="Send for review")).not_to_have_attribute("aria-disabled", "true")
    expect(selfie.get_by_role("alert")).to_contain_text("did not get through")
    expect(page).to_have_url(re.compile("/identity/upload/$"))


def _open(reviewer: Page, name: str) -> None:
    reviewer.goto("/review/")
    steps.expect_accessible(reviewer)
    reviewer.get_by_role("link", name=name).click()
    reviewer.get_by_role("button", name="Take this case").click()
    expect(reviewer.get_by_role("heading", name="Your decision")).to_be_visible()
    shown = reviewer.locator(".sheet:not([hidden]) img")
    expect(shown).to_have_js_property("complete", True)
    assert shown.evaluate("image => image.naturalWidth") > 0
    steps.expect_accessible(reviewer)


def _look_around(reviewer: Page) -> None:
    """Zoom and turn the card, look at the selfie, come back: the card is as it was left."""
    card = reviewer.locator(".sheet img").first
    reviewer.keyboard.press("+")
    reviewer.keyboard.press("r")
    left = card.evaluate("image => image.style.transform")
    assert "rotate(90deg)" in left
    reviewer.keyboard.press("2")
    expect(card).to_be_hidden()
    reviewer.keyboard.press("b")
    expect(reviewer.locator(".sheet:not([hidden])")).to_have_count(2)
    reviewer.keyboard.press("1")
    expect(card).to_be_visible()
    assert card.evaluate("image => image.style.transform") == left
    reviewer.keyboard.press("?")
    expect(reviewer.get_by_role("dialog")).to_contain_text("Reject it, choose the reason")
    steps.expect_accessible(reviewer)
    reviewer.keyboard.press("Escape")
    expect(reviewer.get_by_role("dialog")).to_be_hidden()


def test_documents_from_upload_to_verified(page: Page, context: BrowserContext, reviewer: Page, portal: Portal) -> None:
    name = f"Dewi {uuid.uuid4().hex[:6]}"
    steps.sign_up(page, context, f"dewi-{uuid.uuid4().hex[:8]}@example.id", name)
    _hand_in(page, name)

    _open(reviewer, name)
    _look_around(reviewer)
    # Neither is good: choose why, and see what the customer will read in both languages.
    reviewer.keyboard.press("1")
    reviewer.keyboard.press("x")
    reviewer.get_by_label("What is wrong?").first.select_option("glare")
    reviewer.keyboard.press("Escape")
    reviewer.keyboard.press("2")
    reviewer.keyboard.press("x")
    reviewer.get_by_label("What is wrong?").last.select_option("face_not_visible")
    told = reviewer.locator("[data-told]:visible").last
    expect(told.locator("blockquote")).to_have_count(2)
    expect(told).to_contain_text("Your face is not fully visible")
    expect(told).to_contain_text("May upload again")
    steps.expect_accessible(reviewer)
    reviewer.keyboard.press("Control+Enter")
    expect(reviewer.get_by_text("Stored, and the customer has been told.")).to_be_visible()
    expect(reviewer).not_to_have_url(re.compile("/decide/"))
    _give_back(reviewer)

    page.goto("/identity/")
    expect(page.get_by_role("main")).to_contain_text("Your face is not fully visible")
    steps.expect_accessible(page)
    page.goto("/identity/upload/")
    _add(page, "identity", picture("ktp-2.jpg"))
    _add(page, "selfie", picture("selfie-2.jpg", 600, 800))
    page.get_by_role("button", name="Send for review").click()
    expect(page).to_have_url(re.compile("/identity/$"))

    _open(reviewer, name)
    expect(reviewer.get_by_role("heading", name="Attempts side by side")).to_be_visible()
    while reviewer.locator("[data-verdict]:not(:has(input:checked))").count():
        reviewer.keyboard.press("a")
    reviewer.get_by_role("button", name="Send and stop").click()
    expect(reviewer).to_have_url(re.compile("/review/$"))

    page.goto("/identity/")
    expect(page.get_by_role("main")).to_contain_text(re.compile("verified", re.I))
    steps.expect_accessible(page)


def _give_back(reviewer: Page) -> None:
    """The next case opened by itself; leave it for others."""
    button = reviewer.get_by_role("button", name="Give back")
    if button.count():
        button.click()


def test_the_reviewers_other_pages(reviewer: Page) -> None:
    for path in ("/review/overview/", "/review/done/", "/review/?tab=flagged"):
        reviewer.goto(path)
        steps.expect_accessible(reviewer)
    reviewer.goto("/review/overview/")
    reviewer.get_by_text("As a table").click()
    expect(reviewer.get_by_role("columnheader", name=re.compile("^Day"))).to_be_visible()
    steps.expect_accessible(reviewer)
