"""Every route, by every method, as everybody, about one's own, somebody else's and no object at all.

What should come out is reckoned from the declared rules (rules.py), not from the code that answers. Nothing fails,
nobody is let in without the right, somebody else's object answers as one that is not there, and what was refused has
written nothing.
"""

import logging
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.core.cache import cache
from django.http import HttpResponse

from tests.access import payouts, reading
from tests.access import world as worlds
from tests.access.rules import PLAIN, SAFE, Route, may_enter, routes
from tests.access.world import MISSING, SEEN, Actor, World, rolled_back, writes

# Each test is a savepoint within the world.
pytestmark = pytest.mark.django_db

METHODS = ("GET", "POST", "PUT", "DELETE")
CUSTOMERS = ["ayu", "budi", "ayu_token", "ayu_key"]
PEOPLE_OF_CLIENTS = ["api_live", "api_test", "portal_a_key", "portal_a", "portal_b", "portal_pending"]
ACTORS = ["nobody", "gone", *CUSTOMERS, *PEOPLE_OF_CLIENTS, *worlds.STAFF]
# Written by being asked at all, whatever the answer: the log of calls, sessions, guesses that were counted.
ALWAYS = {"accounts_apicall", "accounts_apikey", "django_session", "usersessions_usersession"}
# An auditor still has an account of its own: its password, language, second factor and sessions.
OWN_ACCOUNT = ALWAYS | {"accounts_user", "accounts_auditentry", "account_emailaddress", "mfa_authenticator"}
OWN_ACCOUNT |= reading.OWN_TABLES
OWN_ACCOUNT |= {"accounts_auditseal", "accounts_audithead", "notifications_mail"}

LOOKED = {200, 204, 301, 302, 303, 405}
NO_SESSION = 123456789
NUMBERED = {"session", "provider_message", "provider_exchange", "blocked"} | payouts.NUMBERED
CELLS: dict[str, int] = {}
# Who may less of what somebody else may, three and three: each asks a third of the routes, so that one of them asks
# each; all of them ask all when there is time.
THIRDS = {"company": 0, "support": 1, "auditor": 2, "portal_pending": 0, "approver": 1, "gone": 2}
# The mirror images of Ayu and of the first client: what counts is that each knows its own only.
SECONDS = {"budi", "portal_b"}


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    # A line of log for each of many thousand requests helps nobody.
    logging.disable(logging.CRITICAL)
    with django_db_blocker.unblock(), worlds.built() as built:
        yield built
    logging.disable(logging.NOTSET)


@dataclass
class Found:
    """What was wrong, in words, a line each."""

    lines: list[str] = field(default_factory=list)
    cells: int = 0

    def add(self, actor: Actor, method: str, path: str, what: str) -> None:
        self.lines.append(f"{actor.name}: {method} {path}: {what}")


def test_every_route_has_a_rule_and_known_parameters() -> None:
    assert [route.pattern for route in routes() if route.rule is None] == []
    unknown = [(route.pattern, name) for route in routes() for name, kind in route.parameters if kind == "?"]
    assert unknown == []
    assert len(routes()) > 150


def test_every_operation_is_a_route() -> None:
    from accounts.access.table import OPERATIONS

    assert {row.id for route in routes() for row in route.operations} == set(OPERATIONS)


@pytest.mark.parametrize("name", [name for name in ACTORS if name not in SECONDS])
def test_nobody_gets_more_than_the_rules_give(name: str, world: World) -> None:
    CELLS[name] = _walk(world, world.actors[name], thorough=False)


def test_there_were_cells_enough() -> None:
    if len(CELLS) == len(ACTORS) - len(SECONDS):
        sys.stdout.write(f"\n{sum(CELLS.values()):,} cells: {len(routes())} routes, {len(CELLS)} actors\n")
        assert sum(CELLS.values()) >= 5_000


@pytest.mark.soak
@pytest.mark.parametrize("name", ACTORS)
def test_nobody_gets_more_by_any_method(name: str, world: World) -> None:
    assert _walk(world, world.actors[name], thorough=True) > 0


def _walk(world: World, actor: Actor, *, thorough: bool) -> int:
    """How many cells were tried; fails when something was wrong with one."""
    # The end of the test before has sealed once more what was noted while the world was made.
    METER.skip()
    found = Found()
    for route in _asked(actor, thorough=thorough):
        # No limit on attempts stands in the way of what comes next.
        cache.clear()
        for method in _methods(actor, route, thorough=thorough):
            _try(world, actor, route, method, found, thorough=thorough)
    if found.lines:
        pytest.fail(f"{len(found.lines)} of {found.cells} cells\n" + "\n".join(found.lines[:60]), pytrace=False)
    return found.cells


