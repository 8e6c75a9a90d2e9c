"""What there is to report about hosted checkouts (TeraPay contract 12 and 15)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Now

from accounts.access.actors import Actor
from checkout import stages, wire
from checkout.models import Session, State, Try
from checkout.selectors import sessions
from config.lib.clock import now

# Few at any time: asked for by themselves, so that the others need not be looked at one by one. Out of time with a try
# under way counts as open: money may be on its way.
_UNDER_WAY = Exists(Try.objects.filter(session=OuterRef("pk"), is_over=False))
_LATE = Q(~_UNDER_WAY, state=State.OPEN, expires_at__lte=Now())
OVER = ((_LATE, State.EXPIRED.value),)
READS = Case(*(When(over, then=Value(reads)) for over, reads in OVER), default=F("state"))
# What checkouts add up to.
SUMS = {"s_count": Count("pk"), "s_amount": Sum("amount")}


def with_states(rows: QuerySet[Session], states: Collection[str]) -> QuerySet[Session]:
    """Those whose state reads (`READS`) as one of ``states``; said so that indexes on the state serve."""
    found = Q(state__in=list(states))
    if State.OPEN in states and State.EXPIRED not in states:
        found &= ~_LATE
    if State.EXPIRED in states and State.OPEN not in states:
        found |= _LATE
    return rows.filter(found)


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
    """By status and currency, of what fits the filters ``made``. Two queries."""
    found = sessions.seen(actor).filter(**made).order_by()
    figures = _by_state(found)
    for (currency, _), (count, amount) in _by_state(found.filter(_LATE)).items():
        _add(figures, (currency, State.OPEN), -count, -amount)
        _add(figures, (currency, State.EXPIRED), count, amount)
    return [
        Figures(wire.STATUS[state], currency, count, amount)
        for (currency, state), (count, amount) in sorted(figures.items())
        if count
    ]


_ByState = dict[tuple[str, str], tuple[int, Decimal]]


def _by_state(rows: QuerySet[Session]) -> _ByState:
    counted = rows.values_list("currency", "state").annotate(**SUMS)
    return {(currency, state): (count, amount) for currency, state, count, amount in counted}


def _add(figures: _ByState, place: tuple[str, str], count: int, amount: Decimal) -> None:
    before = figures.get(place, (0, Decimal(0)))
    figures[place] = (before[0] + count, before[1] + amount)
