"""Reading the people who work here."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet

from accounts.access import policy
from accounts.access.actors import Actor
from accounts.models import PortalUser, Role

ACTIVE, INVITED, OFF = "active", "invited", "inactive"
# How Django writes "no password": nothing that anybody types has this hash.
_NO_PASSWORD = Q(user__password__startswith="!")  # noqa: S106
_STATES = {
    ACTIVE: Q(user__is_active=True) & ~_NO_PASSWORD,
    INVITED: Q(user__is_active=True) & _NO_PASSWORD,
    OFF: Q(user__is_active=False),
}


@dataclass(frozen=True)
class Wanted:
    """What a list of people is asked for; ``role`` and ``client`` are public ids, "gateway" is our own staff."""

    words: str = ""
    role: str = ""
    client: str = ""
    state: str = ""

    @property
    def is_set(self) -> bool:
        return bool(self.words or self.role or self.client or self.state)


def people(actor: Actor) -> QuerySet[PortalUser]:
    """Whom ``actor`` sees, with user, client and roles: two reads whatever their number."""
    return (
        policy.portal_users_seen_by(actor)
        .select_related("user", "client")
        .prefetch_related(Prefetch("roles", Role.objects.order_by("name")))
    )


def search(actor: Actor, wanted: Wanted) -> QuerySet[PortalUser]:
    """Those of `people` that fit; unknown roles, clients and states fit nobody."""
    found = people(actor)
    for word in wanted.words.split()[:5]:
        found = found.filter(
            Q(user__email__icontains=word) | Q(user__display_name__icontains=word) | Q(user_name__icontains=word)
        )
    if wanted.role:
        found = found.filter(roles__in=Role.objects.filter(public_id=_uuid(wanted.role)))
    if wanted.client == "gateway":
        found = found.filter(client__isnull=True)
    elif wanted.client:
        found = found.filter(client__public_id=_uuid(wanted.client))
    return found.filter(_STATES[wanted.state]) if wanted.state in _STATES else found


def person(actor: Actor, public_id: str | UUID) -> PortalUser | None:
    """One of those ``actor`` sees; None for anybody else, and for what is no id."""
    return people(actor).filter(public_id=_uuid(public_id)).first()


def _uuid(text: str | UUID) -> UUID:
    """The id that ``text`` is; for nonsense one that nobody has."""
    try:
        return UUID(str(text))
    except ValueError:
        return UUID(int=0)
