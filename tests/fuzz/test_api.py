"""Schemathesis over the whole API, as everybody: nothing fails, and no answer stands outside its description.

A short run with the same examples every time belongs to all tests; `make soak` looks further, differently each time.
"""

import logging
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.conf import settings
from django.core.cache import cache
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as limits
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from accounts.access.table import OPERATIONS
from config.wsgi import application
from tests.access import world as worlds
from tests.access.rules import routes
from tests.access.world import Actor, World, rolled_back

# Each test is a savepoint within the world.
pytestmark = pytest.mark.django_db

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
CALLERS = {
    "nobody": ("nobody",),
    "session": ("super", "company", "portal_a", "approver"),
    "customer": ("ayu_token", "ayu_key"),
    "api_key": ("api_live", "api_test"),
}
CSRF = "abcdefghijklmnopqrstuvwxyzABCDEF"


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    logging.disable(logging.CRITICAL)
    with django_db_blocker.unblock(), worlds.built() as built:
        yield built
    logging.disable(logging.NOTSET)


@pytest.fixture(scope="module")
def schema(world: World) -> Any:
    return schemathesis.openapi.from_wsgi("/api/openapi.json", application)


def _operation(schema: Any, name: str) -> Any:
    for found in schema.get_all_operations():
        if found.ok().definition.raw["operationId"] == name:
            return found.ok()
    raise LookupError(name)


def _callers(name: str) -> list[str]:
    doors = OPERATIONS[name].doors
    return [caller for door in ("nobody", *sorted(doors)) for caller in CALLERS[door]]


def _arguments(actor: Actor) -> dict[str, Any]:
    """Credentials as the wire carries them; a session with its token against forged requests."""
    headers = dict(actor.browser.headers or {}) if hasattr(actor.browser, "headers") else {}
    authorization = actor.browser.defaults.get("HTTP_AUTHORIZATION")
    headers = {"Authorization": authorization} if authorization else {}
    if actor.kind != "session":
        return {"headers": headers}
    cookies = {name: morsel.value for name, morsel in actor.browser.cookies.items()}
    return {"headers": {"X-CSRFToken": CSRF}, "cookies": {**cookies, settings.CSRF_COOKIE_NAME: CSRF}}


def _known_ids(world: World, name: str) -> dict[str, list[str]]:
    """Ids that exist, by the parameters of the operation; without them most calls would end at "not found"."""
    route = next(route for route in routes() if any(row.id == name for row in route.operations))
    return {part: [str(value) for value in world.things[kind].values()] for part, kind in route.parameters if kind}


def _run(schema: Any, world: World, name: str, examples: int, *, same_every_time: bool) -> int:
    operation, known, calls = _operation(schema, name), _known_ids(world, name), 0
    positive = operation.as_strategy(generation_mode=schemathesis.GenerationMode.POSITIVE)
    negative = operation.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE)
    refs = [str(value) for kind in world.things.values() for value in kind.values()]

    @limits(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=same_every_time,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.data())
    def every(data: st.DataObject) -> None:
        nonlocal calls
        case = data.draw(positive if data.draw(st.integers(0, 2)) else negative)
        if known and data.draw(st.integers(0, 3)):
            case.path_parameters = {part: data.draw(st.sampled_from(ids)) for part, ids in known.items()}
        if isinstance(case.body, dict):
            case.body = {key: _perhaps_known(data, value, refs) for key, value in case.body.items()}
        for caller in _callers(name):
            with rolled_back():
                case.call_and_validate(checks=CHECKS, **_arguments(world.actors[caller]))
            calls += 1

    cache.clear()
    every()
    return calls


def _perhaps_known(data: st.DataObject, value: Any, refs: list[str]) -> Any:
    try:
        uuid.UUID(value)
    except (ValueError, TypeError, AttributeError):
        return value
    return data.draw(st.sampled_from(refs)) if data.draw(st.booleans()) else value


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_no_answer_is_outside_the_schema(name: str, schema: Any, world: World) -> None:
    assert _run(schema, world, name, 2, same_every_time=True) > 0


@pytest.mark.soak
@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_no_answer_is_outside_the_schema_for_long(name: str, schema: Any, world: World) -> None:
    assert _run(schema, world, name, 150, same_every_time=False) > 0
