"""What each route promises: read from the gates of pages, the table of operations, and a short list for the rest."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from accounts.access.table import GATEWAY_ONLY, OPERATIONS, Operation, rights
from accounts.models import Client, Role
from accounts.permissions import Rule
from otp.providers.otpzap.keys import name_of
from tests.access import cards, payouts, reading, texts
from tests.access.world import SUPPLIER_KEY, Actor

SAFE = {"GET", "HEAD", "OPTIONS"}

# Routes that others wrote (allauth, Django's administration), read and judged one by one.
_PUBLIC, _SIGNED_IN = Rule("public"), Rule("signed in")
_LOOK = Rule("permission", "Administration.Read", "Administration.Read")
OTHERS: dict[str, Rule] = {
    "account/login/": _PUBLIC,
    "account/logout/": _PUBLIC,
    "account/inactive/": _PUBLIC,
    "account/signup/": _PUBLIC,
    "account/confirm-email/": _PUBLIC,
    "account/^confirm-email/(?P<key>[-:\\w]+)/$": _PUBLIC,
    "account/password/reset/": _PUBLIC,
    "account/password/reset/done/": _PUBLIC,
    "account/password/reset/key/done/": _PUBLIC,
    "account/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": _PUBLIC,
    "account/login/code/confirm/": _PUBLIC,
    # They begin without a session: the password was right, the second factor is still to come.
    "account/2fa/authenticate/": _PUBLIC,
    "account/2fa/webauthn/login/": _PUBLIC,
    "account/reauthenticate/": _SIGNED_IN,
    "account/email/": _SIGNED_IN,
    "account/password/change/": _SIGNED_IN,
    "account/password/set/": _SIGNED_IN,
    "account/2fa/reauthenticate/": _SIGNED_IN,
    "account/2fa/totp/activate/": _SIGNED_IN,
    "account/2fa/totp/deactivate/": _SIGNED_IN,
    "account/2fa/recovery-codes/": _SIGNED_IN,
    "account/2fa/recovery-codes/generate/": _SIGNED_IN,
    "account/2fa/recovery-codes/download/": _SIGNED_IN,
    "account/2fa/webauthn/": _SIGNED_IN,
    "account/2fa/webauthn/add/": _SIGNED_IN,
    "account/2fa/webauthn/reauthenticate/": _SIGNED_IN,
    "account/2fa/webauthn/keys/<int:pk>/remove/": _SIGNED_IN,
    "account/2fa/webauthn/keys/<int:pk>/edit/": _SIGNED_IN,
    # Only leads on, to a page with a gate of its own.
    "account/2fa/": _PUBLIC,
    "admin/password_change/": _PUBLIC,
    "admin/login/": _PUBLIC,
    "admin/logout/": _PUBLIC,
    "admin/jsi18n/": _LOOK,
}

# What stands behind a parameter: (beginning of the route, parameter) -> kind of thing.
KINDS: list[tuple[str, str, str]] = [
    *cards.KINDS,
    ("api/api-users/", "apiUserId", "api_user"),
    ("api/api-user-permissions/", "apiUserId", "api_user"),
    ("api/clients/", "id", "client"),
    ("api/customers/", "id", "customer"),
    ("api/permissions/", "id", "permission"),
    ("api/portal-users/", "id", "portal_user"),
    ("api/roles/", "roleId", "role"),
    ("api/roles/", "permissionId", "permission"),
    ("api/role-permissions/", "roleId", "role"),
    ("api/sandbox-api-keys/", "id", "sandbox_key"),
    ("api/reports/clients/", "clientId", "client"),
    ("api/kyc/", "id", "document"),
    ("api/kyc-admin/", "id", "document"),
    ("numbers/orders/", "public_id", "order"),
    ("topup/deposits/", "public_id", "deposit"),
    # Whoever has the link has the page: the id is the credential.
    ("pay/", "public_id", "pay_link"),
    ("topup/permanent/", "public_id", "static_account"),
    ("inbox/", "public_id", "notice"),
    ("developers/keys/", "public_id", "key"),
    ("developers/webhook/deliveries/", "public_id", "webhook_delivery"),
    ("identity/documents/", "public_id", "document"),
    ("review/files/", "document_id", "document"),
    ("review/", "case_id", "case"),
    ("company/api-users/", "api_user_id", "api_user"),
    ("company/team/", "public_id", "portal_user"),
    ("staff/api-users/", "api_user_id", "api_user"),
    ("staff/roles/", "public_id", "role"),
    ("staff/people/", "public_id", "portal_user"),
    ("staff/clients/", "client_id", "client"),
    ("staff/customers/", "customer_id", "customer"),
    ("staff/deposits/", "public_id", "real_deposit"),
    ("staff/cases/", "public_id", "payment_case"),
    ("staff/orders/", "public_id", "any_order"),
    ("staff/blocked-services/", "number", "blocked"),
    ("staff/exchanges/in/", "message_id", "provider_message"),
    ("staff/exchanges/out/", "exchange_id", "provider_exchange"),
    ("staff/otpzap/topups/", "public_id", "supplier_topup"),
    ("staff/reconciliation/files/", "public_id", "settlement_file"),
    ("settings/security/sessions/", "number", "session"),
    ("wallet/transfers/", "public_id", "transfer"),
    ("wallet/payments/", "public_id", "payment"),
    *payouts.KINDS,
    *texts.KINDS,
    *reading.KINDS,
]
# Parameters that name no object: any value will do.
PLAIN = {"slug": "keys", "tab": "keys", "name": "a-letter", "key": "a-key", "uidb36": "1", "url": "x", "pk": "7"}
PLAIN |= {"key_name": name_of(SUPPLIER_KEY), "provider": "faspay_snap", "day": "2026-11-18", "token": "a-token"}
PLAIN |= {"object_id": "1", "content_type_id": "1", "app_label": "accounts", "part": "1", "page": "1"}


@dataclass(frozen=True)
class Route:
    """A pattern with its rule, and the kinds of the things it names. Operations of the API are one route a path."""

    pattern: str
    rule: Rule | None
    operations: tuple[Operation, ...]
    parameters: tuple[tuple[str, str], ...]

    @property
    def is_api(self) -> bool:
        return bool(self.operations)

    @property
    def is_ours(self) -> bool:
        return not self.pattern.startswith("admin/") and self.pattern not in OTHERS

    def path(self, values: dict[str, Any]) -> str:
        """The address with things put in (parameter -> value)."""
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(values[found[1]]), self.pattern)
        path = re.sub(r"\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)", lambda found: str(values[found[1]]), path)
        return "/" + path.replace("^", "").replace("$", "")


@lru_cache(maxsize=1)
def routes() -> list[Route]:
    """Every address of the portal, once."""
    found: dict[str, Route] = {}
    for pattern, view in _walk(get_resolver().url_patterns):
        parameters = tuple((name, _kind(pattern, name)) for name in _names(pattern))
        found.setdefault(pattern, Route(pattern, _rule(pattern, view), _operations(pattern), parameters))
    return list(found.values())


def _walk(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for entry in patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _walk(entry.url_patterns, route)
        else:
            yield route, entry.callback


def _names(pattern: str) -> list[str]:
    return re.findall(r"<(?:\w+:)?(\w+)>", pattern)


def _kind(pattern: str, name: str) -> str:
    for start, parameter, kind in KINDS:
        if pattern.startswith(start) and parameter == name:
            return kind
    return "" if name in PLAIN else "?"


def _operations(pattern: str) -> tuple[Operation, ...]:
    shape = "/" + re.sub(r"<(?:\w+:)?\w+>", "{}", pattern)
    return tuple(row for row in OPERATIONS.values() if re.sub(r"\{\w+\}", "{}", row.path) == shape)


def _rule(pattern: str, view: Any) -> Rule | None:
    if _operations(pattern) or pattern in {"api/", "api/v1/"}:
        return Rule("public")
    if pattern.startswith("api/v1/"):
        return getattr(view, "rule", Rule("key"))
    if pattern in OTHERS:
        return OTHERS[pattern]
    if pattern.startswith("admin/"):
        return _LOOK
    return getattr(view, "rule", None)


# --- who may ----------------------------------------------------------------------------------------------

HOLDERS = {right.name: {Role.SUPER_ADMIN, *right.holders} for right in rights()}


def may_enter(actor: Actor, route: Route, method: str) -> bool:
    """Whether ``actor`` has the right to ask this at all, whatever it is about."""
    if route.is_api:
        return any(_may_call(actor, row) for row in route.operations if row.method == method)
    assert route.rule is not None
    if route.rule.who == "public":
        return True
    # The compatible API takes keys of customers and nothing else.
    if route.rule.who == "key":
        return actor.kind == "customer" and actor.name.endswith("_key")
    # Pages know sessions only: a bearer is nobody there.
    if actor.kind != "session":
        return False
    if route.rule.who == "customer":
        return actor.is_customer
    if route.rule.who == "permission":
        look = method in SAFE
        permission = route.rule.look if look else route.rule.change
        return _holds(actor, permission, route.rule.look_only if look else route.rule.change_only)
    return True


def _may_call(actor: Actor, row: Operation) -> bool:
    if not row.doors:
        return True
    if actor.kind not in row.doors:
        return False
    return actor.kind == "customer" or not row.permission or _holds(actor, row.permission, row.only)


def _holds(actor: Actor, permission: str, only: str) -> bool:
    if not HOLDERS[permission] & actor.roles or (only and only not in actor.roles):
        return False
    if actor.client is None:
        return True
    active = actor.client.status == Client.Status.ACTIVE
    return permission not in GATEWAY_ONLY and (active or permission == "Clients.ReadOne")
