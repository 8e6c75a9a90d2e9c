"""The API under values nobody thought of: no fault of ours, and no answer outside its own description."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.conf import settings as django_settings
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client as Browser
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from accounts.models import Customer, User
from config.openapi import document
from config.wsgi import application
from tests.accounts.calling import key_of, signed_in_now
from tests.examples import examples

pytestmark = pytest.mark.django_db

_CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
_SCHEMA = schemathesis.openapi.from_wsgi("/api/openapi.json", application)
_OPERATIONS = {found.ok().definition.raw["operationId"]: found.ok() for found in _SCHEMA.get_all_operations()}
# Ending the session would let every later example be refused at the door.
_NAMES = sorted(set(_OPERATIONS) - {"account.logout"})


@pytest.fixture
def _served(settings: Any) -> Iterator[None]:
    """As a server answers, without limits; the connection of the test outlives a request, as with Django's client."""
    settings.API_RATE_PER_MINUTE = 100_000
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def _headers(operation: Any, browser: Browser, raw: str) -> dict[str, str]:
    if "session" in operation.definition.raw.get("x-credentials", []):
        session = browser.cookies[django_settings.SESSION_COOKIE_NAME].value
        token = "a" * 32
        cookie = f"{django_settings.SESSION_COOKIE_NAME}={session}; {django_settings.CSRF_COOKIE_NAME}={token}"
        return {"Cookie": cookie, "X-CSRFToken": token}
    return {"Authorization": f"Bearer {raw}"}


@pytest.mark.examples
@pytest.mark.usefixtures("_served")
@pytest.mark.parametrize("name", _NAMES)
def test_every_answer_is_in_the_description(name: str, staff_user: User, customer: Customer) -> None:
    operation = _OPERATIONS[name]
    headers = _headers(operation, signed_in_now(staff_user), key_of(customer).raw)

    @given(case=operation.as_strategy())
    @settings(max_examples=examples(3, 30), deadline=None, suppress_health_check=list(HealthCheck), database=None)
    def try_it(case: Any) -> None:
        answer = case.call(headers=headers)
        case.validate_response(answer, checks=_CHECKS)

    try_it()


def test_all_operations_are_tried() -> None:
    assert len(_OPERATIONS) == sum(len(methods) for methods in document()["paths"].values())
