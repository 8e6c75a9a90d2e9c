"""Programs for tests: keys as they are made, and calls that carry them."""

import json
from datetime import datetime
from typing import Any

from django.test import Client as Caller

from accounts.access.actors import Actor, Origin
from accounts.models import ApiUser, Customer, User
from accounts.services import keys
from tests.conftest import prove_identity


def as_session(user: User) -> Actor:
    return Actor(kind="session", origin=Origin(via="page", address="198.51.100.1", request_id="a-request"), user=user)


def key_of(
    owner: Customer | User | ApiUser,
    *,
    is_sandbox: bool = False,
    name: str = "",
    expires_at: datetime | None = None,
    allowed_addresses: tuple[str, ...] = (),
) -> keys.Issued:
    """A key as its owner makes it."""
    person = owner.user if isinstance(owner, Customer) else owner if isinstance(owner, User) else None
    maker = person or User.objects.get_or_create(email="maker@example.id")[0]
    return keys.issue(
        actor=as_session(maker),
        api_user=owner if isinstance(owner, ApiUser) else None,
        user=person,
        is_sandbox=is_sandbox,
        name=name,
        expires_at=expires_at,
        allowed_addresses=allowed_addresses,
    )


def call(raw: str, path: str, method: str = "GET", body: Any = None, *, address: str = "127.0.0.1") -> Any:
    """One call with a bearer; the answer as it is, ``json()`` included."""
    content = "" if body is None else body if isinstance(body, str | bytes) else json.dumps(body)
    return Caller(raise_request_exception=False).generic(
        method,
        path,
        content,
        content_type="application/json",
        headers={"Authorization": f"Bearer {raw}"},
        REMOTE_ADDR=address,
    )


def own_page(customer: Customer) -> str:
    return f"/api/customers/{customer.public_id}"


def problem_of(answer: Any) -> dict[str, Any]:
    """The refusal in ``answer``, which must be one as the contract wants it."""
    assert answer["Content-Type"] == "application/problem+json", answer.content[:200]
    body: dict[str, Any] = json.loads(answer.content)
    assert body["status"] == answer.status_code
    assert body["traceId"] == answer["X-Request-Id"]
    assert body["title"]
    assert body["detail"]
    assert isinstance(body["errors"], dict)
    return body


def signed_in_now(user: User) -> Caller:
    """A browser whose person has just typed the password."""
    browser = Caller()
    browser.force_login(user)
    prove_identity(browser, user)
    return browser
