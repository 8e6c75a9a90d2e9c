"""The one place that decides: templates, pages and the API ask here, and nowhere else."""

from django.db.models import QuerySet

from accounts.access.actors import Actor
from accounts.errors import ClientNotActive, NotAllowed
from accounts.models import ApiUser, Client, Customer, PortalUser, Role


def allows(actor: Actor, permission: str) -> bool:
    """May ``actor`` do what ``permission`` (a name of `accounts.access.table`) stands for, to objects it can see?

    People of a client that is not active may read their own client's record and nothing else (TeraPay contract 3).
    """
    if permission not in actor.permissions:
        return False
    return permission == "Clients.ReadOne" or actor.client is None or actor.client.is_active


def require(actor: Actor, permission: str, *, only: str = "") -> None:
    """Raise `NotAllowed` (or `ClientNotActive`) unless ``actor`` may; ``only`` names a role it must have as well."""
    if permission in actor.permissions and not allows(actor, permission):
        raise ClientNotActive
    if not allows(actor, permission) or (only and only not in actor.roles):
        raise NotAllowed


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
