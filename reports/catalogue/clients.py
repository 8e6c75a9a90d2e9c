"""Reports on what clients and their programs do (TeraPay contract 15, first half)."""

from dataclasses import replace

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.access import policy
from payouts.models.states import IN_FLIGHT, UNPAID_ENDS, Kind, Reason, State
from payouts.selectors import transfers
from reports.catalogue.columns import COUNT, MOMENT, MONEY, TEXT, WORD, Column, states
from reports.catalogue.reading import Detail, Report, Rows, Scope, between
from reports.searching.finding import by_id, by_number, by_part, by_reference, by_request, either
from reports.selectors import clients as selectors

SECTION = "clients"
CLIENT = Column("client", _("Client"), "client__name", TEXT, of_staff=True)
KINDS = [(Kind.BANK.value, _("Bank transfers")), (Kind.MOBILE.value, _("Mobile money"))]
KIND = Column("kind", _("Kind"), "kind", WORD, {Kind.BANK: _("Bank transfer"), Kind.MOBILE: _("Mobile money")})
PLACE = Column("kind", _("Kind"), "place", WORD, {**KIND.words, "": _("A bank or operator we no longer know")})
CURRENCY = Column("currency", _("Currency"), "currency", of_file=True)
# As a reader thinks of them; the chips of a report may name several states, with points between.
PAYOUT_GROUPS = [
    (State.PENDING.value, _("Waiting for a code")),
    (".".join(IN_FLIGHT), _("On the way")),
    (State.COMPLETED.value, _("Paid")),
    (".".join((*UNPAID_ENDS, State.RETURNED)), _("Not paid")),
]
PAYOUT_STATE = states("state", _("State"), "payout:", "state", State.values, over=transfers.OVER)
REASON = Column("reason", _("Reason"), "reason", WORD, dict(Reason.choices))
PAYOUT = Detail("public_id", company="company:transfer", staff="staff:payout")


def _payouts(scope: Scope) -> Rows:
    return transfers.seen(scope.actor)


def _by_programs(scope: Scope) -> Rows:
    return selectors.of_programs(_payouts(scope))


TRANSACTIONS = Report(
    slug="client-transactions",
    title=_("Transactions of programs"),
    about=_("Every payment that an API user asked for, and what became of it."),
    section=SECTION,
    permission="Reports.ReadClientTransactions",
    operation="reports.client-transactions",
    rows=_by_programs,
    dated="created_at",
    dated_as=_("asked for"),
    state="state",
    states=PAYOUT_GROUPS,
    with_states=transfers.with_status,
    kind="kind",
    kinds=KINDS,
    client="client",
    search=either(by_reference(), by_number("receiver"), by_id()),
    search_by=_("Reference, account, phone or id"),
    detail=PAYOUT,
    columns=(
        Column("reference", _("Reference"), "reference"),
        CLIENT,
        Column("asked", _("Asked for"), "created_at", MOMENT),
        Column("program", _("API user"), "api_user__developer_name", TEXT),
        KIND,
        Column("receiver", _("Receiver"), "receiver"),
        Column("name", _("Name"), "receiver_name", TEXT),
        Column("amount", _("Amount"), "amount", MONEY),
        PAYOUT_STATE,
        Column("paid", pgettext_lazy("moment", "Paid"), "completed_at", MOMENT),
        REASON,
        Column("fee", _("Fee"), "fee", MONEY),
        CURRENCY,
    ),
)

DETAILS = replace(
    TRANSACTIONS,
    slug="client-transaction-details",
    title=_("All transactions"),
    about=_("Every payment, whoever asked for it: amount, kind, date, state and reference."),
    permission="Reports.ReadClientTransactionDetails",
    operation="reports.client-transaction-details",
    rows=_payouts,
    columns=(
        Column("reference", _("Reference"), "reference"),
        CLIENT,
        Column("date", _("Date"), "created_at", MOMENT),
        KIND,
        PAYOUT_STATE,
        Column("amount", _("Amount"), "amount", MONEY),
        CURRENCY,
    ),
)


def _placed(scope: Scope) -> Rows:
    return selectors.by_place(_payouts(scope))


VOLUME = Report(
    slug="client-volume",
    title=_("Volume"),
    about=_("How many payments and how much money, by kind; all of them, and those that were paid."),
    section=SECTION,
    permission="Reports.ReadClientVolume",
    operation="reports.client-volume",
    rows=_placed,
    dated="created_at",
    dated_as=_("asked for"),
    kind="place",
    kinds=KINDS,
    client="client",
    group_by=("client__name", "client", "place", "currency"),
    sums=selectors.SUMS,
    columns=(
        CLIENT,
        PLACE,
        Column("count", _("Payments"), "s_count", COUNT),
        Column("amount", _("Amount"), "s_amount", MONEY),
        Column("paid", _("Of them paid"), "s_paid", COUNT),
        Column("paid_amount", _("Amount paid"), "s_paid_amount", MONEY),
        CURRENCY,
    ),
)


def _callers(scope: Scope) -> Rows:
    """API users with what they called in the days asked for; those who never called too."""
    calls = between(selectors.calls_of_world(scope.actor), "created_at", scope.wanted)
    return selectors.callers(policy.api_users_seen_by(scope.actor), calls)


API_CALLS = Report(
    slug="client-api-calls",
    title=_("API calls"),
    about=_("How often each API user called, and when it did so last."),
    section=SECTION,
    permission="Reports.ReadClientApiCalls",
    operation="reports.client-api-calls",
    rows=_callers,
    dated_as=_("called"),
    client="client",
    search=by_part("developer_name", "developer_email"),
    search_by=_("Part of the name or the address"),
    order_by="id",
    detail=Detail("public_id", company="company:api_user"),
    columns=(
        Column("program", _("API user"), "developer_name", TEXT),
        CLIENT,
        Column("mail", _("E-mail"), "developer_email", TEXT),
        Column("last", _("Last call"), "last_call_at", MOMENT),
        Column("calls", _("Calls"), "call_count", COUNT),
    ),
)


def _calls(scope: Scope) -> Rows:
    return selectors.calls_seen(scope.actor)


AUDIT_LOG = Report(
    slug="client-audit-log",
    title=_("Log of API calls"),
    about=_("Every call of every API user: when, what, how it was answered and how long that took."),
    section=SECTION,
    permission="Reports.ReadClientAuditLog",
    operation="reports.client-audit-log",
    rows=_calls,
    dated="created_at",
    dated_as=_("called"),
    client="api_user__client",
    kind="method",
    kinds=[("GET", "GET"), ("POST", "POST"), ("PUT", "PUT"), ("DELETE", "DELETE")],
    search=by_request(),
    search_by=_("Id of the request (X-Request-Id)"),
    columns=(
        Column("at", _("Time"), "created_at", MOMENT),
        Column("client", _("Client"), "api_user__client__name", TEXT, of_staff=True),
        Column("program", _("API user"), "api_user__developer_name", TEXT),
        Column("method", _("Method"), "method", TEXT),
        Column("endpoint", _("Endpoint"), "route", TEXT),
        Column("address", _("Address"), "address"),
        Column("status", _("Status"), "status", COUNT),
        Column("milliseconds", _("Milliseconds"), "milliseconds", COUNT),
    ),
)

REPORTS = (TRANSACTIONS, VOLUME, API_CALLS, AUDIT_LOG, DETAILS)
