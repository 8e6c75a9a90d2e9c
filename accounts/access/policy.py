"""The one place that decides: templates, pages and the API ask here, and nowhere else."""

from collections.abc import Iterable

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.access.actors import Actor
from accounts.access.table import GATEWAY_ONLY
from accounts.errors import ClientNotActive, NoClient, NotAllowed, TooMuchGranted
from accounts.models import ApiCall, ApiKey, ApiUser, AuditEntry, Client, Customer, PortalUser, Role, RoleQuerySet


def allows(actor: Actor, permission: str) -> bool:
    """May ``actor`` do what ``permission`` (a name of `accounts.access.table`) stands for, to objects it can see?

    People of a client that is not active may read their own client's record and nothing else (TeraPay contract 3).
    """
    return permission in actor.permissions and not obstacle(permission, actor.client)


def obstacle(permission: str, client: Client | None) -> str:
    """Why a right that somebody of ``client`` holds does not count: "gateway" (never theirs), "asleep" (the client
    is not active), or nothing."""
    if client is None:
        return ""
    if permission in GATEWAY_ONLY:
        return "gateway"
    return "" if client.is_active or permission == "Clients.ReadOne" else "asleep"


def require(actor: Actor, permission: str, *, only: str = "") -> None:
    """Raise `NotAllowed` (or `ClientNotActive`) unless ``actor`` may; ``only`` names a role it must have as well."""
    if allows(actor, permission) and (not only or only in actor.roles):
        return
    asleep = actor.client is not None and not actor.client.is_active
    raise ClientNotActive if asleep and (permission in actor.permissions or actor.key) else NotAllowed


def own_client(actor: Actor) -> Client:
    """The client an operation is done for. Raises `NoClient`: staff of the gateway have none, not even with a key."""
    if actor.client is None:
        raise NoClient
    return actor.client


def clients_seen_by(actor: Actor) -> QuerySet[Client]:
    """Staff of the gateway see every client, people and keys of a client their own, everybody else none."""
    if actor.is_gateway_staff:
        return Client.objects.all()
    return Client.objects.filter(pk=actor.client.pk) if actor.client else Client.objects.none()


def api_users_seen_by(actor: Actor) -> QuerySet[ApiUser]:
    return ApiUser.objects.filter(client__in=clients_seen_by(actor))


def portal_users_seen_by(actor: Actor) -> QuerySet[PortalUser]:
    """Staff see everybody, but SuperAdmins only if they are one; people of a client see each other."""
    if not actor.is_gateway_staff:
        return PortalUser.objects.filter(client__in=clients_seen_by(actor))
    if Role.SUPER_ADMIN in actor.roles:
        return PortalUser.objects.all()
    return PortalUser.objects.exclude(roles__name=Role.SUPER_ADMIN)


def customers_seen_by(actor: Actor) -> QuerySet[Customer]:
    """A customer sees itself; staff and API users see all of their own world, live or sandbox (TeraPay contract 13)."""
    if actor.kind == "customer":
        return Customer.objects.filter(pk=actor.customer.pk) if actor.customer else Customer.objects.none()
    if actor.is_gateway_staff or actor.api_user is not None:
        return Customer.objects.filter(is_sandbox=actor.is_sandbox)
    return Customer.objects.none()


def audit_seen_by(actor: Actor) -> QuerySet[AuditEntry]:
    """All of the record for staff who may read it; what concerns clients for staff who look after them; for a client's
    people what concerns their own."""
    if actor.is_gateway_staff and allows(actor, "Audit.Read"):
        return AuditEntry.objects.all()
    if actor.is_gateway_staff and allows(actor, "Audit.ReadClient"):
        return AuditEntry.objects.filter(client_id__isnull=False)
    if actor.client is not None and allows(actor, "Audit.ReadClient"):
        return AuditEntry.objects.filter(client_id=actor.client.public_id)
    return AuditEntry.objects.none()


def may_make_keys(actor: Actor, *, is_sandbox: bool) -> bool:
    """For oneself. Customers may; people who work here need the permission."""
    if actor.portal is None:
        return actor.customer is not None
    return allows(actor, "SandboxApiKeys.Create" if is_sandbox else "ApiKeys.Create")


