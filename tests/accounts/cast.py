"""People, clients and API users for the tests of access, made as rows; and the API called as a signed-in person."""

import json
from typing import Any

from allauth.account.models import EmailAddress
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from accounts.models import ApiUser, AuditEntry, Client, Permission, PortalUser, Role, User
from tests.conftest import PASSWORD, prove_identity


def role(name: str, *permissions: str, audience: str = Role.Audience.STAFF) -> Role:
    """A role that staff made."""
    made = Role.objects.create(name=name, audience=audience)
    made.permissions.set(Permission.objects.filter(name__in=permissions))
    assert made.permissions.count() == len(permissions)
    return made


def person(name: str, *roles: str, client: Client | None = None) -> PortalUser:
    """Somebody who works here, with a password."""
    user = User.objects.create_user(f"{name}@example.id", PASSWORD, display_name=name.title())
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    portal = PortalUser.objects.create(user=user, client=client, user_name=user.email)
    portal.roles.set(Role.objects.filter(name__in=roles))
    assert portal.roles.count() == len(roles)
    return portal


def company(name: str = "Nassit", status: str = Client.Status.ACTIVE) -> Client:
    return Client.objects.create(
        client_type=Client.Kind.COMPANY,
        name=name,
        contact_person="Fatu Kamara",
        phone_number="+23276123456",
        email=f"{name.lower()}@example.sl",
        status=status,
    )


def api_user(client: Client, name: str = "Bot") -> ApiUser:
    return ApiUser.objects.create(
        client=client,
        developer_name=name,
        developer_email=f"{name.lower()}@example.sl",
        developer_phone_number="+23276123456",
        role=Role.objects.get(name=Role.API_USER),
    )


def browser_of(who: PortalUser | User) -> Browser:
    """A browser whose person has just signed in."""
    browser, user = Browser(), who.user if isinstance(who, PortalUser) else who
    browser.force_login(user)
    prove_identity(browser, user)
    return browser


def call(who: PortalUser | User, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """One call of the API with the session of ``who``: status and JSON."""
    content = None if body is None else json.dumps(body)
    answer = browser_of(who).generic(method, f"/api{path}", content or "", content_type="application/json")
    return answer.status_code, (json.loads(answer.content) if answer.content else None)


def permission(name: str) -> Permission:
    return Permission.objects.get(name=name)


def held(name: str) -> set[str]:
    return set(Permission.objects.filter(roles__name=name).values_list("name", flat=True))


def last_entry() -> AuditEntry:
    entry = AuditEntry.objects.order_by("-id").first()
    assert entry
    return entry


def cost(browser: Browser, path: str) -> int:
    """How many queries a page takes when it is asked for a second time."""
    browser.get(path)
    with CaptureQueriesContext(connection) as spent:
        assert browser.get(path).status_code == 200
    return len(spent)
