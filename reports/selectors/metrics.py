"""Overall figures (TeraPay contract 16): of the whole gateway for its staff, of their own client for everybody else."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, cast

from django.core.cache import cache
from django.db.models import Aggregate, Avg, Count, FloatField, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from accounts.access import policy
from accounts.access.actors import Actor
from accounts.models import ApiCall, Client
from config.lib.clock import now
from payouts import wire
from payouts.models import Payout
from payouts.selectors import transfers
from reports.selectors.clients import calls_of_world
from reports.selectors.money import MAIN

KEPT_SECONDS = 60
DAY = timedelta(hours=24)
TOP_ENDPOINTS = 10


class Percentile95(Aggregate):
    """The time that nineteen in twenty calls stay within."""

    template = "percentile_cont(0.95) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()


@dataclass(frozen=True)
class Metrics:
    """What was true at ``as_of``. Times in milliseconds, rates from 0 to 1, money in ``MAIN``."""

    as_of: datetime
    total_requests: int
    last_day: dict[str, Any]
    top_endpoints: list[tuple[str, int]]
    clients: dict[str, int]
    api_users: int
    transactions: list[tuple[wire.Status, int, Decimal]]


def metrics(actor: Actor) -> Metrics:
    """At most a minute old. Seven queries when it is not remembered, none when it is."""
    whose = "all" if actor.is_gateway_staff else str(actor.client.pk if actor.client else 0)
    name = f"metrics:{whose}:{'sandbox' if actor.is_sandbox else 'live'}"
    return cast(Metrics, cache.get_or_set(name, _worked_out(actor), timeout=KEPT_SECONDS))


def _worked_out(actor: Actor) -> Callable[[], Metrics]:
    def work() -> Metrics:
        calls, moment = _calls(actor), now()
        recent = calls.filter(created_at__gt=moment - DAY)
        return Metrics(
            as_of=moment,
            total_requests=calls.count(),
            last_day=_figures(recent),
            top_endpoints=_top(recent),
            clients=_clients(actor),
            api_users=policy.api_users_seen_by(actor).count(),
            transactions=_transactions(transfers.seen(actor).filter(currency=MAIN)),
        )

    return work


def _calls(actor: Actor) -> QuerySet[ApiCall]:
    """Calls of programs of the clients that ``actor`` sees. For staff every call with a key: theirs and customers'
    too."""
    calls = calls_of_world(actor)
    if actor.is_gateway_staff:
        return calls
    return calls.filter(api_user__in=list(policy.api_users_seen_by(actor).values_list("pk", flat=True)))


def _figures(calls: QuerySet[ApiCall]) -> dict[str, Any]:
    return calls.aggregate(
        count=Count("pk"),
        ok=Count("pk", filter=Q(status__lt=400)),
        refused=Count("pk", filter=Q(status__gte=400, status__lt=500)),
        broken=Count("pk", filter=Q(status__gte=500)),
        mean=Coalesce(Avg("milliseconds"), 0.0),
        p95=Coalesce(Percentile95("milliseconds"), 0.0),
    )


def _top(calls: QuerySet[ApiCall]) -> list[tuple[str, int]]:
    known = calls.exclude(route="-")
    rows = known.values_list("method", "route").annotate(times=Count("pk")).order_by("-times", "route", "method")
    return [(f"{method} {route}", times) for method, route, times in rows[:TOP_ENDPOINTS]]


def _clients(actor: Actor) -> dict[str, int]:
    return policy.clients_seen_by(actor).aggregate(
        total=Count("pk"),
        active=Count("pk", filter=Q(status=Client.Status.ACTIVE)),
        pending=Count("pk", filter=Q(status=Client.Status.PENDING)),
    )


def _transactions(payouts: QuerySet[Payout]) -> list[tuple[wire.Status, int, Decimal]]:
    """By status as the API names it, every status counted; what waited for its code in vain is expired."""
    rows = payouts.order_by().annotate(shown=transfers.READS).values_list("shown").annotate(Count("pk"), Sum("amount"))
    found: dict[wire.Status, tuple[int, Decimal]] = {}
    for state, count, amount in rows:
        before = found.get(wire.STATUS[state], (0, Decimal(0)))
        found[wire.STATUS[state]] = (before[0] + count, before[1] + amount)
    return [(status, count, amount) for status, (count, amount) in sorted(found.items())]