def _asked(actor: Actor, *, thorough: bool) -> list[Route]:
    return routes() if thorough or actor.name not in THIRDS else routes()[THIRDS[actor.name] :: 3]


def _methods(actor: Actor, route: Route, *, thorough: bool) -> tuple[str, ...]:
    """On pages a bearer is nobody, so two methods are enough for it, as for what others wrote.

    Our gates know looking and changing: beyond one method of each they are asked when there is time. So is whoever
    stands before the one gate of the administration, or comes to a page with what opens calls only: a look will do.
    """
    if actor.name in SECONDS and not route.parameters:
        return ()
    if route.is_api or (thorough and route.is_ours and actor.kind == "session"):
        return METHODS
    if thorough or not (_is_administration(route) or actor.kind != "session"):
        return METHODS[:2]
    return METHODS[:2] if may_enter(actor, route, "GET") else METHODS[:1]


def _is_administration(route: Route) -> bool:
    return route.pattern.startswith("admin/")


def _try(world: World, actor: Actor, route: Route, method: str, found: Found, *, thorough: bool) -> None:
    may = may_enter(actor, route, method)
    answers: dict[str, tuple[int, str]] = {}
    for owners in _choices(world, route) if thorough else _few(actor, _choices(world, route), may=may):
        ids = {name: world.things[kind][owners[kind]] for name, kind in route.parameters if kind}
        path = route.path({**PLAIN, **ids})
        answer, changed = _ask(actor, method, path, count=not may or actor.name == "auditor")
        found.cells += 1
        _judge(actor, route, method, path, answer, changed, may, found)
        sees = all(_sees(actor, kind, owner) for kind, owner in owners.items())
        if may and sees and method == "GET" and answer.status_code not in LOOKED and not _on_purpose(actor, route):
            found.add(actor, method, path, f"has the right and is kept out: {answer.status_code}")
        if not sees:
            answers[path] = _outside(answer, list(ids.values()))
    if answers or any(kind for _name, kind in route.parameters):
        path = route.path({**PLAIN, **{name: _nothing(kind) for name, kind in route.parameters if kind}})
        answer, changed = _ask(actor, method, path, count=not may or actor.name == "auditor")
        found.cells += 1
        _judge(actor, route, method, path, answer, changed, may, found)
        wanted = _outside(answer, [MISSING, NO_SESSION])
        for other, got in answers.items():
            if got != wanted:
                found.add(actor, method, other, f"tells it from a missing one: {_where(got, wanted)}")


def _where(got: tuple[int, str], wanted: tuple[int, str]) -> str:
    """Where two answers part."""
    place = next((at for at, (a, b) in enumerate(zip(got[1], wanted[1], strict=False)) if a != b), 0)
    before = max(0, place - 60)
    return f"{got[0]} …{got[1][before : place + 60]!r} | {wanted[0]} …{wanted[1][before : place + 60]!r}"


def _on_purpose(actor: Actor, route: Route) -> bool:
    """Where somebody with the right still finds nothing, judged one by one."""
    nothing_there = (
        "api/docs/<",
        "sandbox/mail/",
        "identity/documents/<",
        "review/files/",
        "healthz",
        # Off without its token.
        "metrics",
        "api",
        # Without an id to look for; and the supplier is away.
        "api/v1/",
        "pay/<uuid:public_id>/qr",
        "pay/<uuid:public_id>/code.png",
        "topup/deposits/<uuid:public_id>/qr",
        # Its token is a secret.
        "faspay/ovo/linked/<",
        "otpzap/webhook/<",
        "sms/report/<",
        # Nothing is paid yet.
        "company/transfers/<uuid:public_id>/proof.pdf",
    )
    if not route.is_ours or (route.pattern.startswith(nothing_there) and not route.is_api):
        return True
    # The desk of staff is not that of a client's people, nor the reverse, though both hold the permission.
    if route.pattern.startswith("staff/") and actor.client is not None:
        return True
    if route.pattern.startswith("company/") and actor.client is None:
        return True
    if route.pattern.startswith("reports/") and actor.name in reading.NO_READERS:
        return True
    if route.pattern == "developers/keys/new/" and actor.name in {"support", "auditor"}:
        return True
    # For who can have keys or looks after those of others; a reviewer does neither.
    return route.pattern.startswith("developers/") and actor.name in {"portal_pending", "approver"}


