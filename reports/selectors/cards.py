"""What there is to report about payments by card (TeraPay contract 11 and 15)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.db.models import Case, Count, F, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce

from accounts.access.actors import Actor
from cards import wire
from cards.models import CardPayment
from cards.models.states import State
from cards.selectors import payments
from config.lib.clock import now

_NOTHING = Decimal(0)


def listed(actor: Actor) -> QuerySet[CardPayment]:
    """Every payment by card that ``actor`` sees, newest first."""
    return payments.seen(actor).select_related("card", "client")


def with_status(rows: QuerySet[CardPayment], status: wire.Status) -> QuerySet[CardPayment]:
    """Those that read ``status`` now: what ran out reads so from that moment, swept or not."""
    late = {State.REQUIRES_3DS: _unconfirmed(), State.AUTHORIZED: _uncaptured()}
    found = Q(state__in=wire.states_of(status))
    for state, over in late.items():
        if wire.STATUS[state] == status:
            found &= ~over
    if status == wire.DECLINED:
        found |= late[State.REQUIRES_3DS]
    if status == wire.EXPIRED:
        found |= late[State.AUTHORIZED]
    return rows.filter(found)


def _unconfirmed() -> Q:
    return Q(state=State.REQUIRES_3DS, challenge_until__isnull=False, challenge_until__lte=now())


def _uncaptured() -> Q:
    return Q(state=State.AUTHORIZED, expires_at__isnull=False, expires_at__lte=now())


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
            count=self.count + row["count"],
            amount=self.amount + row["asked"],
            authorized=self.authorized + row["held"],
            captured=self.captured + row["taken"],
        )


def summary(actor: Actor) -> list[Figures]:
    """By status and currency. One query."""
    shown = Case(
        When(_unconfirmed(), then=Value(State.DECLINED.value)),
        When(_uncaptured(), then=Value(State.EXPIRED.value)),
        default=F("state"),
    )
    rows = (
        payments.seen(actor)
        .order_by()
        .annotate(shown=shown)
        .values("shown", "currency")
        .annotate(
            count=Count("pk"),
            asked=Sum("amount"),
            held=Coalesce(Sum("amount", filter=Q(authorized_at__isnull=False)), _NOTHING),
            taken=Sum("captured"),
        )
        .order_by("currency", "shown")
    )
    found: dict[tuple[str, str], Figures] = {}
    for row in rows:
        status, currency = wire.STATUS[row["shown"]], row["currency"]
        found[currency, status] = found.get((currency, status), Figures(status, currency)).and_also(row)
    return list(found.values())
