import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.browser.portal import Portal, running_portal
from tests.browser.screens import SCREENS

_QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# A number is looked at every five seconds; a busy machine may take a few of those turns.
expect.set_options(timeout=25_000)


@pytest.fixture(scope="package")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    # A space in the path, because people have them.
    with running_portal(tmp_path_factory.mktemp("whole portal") / "var") as running:
        yield running
        # Whatever all of them did with money.
        proof = running.manage("check_ledger")
        assert proof.returncode == 0, proof.stdout + proof.stderr


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    # Not for the session: while Playwright runs, Django takes its process for an asynchronous one and refuses to work.
    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("CHROMIUM_PATH") or next(filter(None, map(shutil.which, names)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=_QUIET)
        yield browser
        browser.close()


@pytest.fixture
def screen(request: pytest.FixtureRequest) -> str:
    """Which of SCREENS; the tests say it with `screens.walked_on`."""
    return str(request.param)


@pytest.fixture
def context(chromium: Browser, portal: Portal, screen: str, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    width, height = SCREENS[screen]
    context = chromium.new_context(
        base_url=portal.base_url,
        viewport={"width": width, "height": height},
        color_scheme="dark" if screen == "phone" else "light",
        permissions=["clipboard-read", "clipboard-write"],
    )
    context.set_default_timeout(15_000)
    yield context
    context.close()


def _said(message: ConsoleMessage) -> str:
    return f"{message.text} ({message.location.get('url', '')})"


@pytest.fixture
def page(context: BrowserContext, tmp_path: Path) -> Iterator[Page]:
    """A tab that fails the test when a script fails or the security policy is broken."""
    page = context.new_page()
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda message: troubles.append(_said(message)) if message.type == "error" else None)
    yield page
    assert not troubles, troubles
