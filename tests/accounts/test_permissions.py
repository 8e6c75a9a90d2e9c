"""Registering permissions: single and in bulk, through the API."""

from typing import Any
from uuid import uuid4

import pytest

from accounts.access.table import GATEWAY_ONLY, rights
from accounts.models import AuditEntry, Permission, Role, User
from tests.accounts.cast import call, held, last_entry, person

pytestmark = pytest.mark.django_db

TIDES = {"name": "Tides.Read", "httpMethod": "get", "routePattern": "/api/tides/{code}"}


def test_a_new_permission_goes_to_super_admin(staff_user: User) -> None:
    status, made = call(staff_user, "POST", "/permissions", TIDES)
    assert status == 201
    assert made["httpMethod"] == "GET"
    assert set(made) == {"permissionId", "name", "httpMethod", "routePattern", "createdAt"}
    assert [role.name for role in Permission.objects.get(name="Tides.Read").roles.all()] == [Role.SUPER_ADMIN]
    assert call(staff_user, "GET", f"/permissions/{made['permissionId']}") == (200, made)
    assert made in call(staff_user, "GET", "/permissions")[1]
    entry = last_entry()
    assert (entry.action, entry.object_id) == ("permission.created", made["permissionId"])


@pytest.mark.parametrize(
    "same",
    [
        {"routePattern": "/api/other"},
        {"name": "tides.READ", "routePattern": "/api/other"},
        {"name": "Tides.Other", "routePattern": "/api/tides/{anything}"},
    ],
)
def test_name_and_method_with_route_are_unique(same: dict[str, str], staff_user: User) -> None:
    call(staff_user, "POST", "/permissions", TIDES)
    count = Permission.objects.count()
    assert call(staff_user, "POST", "/permissions", TIDES | same)[0] == 409
    assert Permission.objects.count() == count
    assert call(staff_user, "POST", "/permissions", TIDES | {"name": "Tides.Add", "httpMethod": "POST"})[0] == 201


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "Banks"),
        ("name", "B." + "x" * 100),
        ("name", None),
        ("name", "Banks Read.All"),
        ("httpMethod", "FETCH"),
        ("httpMethod", None),
        ("routePattern", "/banks"),
        ("routePattern", "/api/tides/{"),
        ("routePattern", "/api/banks/é"),
        ("routePattern", "/api/" + "x" * 200),
    ],
)
def test_wrong_fields_are_named_and_nothing_is_stored(field: str, value: Any, staff_user: User) -> None:
    count = Permission.objects.count()
    status, problem = call(staff_user, "POST", "/permissions", TIDES | {field: value})
    assert (status, list(problem["errors"])) == (400, [field])
    assert Permission.objects.count() == count


def test_bulk_skips_what_exists_and_the_second_of_two_alike(staff_user: User) -> None:
    wanted = [
        TIDES,
        TIDES | {"name": "Tides.Again", "routePattern": "/api/tides/{other}"},
        TIDES | {"routePattern": "/api/elsewhere"},
        {"name": "Roles.Read", "httpMethod": "PUT", "routePattern": "/api/x"},
        {"name": "Telcos.Read", "httpMethod": "GET", "routePattern": "/api/telcos"},
    ]
    status, answer = call(staff_user, "POST", "/permissions/bulk", wanted)
    assert status == 200
    assert [one["name"] for one in answer["created"]] == ["Tides.Read", "Telcos.Read"]
    assert [one["name"] for one in answer["skipped"]] == ["Tides.Again", "Tides.Read", "Roles.Read"]
    assert all(one["reason"] for one in answer["skipped"])
    assert {"Tides.Read", "Telcos.Read"} <= held(Role.SUPER_ADMIN)
    assert AuditEntry.objects.filter(action="permission.created").count() == 2
    again = call(staff_user, "POST", "/permissions/bulk", wanted)[1]
    assert again["created"] == []
    assert len(again["skipped"]) == 5


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        [TIDES, {"name": "Broken"}],
        [TIDES, TIDES | {"httpMethod": "?"}],
        [TIDES | {"name": f"A.N{number}", "routePattern": f"/api/n{number}"} for number in range(501)],
    ],
)
def test_one_invalid_element_stores_nothing(body: Any, staff_user: User) -> None:
    count = Permission.objects.count()
    assert call(staff_user, "POST", "/permissions/bulk", body)[0] == 400
    assert Permission.objects.count() == count


def test_an_unknown_permission_is_not_found(staff_user: User) -> None:
    assert call(staff_user, "GET", f"/permissions/{uuid4()}")[0] == 404
    assert call(staff_user, "GET", "/permissions/not-an-id")[0] == 404


def test_auditors_read_and_support_does_not(db: None) -> None:
    assert call(person("audi", Role.AUDITOR), "GET", "/permissions")[0] == 200
    assert call(person("audi2", Role.AUDITOR), "POST", "/permissions", TIDES)[0] == 403
    assert call(person("supp", Role.SUPPORT), "GET", "/permissions")[0] == 403
    assert call(person("supp2", Role.SUPPORT), "POST", "/permissions/bulk", [TIDES])[0] == 403


def test_what_only_the_gateway_may_is_in_no_role_for_others(db: None) -> None:
    """The table says who holds what at first; the policy refuses the rest to clients whatever roles say."""
    for right in rights():
        if right.name in GATEWAY_ONLY:
            assert not {Role.PORTAL_ADMIN, Role.API_USER} & set(right.holders)
    assert "Roles.Create" in GATEWAY_ONLY
    assert "PortalUsers.Create" not in GATEWAY_ONLY
