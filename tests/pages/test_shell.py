"""The frame of every page, its components and what the scripts add to them."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from brotli import compress
from django.conf import settings as portal_settings
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.utils import timezone, translation
from playwright.sync_api import Browser, Page, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from accounts.models import Customer, User
from config.lib import navigation, states, times
from config.views import server_error

ROOT = Path(portal_settings.BASE_DIR)
PUBLIC_PAGES = ["/", "/account/login/", "/account/signup/", "/account/password/reset/", "/account/confirm-email/"]
NOON = datetime(2026, 11, 21, 5, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _gallery(settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.pages.gallery"
    settings.TEMPLATES = [
        {**settings.TEMPLATES[0], "DIRS": [*settings.TEMPLATES[0]["DIRS"], ROOT / "tests/pages/templates"]}
    ]


def draw(source: str, **context: Any) -> str:
    return Template("{% load gerbang %}" + source).render(Context(context)).strip()


# --- words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("Asia/Jakarta", "21 Nov 2026 12:00 WIB"),
        ("Asia/Makassar", "21 Nov 2026 13:00 WITA"),
        ("Asia/Jayapura", "21 Nov 2026 14:00 WIT"),
        ("Africa/Freetown", "21 Nov 2026 05:00 GMT"),
        ("Asia/Bangkok", "21 Nov 2026 12:00 UTC+7"),
        ("Asia/Kathmandu", "21 Nov 2026 10:45 UTC+5:45"),
    ],
)
def test_a_time_is_shown_in_the_readers_zone_with_its_name(zone: str, words: str) -> None:
    with timezone.override(zone), translation.override("en"):
        assert f">{words}</time>" in draw("{{ at|local_time }}", at=NOON)
        assert times.in_words(NOON) == words


def test_indonesian_writes_the_hour_with_a_point() -> None:
    with timezone.override("Asia/Jakarta"), translation.override("id"):
        assert times.in_words(NOON, form="clock") == "12.00 WIB"


def test_nothing_is_shown_for_no_time_and_no_amount() -> None:
    assert draw("[{{ at|local_time }}{{ at|money:'IDR' }}]", at=None) == "[]"


def test_money_is_written_with_its_currency() -> None:
    assert draw("{{ a|money:'IDR' }} {{ a|money:'SLE' }}", a=Decimal("50000.00")) == "Rp50.000 SLE 50,000.00"


def test_an_outgoing_amount_says_so_in_words_too() -> None:
    shown = draw("{% amount a 'IDR' signed=True %}", a=Decimal(-3500))
    assert "−" in shown
    assert "out" in shown
    assert "Rp3.500" in shown


def test_copying_an_amount_copies_bare_digits() -> None:
    assert 'data-copy="50017"' in draw("{% copy_button a 'amount' %}", a=Decimal("50017.00"))
    assert 'data-copy="100000"' in draw("{% copy_button a 'amount' %}", a=Decimal("100000.00"))


def test_what_is_copied_cannot_leave_its_attribute() -> None:
    shown = draw("{% copy_button value 'x' %}", value='"><script>alert(1)</script>')
    assert "<script>" not in shown


@pytest.mark.parametrize("state", sorted(states._LOOKS))
def test_every_state_has_a_word_a_tone_and_an_icon(state: str) -> None:
    shown = draw("{% status_badge state %}", state=state)
    look = states.look_of(state)
    assert str(look.word) in shown
    assert f"state-{look.tone}" in shown
    assert "<svg" in shown


def test_an_unknown_state_is_shown_by_its_name() -> None:
    assert "Half done" in draw("{% status_badge 'half_done' %}")


def test_a_countdown_reads_well_without_a_script() -> None:
    shown = draw("{% countdown at 'expiry' %}", at=timezone.now() + timedelta(minutes=14, seconds=30))
    assert re.search(r"14:(29|30)", shown)
    assert "data-over" not in shown


def test_a_countdown_in_the_past_is_over() -> None:
    assert "data-over" in draw("{% countdown at 'cancel' %}", at=timezone.now() - timedelta(seconds=1))


@pytest.mark.parametrize(("seconds", "digits"), [(0, "0:00"), (65, "1:05"), (3600, "1:00:00"), (-5, "0:00")])
def test_the_digits_of_a_countdown(seconds: int, digits: str) -> None:
    assert times.clock_digits(seconds) == digits


def test_every_icon_that_pages_name_exists() -> None:
    pages = "".join(path.read_text() for path in (ROOT / "templates").rglob("*.html"))
    named = set(re.findall(r"""{%\s*icon ["']([a-z0-9-]+)["']""", pages))
    named |= {entry.icon for parts in navigation._SECTIONS.values() for _, entries in parts for entry in entries}
    assert len(named) > 20
    for name in named:
        assert "<svg" in draw("{% icon name %}", name=name)


# --- frame ----------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("address", PUBLIC_PAGES)
def test_pages_for_strangers_answer_and_hold_no_inline_code(client: Client, address: str) -> None:
    response = client.get(address)
    assert response.status_code == 200
    assert_no_inline_code(response.content.decode())


def test_components_hold_no_inline_code(customer: Customer, client_for: Callable[..., Client]) -> None:
    page = client_for(customer).get("/gallery").content.decode()
    assert_no_inline_code(page)
    assert page.count("<h1") == 1
    assert "<title>Gallery · Gerbang</title>" in page


def assert_no_inline_code(page: str) -> None:
    assert not re.search(r"<[^>]+\s(style|on[a-z]+)=", page)
    assert "<style" not in page
    for attributes, body in re.findall(r"<script([^>]*)>(.*?)</script>", page, re.S):
        assert "src=" in attributes
        assert not body.strip()


def test_the_filters_stay_in_the_links(customer: Customer, client_for: Callable[..., Client]) -> None:
    page = client_for(customer).get("/gallery?q=wa&state=pending&cursor=n9").content.decode()
    assert 'rel="next" href="?q=wa&amp;state=pending&amp;cursor=n3"' in page
    assert 'href="?q=wa"' in page
    assert 'href="?q=wa&amp;state=pending" aria-current="true"' in page


def test_a_customer_finds_no_door_of_the_staff(customer: Customer, client_for: Callable[..., Client]) -> None:
    page = client_for(customer).get("/gallery").content.decode()
    assert 'href="/wallet/"' in page
    assert "/admin/" not in page
    assert "/staff/" not in page


def test_staff_find_their_desk_and_no_wallet(staff_user: User, client_for: Callable[..., Client]) -> None:
    page = client_for(staff_user).get("/gallery").content.decode()
    assert 'href="/staff/"' in page
    assert 'href="/admin/"' in page
    assert 'href="/wallet/"' not in page


def test_the_menu_marks_where_one_is(customer: Customer, client_for: Callable[..., Client]) -> None:
    page = client_for(customer).get("/settings/").content.decode()
    assert re.search(r'href="/settings/" aria-current="page"', page)


def test_a_page_that_does_not_exist_leaves_no_entry() -> None:
    entry = navigation.Entry("nowhere:at_all", "Nowhere", "home")
    assert navigation._links([entry], "") == []


def test_the_frame_costs_the_person_the_profile_and_the_bell(
    customer: Customer, client_for: Callable[..., Client], django_assert_max_num_queries: Any
) -> None:
    client = client_for(customer)
    client.get("/gallery")
    # The session stands in Redis; what is left is the user, the customer profile and what nobody has read yet.
    with django_assert_max_num_queries(3):
        client.get("/gallery")


@pytest.mark.django_db
def test_the_language_changes_and_the_page_stays(client: Client) -> None:
    response = client.post("/language", {"language": "id", "next": "/account/login/?next=/wallet/"})
    assert response["Location"] == "/account/login/?next=/wallet/"
    assert '<html lang="id"' in client.get(response["Location"]).content.decode()


@pytest.mark.django_db
def test_a_missing_page_says_so_and_leads_home(client: Client) -> None:
    response = client.get("/no/such/page")
    assert response.status_code == 404
    assert "There is no such page here" in response.content.decode()


@pytest.mark.django_db
def test_an_old_form_is_explained() -> None:
    response = Client(enforce_csrf_checks=True).post("/account/login/", {"login": "x"})
    assert response.status_code == 403
    assert "This form had grown too old" in response.content.decode()


def test_the_page_for_our_own_failure_asks_nobody(rf: RequestFactory) -> None:
    # No database mark: a query here would raise.
    with translation.override("en"):
        response = server_error(rf.get("/"))
    assert response.status_code == 500
    page = response.content.decode()
    assert "Something broke on our side" in page
    assert_no_inline_code(page)


@pytest.mark.django_db
def test_a_failing_view_shows_that_page(client: Client) -> None:
    client.raise_request_exception = False
    response = client.get("/gallery/broken")
    assert response.status_code == 500
    assert "Something broke on our side" in response.content.decode()


def test_account_pages_answer(customer: Customer, client_for: Callable[..., Client]) -> None:
    client = client_for(customer)
    for address in ("/account/email/", "/account/password/change/", "/account/logout/", "/account/reauthenticate/"):
        response = client.get(address)
        assert response.status_code in {200, 302}, address


@pytest.mark.django_db
def test_wrong_sign_in_is_said_once_and_keeps_what_was_typed(client: Client) -> None:
    page = client.post("/account/login/", {"login": "ayu@example.id", "password": "wrong"}).content.decode()
    assert page.count("data-form-errors") == 1
    assert 'value="ayu@example.id"' in page
    assert 'autocomplete="current-password"' in page


@pytest.mark.django_db
def test_the_first_view_is_light(client: Client) -> None:
    page = client.get("/").content
    files = [ROOT / "static/dist" / name for name in ("app.css", "app.js", "theme.js", "favicon.svg")]
    package = find_spec("django_htmx")
    assert package is not None
    assert package.origin is not None
    files.append(Path(package.origin).parent / "static/django_htmx/htmx-4.min.js")
    total = sum(len(compress(content)) for content in [page, *(file.read_bytes() for file in files)])
    assert total < 60_000


# --- scripts --------------------------------------------------------------------------------------


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
def open_page(
    chromium: Browser, live_server: LiveServer, client_for: Callable[..., Client]
) -> Iterator[Callable[..., Page]]:
    contexts = []

    def open_one(address: str = "/gallery", *, person: Customer | None = None, **options: Any) -> Page:
        context = chromium.new_context(base_url=live_server.url, **options)
        contexts.append(context)
        if person:
            name = portal_settings.SESSION_COOKIE_NAME
            value = client_for(person).cookies[name].value
            context.add_cookies([{"name": name, "value": value, "url": live_server.url}])
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.goto(address)
        return page

    yield open_one
    for context in contexts:
        context.close()


@pytest.fixture
def page(open_page: Callable[..., Page], transactional_db: None, customer: Customer) -> Page:
    return open_page(person=customer, permissions=["clipboard-read", "clipboard-write"])


def clipboard(page: Page) -> str:
    return str(page.evaluate("navigator.clipboard.readText()"))


@pytest.mark.browser
def test_a_copy_button_copies_and_says_so(page: Page) -> None:
    page.get_by_role("button", name="Copy account number").click()
    expect(page.locator("#announcer")).to_contain_text("Account number copied")
    assert clipboard(page) == "880812345678"


@pytest.mark.browser
def test_keys_find_the_search_and_copy_the_code_but_not_while_typing(page: Page) -> None:
    expect(page.get_by_role("button", name="Copy code")).to_be_visible()
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.type("c")
    assert page.locator("#search").input_value() == "c"
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("c")
    expect(page.locator("#announcer")).to_contain_text("Code copied")
    assert clipboard(page) == "048291"


@pytest.mark.browser
def test_an_arrival_is_announced_once_and_the_polling_stops(page: Page) -> None:
    expect(page.locator("#announcer")).to_contain_text("Code for WhatsApp arrived")
    assert page.locator("#part").get_attribute("hx-get") is None
    page.evaluate("document.dispatchEvent(new CustomEvent('htmx:after:swap'))")
    expect(page.locator("#announcer p")).to_have_count(1)


@pytest.mark.browser
def test_a_countdown_speaks_at_five_minutes_one_minute_and_the_end(
    open_page: Callable[..., Page], transactional_db: None, customer: Customer
) -> None:
    page = open_page("/account/logout/", person=customer)
    page.clock.install()
    # The bell's own poll would bring the real time back in the middle.
    page.route("**/inbox/bell*", lambda route: route.fulfill(status=204))
    page.goto("/gallery")
    digits = page.locator("[data-countdown-key=order] .countdown-digits")
    expect(digits).to_have_text(re.compile(r"^[56]:\d\d$"))
    expect(page.locator("#cancel")).to_be_disabled()
    # The answers of polls carry the server's real time; let them end before this clock leaves it.
    page.clock.run_for(3000)
    expect(page.locator("#announcer")).to_contain_text("arrived")
    for wait, words in (("01:30", "5 minutes left"), ("03:40", "1 minute left"), ("01:00", "Time is over")):
        page.clock.fast_forward(wait)
        page.clock.run_for(1000)
        expect(page.locator("#announcer")).to_contain_text(f"+62 812: {words}")
    expect(page.locator("#cancel")).to_be_enabled()
    expect(page.locator("[data-countdown-key=order]")).to_contain_text("Time is over")


@pytest.mark.browser
def test_the_dialog_repeats_the_amount_and_the_recipient(page: Page) -> None:
    page.locator("#buy").click()
    dialog = page.get_by_role("dialog", name="Buy this number?")
    expect(dialog).to_contain_text("Rp3.500")
    expect(dialog).to_contain_text("WhatsApp, Indonesia")
    page.keyboard.press("Escape")
    expect(page.locator("#buy")).to_be_focused()
    expect(page.locator("#sent")).to_have_text("0")
    page.locator("#buy").click()
    dialog.get_by_role("button", name="Buy").click()
    expect(page.locator("#sent")).to_have_text("1")


@pytest.mark.browser
def test_a_double_click_sends_once(page: Page) -> None:
    page.locator("#plain button").dblclick(no_wait_after=True)
    expect(page.locator("#sent")).to_have_text("1")


@pytest.mark.browser
def test_the_chosen_colours_stay(page: Page) -> None:
    page.locator(".sidebar-account summary").click()
    page.locator(".sidebar-account [data-theme-choice=dark]").click()
    page.reload()
    assert scheme_of(page) == "dark"


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("scripts", [True, False])
def test_the_colours_follow_the_system(open_page: Callable[..., Page], scripts: bool) -> None:
    page = open_page("/account/login/", color_scheme="dark", java_script_enabled=scripts)
    ground = page.locator("body").evaluate("element => getComputedStyle(element).backgroundColor")
    lightness = float(re.findall(r"[\d.]+", ground)[0])
    assert lightness < 0.3, ground


def scheme_of(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.documentElement).colorScheme"))


@pytest.mark.browser
def test_lost_connection_is_said_and_taken_back(page: Page) -> None:
    expect(page.locator("#announcer")).to_contain_text("arrived")
    page.route("**/gallery/part*", lambda route: route.abort())
    page.evaluate(
        "(part) => { part.setAttribute('hx-get', '/gallery/part'); part.setAttribute('hx-trigger', 'every 100ms');"
        " part.setAttribute('hx-swap', 'none'); htmx.process(part, true) }",
        page.locator("#part").element_handle(),
    )
    expect(page.locator("#toasts")).to_contain_text("Connection lost")
    page.unroute("**/gallery/part*")
    expect(page.locator("#toasts")).to_be_empty()


@pytest.mark.browser
def test_menu_language_and_sign_out_work_without_scripts(
    open_page: Callable[..., Page], transactional_db: None, customer: Customer
) -> None:
    page = open_page(person=customer, java_script_enabled=False, viewport={"width": 360, "height": 740})
    page.locator(".bottom-me summary").click()
    page.locator(".bottom-me button[value=id]").click()
    expect(page.locator("html")).to_have_attribute("lang", "id")
    assert page.url.endswith("/gallery")
    page.locator(".bottom-me summary").click()
    page.locator(".bottom-me .menu-out button").click()
    expect(page.locator(".landing-title")).to_be_visible()


@pytest.mark.browser
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_of_the_shell_hinders_anybody(
    open_page: Callable[..., Page], transactional_db: None, customer: Customer, width: int, scheme: str
) -> None:
    page = open_page(person=customer, viewport={"width": width, "height": 800}, color_scheme=scheme)
    complaints: list[str] = []
    assert scheme_of(page) == scheme
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    addresses = ["/gallery", "/settings/", "/account/email/", "/account/password/change/", "/account/logout/"]
    check_pages(page, addresses, width)
    page.context.clear_cookies()
    check_pages(page, PUBLIC_PAGES, width)
    assert complaints == []


def check_pages(page: Page, addresses: list[str], width: int) -> None:
    for address in addresses:
        page.goto(address)
        found = Axe().run(page).response["violations"]
        assert [(one["id"], one["nodes"][0]["target"]) for one in found] == [], address
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
