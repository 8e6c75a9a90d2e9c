"""What is shown of keys and of the calls made with them. Who sees what is decided in `accounts.access.policy`."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Max, Q, QuerySet

from accounts.access import policy
from accounts.access.actors import Actor
from accounts.models import ApiCall, ApiKey, ApiUser, Client, User
from config.lib import times
from config.lib.pagination import Page, keyset

_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{20,64}")
_CLASSES = {"2": (200, 300), "4": (400, 500), "5": (500, 600)}


def sandbox_keys_of(user: User) -> QuerySet[ApiKey]:
    """A person's own sandbox keys, newest first, revoked ones too."""
    return ApiKey.objects.filter(user=user, is_sandbox=True).order_by("-created_at", "-id")


def keys_for(actor: Actor, *, is_sandbox: bool) -> QuerySet[ApiKey]:
    """The keys of one mode on the developers' page: one's own and those of one's API users. Working ones first."""
    return shown(policy.keys_seen_by(actor).filter(is_sandbox=is_sandbox, **_not_all(actor)))


def keys_of_client(actor: Actor, client: Client) -> QuerySet[ApiKey]:
    """Every key of a client's API users and people that ``actor`` may see."""
    mine = Q(api_user__client=client) | Q(user__portal__client=client)
    return shown(policy.keys_seen_by(actor).filter(mine))


def keys_of_api_user(actor: Actor, api_user: ApiUser) -> QuerySet[ApiKey]:
    return shown(policy.keys_seen_by(actor).filter(api_user=api_user))


def api_users_for_keys(actor: Actor) -> QuerySet[ApiUser]:
    """The API users that ``actor`` may make a key for."""
    if not policy.allows(actor, "ApiKeys.Create") or actor.client is None:
        return ApiUser.objects.none()
    return policy.api_users_seen_by(actor).filter(is_active=True).order_by("developer_name", "id")


def may_make_some(actor: Actor) -> bool:
    """Whether ``actor`` may make a key for itself, or for a program of its client."""
    own = any(policy.may_make_keys(actor, is_sandbox=mode) for mode in (True, False))
    return own or api_users_for_keys(actor).exists()


def _not_all(actor: Actor) -> dict[str, Any]:
    """Staff who see every client's keys look at those on the client's page; here they find their own."""
    return {"user": actor.user} if actor.is_gateway_staff else {}


def shown(keys: QuerySet[ApiKey]) -> QuerySet[ApiKey]:
    """With everything that a line of the list shows, newest first."""
    related = ("api_user__client", "user__portal__client", "replaces", "replaced_by", "created_by")
    return keys.select_related(*related).order_by("-created_at", "-id")


@dataclass(frozen=True)
class OldKeyUse:
    """How much the predecessor of a key is still used since the new one was made."""

    calls: int
    last_at: datetime | None


def use_of_old(key: ApiKey) -> OldKeyUse | None:
    """What still calls with the key that ``key`` replaces; None when it replaces none."""
    if key.replaces is None:
        return None
    since = ApiCall.objects.filter(key=key.replaces, created_at__gte=key.created_at)
    found = since.aggregate(calls=Count("id"), last_at=Max("created_at"))
    return OldKeyUse(found["calls"], found["last_at"])


@dataclass(frozen=True)
class CallFilter:
    """What somebody looks for in the log: words are a request id or a part of the route; ``everybody`` is what staff
    ask for who look after all clients. Days in the reader's zone, inclusive."""

    words: str = ""
    status: str = ""
    key: ApiKey | None = None
    everybody: bool = False
    first: date | None = None
    last: date | None = None

    @property
    def is_set(self) -> bool:
        return self != CallFilter()


# With live keys of clients' programs and people; what customers call is their own.
OF_CLIENTS = (Q(key__api_user__isnull=False) | Q(key__user__portal__client__isnull=False)) & Q(is_sandbox=False)


def calls(actor: Actor, wanted: CallFilter, *, cursor: str = "", size: int = 25) -> Page[ApiCall]:
    """One page of the calls ``actor`` may see, newest first."""
    found = policy.calls_seen_by(actor)
    if actor.is_gateway_staff and wanted.everybody:
        found = found.filter(OF_CLIENTS)
    elif actor.is_gateway_staff and wanted.key is None:
        found = found.filter(key__user=actor.user)
    return _page(found, wanted, cursor, size)


def calls_of_client(
    actor: Actor, client: Client, wanted: CallFilter | None = None, *, cursor: str = "", size: int = 25
) -> Page[ApiCall]:
    """One page of the calls of a client's API users and people."""
    mine = Q(key__api_user__client=client) | Q(key__user__portal__client=client)
    return _page(policy.calls_seen_by(actor).filter(mine), wanted or CallFilter(), cursor, size)


def _page(found: QuerySet[ApiCall], wanted: CallFilter, cursor: str, size: int) -> Page[ApiCall]:
    if wanted.key is not None:
        found = found.filter(key=wanted.key)
    if wanted.status in _CLASSES:
        least, beyond = _CLASSES[wanted.status]
        found = found.filter(status__gte=least, status__lt=beyond)
    if wanted.words:
        found = found.filter(_words(wanted.words))
    found = times.within(found, wanted.first, wanted.last)
    return keyset(found.select_related("key__api_user", "key__user"), cursor=cursor, size=size)


def _words(words: str) -> Q:
    # An id is looked up in its index; nothing else that people type is so long and has no slash.
    if _REQUEST_ID.fullmatch(words):
        return Q(request_id=words)
    return Q(path__icontains=words) | Q(route__icontains=words)
