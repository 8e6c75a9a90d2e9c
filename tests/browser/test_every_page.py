"""Every page that somebody can come to, as everybody: no error, no breach of the policy, nothing serious for axe in
either theme, nothing sticking out, and not a word of another language. The README's pictures come from here.
"""

import os
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, FloatRect, Page

from tests.browser import stops
from tests.browser.portal import Portal
from tests.browser.screens import SCREENS
from tests.browser.walking import Walk, keep_picture
from tests.simulators import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.soak, pytest.mark.timeout(3600)]

LOOKS = {"desktop": ("en", "light"), "phone": ("id", "dark")}
# Page by whom, and how it is looked at -> the picture of it in the README.
PICTURES = {
    ("customer", "desktop", "/numbers/"): "shop",
    ("customer", "desktop", "/numbers/live/"): "live-orders",
    ("portal_admin", "desktop", "/company/"): "company",
    ("portal_admin", "desktop", "/company/batches/*/"): "batch",
    ("superadmin", "desktop", "/staff/"): "desk",
    ("superadmin", "desktop", "/reports/cards/"): "report",
    (stops.NOBODY, "desktop", "/developers/states/"): "states",
    (stops.NOBODY, "phone", "/pay/*:card"): "checkout",
}
# Where one of a kind shows more than the others: what its title says.
_SHOWN = {"batch": "Pensions May"}
# Kinds of pages that axe has seen in this run, by look: much the same for whoever comes after.
_JUDGED: dict[str, set[str]] = {look: set() for look in LOOKS}


@pytest.fixture(params=LOOKS)
def look(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def page(look: str, chromium: Browser, portal: Portal) -> Iterator[Page]:
    language, theme = LOOKS[look]
    width, height = SCREENS[look]
    context = chromium.new_context(
        base_url=portal.base_url, viewport={"width": width, "height": height}, color_scheme=theme
    )
    host = urlsplit(portal.base_url).hostname or ""
    context.add_cookies([{"name": "django_language", "value": language, "domain": host, "path": "/"}])
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("who", stops.LANDMARKS)
def test_every_page(who: str, look: str, page: Page, portal: Portal) -> None:
    language = LOOKS[look][0]
    if who != stops.NOBODY:
        _enter(page, portal.demo["users"][who], language)
    aside = None if who == stops.NOBODY else stops.ALIKE
    walk = Walk(page, portal.base_url, language, aside=aside, judged=_JUDGED[look])
    walk.on_page = lambda kind: _keep(walk, who, look, kind)
    for stop in stops.FIRST.get(who, ()):
        stop(walk, portal)
    walk.by_links(["/", *stops.STARTS.get(who, ())])
    for stop in stops.STOPS[who]:
        stop(walk, portal)
    missing = [kind for kind in stops.LANDMARKS[who] if kind not in walk.met]
    assert not walk.troubles, "\n".join(walk.troubles)
    assert not missing, f"never came to {missing}, only to {sorted(walk.met)}"


def _enter(page: Page, person: dict[str, str], language: str) -> None:
    page.goto("/account/login/")
    page.locator("input[name=login]").fill(person["email"])
    page.locator("input[name=password]").fill(person["password"])
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url(lambda address: "/account/login" not in address)
    page.wait_for_load_state()
    # The choice belongs to the person from now on.
    page.request.post(
        "/language",
        form={
            "language": language,
            "next": "/",
            "csrfmiddlewaretoken": page.locator("[name=csrfmiddlewaretoken]").first.input_value(),
        },
        headers={"Referer": page.url},
    )


def _keep(walk: Walk, who: str, look: str, kind: str) -> None:
    name = re.sub(r"\W+", "_", kind.replace("*", "X"))
    keep_picture(walk.page, f"{look}/{who}{name}{walk.met[kind]}")
    wanted = PICTURES.get((who, look, kind))
    is_it = _SHOWN[wanted] in walk.page.title() if wanted in _SHOWN else walk.met[kind] == 1
    if wanted and is_it and os.environ.get("TAKE_PICTURES"):
        _take(walk.page, wanted, look)


def _take(page: Page, name: str, look: str) -> None:
    width, height = SCREENS[look]
    page.evaluate("window.scrollTo(0, 0)")
    # A phone in a picture may be a little longer, so that the button is on it.
    clip: FloatRect = {"x": 0, "y": 0, "width": width, "height": height + (120 if look == "phone" else 0)}
    page.screenshot(path=ROOT / "docs" / "img" / f"{name}.png", clip=clip, full_page=True, animations="disabled")
