"""Reports on batches (TeraPay contract 15, second half)."""

from dataclasses import replace
from typing import Any, cast

from django.db.models import Case, CharField, F, Func, Value, When
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from payouts.models import Batch, BatchRow
from payouts.models.states import BatchState, Problem, Reason, RowState, State
from payouts.selectors import items, reports
from payouts.selectors.batches import rows_of
from reports.catalogue.clients import CLIENT, REASON
from reports.catalogue.columns import COUNT, MOMENT, MONEY, TEXT, WORD, Column, looks, named, states
from reports.catalogue.reading import Detail, Report, Rows, Scope
from reports.searching.finding import by_id, by_number, by_part, by_reference, either

SECTION = "disbursements"
BATCH_GROUPS = [
    (f"{BatchState.VALIDATED}.{BatchState.AWAITING_APPROVAL}", _("Not approved")),
    (f"{BatchState.APPROVED}.{BatchState.AWAITING_FUNDS}", _("Waiting to begin")),
    (f"{BatchState.PROCESSING}.{BatchState.PAUSED}", _("Being sent")),
    (BatchState.COMPLETED.value, _("Completed")),
    (BatchState.PARTLY_COMPLETED.value, _("With failed rows")),
    (BatchState.CANCELLED.value, _("Cancelled")),
]
SENT = [
    (f"{State.AUTHORIZED}.{State.SENDING}.{State.IN_DOUBT}", _("On the way")),
    (State.COMPLETED.value, _("Paid")),
    (f"{State.FAILED}.{State.REJECTED}.{State.EXPIRED}", _("Failed")),
    (State.CANCELLED.value, _("Called off")),
    (State.RETURNED.value, _("Came back")),
]
BATCH = Detail("public_id", company="company:batch")
OF_CLIENT = Column("client", _("Client"), "batch__client__name", TEXT, of_staff=True)
OF_BATCH = Column("batch", _("Batch"), "batch__name", TEXT)


class _Fields:
    """Stands for a batch in the rules on its counters: what they reckon is then reckoned by the database."""

    def __getattr__(self, name: str) -> F:
        return F(name)


def _reckoned(rule: Any) -> Any:
    return rule(cast(Batch, _Fields()))


def _batches(scope: Scope) -> Rows:
    return reports.submitted(scope.actor)


BATCHES = Report(
    slug="batches",
    title=_("Batches"),
    about=_("Every submitted batch with its counts: paid, not paid, still to come."),
    section=SECTION,
    permission="Reports.ReadBatches",
    operation="reports.batches",
    rows=_batches,
    dated="created_at",
    dated_as=pgettext_lazy("days of payments", "made"),
    state="state",
    states=BATCH_GROUPS,
    client="client",
    search=either(by_reference(), by_id(), by_part("name")),
    search_by=_("Part of the name, reference or id"),
    detail=BATCH,
    columns=(
        Column("reference", _("Reference"), "reference"),
        CLIENT,
        Column("name", _("Batch"), "name", TEXT),
        Column("made", pgettext_lazy("moment", "Made"), "created_at", MOMENT),
        states("state", _("State"), "batch:", "state", BatchState.values),
        Column("finished", _("Ended"), "finished_at", MOMENT),
        Column("rows", _("Rows"), "rows", COUNT),
        Column("paid", pgettext_lazy("rows", "Paid"), _reckoned(items.processed_count), COUNT),
        Column("failed", _("Not paid"), _reckoned(items.failed_count), COUNT),
        Column("pending", _("To come"), _reckoned(items.pending_count), COUNT),
        Column("fees", _("Fees"), "fees", MONEY),
        Column("amount", _("Amount"), _reckoned(items.submitted_amount), MONEY),
        Column("currency", _("Currency"), "currency", of_file=True),
    ),
)


def _items(scope: Scope) -> Rows:
    batch = scope.batch()
    return rows_of(batch) if batch is not None else BatchRow.objects.none()


# What the check said of a row, until it has a payment.
_STATE: Any = Case(When(payout__isnull=False, then=named("payout:", "payout__state")), default=named("row:", "state"))
_FIRST = Func(F("problems"), Value(","), Value(1), function="split_part", output_field=CharField())
_WHY: Any = Case(
    When(payout__isnull=False, then=F("payout__reason")),
    When(state=RowState.ERROR, then=_FIRST),
    When(state=RowState.EXCLUDED, then=Value("left_out")),
    default=Value(""),
    output_field=CharField(),
)
_CODES = [*(f"payout:{code}" for code in State.values), *(f"row:{code}" for code in RowState.values)]
STATE = looks("state", _("State"), _STATE, _CODES)
WHY = Column(
    "reason",
    _("Reason"),
    _WHY,
    WORD,
    {**dict(Problem.choices), **dict(Reason.choices), "left_out": _("It was left out.")},
)
DESTINATION = Column("destination", _("Account or phone"), "destination", TEXT)
CURRENCY = Column("currency", _("Currency"), "batch__currency", of_file=True)

