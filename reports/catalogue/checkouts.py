"""Reports on hosted checkouts (TeraPay contract 15)."""

from decimal import Decimal

from django.db.models import Q, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from checkout.models import State
from checkout.selectors import sessions
from reports.catalogue.clients import CLIENT, CURRENCY
from reports.catalogue.columns import COUNT, MOMENT, MONEY, TEXT, Column, states
from reports.catalogue.reading import Detail, Report, Rows, Scope
from reports.searching.finding import by_id, by_reference, either
from reports.selectors import checkout as selectors

SECTION = "checkout"
GROUPS = [
    (State.OPEN.value, _("Open")),
    (State.COMPLETED.value, _("Paid")),
    (State.CANCELLED.value, _("Cancelled")),
    (State.EXPIRED.value, _("Expired")),
    (State.FAILED.value, _("Failed")),
]


def _sessions(scope: Scope) -> Rows:
    return sessions.seen(scope.actor)


def _by_state(scope: Scope) -> Rows:
    found: Rows = _sessions(scope).annotate(reads=selectors.READS)
    return found


SESSIONS = Report(
    slug="checkout-sessions",
    title=_("Checkouts"),
    about=_("Every checkout: what was asked for, and whether it was paid."),
    section=SECTION,
    permission="Reports.ReadCheckoutSessions",
    operation="reports.checkout-sessions",
    rows=_sessions,
    dated="created_at",
    dated_as=pgettext_lazy("days of payments", "made"),
    state="state",
    states=GROUPS,
    with_states=selectors.with_states,
    client="client",
    search=either(by_reference(), by_id()),
    search_by=_("Reference or id"),
    detail=Detail("public_id", company="company:checkout"),
    columns=(
        Column("reference", _("Reference"), "reference"),
        CLIENT,
        Column("made", pgettext_lazy("moment", "Made"), "created_at", MOMENT),
        Column("description", _("What it is for"), "description", TEXT),
        states("state", _("State"), "checkout:", "state", State.values, over=selectors.OVER),
        Column("paid", pgettext_lazy("moment", "Paid"), "completed_at", MOMENT),
        Column("by", _("Paid by"), "payment_reference"),
        Column("amount", _("Amount"), "amount", MONEY),
        CURRENCY,
    ),
)
SUMMARY = Report(
    slug="checkout-summary",
    title=_("Checkouts, added up"),
    about=_("How many checkouts in which state, their money, and how much of it was paid."),
    section=SECTION,
    permission="Reports.ReadCheckoutSummary",
    operation="reports.checkout-summary",
    rows=_by_state,
    dated="created_at",
    dated_as=pgettext_lazy("days of payments", "made"),
    client="client",
    group_by=("currency", "reads"),
    sums={**selectors.SUMS, "s_paid": Coalesce(Sum("amount", filter=Q(state=State.COMPLETED)), Decimal(0))},
    columns=(
        states("state", _("State"), "checkout:", "reads", State.values),
        Column("count", _("Checkouts"), "s_count", COUNT),
        Column("amount", _("Amount"), "s_amount", MONEY),
        Column("paid", _("Amount paid"), "s_paid", MONEY),
        CURRENCY,
    ),
)
REPORTS = (SESSIONS, SUMMARY)
