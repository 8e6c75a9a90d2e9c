"""Which clients an actor sees, and what is counted about them."""

from contextlib import suppress
from uuid import UUID

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from accounts.access import policy
from accounts.access.actors import Actor
from accounts.errors import NotFound
from accounts.models import ApiCall, ApiKey, ApiUser, Client, PortalUser
from config.lib.clock import now


def listed(actor: Actor, *, status: str = "", kind: str = "", search: str = "") -> QuerySet[Client]:
    """The clients that ``actor`` sees, each with ``api_user_count``; unordered."""
    clients = policy.clients_seen_by(actor).annotate(api_user_count=_api_user_count())
    if status:
        clients = clients.filter(status=status)
    if kind:
        clients = clients.filter(client_type=kind)
    return clients.filter(_matches(search)) if search else clients


def with_api_users(clients: QuerySet[Client]) -> QuerySet[Client]:
    """Their API users too, in one more query whatever their number."""
    return clients.prefetch_related("api_users")


def pending(actor: Actor) -> QuerySet[Client]:
    """Who waits for approval, the longest first."""
    return listed(actor, status=Client.Status.PENDING).order_by("created_at", "id")


def counts(actor: Actor) -> dict[str, int]:
    """Clients by status; a status nobody has is missing."""
    rows = policy.clients_seen_by(actor).values_list("status").annotate(Count("pk")).order_by()
    return dict(rows)


def seen(actor: Actor, public_id: UUID) -> Client:
    """One client with ``api_user_count``. Raises `NotFound` for an unknown one and for a stranger's alike."""
    client = listed(actor).select_related("approved_by").filter(public_id=public_id).first()
    if client is None:
        raise NotFound
    return client


def people_of(client: Client) -> QuerySet[PortalUser]:
    return client.people.select_related("user").prefetch_related("roles").order_by("pk")


def api_user_total(actor: Actor) -> int:
    return policy.api_users_seen_by(actor).count()


def keys_of(client: Client) -> QuerySet[ApiKey]:
    """Keys of the client's API users and of its people, the newest first."""
    mine = Q(api_user__client=client) | Q(user__portal__client=client)
    return ApiKey.objects.filter(mine).select_related("api_user", "user").order_by("-pk")


def working_keys(client: Client) -> int:
    """Keys that would be refused from now on if the client was deactivated."""
    return keys_of(client).filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now()), revoked_at__isnull=True).count()


def last_calls(client: Client, *, most: int = 5) -> list[ApiCall]:
    """The newest calls made with keys of the client's API users."""
    calls = ApiCall.objects.filter(api_user__client=client).select_related("api_user", "key")
    return list(calls.order_by("-pk")[:most])


def _api_user_count() -> Coalesce:
    mine = ApiUser.objects.filter(client=OuterRef("pk")).order_by().values("client")
    return Coalesce(Subquery(mine.annotate(total=Count("pk")).values("total")), 0)


def _matches(search: str) -> Q:
    found = Q(name__icontains=search) | Q(email__icontains=search) | Q(contact_person__icontains=search)
    digits = "".join(letter for letter in search if letter.isascii() and letter.isdigit())
    if len(digits) >= 4:
        found |= Q(phone_number__contains=digits.removeprefix("0"))
    with suppress(ValueError):
        found |= Q(public_id=UUID(search))
    return found
