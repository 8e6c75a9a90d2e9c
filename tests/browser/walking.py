"""Going by links from page to page as one person, and writing down whatever is wrong with each kind of page."""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from playwright.sync_api import ConsoleMessage, Error, Page, Response

from tests.browser.languages import left_in
from tests.browser.steps import expect_accessible, expect_contrast, expect_fits

# What is fetched instead of looked at, what ends the walk, and what others wrote.
_ASIDE = re.compile(
    r"^/(admin|api/openapi|api/v1/openapi|language|account/logout|topup/ovo/return|llms\.txt)"
    r"|/export/|/errors\.json$|\.(csv|xlsx|pdf|png|txt|json|atom)$"
)
_ONE = re.compile(
    r"[0-9a-f]{8}-[0-9a-f-]{27}|(?<=/)\d{4}-\d\d-\d\d(?=/)|(?<=/)\d+(?=/|$)|(?<=/)[A-Z0-9]{10,}(?=/|$)"
    r"|(?<=/(?:mail|bank)/)[^/]+$|(?<=/(?:banks|notes)/)[^/]+(?=/)"
)
# One of them does not look like another: it depends on how far it has come.
_OF_MANY_STATES = re.compile(r"/(orders|deposits|batches|transfers|cards|checkout|cases|fundings|payouts|review)/\*/$")
_EACH = 3
_MOST = 400
_TURNS = 3


@dataclass
class Walk:
    """One person with one look, and what they met: ``troubles`` in words, ``met`` by kind of page (ids as ``*``).

    Kinds of pages like ``aside`` are left out: somebody else has looked at the same. Those in ``judged`` were shown to
    axe already, by whoever saw them first.
    """

    page: Page
    base_url: str
    language: str
    on_page: Callable[[str], None] = lambda kind: None
    aside: re.Pattern[str] | None = None
    judged: set[str] = field(default_factory=set)
    troubles: list[str] = field(default_factory=list)
    met: dict[str, int] = field(default_factory=dict)
    _expected: str = ""

    def __post_init__(self) -> None:
        self.page.on("pageerror", lambda error: self.troubles.append(f"{self.page.url}: {error}"))
        self.page.on("console", self._note)

    def _note(self, message: ConsoleMessage) -> None:
        address = message.location.get("url", "")
        if message.type == "error" and not (address == self._expected and "Failed to load" in message.text):
            self.troubles.append(f"{self.page.url}: {message.text} ({address})")

    def by_links(self, starts: Iterable[str]) -> None:
        """Every kind of page that can be come to from ``starts``."""
        waiting = [(start, "") for start in starts]
        known: set[str] = set()
        while waiting and len(known) < _MOST:
            path, source = waiting.pop(0)
            kind = kind_of(path)
            most = _EACH if _OF_MANY_STATES.search(kind) else 1
            if path in known or self.met.get(kind, 0) >= most or self._is_aside(kind):
                continue
            known.add(path)
            if self._opened(path, source):
                self.look_at(kind)
                waiting += [(link, path) for link in self._links()]

    def _is_aside(self, kind: str) -> bool:
        return bool(_ASIDE.search(kind) or (self.aside and self.aside.match(kind)))

    def visit(self, path: str, status: int = 200) -> None:
        """One page by its address, answered as it should be."""
        answer = self._go(path)
        if answer is None or answer.status != status:
            self.troubles.append(f"{path}: {answer.status if answer else 'no answer'} instead of {status}")
        self.look_at(kind_of(path))

    def send(self, fields: dict[str, str]) -> None:
        """Fill the page's own form in, and send it past the browser's checks: what it says is for the server to say."""
        form = self.page.locator("main form[method=post]:has(input:not([type=hidden]), textarea)").first
        for name, value in fields.items():
            form.locator(f"[name={name}]:not([type=hidden])").first.fill(value)
        self._expected = self.page.url
        with self.page.expect_navigation():
            form.evaluate("form => { form.noValidate = true; form.requestSubmit() }")

    def _opened(self, path: str, source: str) -> bool:
        answer = self._go(path)
        status = answer.status if answer else 0
        if 200 <= status < 400:
            return True
        # The sandbox is everybody's, and leads to pages of whoever made what it shows.
        if status != 404 or not source.startswith("/sandbox/"):
            self.troubles.append(f"{path}, linked from {source}: {status}")
        return False

    def _go(self, path: str) -> Response | None:
        self._expected = urljoin(self.base_url, path)
        return self.page.goto(path)

    def look_at(self, kind: str) -> None:
        """Judge the page as it stands now."""
        self.met[kind] = self.met.get(kind, 0) + 1
        for turn in range(_TURNS):
            try:
                self.troubles += list(self._judged(kind))
                self.on_page(kind)
                return
            except Error as error:
                # It went on by itself, as pages do that wait for something: look at what it became.
                self.page.wait_for_load_state()
                if turn == _TURNS - 1:
                    self.troubles.append(f"{self.page.url}: {error}")

    def _judged(self, kind: str) -> Iterator[str]:
        which = f"{kind} {self.met[kind]}"
        for judge in [expect_fits] if which in self.judged else [expect_accessible, expect_contrast]:
            try:
                judge(self.page)
            except AssertionError as error:
                yield str(error)
        self.judged.add(which)
        if left := left_in(self.page, self.language):
            yield f"{self.page.url}: not in the reader's language: {'; '.join(left)}"

    def _links(self) -> list[str]:
        hrefs = self.page.eval_on_selector_all("a[href]", "links => links.map(one => one.getAttribute('href'))")
        found = (urlsplit(urljoin(self.page.url, href)) for href in hrefs if href and not href.startswith("#"))
        return [one.path for one in found if f"{one.scheme}://{one.netloc}" == self.base_url]


def kind_of(path: str) -> str:
    """``/staff/orders/<id>/`` as ``/staff/orders/*/``."""
    return _ONE.sub("*", urlsplit(path).path)


def keep_picture(page: Page, name: str) -> None:
    """For people who want to look at all pages at once: PAGES_DIR names where."""
    if folder := os.environ.get("PAGES_DIR"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(
            path=Path(folder) / f"{name}.jpg", type="jpeg", quality=60, full_page=True, animations="disabled"
        )