ONE_BATCH = Report(
    slug="batch",
    title=_("One batch"),
    about=_("The rows of a batch in their order, each with its state."),
    section=SECTION,
    permission="Reports.ReadBatch",
    operation="reports.batch",
    rows=_items,
    state="payout__state",
    states=SENT,
    of_batch=True,
    search=by_part("destination", "receiver_name", "reference"),
    search_by=_("Part of account, phone, name or reference"),
    order_by="position",
    columns=(
        Column("position", _("Row"), "position", COUNT),
        DESTINATION,
        Column("name", _("Name"), "receiver_name", TEXT),
        Column("narration", _("Narration"), "narration", TEXT),
        STATE,
        WHY,
        Column("fee", _("Fee"), "fee", MONEY),
        Column("amount", _("Amount"), "amount", MONEY),
        CURRENCY,
    ),
)

RECONCILIATION = replace(
    ONE_BATCH,
    slug="reconciliation",
    title=_("Reconciliation of a batch"),
    about=_("Every row of a batch beside the payment that was made for it, at its bank's reference."),
    permission="Reports.ReadReconciliation",
    operation="reports.reconciliation",
    adds_up=True,
    columns=(
        Column("position", _("Row"), "position", COUNT),
        DESTINATION,
        Column("asked", _("In the batch"), "amount", MONEY),
        Column("amount", _("In the payment"), "payout__amount", MONEY),
        STATE,
        WHY,
        Column("completed", pgettext_lazy("moment", "Paid"), "payout__completed_at", MOMENT),
        Column("reference", _("Reference"), "reference"),
        Column("bank_reference", _("Bank's reference"), "payout__rail_id", TEXT),
        CURRENCY,
        Column("transaction", _("Payment"), "payout__public_id"),
    ),
)


def _retries(scope: Scope) -> Rows:
    return reports.retries(scope.actor)


RESULTS = {"paid": pgettext_lazy("of a payment", "Paid"), "failed": _("Failed"), "": _("On its way")}
RETRIES = Report(
    slug="retries",
    title=_("Tried again"),
    about=_("Every time that a failed row was tried again, by whom, and what came of it."),
    section=SECTION,
    permission="Reports.ReadRetries",
    operation="reports.retries",
    rows=_retries,
    dated="started_at",
    dated_as=_("tried"),
    client="payout__client",
    search=either(by_reference("payout__reference"), by_id("payout__public_id")),
    search_by=_("Reference or id of the payment"),
    detail=Detail("payout__public_id", company="company:transfer", staff="staff:payout"),
    columns=(
        Column("reference", _("Reference"), "payout__reference"),
        Column("client", _("Client"), "payout__client__name", TEXT, of_staff=True),
        Column("batch", _("Batch"), "payout__batch__name", TEXT),
        Column("destination", _("Account or phone"), "payout__row__destination", TEXT),
        Column("at", _("Tried"), "started_at", MOMENT),
        Column("by", _("By"), "asked_by", TEXT),
        Column("number", _("Attempt"), "number", COUNT),
        Column("result", _("Result"), "result", WORD, RESULTS),
        Column("reason", _("Reason"), "reason", WORD, REASON.words),
        Column("amount", _("Amount"), "payout__amount", MONEY),
        Column("currency", _("Currency"), "payout__currency", of_file=True),
    ),
)


def _failed(scope: Scope) -> Rows:
    return reports.failed(scope.actor)


FAILED = Report(
    slug="failed-items",
    title=_("Failed rows"),
    about=_("Every row of a batch whose receiver has nothing, and why."),
    section=SECTION,
    permission="Reports.ReadFailedItems",
    operation="reports.failed-items",
    rows=_failed,
    dated="payout__closed_at",
    dated_as=_("ended"),
    client="payout__client",
    search=either(by_reference("payout__reference"), by_number("payout__receiver"), by_id("payout__public_id")),
    search_by=_("Reference, account, phone or id"),
    order_by="-payout_id",
    detail=Detail("payout__public_id", company="company:transfer", staff="staff:payout"),
    columns=(
        Column("reference", _("Reference"), "reference"),
        OF_CLIENT,
        OF_BATCH,
        DESTINATION,
        Column("ended", _("Ended"), "payout__closed_at", MOMENT),
        states("state", _("State"), "payout:", "payout__state", State.values),
        Column("reason", _("Reason"), "payout__reason", WORD, REASON.words),
        Column("retries", _("Retries"), F("payout__attempts") - 1, COUNT),
        Column("amount", _("Amount"), "amount", MONEY),
        CURRENCY,
    ),
)

REPORTS = (BATCHES, ONE_BATCH, RETRIES, FAILED, RECONCILIATION)
