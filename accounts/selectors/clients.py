"""Which clients an actor sees, and what is counted about them."""

from contextlib import suppress
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Effect:
    """What would stop if a client was deactivated: how many people, API users and keys that work now."""

    people: int
    api_users: int
    keys: int


def effect_of_deactivation(client: Client) -> Effect:
    working = keys_of(client).filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now()), revoked_at__isnull=True)
    return Effect(
        people=client.people.filter(user__is_active=True).count(),
        api_users=client.api_users.filter(is_active=True).count(),
        keys=working.count(),
    )


def waits_for_key(client: Client) -> bool:
    """Whether an individual has never used the key that was mailed to it."""
    if client.client_type != Client.Kind.INDIVIDUAL or not client.is_active:
        return False
    return not keys_of(client).filter(api_user__isnull=False, last_used_at__isnull=False).exists()


def last_calls(actor: Actor, *, api_user: ApiUser | None = None, most: int = 5) -> list[ApiCall]:
    """The newest calls that ``actor`` sees, of one API user or of all."""
    calls = policy.calls_seen_by(actor).select_related("key__api_user", "key__user").order_by("-pk")
    return list((calls.filter(api_user=api_user) if api_user else calls)[:most])


@dataclass(frozen=True)
class FirstSteps:
    """How far a client has come: has it an API user, and has a key of one been used, in the sandbox and for real?"""

    api_user: bool
    sandbox_call: bool
    live_call: bool

    @property
    def done(self) -> bool:
        return self.api_user and self.live_call


def first_steps(client: Client) -> FirstSteps:
    used = keys_of(client).filter(last_used_at__isnull=False).order_by().values_list("is_sandbox", flat=True).distinct()
    modes = set(used)
    return FirstSteps(client.api_users.exists(), sandbox_call=True in modes, live_call=False in modes)


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
