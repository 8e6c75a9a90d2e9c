"""What waits for a person at the desk, and what was done there: one line for each kind, with the list behind it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Case, CharField, Count, Min, Q, QuerySet, Value, When
from django.db.models.functions import TruncDate
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import policy
from accounts.access.actors import Actor
from accounts.models import ApiCall, AuditEntry, Client, Role
from accounts.selectors import audit
from accounts.selectors.keys import OF_CLIENTS
from cards.models import CardPayment
from cards.models.states import State as CardState
from config.lib import clock
from config.lib.navigation import url_or_none
from kyc.models import KycCase
from kyc.selectors import queue
from notifications.models import SmsSender
from otp import overviews as orders
from payments.models import Deposit, PaymentCase
from payments.overviews import cases
from payments.selectors import REAL
from payouts.models import Funding, Payout
from payouts.models.states import State as PayoutState
from reports import charts
from reports.overviews.keeping import kept


@dataclass(frozen=True)
class Kind:
    """Something that waits: who may see it (``role``: only those who hold it), how it is counted, and its list."""

    text: str | Promise
    permission: str
    rows: Callable[[], QuerySet[Any]]
    page: str
    query: str = ""
    since: str = "created_at"
    role: str = ""


@dataclass(frozen=True)
class Waiting:
    text: str | Promise
    number: int
    oldest: datetime | None
    url: str


def _cards_in_doubt() -> QuerySet[Any]:
    return CardPayment.objects.filter(is_sandbox=False, state=CardState.IN_DOUBT, due_at__isnull=False)


KINDS = (
    Kind(
        gettext_lazy("Identity checks"),
        "KycAdmin.ReadPending",
        lambda: KycCase.objects.filter(state__in=queue.WAITING, submitted_at__isnull=False, customer__is_sandbox=False),
        "review:queue",
        since="submitted_at",
    ),
    Kind(
        gettext_lazy("Clients to approve"),
        "Clients.ReadPending",
        lambda: Client.objects.filter(status=Client.Status.PENDING),
        "staff:pending_clients",
        role=Role.COMPANY_ADMIN,
    ),
    Kind(
        gettext_lazy("Payment cases to propose"),
        "PaymentCases.Propose",
        lambda: PaymentCase.objects.filter(state=PaymentCase.State.OPEN),
        "staff:cases",
        "?state=open",
    ),
    Kind(
        gettext_lazy("Payment cases to approve"),
        "PaymentCases.Approve",
        lambda: PaymentCase.objects.filter(state=PaymentCase.State.PROPOSED),
        "staff:cases",
        "?state=proposed",
    ),
    Kind(
        gettext_lazy("Deposits that need a look"),
        "Deposits.Read",
        lambda: Deposit.objects.filter(REAL).exclude(attention=""),
        "staff:deposits",
        "?needs=attention",
    ),
    Kind(
        gettext_lazy("Orders in doubt"),
        "Orders.Read",
        lambda: orders.listed(orders.Wanted(needs=orders.DOUBT)),
        "staff:orders",
        "?needs=doubt",
    ),
    Kind(
        gettext_lazy("Payouts being checked"),
        "Payouts.Read",
        lambda: Payout.objects.filter(is_sandbox=False, state=PayoutState.IN_DOUBT),
        "staff:payouts",
        "?needs=doubt",
        since="in_doubt_since",
    ),
    Kind(
        gettext_lazy("Card payments being checked"),
        "Cards.Read",
        _cards_in_doubt,
        "staff:cards",
        "?needs=doubt",
        since="in_doubt_since",
    ),
    Kind(
        gettext_lazy("Top-ups of clients to find"),
        "Fundings.Find",
        lambda: Funding.objects.filter(is_sandbox=False, state=Funding.State.ANNOUNCED),
        "staff:fundings",
        "?state=announced",
    ),
    Kind(
        gettext_lazy("Top-ups of clients to confirm"),
        "Fundings.Confirm",
        lambda: Funding.objects.filter(is_sandbox=False, state=Funding.State.FOUND),
        "staff:fundings",
        "?state=found",
    ),
    Kind(
        gettext_lazy("Names of senders to decide"),
        "SenderIds.Decide",
        lambda: SmsSender.objects.filter(state=SmsSender.State.ASKED),
        "staff:sms_senders",
    ),
)


def listed(actor: Actor) -> dict[str, Any]:
    """What ``actor`` may work off, the longest first; counted once a minute for everybody."""
    found = kept("desk:waiting", _count)
    waiting = [
        Waiting(kind.text, number, oldest, f"{there}{kind.query}")
        for kind, (number, oldest) in zip(KINDS, found.value, strict=True)
        if number and _may(actor, kind) and (there := url_or_none(kind.page))
    ]
    oldest_first = sorted(waiting, key=lambda one: (one.oldest is None, one.oldest))
    return {"waiting": oldest_first, "waiting_as_of": found.as_of}


def _may(actor: Actor, kind: Kind) -> bool:
    return policy.allows(actor, kind.permission) and (not kind.role or kind.role in actor.roles)


def _count() -> list[tuple[int, datetime | None]]:
    return [_of(kind) for kind in KINDS]


def _of(kind: Kind) -> tuple[int, datetime | None]:
    found = kind.rows().order_by().aggregate(number=Count("pk"), oldest=Min(kind.since))
    return found["number"], found["oldest"]


# --- breaks by age --------------------------------------------------------------------------------------------


def breaks(actor: Actor) -> dict[str, Any]:
    """Payment cases that nobody has settled, by age and by kind."""
    if not policy.allows(actor, "PaymentCases.Read"):
        return {}
    found = kept("desk:breaks", lambda: _unsettled(clock.now()))
    by_age, by_kind = found.value
    url = reverse("staff:cases")
    ages = [charts.Point(label, (by_age[age],), (f"{url}?age={age}",)) for age, (label, _a, _b) in cases.AGES.items()]
    words = dict(PaymentCase.Kind.choices)
    kinds = [charts.Point(words.get(kind, kind), (number,), (f"{url}?kind={kind}",)) for kind, number in by_kind]
    series = charts.Series(_("Cases"), "warning")
    return {
        "breaks_age": charts.ranked(ages, series=series, heading=_("Age"), as_of=found.as_of),
        "breaks_kind": charts.ranked(kinds, series=series, heading=_("Kind"), as_of=found.as_of),
    }


def _unsettled(now: datetime) -> tuple[dict[str, int], list[tuple[str, int]]]:
    rows = PaymentCase.objects.exclude(state=PaymentCase.State.SETTLED).order_by()
    sums = {
        f"age_{age}": Count("pk", filter=Q(created_at__lte=now - least, created_at__gt=now - most))
        for age, (_label, least, most) in cases.AGES.items()
    }
    found = rows.aggregate(**sums)
    by_kind = list(rows.values_list("kind").annotate(number=Count("pk")).order_by("-number", "kind"))
    return {age: found[f"age_{age}"] for age in cases.AGES}, by_kind


# --- who did what: for those who answer for everything --------------------------------------------------------


def doings(actor: Actor, days: int) -> dict[str, Any]:
    """Changes made by people per day, and requests to the API by how they ended."""
    window = charts.days_back(days)
    found: dict[str, Any] = {}
    if policy.allows(actor, "Audit.Read"):
        found["changes"] = _changes(window)
    if policy.allows(actor, "Metrics.Read"):
        found["requests"] = _requests(window)
    return found


def _per_day(rows: QuerySet[Any], moment: str, kind: Case, kinds: tuple[str, ...]) -> dict[date, tuple[int, ...]]:
    groups = rows.annotate(day=TruncDate(moment), what=kind).order_by().values_list("day", "what")
    found: dict[date, dict[str, int]] = {}
    for day, what, number in groups.annotate(number=Count("pk")):
        found.setdefault(day, {})[what] = number
    return {day: tuple(of_day.get(one, 0) for one in kinds) for day, of_day in found.items()}


def _changes(window: charts.Window) -> charts.Chart:
    rows = AuditEntry.objects.filter(at__gte=window.start)
    who = Case(
        When(actor_kind__in=["customer", "api_key", "system"], then="actor_kind"),
        default=Value("desk"),
        output_field=CharField(),
    )
    kinds = tuple(audit.BY)
    found = kept(f"desk:changes:{window.first}:{window.last}", lambda: _per_day(rows, "at", who, kinds))
    url = reverse("staff:audit")
    days = f"{url}?first={{day}}&last={{day}}"
    whole = f"{url}?first={window.first}&last={window.last}&by="
    return charts.stacked(
        window.points(found.value, nothing=(0, 0, 0, 0), url=days, each=[f"by={kind}" for kind in kinds]),
        series=[
            charts.Series(audit.BY[kind], tone, f"{whole}{kind}")
            for kind, tone in zip(kinds, ("one", "four", "three", "neutral"), strict=True)
        ],
        heading=charts.day_heading(),
        as_of=found.as_of,
    )


def _requests(window: charts.Window) -> charts.Chart:
    rows = ApiCall.objects.filter(OF_CLIENTS, created_at__gte=window.start)
    ended = Case(
        When(status__lt=400, then=Value("done")),
        When(status__lt=500, then=Value("refused")),
        default=Value("failed"),
        output_field=CharField(),
    )
    kinds = ("done", "refused", "failed")
    found = kept(f"desk:requests:{window.first}:{window.last}", lambda: _per_day(rows, "created_at", ended, kinds))
    url = f"{reverse('developers:calls')}?everybody=1"
    whole = f"{url}&first={window.first}&last={window.last}&status="
    days = f"{url}&first={{day}}&last={{day}}"
    return charts.stacked(
        window.points(found.value, nothing=(0, 0, 0), url=days, each=("status=2", "status=4", "status=5")),
        series=[
            charts.Series(_("Answered"), "success", f"{whole}2"),
            charts.Series(_("Refused (4xx)"), "warning", f"{whole}4"),
            charts.Series(_("Failed (5xx)"), "danger", f"{whole}5"),
        ],
        heading=charts.day_heading(),
        as_of=found.as_of,
    )