def _choices(world: World, route: Route) -> list[dict[str, str]]:
    """Owners to try: one after the other for the first parameter, the others fixed to their first."""
    kinds = [kind for _name, kind in route.parameters if kind]
    if not kinds:
        return [{}]
    rest = {kind: next(iter(world.things[kind])) for kind in kinds[1:]}
    return [{**rest, kinds[0]: owner} for owner in world.things[kinds[0]]]


def _few(actor: Actor, choices: list[dict[str, str]], *, may: bool) -> list[dict[str, str]]:
    """One that the actor may know of and one that it may not, where there are such. Whoever is turned away at the gate
    never comes to an object: asking for one that is not there will do."""
    if not may and choices != [{}]:
        return []
    known = {all(_sees(actor, kind, owner) for kind, owner in owners.items()): owners for owners in reversed(choices)}
    return list(known.values())


def _sees(actor: Actor, kind: str, owner: str) -> bool:
    seen = SEEN[kind].get(actor.name, "")
    return seen == "*" or owner in seen.split()


def _nothing(kind: str) -> Any:
    return NO_SESSION if kind in NUMBERED else MISSING


class Meter:
    """Tells what a request wrote. The database counts for us; each count is also the next one's beginning."""

    last: dict[str, int] | None = None

    def begin(self) -> None:
        if self.last is None:
            self.last = writes()

    def read(self) -> dict[str, int]:
        now, before = writes(), self.last or {}
        self.last = now
        return {table: rows - before.get(table, 0) for table, rows in now.items() if rows != before.get(table, 0)}

    def skip(self) -> None:
        self.last = None


METER = Meter()


def _ask(actor: Actor, method: str, path: str, *, count: bool) -> tuple[HttpResponse, dict[str, int]]:
    content: dict[str, Any] = {"headers": {"X-Request-Id": "walk-of-all-routes"}}
    if method not in SAFE and (path.startswith("/api/") or method != "POST"):
        content |= {"content_type": "application/json", "data": "{}"}
    with rolled_back():
        if count:
            METER.begin()
        answer = actor.ask(method, path, **content)
        if not count:
            METER.skip()
        return answer, METER.read() if count else {}


def _judge(
    actor: Actor,
    route: Route,
    method: str,
    path: str,
    answer: HttpResponse,
    changed: dict[str, int],
    may: bool,
    found: Found,
) -> None:
    supplier_is_away = answer.status_code == 503 and path.startswith("/api/v1/")
    if answer.status_code >= 500 and path != "/healthz" and not supplier_is_away:
        found.add(actor, method, path, f"{answer.status_code}")
    if not may and not _refuses(answer, route):
        found.add(actor, method, path, f"let in: {answer.status_code} {answer.get('Location', '')}")
    if not may and set(changed) - ALWAYS:
        found.add(actor, method, path, f"refused, but wrote {changed}")
    if actor.name == "auditor" and method not in SAFE:
        # The administration answers a POST to a list as it does a GET; that it writes nothing is what counts.
        by_gate = route.rule and route.rule.who == "permission" and route.is_ours
        if by_gate and not _refuses(answer, route):
            found.add(actor, method, path, f"an auditor changes nothing: {answer.status_code}")
        if route.rule and route.rule.who != "public" and set(changed) - OWN_ACCOUNT:
            found.add(actor, method, path, f"an auditor wrote {changed}")


def _refuses(answer: HttpResponse, route: Route) -> bool:
    if answer.status_code == 302:
        return not route.is_api and answer["Location"].startswith(("/account/login/", "/admin/login/"))
    return 400 <= answer.status_code < 500


# What differs between two answers to the same question: tokens against forged requests, numbers of requests.
_OURS = re.compile(r"[A-Za-z0-9]{64}|[0-9A-Z]{26}|\d{4}-\d\d-\d\dT[\d:.+]+")


def _outside(answer: HttpResponse, values: list[Any]) -> tuple[int, str]:
    """Status and body without what differs from request to request, and without the ids asked for."""
    text = b"".join(answer.streaming_content) if getattr(answer, "streaming", False) else answer.content
    body = text.decode(errors="replace")
    for value in values:
        body = body.replace(str(value), "ID")
    place = answer.get("Location", "")
    for value in values:
        place = place.replace(str(value), "ID")
    return answer.status_code, _OURS.sub("", body) + place
