"""TeraPay contract, section BulkDisbursement."""

from datetime import datetime
from typing import Annotated, Any, Literal, cast
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import Field as Limit
from ninja import Query, Router
from pydantic import Field

from accounts.access import policy
from accounts.api.base import Amount, ApiRequest, ApiSchema, Figure, operation, uuid_path
from accounts.api.paging import Paging, cut
from accounts.api.repeatable import IDEMPOTENCY_KEY, answer_once
from accounts.errors import BadField
from accounts.services.idempotency import Body
from config.lib.errors import TooLarge
from payouts.models import Batch, BatchRow, Payout
from payouts.selectors import batches as selectors
from payouts.selectors.items import (
    amount_of,
    attempts_of,
    batch_status,
    failure_of,
    item_status,
    submitted_amount,
    why_not_taken,
)
from payouts.services import batches as services
from payouts.services.rows import Item
from payouts.services.transfers import wait_for

router = Router(tags=["BulkDisbursement"])

# Items of one call, and of one answer.
MOST_ITEMS = 1_000
RETRY_SECONDS = 5.0
BatchStatus = Literal["Pending", "Processing", "Completed", "PartiallyCompleted", "Cancelled"]
ItemStatus = Literal["Pending", "Processed", "Failed"]
_SUBMIT = "bulk-disbursement.submit"


class ItemIn(ApiSchema):
    destination: Annotated[
        str,
        Field(min_length=3, max_length=34, description="An account number or a phone number, told apart by itself."),
    ]
    amount: Amount
    receiver_name: Annotated[str, Field(max_length=120)] = ""
    narration: Annotated[str, Field(max_length=200)] = ""


class SubmitIn(ApiSchema):
    batch_name: Annotated[str, Field(min_length=1, max_length=200)]
    items: list[ItemIn] = Field(description=f"1 to {MOST_ITEMS}.")


class SubmittedOut(ApiSchema):
    """``itemIds`` in the order of the call. Another person, or another API user, processes it."""

    batch_id: UUID
    batch_name: str
    status: BatchStatus
    state: str
    item_ids: list[UUID]
    item_count: int
    total_amount: Figure
    total_fees: Figure
    currency: str
    created_at: datetime


class TakenOut(ApiSchema):
    item_id: UUID
    transaction_id: UUID
    reference_number: str
    amount: Figure


class NotTakenOut(ApiSchema):
    item_id: UUID
    status: ItemStatus
    reason: str


class ProcessedOut(ApiSchema):
    """The items whose transactions were inserted by this call; they are being sent now, and ``status`` of the batch
    follows. ``state`` awaiting_funds: it starts by itself after a top-up. At most 1,000 items of each kind are told;
    of a larger batch, which the worker begins, read the status."""

    batch_id: UUID
    status: BatchStatus
    state: str
    processed: list[TakenOut]
    skipped: list[NotTakenOut]


class ItemOut(ApiSchema):
    item_id: UUID
    destination: str
    amount: Figure
    status: ItemStatus
    # Where it stands, more finely: of its transaction, or of its check.
    state: str
    problems: list[str]
    transaction_id: UUID | None
    failure_reason: str | None
    retry_count: int
    completed_at: datetime | None


class BatchItemsOut(ApiSchema):
    batch_id: UUID
    batch_name: str
    status: BatchStatus
    state: str
    items: list[ItemOut]


class RetryIn(ApiSchema):
    batch_id: UUID
    item_ids: list[UUID] = Field(description=f"1 to {MOST_ITEMS}, none of them twice.")


class RetriedOut(ApiSchema):
    """``status`` Pending: sent again, its end is not known yet."""

    item_id: UUID
    attempt: int
    status: ItemStatus
    transaction_id: UUID
    reason: str | None


class NotRetriedOut(ApiSchema):
    item_id: UUID
    reason: str


class RetryOut(ApiSchema):
    batch_id: UUID
    retried: list[RetriedOut]
    skipped: list[NotRetriedOut]


class ItemPaging(Paging):
    """The items in the order in which they came; ``X-Total-Count`` says how many there are."""

    pageSize: int = Limit(MOST_ITEMS, ge=1, le=MOST_ITEMS)


@operation(router, _SUBMIT, answer=SubmittedOut, status=201)
def submit(
    request: ApiRequest, response: HttpResponse, payload: SubmitIn, idempotency_key: str | None = IDEMPOTENCY_KEY
) -> Any:
    """Store a new disbursement batch with its items in Pending."""
    policy.own_client(request.actor)
    if not payload.items:
        raise BadField("items", _("At least one item is needed."))
    if len(payload.items) > MOST_ITEMS:
        raise TooLarge(_("At most %(most)s items fit into one call.") % {"most": MOST_ITEMS}, code="too_many_items")

    def act() -> Body:
        items = [Item(one.destination, one.amount, one.receiver_name, one.narration) for one in payload.items]
        made = services.submit_items(actor=request.actor, name=payload.batch_name, items=items)
        return {"batch": str(made.public_id)}

    return answer_once(
        request,
        response,
        operation=_SUBMIT,
        key=idempotency_key,
        payload=payload,
        act=act,
        show=lambda body: _submitted(selectors.seen(request.actor, UUID(body["batch"]))),
    )


