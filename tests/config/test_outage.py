"""While Redis is away: whoever is signed in goes on, and what cannot be done says so in words."""

import json
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client

from accounts.models import Customer, User
from config.lib.sessions import SessionStore
from tests.conftest import PASSWORD, prove_identity

pytestmark = pytest.mark.django_db
AWAY = "redis://127.0.0.1:1/0"


@pytest.fixture
def away(settings: Any) -> None:
    """Nothing listens where Redis should be."""
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": AWAY}}


def _signed_in(user: User, settings: Any) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    prove_identity(client, user)
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": AWAY}}
    return client


CUSTOMER_PAGES = (
    "/",
    "/wallet/",
    "/wallet/send",
    "/numbers/",
    "/topup/",
    "/identity/",
    "/settings/",
    "/settings/security/",
    "/developers/keys/",
)
STAFF_PAGES = (
    "/staff/",
    "/staff/customers/",
    "/staff/people/",
    "/staff/roles/",
    "/staff/audit/",
    "/review/",
    "/admin/",
)


def test_customers_go_on(customer: Customer, settings: Any) -> None:
    client = _signed_in(customer.user, settings)
    assert {path: client.get(path, follow=True).status_code for path in CUSTOMER_PAGES} == dict.fromkeys(
        CUSTOMER_PAGES, 200
    )


def test_staff_go_on(staff_user: User, settings: Any) -> None:
    client = _signed_in(staff_user, settings)
    assert {path: client.get(path, follow=True).status_code for path in STAFF_PAGES} == dict.fromkeys(STAFF_PAGES, 200)
    assert client.get("/api/roles").status_code == 200


def test_what_is_changed_is_kept(customer: Customer, settings: Any) -> None:
    client = _signed_in(customer.user, settings)
    given = {"display_name": "Ayu L.", "timezone": "Asia/Makassar", "language": "id"}
    assert client.post("/settings/", given).status_code == 302
    customer.user.refresh_from_db()
    assert customer.user.display_name == "Ayu L."
    assert client.get("/settings/").status_code == 200


@pytest.mark.parametrize(
    "path", ["/account/login/", "/account/password/reset/", "/account/signup/", "/join/", "/healthz"]
)
def test_no_open_page_shows_a_stack_trace(path: str, away: None) -> None:
    answer = Client(raise_request_exception=False).get(path, follow=True)
    assert answer.status_code in {200, 503}
    assert "Traceback" not in answer.content.decode()


def test_signing_out_is_refused_rather_than_half_done(customer: Customer, settings: Any) -> None:
    client = _signed_in(customer.user, settings)
    answer = client.post("/account/logout/")
    assert answer.status_code == 503
    assert "This does not work at the moment" in answer.content.decode()
    assert client.get("/settings/").status_code == 200


def test_a_session_that_was_ended_does_not_come_back_with_redis(customer: Customer, settings: Any) -> None:
    client = Client()
    client.force_login(customer.user)
    key, here = client.cookies["gerbang_session"].value, settings.CACHES
    assert client.get("/settings/").status_code == 200
    settings.CACHES = {"default": here["default"] | {"LOCATION": AWAY}}
    with pytest.raises(Exception, match="Connection refused"):
        SessionStore(key).delete()
    assert Session.objects.filter(session_key=key).exists()
    settings.CACHES = here
    SessionStore(key).delete()
    assert client.get("/settings/").status_code == 302


def test_programs_are_told_in_their_form(staff_user: User, away: None) -> None:
    client = Client(raise_request_exception=False)
    body = json.dumps({"username": staff_user.email, "password": PASSWORD})
    login = client.post("/api/account/login", body, content_type="application/json")
    keyed = client.get("/api/roles", headers={"Authorization": "Bearer tp_live_abcdefgh_" + "0" * 40})
    for answer in (login, keyed):
        assert (answer.status_code, answer["Content-Type"]) == (503, "application/problem+json")


def test_an_error_outside_a_view_is_answered_as_well(monkeypatch: pytest.MonkeyPatch, away: None) -> None:
    def broken(self: Any, request: Any) -> Any:
        cache.get("anything")

    monkeypatch.setattr("accounts.middleware.ApiMiddleware.__call__", broken)
    page = Client(raise_request_exception=False).get("/")
    call = Client(raise_request_exception=False).get("/api/roles")
    assert (page.status_code, call.status_code) == (503, 503)
    assert "This does not work at the moment" in page.content.decode()
    assert call.json()["status"] == 503
