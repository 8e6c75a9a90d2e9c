"""Batches and their rows in the words of the API (TeraPay contract 10), and why a row was not paid."""

from decimal import Decimal

from django.db.models import OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from payouts.models import Batch, BatchRow
from payouts.models.states import IN_FLIGHT, BatchState, Problem, Reason, RowState, State
from payouts.selectors.batches import MOST_ATTEMPTS

PENDING, PROCESSED, FAILED = "Pending", "Processed", "Failed"
_BATCHES: dict[str, str] = {
    BatchState.PROCESSING: "Processing",
    BatchState.PAUSED: "Processing",
    BatchState.COMPLETED: "Completed",
    BatchState.PARTLY_COMPLETED: "PartiallyCompleted",
    BatchState.CANCELLED: "Cancelled",
    BatchState.UNREADABLE: "Cancelled",
}


def batch_status(batch: Batch) -> str:
    """Pending | Processing | Completed | PartiallyCompleted | Cancelled. Completed: no item is Failed, but for those
    that somebody left out."""
    if batch.state == BatchState.COMPLETED and (batch.error or batch.returned):
        return "PartiallyCompleted"
    return _BATCHES.get(batch.state, PENDING)


def processed_count(batch: Batch) -> int:
    """Items that are Processed."""
    return batch.paid - batch.returned


def failed_count(batch: Batch) -> int:
    """Items that are Failed: also those that came back, were called off, or are wrong or left out."""
    return batch.failed + batch.cancelled + batch.returned + batch.error + batch.excluded


def pending_count(batch: Batch) -> int:
    return batch.rows - processed_count(batch) - failed_count(batch)


def with_wrong_amount(batches: QuerySet[Batch]) -> QuerySet[Batch]:
    """The batches with what `submitted_amount` needs, in the same query."""
    wrong = BatchRow.objects.filter(batch=OuterRef("pk"), state=RowState.ERROR).order_by().values("batch")
    together = Subquery(wrong.annotate(together=Sum("amount")).values("together"))
    return batches.annotate(wrong_amount=Coalesce(together, Decimal(0)))


def submitted_amount(batch: Batch) -> Decimal:
    """Of all items, also of those that are wrong or left out, where an amount could be read."""
    wrong = getattr(batch, "wrong_amount", None)
    if wrong is None:
        wrong = batch.items.filter(state=RowState.ERROR).aggregate(together=Sum("amount"))["together"]
    return batch.amount + batch.excluded_amount + (wrong or Decimal(0))


def item_status(row: BatchRow) -> str:
    """Pending | Processed | Failed. Failed is also what came back after it was paid, and what is never sent."""
    return status_of(row.state, row.payout.state if row.payout is not None else None)


def status_of(state: str, payout_state: str | None) -> str:
    """The same by the state of a row, and that of its payout if it has one."""
    if payout_state is None:
        return FAILED if state in (RowState.ERROR, RowState.EXCLUDED) else PENDING
    if payout_state == State.COMPLETED:
        return PROCESSED
    return PENDING if payout_state in IN_FLIGHT else FAILED


def amount_of(row: BatchRow) -> Decimal:
    """Nothing where no amount could be read."""
    return row.amount or Decimal(0)


def failure_of(row: BatchRow) -> str:
    """Why it is Failed, in the reader's language; "" for everything else."""
    if row.payout is not None:
        return str(Reason(row.payout.reason).label) if item_status(row) == FAILED else ""
    if row.state == RowState.EXCLUDED:
        return _("It was left out.")
    first = row.problems.partition(",")[0]
    return str(Problem(first).label) if row.state == RowState.ERROR and first else ""


def attempts_of(row: BatchRow) -> int:
    """How often it was tried again."""
    return max(row.payout.attempts - 1, 0) if row.payout else 0


def why_not_taken(row: BatchRow, batch: Batch) -> str:
    """Why a call to process a batch did nothing about a row, in the reader's language."""
    if row.payout is not None:
        return why_not_again(row)
    known = failure_of(row)
    if known:
        return known
    if batch.state == BatchState.AWAITING_FUNDS:
        return _("The balance is not enough: it starts by itself after a top-up.")
    if batch.state == BatchState.APPROVED:
        return _("It is approved and about to begin.")
    return _("The batch is “%(state)s”.") % {"state": batch.get_state_display()}


def why_not_again(row: BatchRow) -> str:
    """Why a row is not tried again, in the reader's language."""
    if row.payout is None:
        return failure_of(row) or _("It has not been sent yet.")
    if row.payout.state == State.COMPLETED:
        return _("It is paid.")
    if row.payout.state in IN_FLIGHT:
        return _("It is on its way.")
    if row.payout.state == State.FAILED and row.payout.attempts >= MOST_ATTEMPTS:
        return _("It was tried three times already.")
    return failure_of(row)
