"""What is taken away is gone with the next request, on pages, in menus and in the API, without signing in again."""

from collections.abc import Callable

import pytest
from django.test import Client as Browser

from accounts.access.actors import command
from accounts.models import ApiKey, Client, Customer, Permission, PermissionOverride, PortalUser, Role, User
from accounts.services import keys
from tests.accounts import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def auditor(db: None) -> PortalUser:
    return cast.person("dewi", Role.AUDITOR)


def test_a_permission_taken_from_the_role(auditor: PortalUser) -> None:
    browser = cast.browser_of(auditor)
    assert browser.get("/staff/audit/").status_code == 200
    assert b"/staff/audit/" in browser.get("/staff/").content
    Role.objects.get(name=Role.AUDITOR).permissions.remove(Permission.objects.get(name="Audit.Read"))
    assert browser.get("/staff/audit/").status_code == 404
    assert b'href="/staff/audit/"' not in browser.get("/staff/").content


def test_a_permission_given_to_the_role(auditor: PortalUser) -> None:
    browser = cast.browser_of(auditor)
    assert browser.post(
        "/api/roles", {"name": "x", "permissionIds": []}, content_type="application/json"
    ).status_code in {
        401,
        403,
    }
    before = browser.get("/api/roles")
    assert before.status_code == 200
    Role.objects.get(name=Role.AUDITOR).permissions.remove(Permission.objects.get(name="Roles.Read"))
    assert browser.get("/api/roles").status_code == 403
    Role.objects.get(name=Role.AUDITOR).permissions.add(Permission.objects.get(name="Roles.Read"))
    assert browser.get("/api/roles").status_code == 200


TAKEN: dict[str, Callable[[PortalUser], object]] = {
    "the role": lambda portal: portal.roles.clear(),
    "the way in": lambda portal: User.objects.filter(pk=portal.user_id).update(is_active=False),
    "the client": lambda portal: Client.objects.filter(pk=portal.client_id).update(status=Client.Status.DEACTIVATED),
    "approval": lambda portal: Client.objects.filter(pk=portal.client_id).update(status=Client.Status.PENDING),
}


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_taken_from_a_person(name: str) -> None:
    portal = cast.person("fatu", Role.PORTAL_ADMIN, client=cast.company())
    browser = cast.browser_of(portal)
    assert browser.get("/company/team/").status_code == 200
    assert browser.get("/api/portal-users").status_code == 200
    TAKEN[name](portal)
    assert browser.get("/company/team/").status_code in {302, 404}
    assert browser.get("/api/portal-users").status_code in {401, 403}


OF_A_KEY: dict[str, Callable[[ApiKey], object]] = {
    "an override": lambda key: PermissionOverride.objects.create(
        api_user=key.api_user, permission=Permission.objects.get(name="Customers.ReadOne"), is_allowed=False
    ),
    "the permission of the role": lambda key: key.api_user.role.permissions.clear(),  # type: ignore[union-attr]
    "the API user": lambda key: type(key.api_user).objects.update(is_active=False),  # type: ignore[misc]
    "the key": lambda key: ApiKey.objects.filter(pk=key.pk).update(revoked_at=key.created_at),
    "the client": lambda key: Client.objects.update(status=Client.Status.DEACTIVATED),
}


@pytest.mark.parametrize("name", OF_A_KEY)
def test_what_is_taken_from_a_key(name: str, customer: Customer) -> None:
    bot = cast.api_user(cast.company())
    issued = keys.issue(actor=command("test"), api_user=bot, is_sandbox=False)
    browser = Browser(headers={"Authorization": f"Bearer {issued.raw}"})
    path = f"/api/customers/{customer.public_id}"
    assert browser.get(path).status_code == 200
    OF_A_KEY[name](issued.key)
    assert browser.get(path).status_code in {401, 403}
