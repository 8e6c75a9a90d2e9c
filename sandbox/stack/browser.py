"""A Chromium for the browser tests: the machine's, Playwright's, or one installed now."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from sandbox.stack.places import StackError
from sandbox.stack.terminal import say

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_ASK_PLAYWRIGHT = (
    "from playwright.sync_api import sync_playwright\n"
    "with sync_playwright() as playwright: print(playwright.chromium.executable_path)"
)


def find_or_install() -> str:
    """The path of a Chromium; raises StackError that says how to get one by hand."""
    found = _find()
    if found:
        return found
    for command in _ways():
        say(f"No Chromium found; trying: {' '.join(command[-4:])}")
        if _succeeds(command):
            found = _find()
        if found:
            return found
    raise StackError(
        "The browser tests need Chromium, and it could not be installed.\n"
        "Install it by hand (Debian, Ubuntu: apt-get install chromium), or set CHROMIUM_PATH to one."
    )


def _find() -> str:
    given = os.environ.get("CHROMIUM_PATH", "")
    if given and Path(given).exists():
        return given
    return next(filter(None, map(shutil.which, PROGRAMS)), "") or _of_playwright()


def _of_playwright() -> str:
    asked = subprocess.run([sys.executable, "-c", _ASK_PLAYWRIGHT], capture_output=True, text=True, check=False)
    path = asked.stdout.strip()
    return path if path and Path(path).exists() else ""


def _ways() -> list[Sequence[str]]:
    ways: list[Sequence[str]] = []
    if os.geteuid() == 0 and shutil.which("apt-get"):
        ways += [
            ("apt-get", "update", "-qq"),
            ("apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"),
        ]
    return [*ways, (sys.executable, "-m", "playwright", "install", "chromium")]


def _succeeds(command: Sequence[str]) -> bool:
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(command, env=env, stdout=subprocess.DEVNULL, check=False).returncode == 0
