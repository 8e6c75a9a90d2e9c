"""What there is to report about hosted checkouts (TeraPay contract 12 and 15)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Case, Count, Exists, F, OuterRef, Q, Sum, Value, When

from accounts.access.actors import Actor
from checkout import stages, wire
from checkout.models import Session, State, Try
from checkout.selectors import sessions
from config.lib.clock import now


@dataclass(frozen=True)
class Listed:
    """A checkout as it reads now."""

    session: Session
    status: wire.Status


@dataclass(frozen=True)
class Pages:
    """A page by its number, and how many checkouts there are in all."""

    items: list[Listed]
    total: int


def page(actor: Actor, *, number: int, size: int) -> Pages:
    """Page ``number`` (from 1) of the checkouts that ``actor`` sees, newest first. Four queries at most.

    Only the index is read for what comes before the page.
    """
    found, first = sessions.seen(actor), (number - 1) * size
    wanted = list(found.values_list("pk", flat=True)[first : first + size])
    rows = list(found.filter(pk__in=wanted))
    over = _out_of_time(rows)
    items = [Listed(row, "Expired" if row.pk in over else wire.STATUS[row.state]) for row in rows]
    return Pages(items, found.count())


def _out_of_time(rows: Sequence[Session]) -> set[int]:
    """Those whose time is up and that nothing can pay any more, swept or not; as `stages.is_out_of_time` of each."""
    moment = now()
    late = {row.pk: row.expires_at for row in rows if row.state == State.OPEN and row.expires_at <= moment}
    if not late:
        return set()
    begun = Try.objects.filter(session__in=late, is_over=False).select_related("card_payment__card", "deposit")
    held = {attempt.session_id for attempt in begun if stages.holds_up(attempt, late[attempt.session_id])}
    return set(late) - held


@dataclass(frozen=True)
class Figures:
    """Of one status and currency."""

    status: wire.Status
    currency: str
    count: int
    amount: Decimal


def summary(actor: Actor, made: Mapping[str, datetime]) -> list[Figures]:
    """By status and currency, of what fits the filters ``made``. One query. Out of time with a try under way counts as
    open: money may be on its way."""
    under_way = Try.objects.filter(session=OuterRef("pk"), is_over=False)
    over = Q(state=State.OPEN, expires_at__lte=now()) & ~Exists(under_way)
    rows = (
        sessions.seen(actor)
        .filter(**made)
        .order_by()
        .annotate(shown=Case(When(over, then=Value(State.EXPIRED.value)), default=F("state")))
        .values("shown", "currency")
        .annotate(count=Count("pk"), total=Sum("amount"))
        .order_by("currency", "shown")
    )
    return [Figures(wire.STATUS[row["shown"]], row["currency"], row["count"], row["total"]) for row in rows]
