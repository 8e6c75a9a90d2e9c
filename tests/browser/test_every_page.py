"""Every page that somebody can come to by links, as everybody: no error, no breach of the policy, nothing serious for
axe, nothing sticking out, and not a word of English left on an Indonesian page. The README's pictures come from here.
"""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import polib
import pytest
from playwright.sync_api import Browser, Error, Page

from tests.browser.portal import Portal
from tests.browser.screens import SCREENS
from tests.browser.steps import expect_accessible
from tests.simulators import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.soak, pytest.mark.timeout(3600)]

NOBODY = "nobody"
WHO = [
    *(NOBODY, "customer", "portal_admin", "payout_maker", "payout_approver"),
    *("approver", "support", "auditor", "company_admin", "superadmin"),
]
# What is fetched instead of looked at, what ends the walk, and what others wrote.
_ASIDE = re.compile(
    r"^/(admin|api/openapi|api/v1/openapi|language|account/logout|topup/ovo/return)"
    r"|/export/|/errors\.json$|\.(csv|xlsx|pdf|png|txt|json)$"
)
_ONE = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|(?<=/)\d+(?=/|$)|(?<=/)[A-Z0-9]{10,}(?=/|$)")
_MOST = 250
# The references say in English what the schema says.
_REFERENCE = re.compile(r"/api/(v1/)?docs")
# Page by whom -> the picture of it in the README.
PICTURES = {
    ("customer", "/numbers/"): "shop",
    ("portal_admin", "/company/"): "company",
    ("portal_admin", "/company/batches/*/"): "batch",
    ("superadmin", "/staff/"): "desk",
    ("superadmin", "/reports/cards/"): "report",
    (NOBODY, "/developers/states/"): "states",
}
_WORDS = """() => [...document.querySelectorAll("body *")]
  .filter(one => !one.closest("code, pre, script, style, svg, .ref"))
  .flatMap(one => [...one.childNodes]).filter(node => node.nodeType === 3).map(node => node.textContent.trim())"""


def english() -> set[str]:
    """Texts that read otherwise in Indonesian: sentences and words that cannot be somebody's name or data."""
    catalogue = polib.pofile(str(ROOT / "locale" / "id" / "LC_MESSAGES" / "django.po"))
    ours = {
        entry.msgid for entry in catalogue if entry.msgstr and entry.msgstr != entry.msgid and "%(" not in entry.msgid
    }
    return {text for text in ours if " " in text} - {entry.msgstr for entry in catalogue}


ENGLISH = english()


@pytest.fixture(params=[("desktop", "en", "light"), ("phone", "id", "dark")], ids=["desktop", "phone"])
def look(request: pytest.FixtureRequest, chromium: Browser, portal: Portal) -> Iterator[tuple[Page, str]]:
    """A tab in one of two ways to look at pages, and its language."""
    name, language, theme = request.param
    width, height = SCREENS[name]
    context = chromium.new_context(
        base_url=portal.base_url, viewport={"width": width, "height": height}, color_scheme=theme
    )
    host = urlsplit(portal.base_url).hostname or ""
    context.add_cookies([{"name": "django_language", "value": language, "domain": host, "path": "/"}])
    yield context.new_page(), language
    context.close()


@pytest.mark.parametrize("who", WHO)
def test_every_page(who: str, look: tuple[Page, str], portal: Portal) -> None:
    page, language = look
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(f"{page.url}: {error}"))
    page.on("console", _noting(page, troubles))
    if who != NOBODY:
        _enter(page, portal.demo["users"][who], language)
    seen = list(_walk(page, portal.base_url, lambda pattern: _inspect(page, who, pattern, language, troubles)))
    assert not troubles, "\n".join(troubles)
    assert len(seen) >= 8, seen


def _noting(page: Page, troubles: list[str]) -> Callable[..., None]:
    def note(message: object) -> None:
        kind, text = getattr(message, "type", ""), getattr(message, "text", "")
        if kind == "error":
            troubles.append(f"{page.url}: {text}")

    return note


def _enter(page: Page, person: dict[str, str], language: str) -> None:
    page.goto("/account/login/")
    page.locator("input[name=login]").fill(person["email"])
    page.locator("input[name=password]").fill(person["password"])
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url(lambda address: "/account/login" not in address)
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


def _walk(page: Page, base_url: str, inspect: Callable[[str], None]) -> Iterator[str]:
    """Go to one page of each kind, from the first page on, by the links people see."""
    waiting, known, came_from = ["/", "/developers/"], set(), {"/": "", "/developers/": ""}
    while waiting and len(known) < _MOST:
        path = waiting.pop(0)
        pattern = _ONE.sub("*", urlsplit(path).path)
        if pattern in known or _ASIDE.search(pattern):
            continue
        known.add(pattern)
        answer = page.goto(path)
        status = answer.status if answer else 0
        if status == 404 and came_from[path].startswith("/sandbox/"):
            # The sandbox is everybody's, and leads to pages of whoever made what it shows.
            continue
        assert status < 400, f"{path}, linked from {came_from[path]}: {status}"
        inspect(pattern)
        yield pattern
        hrefs = page.eval_on_selector_all("a[href]", "links => links.map(one => one.getAttribute('href'))")
        found = (urlsplit(urljoin(page.url, href)) for href in hrefs if href and not href.startswith("#"))
        links = [one.path for one in found if f"{one.scheme}://{one.netloc}" == base_url]
        came_from = {**dict.fromkeys(links, path), **came_from}
        waiting += links


def _inspect(page: Page, who: str, pattern: str, language: str, troubles: list[str]) -> None:
    try:
        expect_accessible(page)
    except AssertionError as error:
        troubles.append(str(error))
    except Error:
        # It went on by itself (a page that waits for something): what it became is looked at when a link leads there.
        return
    if language == "id":
        left = sorted({text for text in page.evaluate(_WORDS) if text in ENGLISH and not _REFERENCE.match(pattern)})
        troubles += [f"{page.url}: {text!r} is English"] if (text := "; ".join(left)) else []
    elif os.environ.get("TAKE_PICTURES") and (name := PICTURES.get((who, pattern))):
        _take(page, ROOT / "docs" / "img" / f"{name}.png")


def _take(page: Page, target: Path) -> None:
    page.evaluate("window.scrollTo(0, 0)")
    page.screenshot(path=target, animations="disabled")
