"""What there is to report about payments by card (TeraPay contract 11 and 15)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.db.models import Case, Count, F, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce, Now

from accounts.access.actors import Actor
from cards import wire
from cards.models import CardPayment
from cards.models.states import State
from cards.selectors import payments

_NOTHING = Decimal(0)
_UNCONFIRMED = Q(state=State.REQUIRES_3DS, challenge_until__isnull=False, challenge_until__lte=Now())
_UNCAPTURED = Q(state=State.AUTHORIZED, expires_at__isnull=False, expires_at__lte=Now())
# What ran out reads so from that moment, swept or not.
OVER = ((_UNCONFIRMED, State.DECLINED.value), (_UNCAPTURED, State.EXPIRED.value))
READS = Case(*(When(over, then=Value(reads)) for over, reads in OVER), default=F("state"))
# What payments add up to. Authorised is what a bank agreed to once, whatever became of it.
SUMS = {
    "s_count": Count("pk"),
    "s_amount": Sum("amount"),
    "s_held": Coalesce(Sum("amount", filter=Q(authorized_at__isnull=False)), _NOTHING),
    "s_captured": Sum("captured"),
    "s_refunded": Sum("refunded"),
    "s_fee": Sum("fee"),
}


def listed(actor: Actor) -> QuerySet[CardPayment]:
    """Every payment by card that ``actor`` sees, newest first."""
    return payments.seen(actor).select_related("card", "client")


def with_status(rows: QuerySet[CardPayment], status: wire.Status) -> QuerySet[CardPayment]:
    """Those that read ``status`` now."""
    return with_states(rows, wire.states_of(status))


def with_states(rows: QuerySet[CardPayment], states: Collection[str]) -> QuerySet[CardPayment]:
    """Those whose state reads (`READS`) as one of ``states``; said so that indexes on the state serve."""
    found = Q(state__in=list(states))
    for state, (over, reads) in zip((State.REQUIRES_3DS, State.AUTHORIZED), OVER, strict=True):
        if state in states and reads not in states:
            found &= ~over
        if reads in states and state not in states:
            found |= over
    return rows.filter(found)


@dataclass(frozen=True)
class Figures:
    """Of one status and currency: how many, what was asked for, authorised and captured."""

    status: wire.Status
    currency: str
    count: int = 0
    amount: Decimal = _NOTHING
    authorized: Decimal = _NOTHING
    captured: Decimal = _NOTHING

    def and_also(self, row: Mapping[str, Any]) -> "Figures":
        """Several states may read as one status."""
        return replace(
            self,
            count=self.count + row["s_count"],
            amount=self.amount + row["s_amount"],
            authorized=self.authorized + row["s_held"],
            captured=self.captured + row["s_captured"],
        )


def summary(actor: Actor) -> list[Figures]:
    """By status and currency. One query."""
    rows = payments.seen(actor).order_by().annotate(reads=READS).values("reads", "currency").annotate(**SUMS)
    found: dict[tuple[str, str], Figures] = {}
    for row in rows.order_by("currency", "reads"):
        status, currency = wire.STATUS[row["reads"]], row["currency"]
        found[currency, status] = found.get((currency, status), Figures(status, currency)).and_also(row)
    return list(found.values())
