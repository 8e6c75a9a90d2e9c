"""Checkouts as people look for them, a client's its own and staff everybody's, and what their page tells of one."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.access.actors import Actor
from checkout.choices import CURRENCIES
from checkout.models import Session, State
from checkout.selectors.sessions import seen
from config.lib.clock import now
from config.lib.money import amounts_in

GROUPS: dict[str, Q] = {
    "open": Q(state=State.OPEN),
    "paid": Q(state=State.COMPLETED),
    "unpaid": Q(state__in=(State.CANCELLED, State.EXPIRED, State.FAILED)),
    # Asked for by overviews.
    "ended": ~Q(state=State.OPEN),
}
# Its time is up, and whether money is still on its way is being looked at.
ENDING = "ending"


@dataclass(frozen=True)
class Wanted:
    """What the reader looks for; empty means everything. Days in the reader's zone, inclusive."""

    text: str = ""
    group: str = ""
    currency: str = ""
    first: date | None = None
    last: date | None = None

    @property
    def is_set(self) -> bool:
        return self != Wanted()


@dataclass(frozen=True)
class Line:
    """A checkout, and its state as a reader thinks of it."""

    session: Session
    state: str


def listed(actor: Actor, wanted: Wanted) -> QuerySet[Session]:
    """What ``actor`` may see of what is wanted, newest first."""
    found = seen(actor)
    if wanted.group in GROUPS:
        found = found.filter(GROUPS[wanted.group])
    if wanted.currency:
        found = found.filter(currency=wanted.currency)
    found = _of_days(found, wanted)
    return found.filter(_matches(wanted.text, by_client=actor.is_gateway_staff)) if wanted.text else found


def one(actor: Actor, public_id: UUID) -> Session | None:
    """A checkout that ``actor`` may see."""
    return seen(actor).select_related("api_user", "created_by").filter(public_id=public_id).first()


def lines_of(sessions: list[Session]) -> list[Line]:
    return [Line(session, shown_state(session)) for session in sessions]


def shown_state(session: Session) -> str:
    """Of one that is open past its time `ENDING`, until the sweep has looked at it."""
    return ENDING if session.state == State.OPEN and session.expires_at <= now() else session.state


def _of_days(found: QuerySet[Session], wanted: Wanted) -> QuerySet[Session]:
    zone = timezone.get_current_timezone()
    if wanted.first:
        found = found.filter(created_at__gte=datetime.combine(wanted.first, time.min, zone))
    if wanted.last:
        found = found.filter(created_at__lt=datetime.combine(wanted.last + timedelta(days=1), time.min, zone))
    return found


def _matches(text: str, *, by_client: bool) -> Q:
    """By our reference, the id, what paid it, a part of the description, or an amount."""
    found = Q(reference=text.upper()) | Q(payment_reference=text) | Q(description__icontains=text)
    if by_client and len(text) > 2:
        found |= Q(client__name__icontains=text)
    with suppress(ValueError):
        found |= Q(public_id=UUID(text))
    for currency in CURRENCIES:
        found |= Q(amount__in=amounts_in(text, currency), currency=currency)
    return found
