"""A company from its registration to a program that calls the API with a key of its own."""

import uuid
from collections.abc import Iterator

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser import steps
from tests.browser.portal import Portal
from tests.browser.screens import walked_on

pytestmark = [pytest.mark.browser, walked_on("desktop")]


@pytest.fixture
def desk(chromium: Browser, portal: Portal) -> Iterator[Page]:
    """Somebody of the gateway who decides about clients, at another machine."""
    context = chromium.new_context(base_url=portal.base_url)
    page = context.new_page()
    admin = portal.demo["users"]["company_admin"]
    _enter(page, admin["email"], admin["password"])
    yield page
    context.close()


def _enter(page: Page, email: str, password: str) -> None:
    page.goto("/account/login/")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("navigation").first).to_be_visible()


def _register(page: Page, name: str, email: str) -> None:
    page.goto("/")
    page.get_by_role("link", name="Register a company or developer").click()
    steps.expect_accessible(page)
    page.get_by_role("link", name="Register a company", exact=True).click()
    steps.expect_accessible(page)
    page.get_by_label("Name of the company").fill(name)
    page.get_by_label("Contact person").fill("Dian Pratiwi")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Phone").fill("076 123 456")
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_role("heading", name="You are registered")).to_be_visible()
    steps.expect_accessible(page)


def _choose_password(page: Page, context: BrowserContext, email: str) -> None:
    box = context.new_page()
    box.goto(f"/sandbox/mail/?q={email}")
    box.locator("#letters a").first.click()
    link = box.get_by_role("article").get_by_role("link").filter(has_text="/password/reset/key/").first
    address = link.get_attribute("href")
    box.close()
    assert address
    page.goto(address)
    page.get_by_label("New password").first.fill(steps.PASSWORD)
    page.get_by_label("New password once more").fill(steps.PASSWORD)
    steps.expect_accessible(page)
    page.get_by_role("button", name="Save password").click()
    expect(page.get_by_role("link", name="Sign in").first).to_be_visible()


def _approve(desk: Page, name: str) -> None:
    desk.goto("/staff/clients/pending/")
    steps.expect_accessible(desk)
    desk.get_by_role("button", name=f"Approve {name}").click()
    dialog = desk.get_by_role("dialog")
    expect(dialog).to_contain_text(name)
    dialog.get_by_role("button", name="Approve").click()
    expect(desk.get_by_role("status").filter(has_text=f"{name} is approved")).to_be_visible()


def _customer_id(desk: Page, email: str) -> str:
    desk.goto(f"/staff/customers/?q={email}")
    desk.get_by_role("main").get_by_role("table").get_by_role("link").first.click()
    expect(desk.get_by_role("main")).to_contain_text(email)
    steps.expect_accessible(desk)
    return desk.url.rstrip("/").rsplit("/", 1)[-1]


def _make_api_user(page: Page) -> str:
    page.goto("/company/api-users/")
    page.get_by_role("main").get_by_role("link", name="New API user").first.click()
    steps.expect_accessible(page)
    page.get_by_label("Name of the developer").fill("Fajar Nugroho")
    page.get_by_label("E-mail address").fill("fajar@kopi.example")
    page.get_by_label("Phone").fill("076 123 457")
    page.get_by_label("Role").select_option(label="ApiUser")
    page.get_by_role("button", name="Make API user and key").click()
    key = page.locator("[data-secret] output")
    expect(key).to_be_visible()
    steps.expect_accessible(page)
    return key.inner_text().strip()


def test_a_company_comes_to_a_call_of_its_program(
    page: Page, context: BrowserContext, portal: Portal, desk: Page
) -> None:
    mark = uuid.uuid4().hex[:8]
    name, email = f"Kopi {mark}", f"dian-{mark}@kopi.example"
    _register(page, name, email)
    _choose_password(page, context, email)
    _enter(page, email, steps.PASSWORD)
    expect(page.get_by_role("heading", name="We are looking at your registration")).to_be_visible()
    steps.expect_accessible(page)

    _approve(desk, name)
    page.goto("/company/")
    expect(page.get_by_role("heading", name="Getting started")).to_be_visible()
    steps.expect_accessible(page)

    key = _make_api_user(page)
    customer = _customer_id(desk, portal.demo["users"]["customer"]["email"])
    bearer = {"Authorization": f"Bearer {key}"}
    answer = requests.get(f"{portal.base_url}/api/customers/{customer}", headers=bearer, timeout=10)
    assert answer.status_code == 200
    assert customer in answer.text

    page.goto("/developers/requests/")
    expect(page.get_by_role("row").filter(has_text=f"/api/customers/{customer}").first).to_be_visible()
    page.get_by_role("main").get_by_text(answer.headers["X-Request-Id"]).first.wait_for()
    steps.expect_accessible(page)
    page.goto("/company/")
    expect(page.get_by_role("main")).to_contain_text(f"/api/customers/{customer}")
    steps.expect_accessible(page)