def may_develop(actor: Actor) -> bool:
    """Whom the developers' pages are for."""
    return any(may_make_keys(actor, is_sandbox=mode) for mode in (True, False)) or allows(actor, "ApiKeys.Read")


def keys_seen_by(actor: Actor) -> QuerySet[ApiKey]:
    """One's own keys; with ApiKeys.Read those of the API users one sees; staff also those of clients' people."""
    seen = Q(user=actor.user) if actor.user else Q(pk=None)
    if allows(actor, "ApiKeys.Read"):
        seen |= Q(api_user__in=api_users_seen_by(actor))
        if actor.is_gateway_staff:
            seen |= Q(user__portal__client__isnull=False)
    return ApiKey.objects.filter(seen)


def keys_changed_by(actor: Actor) -> QuerySet[ApiKey]:
    """One's own keys, and with ApiKeys.Update those of the API users one sees."""
    changed = Q(user=actor.user) if actor.user else Q(pk=None)
    if allows(actor, "ApiKeys.Update"):
        changed |= Q(api_user__in=api_users_seen_by(actor))
    return ApiKey.objects.filter(changed)


def calls_seen_by(actor: Actor) -> QuerySet[ApiCall]:
    """Calls with one's own keys; with ApiCalls.Read, with every key one sees."""
    if allows(actor, "ApiCalls.Read"):
        return ApiCall.objects.filter(key__in=keys_seen_by(actor))
    return ApiCall.objects.filter(key__user=actor.user) if actor.user else ApiCall.objects.none()


def roles_seen_by(actor: Actor) -> RoleQuerySet:
    """Staff see every role; people of a client those that they or their API users can have (TeraPay contract 1)."""
    if actor.is_gateway_staff or actor.kind == "system":
        return Role.objects.all()
    if actor.client is None:
        return Role.objects.none()
    return Role.objects.fitting(Role.Audience.CLIENT, Role.Audience.API)


# What these two can do does not come from permissions alone.
_POWERS = frozenset({Role.SUPER_ADMIN, Role.COMPANY_ADMIN})


def is_unbound(actor: Actor) -> bool:
    """SuperAdmin, and what runs by itself, may hand out everything; everybody else what they hold."""
    return Role.SUPER_ADMIN in actor.roles or actor.kind == "system"


def may_grant(actor: Actor, permission: str) -> bool:
    """May ``actor`` give this right to somebody, or take it away?"""
    return is_unbound(actor) or allows(actor, permission)


def may_assign(actor: Actor, role: Role) -> bool:
    """May ``actor`` give this role to somebody, or take it away? Reads the role's permissions: prefetch them."""
    if is_unbound(actor):
        return True
    if role.name in _POWERS and role.name not in actor.roles:
        return False
    return all(allows(actor, permission.name) for permission in role.permissions.all())


def require_grantable(actor: Actor, permissions: Iterable[str]) -> None:
    """Raise `TooMuchGranted` unless ``actor`` may give and take every one of ``permissions`` (names)."""
    beyond = sorted(name for name in permissions if not may_grant(actor, name))
    if beyond:
        raise TooMuchGranted(_("You do not have these rights yourself: %(names)s.") % {"names": ", ".join(beyond[:5])})


def require_assignable(actor: Actor, roles: Iterable[Role]) -> None:
    """Raise `TooMuchGranted` unless ``actor`` may give and take every one of ``roles``."""
    beyond = sorted(role.name for role in roles if not may_assign(actor, role))
    if beyond:
        raise TooMuchGranted(
            _("These roles have rights that you do not have: %(names)s.") % {"names": ", ".join(beyond)}
        )


def assignable_to_api_users(actor: Actor) -> list[Role]:
    """The roles ``actor`` may give to an API user of its client: made for API users, and holding nothing beyond what
    the usual role of API users and the actor itself hold. One query, and one for what they hold.
    """
    roles = list(Role.objects.fitting(Role.Audience.API).prefetch_related("permissions").order_by("name"))
    # What every API user is for is no gift: PortalAdmin, who makes them, may not call the API itself.
    usual = {right.name for role in roles if role.name == Role.API_USER for right in role.permissions.all()}
    return [role for role in roles if _fits(actor, role, usual)]


def _fits(actor: Actor, role: Role, usual: set[str]) -> bool:
    beyond = {permission.name for permission in role.permissions.all()} - usual
    return all(may_grant(actor, name) for name in beyond)
