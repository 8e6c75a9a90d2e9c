"""Every door of the site, tried by everybody: no page fails, and nobody is let in where they should not be."""

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import Customer, User
from payments.models import Deposit
from tests.access.world import Actor, rolled_back

pytestmark = pytest.mark.django_db

_SAMPLES = {"uuid": str(uuid4()), "slug": "a-slug", "int": "7", "str": "text", "path": "x/y"}
# Where a browser lands that comes back from OVO: it names nothing and changes nothing.
_BACK = "topup/ovo/return"
# Open to anybody on purpose; every other page sends a stranger to sign in.
_PUBLIC = ("", "favicon.ico", "language", "account/", "admin/password_change/", "join/", "sandbox/mail/", "pay/", _BACK)
# What every developer may read; the pages beside them are about somebody's keys and calls.
_GUIDES = {"llms.txt", "developers/"} | {
    f"developers/{name}"
    for name in ("quickstart/", "states/", "errors/", "errors.json", "webhooks/", "changelog/", "changelog.atom")
}
# For letters of providers: whoever shows no signature of theirs is refused.
_LETTERS = ("v1.0/", "faspay/", "btcpay/webhook")
# Programs are told in JSON; these two are read by everybody.
_PUBLIC_API = ("api/docs", "api/openapi.json")
_PUBLIC_API_V1 = ("api/v1/docs", "api/v1/openapi.json")


def _routes(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[str]:
    for entry in patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            if not route.startswith("admin/"):
                yield from _routes(entry.url_patterns, route)
        elif not any(mark in route for mark in ("^", "$", "(?P")):
            yield route


def _path(route: str) -> str:
    for kind, sample in _SAMPLES.items():
        while f"<{kind}:" in route:
            start = route.index(f"<{kind}:")
            route = route[:start] + sample + route[route.index(">", start) + 1 :]
    while "<" in route:
        route = route[: route.index("<")] + "text" + route[route.index(">") + 1 :]
    return f"/{route}"


# Health has tests of its own: it answers 503 by design where no worker runs.
ROUTES = sorted(set(_routes(get_resolver().url_patterns)) - {"healthz"})


def _is_public(route: str) -> bool:
    return route == "" or route in _GUIDES or any(route.startswith(start) for start in _PUBLIC if start)


def _is_api(route: str) -> bool:
    return route == "api" or route.startswith("api/")


def _is_api_v1(route: str) -> bool:
    return route == "api/v1" or route.startswith("api/v1/")


def _check_api(route: str, method: str, answer: Any) -> None:
    """Nothing is redirected, nothing is given without a credential, and every refusal is a problem."""
    if method == "get" and route.startswith(_PUBLIC_API):
        assert answer.status_code in {200, 404}
        return
    assert answer.status_code in {400, 401, 403, 404, 405, 415}, route
    assert answer["Content-Type"] == "application/problem+json", route


def _check_api_v1(route: str, method: str, answer: Any) -> None:
    """As above, but a refusal is in the envelope of OTPZap's programs."""
    if method == "get" and route.startswith(_PUBLIC_API_V1) and answer.status_code == 200:
        return
    assert answer.status_code in {401, 404, 405}, route
    assert answer["Content-Type"] == "application/json", route
    told = answer.json()
    assert told["success"] is False, route
    assert told["error"]["code"], route


def test_there_are_doors_to_try() -> None:
    assert len(ROUTES) > 25


@pytest.mark.parametrize("route", ROUTES)
def test_a_stranger_is_sent_to_sign_in(route: str, client: Client) -> None:
    for method in ("get", "post", "put", "delete"):
        _check_for_a_stranger(route, method, getattr(client, method)(_path(route)))


def _check_for_a_stranger(route: str, method: str, answer: Any) -> None:
    tried = (method, route)
    assert answer.status_code < 500, tried
    if _is_api_v1(route):
        _check_api_v1(route, method, answer)
    elif _is_api(route):
        _check_api(route, method, answer)
    elif route.startswith(_LETTERS):
        assert answer.status_code in {400, 401, 404, 405}, tried
    elif not _is_public(route):
        assert answer.status_code in {302, 404, 405}, tried
        assert answer.status_code != 302 or answer["Location"].startswith("/account/login/"), tried


@pytest.mark.parametrize("person", ["customer", "staff_user"])
def test_no_door_breaks_for_a_customer_or_staff(
    person: str, request: pytest.FixtureRequest, client_for: Callable[..., Client]
) -> None:
    somebody = Actor(person, "session", client_for(request.getfixturevalue(person)))
    broken = []
    for route, method in product(ROUTES, ("GET", "POST")):
        # Every door for itself: nothing written and no attempt counted at the one before.
        cache.clear()
        with rolled_back():
            answer = somebody.ask(method, _path(route))
        if answer.status_code >= 500:
            broken.append((method, route, answer.status_code))
    assert broken == []


@pytest.mark.parametrize("path", ["/staff/", "/admin/"])
def test_customers_do_not_find_the_desk_of_staff(
    path: str, customer: Customer, staff_user: User, client_for: Callable[..., Client]
) -> None:
    assert client_for(customer).get(path).status_code in {302, 404}
    assert client_for(staff_user).get(path).status_code == 200


@pytest.mark.parametrize("path", ["/wallet/", "/numbers/", "/numbers/live/", "/topup/", "/topup/deposits/"])
def test_staff_have_no_wallet(path: str, staff_user: User, client_for: Callable[..., Client]) -> None:
    assert client_for(staff_user).get(path).status_code == 404


def test_forms_are_bound_to_their_session(customer: Customer) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(customer.user)
    answer = client.post("/topup/", {"amount": "50000", "bank": "702"})
    assert answer.status_code == 403
    assert not Deposit.objects.exists()


def test_answers_forbid_what_a_page_does_not_need(client: Client) -> None:
    answer = client.get("/")
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
