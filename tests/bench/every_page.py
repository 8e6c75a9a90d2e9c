"""Every page that needs no more than somebody who may see it: its p95 over that of an empty view behind the same
middleware, taken in turns so that a machine that slows down slows both down."""

import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass

from tests.bench.pages import Respond

EMPTY, WARM, ROUNDS = "/bench/empty", 2, 20
# Addresses that do something else than show a page: downloads, hand-overs to others, pages of other people's making.
_LEFT_OUT = ("/api", "/admin/", "/account/", "/healthz", "/metrics", "/favicon", "/sandbox/", "/bench/", "/v1.0/")


@dataclass(frozen=True)
class Page:
    """What was measured, in seconds."""

    who: str
    path: str
    p95: float
    empty_p95: float

    @property
    def ratio(self) -> float:
        return self.p95 / self.empty_p95


def cookies_of_people() -> dict[str, str]:
    """Sessions of a client's administrator and of somebody who may everything, with something to show to both."""
    from accounts.models import Role
    from tests.accounts.cast import company, person
    from tests.reports import library

    client = company("Bench")
    library.fill(client)
    return {
        "client": _cookie(person("bench-fatu", Role.PORTAL_ADMIN, client=client)),
        "staff": _cookie(person("bench-citra", Role.SUPER_ADMIN, Role.COMPANY_ADMIN)),
    }


def _cookie(who: object) -> str:
    from django.conf import settings

    from accounts.models import PortalUser
    from tests.accounts.cast import browser_of

    assert isinstance(who, PortalUser)
    return f"{settings.SESSION_COOKIE_NAME}={browser_of(who).cookies[settings.SESSION_COOKIE_NAME].value}"


def measure(respond: Respond, cookies: dict[str, str]) -> list[Page]:
    """All pages without a parameter that answer 200 with a page, for each person by name; slowest ratio last."""
    found = [
        _measured(respond, who, path, cookie) for who, cookie in cookies.items() for path in _paths(respond, cookie)
    ]
    return sorted(found, key=lambda page: page.ratio)


def _paths(respond: Respond, cookie: str) -> Iterator[str]:
    from tests.access.rules import routes

    for route in routes():
        if route.parameters or route.pattern.startswith("^"):
            continue
        path = f"/{route.pattern}"
        if path.startswith(_LEFT_OUT):
            continue
        status, content = respond(path, {"Cookie": cookie})
        if status == 200 and b"<!doctype html>" in content[:200].lower():
            yield path


def _measured(respond: Respond, who: str, path: str, cookie: str) -> Page:
    for _ in range(WARM):
        _seconds(respond, path, cookie)
    ours, empty = [], []
    for _ in range(ROUNDS):
        ours.append(_seconds(respond, path, cookie))
        empty.append(_seconds(respond, EMPTY, cookie))
    return Page(who, path, _p95(ours), _p95(empty))


def _seconds(respond: Respond, path: str, cookie: str) -> float:
    started = time.perf_counter()
    respond(path, {"Cookie": cookie})
    return time.perf_counter() - started


def _p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20, method="inclusive")[-1]


def describe(pages: list[Page]) -> str:
    """The middle one, and the slowest by name."""
    middle = statistics.median(page.ratio for page in pages)
    lines = [f"  {len(pages)} pages: median {middle:.1f} times an empty view (p95 over p95)"]
    lines += [f"  {page.ratio:5.1f}  {page.p95 * 1000:6.1f} ms  {page.who} {page.path}" for page in pages[-8:]]
    return "\n".join(lines)
