"""The matrix in a real browser: what its script adds, and what its style sheet does on a phone."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as portal_settings
from playwright.sync_api import Browser, Page, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from accounts.models import Role, User
from tests.accounts.cast import browser_of, company, held, person, role

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE = {"viewport": {"width": 360, "height": 740}}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    path = os.environ.get("CHROMIUM_PATH") or shutil.which("chromium")
    # Playwright keeps an event loop in this thread, and Django would refuse the ORM beside one.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        arguments = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
        browser = playwright.chromium.launch(executable_path=path, args=arguments.split())
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def open_page(chromium: Browser, live_server: LiveServer, staff_user: User) -> Iterator[Callable[..., Page]]:
    contexts = []

    def open_one(address: str, **options: Any) -> Page:
        context = chromium.new_context(base_url=live_server.url, **options)
        contexts.append(context)
        name = portal_settings.SESSION_COOKIE_NAME
        value = browser_of(staff_user).cookies[name].value
        context.add_cookies([{"name": name, "value": value, "url": live_server.url}])
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.goto(address)
        return page

    yield open_one
    for context in contexts:
        context.close()


def test_rows_are_sifted_and_changes_counted_while_one_works(open_page: Callable[..., Page]) -> None:
    role("Desk", "Clients.Read")
    page = open_page("/staff/roles/matrix/")
    expect(page.get_by_text("Nothing changed yet")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("audit export")
    expect(page.get_by_role("checkbox", name="Desk: Audit.Export")).to_be_visible()
    expect(page.get_by_role("checkbox", name="Desk: Clients.Read", exact=True)).to_be_hidden()
    page.get_by_role("checkbox", name="Desk: Audit.Export").check()
    expect(page.get_by_text("1 tick changed")).to_be_visible()
    # What is not shown while sifting is part of the form all the same.
    page.get_by_role("button", name="Save all ticks").click()
    expect(page.get_by_text("Saved: Desk.")).to_be_visible()
    assert held("Desk") == {"Clients.Read", "Audit.Export"}


def test_a_phone_shows_one_role_at_a_time_and_saves_all(open_page: Callable[..., Page]) -> None:
    desk = role("Desk", "Clients.Read")
    before = held(Role.APPROVER)
    page = open_page("/staff/roles/matrix/", **PHONE)
    tick = page.get_by_role("checkbox", name="Desk: Roles.Read")
    expect(tick).to_be_hidden()
    page.get_by_label("Show the ticks of").select_option("Desk")
    expect(page.get_by_role("checkbox", name="Approver: Roles.Read")).to_be_hidden()
    tick.check()
    page.get_by_role("button", name="Save all ticks").click()
    expect(page.get_by_text("Saved: Desk.")).to_be_visible()
    assert (held(desk.name), held(Role.APPROVER)) == ({"Clients.Read", "Roles.Read"}, before)


def test_it_works_without_javascript(open_page: Callable[..., Page]) -> None:
    role("Desk", "Clients.Read")
    page = open_page("/staff/roles/matrix/?q=roles", java_script_enabled=False)
    page.get_by_role("checkbox", name="Desk: Roles.Read").check()
    page.get_by_role("button", name="Save all ticks").click()
    expect(page.get_by_text("Saved: Desk.")).to_be_visible()
    assert held("Desk") == {"Clients.Read", "Roles.Read"}


@pytest.mark.parametrize(
    ("width", "look"),
    [
        (360, "dark"),
        (1280, "light"),
        pytest.param(360, "light", marks=pytest.mark.soak),
        pytest.param(1280, "dark", marks=pytest.mark.soak),
    ],
)
def test_the_pages_of_access_have_nothing_for_axe_to_say(look: str, width: int, open_page: Callable[..., Page]) -> None:
    desk, fatu = role("Desk", "Clients.Read"), person("fatu", Role.PORTAL_ADMIN, client=company())
    paths = (
        "roles/",
        "roles/new/",
        "roles/matrix/",
        f"roles/{desk.public_id}/",
        f"roles/compare/?first={desk.public_id}&second={Role.objects.get(name=Role.SUPPORT).public_id}",
        "people/",
        "people/new/",
        f"people/{fatu.public_id}/",
        f"access/?person={fatu.public_id}",
        "access/?q=a",
    )
    page = open_page(f"/staff/{paths[0]}", viewport={"width": width, "height": 800}, color_scheme=look)
    for path in paths:
        page.goto(f"/staff/{path}")
        found = Axe().run(page).response["violations"]
        assert not found, [(path, one["id"], one["nodes"][0]["html"]) for one in found]
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
