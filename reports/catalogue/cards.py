"""Reports on payments by card (TeraPay contract 15)."""

from dataclasses import replace

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cards.models.states import Reason, State
from reports.catalogue.clients import CLIENT, CURRENCY
from reports.catalogue.columns import COUNT, MOMENT, MONEY, TEXT, WORD, Column, states
from reports.catalogue.reading import Detail, Report, Rows, Scope
from reports.catalogue.wanted import MONTH
from reports.searching.finding import by_foreign, by_id, by_reference, either
from reports.selectors import cards as selectors

SECTION = "cards"
GROUPS = [
    (State.AUTHORIZED.value, _("Authorised")),
    (State.CAPTURED.value, _("Captured")),
    (State.DECLINED.value, _("Declined")),
    (State.REQUIRES_3DS.value, _("Waiting for the holder")),
    (f"{State.VOIDED}.{State.EXPIRED}", _("Released or expired")),
    (f"{State.SENDING}.{State.IN_DOUBT}", _("Being checked")),
]
STATE = states("state", _("State"), "card:", "state", State.values, over=selectors.OVER)


def _payments(scope: Scope) -> Rows:
    return selectors.listed(scope.actor)


def _by_state(scope: Scope) -> Rows:
    found: Rows = _payments(scope).annotate(reads=selectors.READS)
    return found


CARDS = Report(
    slug="cards",
    title=_("Card payments"),
    about=_("Every payment by card with its state: what was authorised, captured and given back."),
    section=SECTION,
    permission="Reports.ReadCardTransactions",
    operation="reports.cards",
    rows=_payments,
    dated="created_at",
    dated_as=pgettext_lazy("days of payments", "made"),
    state="state",
    states=GROUPS,
    with_states=selectors.with_states,
    client="client",
    search=either(by_reference(), by_foreign("order_id"), by_id()),
    search_by=_("Reference, order or id"),
    detail=Detail("public_id", company="company:card", staff="staff:card"),
    columns=(
        Column("reference", _("Reference"), "reference"),
        CLIENT,
        Column("order", pgettext_lazy("of a shop", "Order"), "order_id", TEXT),
        Column("made", pgettext_lazy("moment", "Made"), "created_at", MOMENT),
        Column("brand", _("Card"), "card__brand"),
        Column("last4", _("Ends in"), "card__last4"),
        Column("amount", _("Amount"), "amount", MONEY),
        STATE,
        Column("reason", _("Reason"), "reason", WORD, dict(Reason.choices)),
        Column("captured_at", pgettext_lazy("moment", "Captured"), "captured_at", MOMENT),
        Column("captured", pgettext_lazy("sum", "Captured"), "captured", MONEY),
        Column("refunded", _("Given back"), "refunded", MONEY),
        Column("fee", _("Fee"), "fee", MONEY),
        CURRENCY,
    ),
)
RANGE = replace(
    CARDS,
    slug="cards-range",
    title=_("Card payments of a period"),
    about=_("The payments by card of some days: this month's, until you choose others."),
    permission="Reports.ReadCardTransactionsByDate",
    operation="reports.cards-range",
    preset=MONTH,
)
SUMMARY = Report(
    slug="cards-summary",
    title=_("Card payments, added up"),
    about=_("How many payments by card in which state, and their money."),
    section=SECTION,
    permission="Reports.ReadCardSummary",
    operation="reports.cards-summary",
    rows=_by_state,
    dated="created_at",
    dated_as=pgettext_lazy("days of payments", "made"),
    client="client",
    group_by=("currency", "reads"),
    sums=selectors.SUMS,
    columns=(
        states("state", _("State"), "card:", "reads", State.values),
        Column("count", _("Payments"), "s_count", COUNT),
        Column("amount", _("Amount"), "s_amount", MONEY),
        Column("held", _("Authorised"), "s_held", MONEY),
        Column("captured", pgettext_lazy("sum", "Captured"), "s_captured", MONEY),
        Column("refunded", _("Given back"), "s_refunded", MONEY),
        Column("fee", _("Fees"), "s_fee", MONEY),
        CURRENCY,
    ),
)
REPORTS = (CARDS, RANGE, SUMMARY)
