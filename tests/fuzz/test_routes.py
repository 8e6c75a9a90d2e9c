"""Odd values where no form leads: in the query of every page, sent to every route, and within addresses."""

import logging
import re
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote

import pytest
from django.apps import apps
from django.core.cache import cache

from tests.access import world as worlds
from tests.access.rules import PLAIN, Route, may_enter, routes
from tests.access.world import Actor, World, rolled_back
from tests.fuzz.test_forms import ODD

# Each test is a savepoint within the world.
pytestmark = pytest.mark.django_db

ACTORS = ["nobody", "ayu", "portal_a", "super"]
ROUNDS = 6
# Within an address these mean something to whoever carries it, before it reaches us.
_IN_A_PATH = [value for value in ODD if value.strip() and "/" not in value and len(value) < 1000 and value != "\ud800"]
_READ = re.compile(r"""\.(GET|POST)(?:\.get|\.getlist)?[(\[]"(\w+)\"""")
_FIELD = re.compile(r"^    (\w+) = (?:forms\.|\w+Field\()", re.MULTILINE)


def everybody(test: Any) -> Any:
    """The test as each of the actors, by reading and by sending."""
    return pytest.mark.parametrize("name", ACTORS)(pytest.mark.parametrize("method", ["GET", "POST"])(test))


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    logging.disable(logging.CRITICAL)
    with django_db_blocker.unblock(), worlds.built() as built:
        yield built
    logging.disable(logging.NOTSET)


@pytest.fixture(scope="module")
def names() -> list[str]:
    """Every name that our code reads from a query or a form, as it stands in the code."""
    ours = ("accounts", "kyc", "wallets", "payments", "otp", "notifications", "sandbox", "config")
    files = [path for app in ours for path in (Path(apps.get_app_config("accounts").path).parent / app).rglob("*.py")]
    texts = [path.read_text() for path in files if "simulators" not in path.parts]
    found = {name for text in texts for _which, name in _READ.findall(text)}
    found |= {name for text in texts for name in _FIELD.findall(text) if "forms" in text}
    return sorted(found - {"csrfmiddlewaretoken"})


def test_names_were_found(names: list[str]) -> None:
    assert {"cursor", "amount", "bank", "phone", "idempotency_key", "reason", "q"} <= set(names)


def _things(world: World, route: Route) -> dict[str, Any]:
    return {**PLAIN, **{name: next(iter(world.things[kind].values())) for name, kind in route.parameters if kind}}


def _some(dice: Random, names: list[str], world: World) -> dict[str, str]:
    ids = [str(value) for kind in world.things.values() for value in kind.values()]
    sane = ["1000", "50000", "702", "qris", "on", "2026-11-18", "n17", "p17", "081234567890"]
    # A hundred thousand letters under every name say no more than under one.
    odd = [value for value in ODD if len(value) < 1000 and value != "\ud800"]
    return {name: dice.choice(dice.choice([odd, odd, sane, ids])) for name in names if dice.random() < 0.7}


def _status(actor: Actor, method: str, path: str, **more: Any) -> int:
    cache.clear()
    with rolled_back():
        answer = actor.ask(method, path, **more)
        if getattr(answer, "streaming", False):
            b"".join(answer.streaming_content)  # type: ignore[attr-defined]
        return answer.status_code


def _open(actor: Actor, method: str) -> list[Route]:
    # The health page answers 503 by design where no worker runs.
    ours = (route for route in routes() if route.is_ours and not route.is_api and route.pattern != "healthz")
    return [route for route in ours if may_enter(actor, route, method)]


def _failing(actor: Actor, method: str, world: World, names: list[str], rounds: int) -> list[Any]:
    dice, failed = Random(f"{actor.name} {method}"), []
    for route in _open(actor, method):
        path = route.path(_things(world, route))
        for _round in range(rounds):
            values = _some(dice, names, world)
            if _status(actor, method, path, data=values) >= 500:
                failed.append((path, values))
    return failed


@everybody
def test_no_route_fails_for_what_is_sent(name: str, method: str, world: World, names: list[str]) -> None:
    assert _failing(world.actors[name], method, world, names, 1) == []


@pytest.mark.soak
@everybody
def test_no_route_fails_for_what_is_sent_for_long(name: str, method: str, world: World, names: list[str]) -> None:
    assert _failing(world.actors[name], method, world, names, ROUNDS) == []


def _addresses(actor: Actor, method: str, world: World, step: int) -> Iterator[str]:
    """Each address with every ``step``-th odd value, from another beginning each time."""
    places = [(route, name) for route in _open(actor, method) for name, _kind in route.parameters]
    for number, (route, parameter) in enumerate(places):
        for value in _IN_A_PATH[number % step :: step]:
            yield route.path({**_things(world, route), parameter: quote(value, safe="")})


@everybody
def test_no_address_fails(name: str, method: str, world: World) -> None:
    actor = world.actors[name]
    tried = {path: _status(actor, method, path) for path in _addresses(actor, method, world, 6)}
    assert [path for path, status in tried.items() if status >= 500] == []
    assert tried


@pytest.mark.soak
@everybody
def test_no_address_fails_for_any_value(name: str, method: str, world: World) -> None:
    actor = world.actors[name]
    tried = {path: _status(actor, method, path) for path in _addresses(actor, method, world, 1)}
    assert [path for path, status in tried.items() if status >= 500] == []
    assert tried
