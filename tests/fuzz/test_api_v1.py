"""Schemathesis over the compatible API, as nobody and as a customer with money, with the simulated supplier behind it:
nothing breaks, and no answer stands outside its description."""

import logging
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import schemathesis
from django.core.cache import cache
from django.test import override_settings
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as limits
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from accounts.access.actors import command
from accounts.services import keys
from config.reference_v1 import document
from config.wsgi import application
from otp.models import Order
from otp.wire import ref_of
from tests.access import world as worlds
from tests.access.world import World, rolled_back
from tests.simulators import Simulator

# Each test is a savepoint within the world.
pytestmark = pytest.mark.django_db

OPERATIONS = sorted(
    operation["operationId"] for methods in document()["paths"].values() for operation in methods.values()
)
Known = dict[str, list[Any]]


def never_our_fault(ctx: Any, response: Any, case: Any) -> None:
    """The supplier may be away (502, 503); we never break."""
    if response.status_code == 500 or response.status_code > 503:
        raise AssertionError(f"{response.status_code}: {response.content[:300]!r}")


CHECKS = [
    never_our_fault,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any, _otpzap_process: Simulator) -> Iterator[World]:
    logging.disable(logging.CRITICAL)
    supplier = override_settings(
        OTPZAP_BASE_URL=f"{_otpzap_process.url}/api/v1",
        OTPZAP_API_KEY=_otpzap_process.secrets["api_key"],
        OTPZAP_RATE_PER_MINUTE=100_000,
        FASPAY_BASE_URL="http://127.0.0.1:9",
        FASPAY_QRIS_CHANNEL="711",
    )
    _otpzap_process.control("reset")
    _otpzap_process.control("settings", rate_per_minute=100_000, cancel_cooldown_seconds=0)
    with django_db_blocker.unblock(), supplier, worlds.built() as built:
        yield built
    logging.disable(logging.NOTSET)


@pytest.fixture(scope="module")
def callers(world: World) -> list[dict[str, str]]:
    ayu = world.customers["ayu"]
    issued = [keys.issue(actor=command("fuzz"), user=ayu.user, is_sandbox=sandbox).raw for sandbox in (False, True)]
    return [{}, *({"Authorization": f"Bearer {raw}"} for raw in issued)]


@pytest.fixture(scope="module")
def known(world: World) -> Known:
    """What exists: without it most calls would end at "not found"."""
    number = Order.objects.get(customer=world.customers["ayu"])
    inbox = Order.objects.create(
        reference="inbox-of-ayu",
        customer=world.customers["ayu"],
        idempotency_key="inbox-of-ayu",
        server=3,
        service_id="openai.com",
        service_name="openai.com",
        domains=[{"domain": "outlook.com", "cost": "700", "price": "900", "cancel_fee": "150"}],
        cost=Decimal(700),
        price=Decimal(900),
        hold_reference="hold-of-inbox",
        next_poll_at=number.next_poll_at,
    )
    return {
        "order_id": [number.pk, str(number.pk), number.pk + 1, 0],
        "ref": [ref_of(inbox), ref_of(number), "APIE-3-xxx"],
        "product_id": [1071, "1071", 1072],
        "service_id": [1, "2", "wa"],
        "country_id": [7, "7", 1],
        "platform_id": [1, "1"],
        "site": ["openai.com"],
        "domain": ["outlook.com", "gmail.com"],
        "server": [1, 2, "2"],
        "qty": [1, 2],
        "url": ["https://1.1.1.1/hook", "https://10.0.0.1/"],
        "amount": [5_000, 50_000],
    }


@pytest.fixture(scope="module")
def schema(world: World) -> Any:
    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application)


def _operation(schema: Any, name: str) -> Any:
    for found in schema.get_all_operations():
        if found.ok().definition.raw["operationId"] == name:
            return found.ok()
    raise LookupError(name)


def _run(
    schema: Any, name: str, callers: list[dict[str, str]], known: Known, examples: int, *, same_every_time: bool
) -> int:
    operation, calls = _operation(schema, name), 0
    positive = operation.as_strategy(generation_mode=schemathesis.GenerationMode.POSITIVE)
    negative = operation.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE)

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
        if isinstance(case.body, dict):
            case.body = _with_known(data, case.body, known)
        if isinstance(case.query, dict):
            case.query = _with_known(data, case.query, known)
        for headers in callers:
            cache.clear()
            with rolled_back():
                case.call_and_validate(checks=CHECKS, headers=headers)
            calls += 1

    every()
    return calls


def _with_known(data: st.DataObject, given: dict[str, Any], known: Known) -> dict[str, Any]:
    """Mostly what exists in the place of what was made up."""
    return {
        name: data.draw(st.sampled_from(known[name])) if name in known and data.draw(st.integers(0, 3)) else value
        for name, value in given.items()
    }


@pytest.mark.parametrize("name", OPERATIONS)
def test_no_answer_is_outside_the_schema(name: str, schema: Any, callers: list[dict[str, str]], known: Known) -> None:
    assert _run(schema, name, callers, known, 3, same_every_time=True) > 0


@pytest.mark.soak
@pytest.mark.parametrize("name", OPERATIONS)
def test_no_answer_is_outside_the_schema_for_long(
    name: str, schema: Any, callers: list[dict[str, str]], known: Known
) -> None:
    assert _run(schema, name, callers, known, 150, same_every_time=False) > 0