def _submitted(batch: Batch) -> SubmittedOut:
    return SubmittedOut(
        batch_id=batch.public_id,
        batch_name=batch.name,
        status=status_of(batch),
        state=batch.state,
        item_ids=list(batch.items.order_by("position").values_list("public_id", flat=True)),
        item_count=batch.rows,
        total_amount=submitted_amount(batch),
        total_fees=batch.fees,
        currency=batch.currency,
        created_at=batch.created_at,
    )


@operation(
    router,
    "bulk-disbursement.process",
    answer=ProcessedOut,
    path=uuid_path("bulk-disbursement.process", "batchId"),
)
def process(request: ApiRequest, batchId: UUID) -> ProcessedOut:
    """Turn every Pending item of a batch into a transaction."""
    policy.own_client(request.actor)
    done = services.process(actor=request.actor, batch=selectors.seen(request.actor, batchId))
    rows = list(selectors.rows_of(done.batch)[:MOST_ITEMS])
    taken = [row for row in rows if row.payout is not None] if done.has_begun else []
    skipped = [row for row in rows if row.payout is None or not done.has_begun]
    return ProcessedOut(
        batch_id=done.batch.public_id,
        status=status_of(done.batch),
        state=done.batch.state,
        processed=[_taken(row, row.payout) for row in taken if row.payout],
        skipped=[
            NotTakenOut(item_id=row.public_id, status=_status(row), reason=why_not_taken(row, done.batch))
            for row in skipped
        ],
    )


def _taken(row: BatchRow, payout: Payout) -> TakenOut:
    return TakenOut(
        item_id=row.public_id,
        transaction_id=payout.public_id,
        reference_number=payout.reference,
        amount=payout.amount,
    )


@operation(
    router, "bulk-disbursement.status", answer=BatchItemsOut, path=uuid_path("bulk-disbursement.status", "batchId")
)
def status(
    request: ApiRequest,
    response: HttpResponse,
    batchId: UUID,
    paging: Query[ItemPaging],
) -> BatchItemsOut:
    """Report the state of every item in a batch."""
    batch = selectors.seen(request.actor, batchId)
    return BatchItemsOut(
        batch_id=batch.public_id,
        batch_name=batch.name,
        status=status_of(batch),
        state=batch.state,
        items=items_of(batch, paging, response),
    )


@operation(router, "bulk-disbursement.retry", answer=RetryOut, path=uuid_path("bulk-disbursement.retry", "batchId"))
def retry(request: ApiRequest, batchId: UUID, payload: RetryIn) -> RetryOut:
    """Try failed items of a batch again."""
    policy.own_client(request.actor)
    batch = selectors.seen(request.actor, batchId)
    _check(payload, batchId)
    done = services.retry(actor=request.actor, batch=batch, items=payload.item_ids)
    # Most answer at once; the others read Pending, and the worker goes on with them.
    wait_for(list(Payout.objects.filter(pk__in=done.payouts)), RETRY_SECONDS)
    again = batch.items.filter(payout__in=done.payouts).select_related("payout").order_by("position")
    return RetryOut(
        batch_id=batch.public_id,
        retried=[_retried(row, row.payout) for row in again if row.payout],
        skipped=[NotRetriedOut(item_id=one.row.public_id, reason=one.reason) for one in done.skipped],
    )


def _check(payload: RetryIn, batch_id: UUID) -> None:
    if payload.batch_id != batch_id:
        raise BadField("batch_id", _("This is not the batch in the address."))
    if not payload.item_ids:
        raise BadField("item_ids", _("At least one item is needed."))
    if len(payload.item_ids) > MOST_ITEMS or len(set(payload.item_ids)) < len(payload.item_ids):
        raise BadField("item_ids", _("At most %(most)s items, none of them twice.") % {"most": MOST_ITEMS})


def _retried(row: BatchRow, payout: Payout) -> RetriedOut:
    return RetriedOut(
        item_id=row.public_id,
        attempt=payout.attempts,
        status=_status(row),
        transaction_id=payout.public_id,
        reason=failure_of(row) or None,
    )


def items_of(batch: Batch, paging: ItemPaging, response: HttpResponse) -> list[ItemOut]:
    """The asked part of the items, as every operation shows them."""
    return [_item(row) for row in cut(selectors.rows_of(batch), paging, response)]


def _item(row: BatchRow) -> ItemOut:
    payout = row.payout
    return ItemOut(
        item_id=row.public_id,
        destination=row.destination,
        amount=amount_of(row),
        status=_status(row),
        state=payout.state if payout else row.state,
        problems=[word for word in row.problems.split(",") if word],
        transaction_id=payout.public_id if payout else None,
        failure_reason=failure_of(row) or None,
        retry_count=attempts_of(row),
        completed_at=payout.completed_at if payout else None,
    )


def status_of(batch: Batch) -> BatchStatus:
    return cast(BatchStatus, batch_status(batch))


def _status(row: BatchRow) -> ItemStatus:
    return cast(ItemStatus, item_status(row))
