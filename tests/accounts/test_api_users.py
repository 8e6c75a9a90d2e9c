"""API users: made by their client's people, with a role that is theirs to give, and a key shown once."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client as Browser
from pytest_django import DjangoAssertNumQueries

from accounts.models import ApiKey, ApiUser, AuditEntry, Permission, Role, User
from accounts.services import api_users
from tests.accounts.company import INDIVIDUAL, acting, active, admin_of, registered

pytestmark = pytest.mark.django_db

WIRE = {
    "developerName": "Fajar Nugroho",
    "developerEmail": "Fajar@Kopi.example",
    "developerPhoneNumber": "+23276123457",
}


def role_for_api() -> Role:
    return Role.objects.get(name=Role.API_USER)


def create(browser: Browser, **changes: Any) -> Any:
    body = {**WIRE, "roleId": str(role_for_api().public_id), **changes}
    return browser.post("/api/api-users", body, content_type="application/json")


@pytest.fixture
def dian(client_for: Callable[..., Browser]) -> Browser:
    """The portal admin of an active company."""
    return client_for(admin_of(active()))


def test_an_api_user_gets_a_key_that_is_shown_once(dian: Browser) -> None:
    answer = create(dian)
    assert answer.status_code == 201
    body = answer.json()
    made = ApiUser.objects.get()
    assert body["apiUserId"] == str(made.public_id)
    assert body["clientId"] == str(made.client.public_id)
    assert (made.developer_email, made.developer_phone_number) == ("fajar@kopi.example", "+23276123457")
    assert body["apiKey"].startswith(body["apiKeyPrefix"])
    bearer = Browser(headers={"Authorization": f"Bearer {body['apiKey']}"})
    assert bearer.get(f"/api/customers/{uuid.uuid4()}").status_code == 404
    for path in ("/api/api-users", f"/api/api-users/{body['apiUserId']}"):
        assert body["apiKey"] not in dian.get(path).content.decode()
    (listed,) = dian.get("/api/api-users").json()
    assert listed == dian.get(f"/api/api-users/{body['apiUserId']}").json()
    assert listed["clientName"] == "Kopi Rakyat"
    assert listed["lastUsedAt"]
    assert [one.action for one in AuditEntry.objects.filter(client_id=made.client.public_id).order_by("id")][-2:] == [
        "api_user.created",
        "key.issued",
    ]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("developerName", ""),
        ("developerName", None),
        ("developerName", "x" * 201),
        ("developerEmail", "nobody"),
        ("developerPhoneNumber", "0"),
        ("roleId", "no-uuid"),
        ("roleId", "00000000-0000-4000-8000-000000000000"),
        ("roleId", None),
    ],
)
def test_a_wrong_field_is_named(dian: Browser, field: str, value: Any) -> None:
    answer = create(dian, **{field: value})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert not ApiUser.objects.exists()


def test_roles_that_are_not_for_api_users_are_not_given(dian: Browser, staff_user: User) -> None:
    portal = Role.objects.get(name=Role.PORTAL_ADMIN)
    assert create(dian, roleId=str(portal.public_id)).status_code == 403
    # Roles of staff are no business of a client's people: unknown to them.
    assert create(dian, roleId=str(Role.objects.get(name=Role.SUPER_ADMIN).public_id)).status_code == 400


def test_nobody_gives_an_api_user_more_than_they_hold(dian: Browser) -> None:
    role = Role.objects.create(name="Reader", audience=Role.Audience.API)
    role.permissions.add(Permission.objects.get(name="Customers.ReadOne"))
    assert create(dian, roleId=str(role.public_id)).status_code == 201
    role.permissions.add(Permission.objects.get(name="KycAdmin.Review"))
    answer = create(dian, roleId=str(role.public_id), developerEmail="second@kopi.example")
    assert (answer.status_code, answer.json()["code"]) == (403, "role_not_assignable")


def test_an_individual_has_exactly_one(client_for: Callable[..., Browser]) -> None:
    eko = client_for(admin_of(active(**INDIVIDUAL)))
    answer = create(eko)
    assert (answer.status_code, answer.json()["code"]) == (409, "one_api_user")


def test_an_address_is_used_once_in_a_client(dian: Browser, client_for: Callable[..., Browser]) -> None:
    assert create(dian).status_code == 201
    again = create(dian, developerEmail="FAJAR@kopi.example")
    assert (again.status_code, list(again.json()["errors"])) == (409, ["developerEmail"])
    other = client_for(admin_of(active(email_address="other@kopi.example")))
    assert create(other).status_code == 201


def test_a_waiting_client_makes_none(client_for: Callable[..., Browser]) -> None:
    answer = create(client_for(admin_of(registered())))
    assert (answer.status_code, answer.json()["code"]) == (403, "client_inactive")


def test_staff_have_no_client_to_make_one_for(staff_user: User, client_for: Callable[..., Browser]) -> None:
    answer = create(client_for(staff_user))
    assert (answer.status_code, answer.json()["code"]) == (400, "no_client")


def test_a_strangers_api_user_is_not_there(dian: Browser, client_for: Callable[..., Browser]) -> None:
    made = create(dian).json()["apiUserId"]
    other = client_for(admin_of(active(email_address="other@kopi.example")))
    assert other.get(f"/api/api-users/{made}").status_code == 404
    assert other.get("/api/api-users").json() == []


def test_staff_see_all(dian: Browser, staff_user: User, client_for: Callable[..., Browser]) -> None:
    create(dian)
    active(**INDIVIDUAL)
    assert len(client_for(staff_user).get("/api/api-users").json()) == 2


def test_the_list_costs_the_same_for_many(dian: Browser, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    create(dian)
    dian.get("/api/api-users")
    with django_assert_num_queries(6):
        dian.get("/api/api-users")
    for turn in range(3):
        create(dian, developerEmail=f"d{turn}@kopi.example")
    with django_assert_num_queries(6):
        assert len(dian.get("/api/api-users").json()) == 4


def test_what_is_switched_off_does_nothing(dian: Browser) -> None:
    raw = create(dian).json()["apiKey"]
    made = ApiUser.objects.get()
    api_users.deactivate(actor=acting(admin_of(made.client)), api_user=made)
    assert Browser(headers={"Authorization": f"Bearer {raw}"}).get(f"/api/customers/{uuid.uuid4()}").status_code == 401
    assert not ApiKey.objects.filter(last_used_at__isnull=False).exists()
    assert AuditEntry.objects.filter(action="api_user.deactivated", client_id=made.client.public_id).exists()


def test_what_nobody_asked_for_is_not_looked_at(dian: Browser) -> None:
    other = active(email_address="other@kopi.example")
    create(dian, clientId=str(other.public_id), client_id=other.pk, isActive=False, public_id=str(uuid.uuid4()), id=7)
    made = ApiUser.objects.get()
    assert (made.client.name, made.client == other, made.is_active) == ("Kopi Rakyat", False, True)
