"""Keys and roles are touched by people who have just proved who they are."""

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import path

from accounts.access.table import OPERATIONS, Operation
from accounts.models import Customer, User
from accounts.permissions import sign_in_required, step_up_required
from config.urls import urlpatterns as real
from tests.conftest import PASSWORD, prove_identity

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


@sign_in_required
@step_up_required
def vault(request: Any) -> HttpResponse:
    return HttpResponse("gold")


urlpatterns = [*real, path("vault", vault)]


def old_session(user: User, seconds: float = 901) -> Client:
    client = Client()
    client.force_login(user)
    prove_identity(client, user, seconds_ago=seconds)
    return client


def test_a_fresh_sign_in_is_enough(customer: Customer, client: Client) -> None:
    client.post("/account/login/", {"login": customer.user.email, "password": PASSWORD})
    assert client.get("/vault").content == b"gold"


@pytest.mark.parametrize(("age", "opens"), [(10, True), (890, True), (901, False), (-60, False)])
def test_the_age_of_the_sign_in_decides(age: float, opens: bool, customer: Customer) -> None:
    assert (old_session(customer.user, age).get("/vault").status_code == 200) is opens


def test_an_old_one_is_asked_and_comes_back(customer: Customer) -> None:
    client = old_session(customer.user)
    asked = client.get("/vault?tab=2")
    place = urlparse(asked["Location"])
    assert (place.path, parse_qs(place.query)["next"]) == ("/account/reauthenticate/", ["/vault?tab=2"])
    assert client.get(asked["Location"]).status_code == 200
    wrong = client.post("/account/reauthenticate/", {"password": "wrong", "next": "/vault?tab=2"})
    assert wrong.status_code == 200
    assert client.get("/vault").status_code == 302
    right = client.post("/account/reauthenticate/", {"password": PASSWORD, "next": "/vault?tab=2"})
    assert right["Location"] == "/vault?tab=2"
    assert client.get("/vault").content == b"gold"


def test_what_was_sent_is_not_done_later(customer: Customer) -> None:
    client = old_session(customer.user)
    asked = client.post("/vault", {"amount": "7"}, headers={"Referer": "http://testserver/settings/"})
    assert parse_qs(urlparse(asked["Location"]).query)["next"] == ["http://testserver/settings/"]
    page = client.get(asked["Location"]).content.decode()
    assert "nothing was changed" in page
    assert 'name="amount"' not in page


def test_it_leads_to_no_strangers_page(customer: Customer) -> None:
    client = old_session(customer.user)
    asked = client.post("/vault", headers={"Referer": "https://evil.example/x"})
    assert parse_qs(urlparse(asked["Location"]).query)["next"] == ["/"]


def test_a_fragment_moves_the_whole_page(customer: Customer) -> None:
    answer = old_session(customer.user).post("/vault", headers={"HX-Request": "true"})
    assert answer["HX-Redirect"].startswith("/account/reauthenticate/")


def test_another_persons_proof_counts_for_nobody_else(customer: Customer, other_customer: Customer) -> None:
    client = Client()
    client.force_login(customer.user)
    prove_identity(client, other_customer.user)
    assert client.get("/vault").status_code == 302


def test_guesses_at_the_door_are_counted(customer: Customer) -> None:
    client = old_session(customer.user)
    answers = [client.post("/account/reauthenticate/", {"password": f"guess {n}"}) for n in range(7)]
    assert "Too many failed attempts" in answers[-1].content.decode()


_GUARDED = sorted(name for name, row in OPERATIONS.items() if row.step_up)


# What stands in the name or the address of whatever touches keys, roles or people's rights, or lets a batch go.
# Letting a client in makes a key, and shutting it out ends all of them.
_SENSITIVE = re.compile(
    r"keys?\b|roles?\b|permissions?\b|overrides?\b|portal-?users?\b|api-?users?\b|disbursement/\S*/process\b"
    r"|clients/\S*/(approve|deactivate)\b",
    re.IGNORECASE,
)


def _touches(row: Operation) -> bool:
    spelled = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", f"{row.id} {row.permission} {row.path}")
    return row.method not in {"GET", "HEAD"} and "session" in row.doors and bool(_SENSITIVE.search(spelled))


def test_every_call_that_touches_keys_or_roles_or_lets_a_batch_go_is_guarded() -> None:
    assert {name for name, row in OPERATIONS.items() if _touches(row)} == set(_GUARDED)


@pytest.mark.parametrize(
    ("name", "path", "touches"),
    [
        ("api-keys.rotate", "/api/api-keys/{id}/rotate", True),
        ("clients.add-api-user", "/api/clients/{id}/api-users", True),
        ("people.assign", "/api/people/{id}/roles", True),
        ("clients.approve", "/api/clients/{id}/approve", True),
        ("clients.reject", "/api/clients/{id}/reject", False),
        ("bulk-disbursement.process-part", "/api/bulk-disbursement/{id}/rows/process", True),
        ("bulk-disbursement.retry", "/api/bulk-disbursement/retry", False),
    ],
)
def test_a_later_row_is_known_by_its_name(name: str, path: str, touches: bool) -> None:
    assert _touches(Operation(name, "POST", path, frozenset({"session"}))) is touches


def test_the_ones_that_must_not_be_forgotten_are_there() -> None:
    assert {"api-users.create", "sandbox-api-keys.create", "sandbox-api-keys.revoke", "roles.create"} <= set(_GUARDED)


@pytest.mark.parametrize("name", _GUARDED)
def test_an_old_session_is_told_to_sign_in_again(name: str, staff_user: User) -> None:
    row = OPERATIONS[name]
    place = row.path
    while "{" in place:
        place = place[: place.index("{")] + "3f2b8a52-5a3c-4f5e-9a2b-0d6a4c1e7f00" + place[place.index("}") + 1 :]
    answer = old_session(staff_user).generic(row.method, place, json.dumps({}), content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "sign_in_again")


def test_signing_in_by_the_api_counts_as_fresh(staff_user: User, client: Client) -> None:
    body = {"username": staff_user.email, "password": PASSWORD}
    client.post("/api/account/login", json.dumps(body), content_type="application/json")
    answer = client.post("/api/roles", json.dumps({}), content_type="application/json")
    assert answer.status_code == 400


def test_who_may_not_is_not_asked_to_prove_anything(
    other_customer: Customer, client_for: Callable[..., Client]
) -> None:
    answer = old_session(other_customer.user).post("/api/roles", "{}", content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
