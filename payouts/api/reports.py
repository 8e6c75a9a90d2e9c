"""TeraPay contract, section Reports: disbursements."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal, cast
from uuid import UUID

from django.http import HttpResponse, StreamingHttpResponse
from ninja import Query, Router, Schema
from ninja.operation import Operation
from ninja.utils import contribute_operation_callback

from accounts.api.base import ApiRequest, ApiSchema, Figure, operation, uuid_path
from accounts.api.paging import CursorPaging, part
from config.lib import sheets
from payouts import export
from payouts.api.bulk import BatchStatus, ItemOut, ItemPaging, items_of, status_of
from payouts.models import Attempt, Batch, BatchRow
from payouts.selectors import batches, reports
from payouts.selectors.items import (
    amount_of,
    attempts_of,
    failed_count,
    failure_of,
    pending_count,
    processed_count,
    submitted_amount,
)

router = Router(tags=["Reports"])


class BatchSummaryOut(ApiSchema):
    """Counts of items; they add up to ``itemCount``. Failed are also items that came back, were called off, are wrong
    or were left out."""

    batch_id: UUID
    batch_name: str
    reference: str
    client_id: UUID
    status: BatchStatus
    state: str
    item_count: int
    processed_count: int
    failed_count: int
    pending_count: int
    total_amount: Figure
    total_fees: Figure
    currency: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class BatchReportOut(BatchSummaryOut):
    items: list[ItemOut]


class RetryReportOut(ApiSchema):
    """``attempt`` 2 is the first retry. ``result``: paid, failed, or pending while it goes on."""

    retry_id: UUID
    batch_id: UUID
    batch_name: str
    item_id: UUID
    destination: str
    amount: Figure
    attempt: int
    result: Literal["paid", "failed", "pending"]
    reason: str | None
    attempted_by: str
    attempted_at: datetime


class FailedItemOut(ApiSchema):
    batch_id: UUID
    batch_name: str
    item_id: UUID
    destination: str
    amount: Figure
    failure_reason: str
    retry_count: int
    failed_at: datetime


class FiguresOut(ApiSchema):
    count: int
    amount: Figure


class ReconciledItemOut(ApiSchema):
    item_id: UUID
    destination: str
    amount: Figure
    status: Literal["Pending", "Processed", "Failed"]
    transaction_id: UUID | None
    reference_number: str | None
    completed_at: datetime | None
    failure_reason: str | None


class MismatchOut(ApiSchema):
    """An item and a field in which its transaction differs."""

    item_id: UUID
    field: str


class ReconciliationOut(ApiSchema):
    """All of one moment. ``difference``: submitted less processed, failed and pending; 0 when sound. ``leftOut`` is a
    part of failed; ``fees`` were taken for what was paid."""

    batch_id: UUID
    batch_name: str
    status: BatchStatus
    submitted: FiguresOut
    processed: FiguresOut
    failed: FiguresOut
    pending: FiguresOut
    difference: Figure
    left_out: FiguresOut
    fees: Figure
    mismatches: list[MismatchOut]
    items: list[ReconciledItemOut]


class ReconciliationQuery(Schema):
    format: Literal["json", "csv"] = "json"


@operation(router, "reports.batches", answer=list[BatchSummaryOut])
def list_batches(request: ApiRequest, response: HttpResponse, paging: Query[CursorPaging]) -> list[BatchSummaryOut]:
    """Summary of the submitted disbursement batches, newest first."""
    found = reports.submitted(request.actor)
    return [BatchSummaryOut(**_summary(batch)) for batch in part(found, "-id", paging, response)]


@operation(router, "reports.retries", answer=list[RetryReportOut])
def list_retries(request: ApiRequest, response: HttpResponse, paging: Query[CursorPaging]) -> list[RetryReportOut]:
    """Every retry attempt, newest first."""
    found = reports.retries(request.actor)
    return [_retry(attempt) for attempt in part(found, "-id", paging, response)]


@operation(router, "reports.failed-items", answer=list[FailedItemOut])
def list_failed(request: ApiRequest, response: HttpResponse, paging: Query[CursorPaging]) -> list[FailedItemOut]:
    """Every failed item across batches, newest first."""
    found = reports.failed(request.actor)
    return [_failed(row) for row in part(found, "-payout_id", paging, response)]


@operation(router, "reports.batch", answer=BatchReportOut, path=uuid_path("reports.batch", "batchId"))
def one_batch(request: ApiRequest, response: HttpResponse, batchId: UUID, paging: Query[ItemPaging]) -> BatchReportOut:
    """State of one disbursement batch."""
    batch = batches.seen(request.actor, batchId)
    return BatchReportOut(items=items_of(batch, paging, response), **_summary(batch))


def _also_csv(done: Operation) -> None:
    head = sheets.line(export.RECONCILIATION_HEAD)
    answers = {200: {"content": {"text/csv": {"schema": {"type": "string"}, "example": head}}}}
    done.openapi_extra = {**(done.openapi_extra or {}), "responses": answers}


def _or_csv(view: Callable[..., Any]) -> Callable[..., Any]:
    contribute_operation_callback(view, _also_csv)
    return view


@operation(
    router, "reports.reconciliation", answer=ReconciliationOut, path=uuid_path("reports.reconciliation", "batchId")
)
@_or_csv
def reconciliation(request: ApiRequest, batchId: UUID, query: Query[ReconciliationQuery]) -> Any:
    """Reconciliation of a batch as JSON or CSV, however far it has come."""
    batch = batches.seen(request.actor, batchId)
    if query.format == "json":
        return StreamingHttpResponse(export.reconciliation_json(batch), content_type="application/json; charset=utf-8")
    answer = StreamingHttpResponse(export.reconciliation_csv(batch), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="reconciliation-{batch.reference}.csv"'
    return answer


def _summary(batch: Batch) -> dict[str, Any]:
    return {
        "batch_id": batch.public_id,
        "batch_name": batch.name,
        "reference": batch.reference,
        "client_id": batch.client.public_id,
        "status": status_of(batch),
        "state": batch.state,
        "item_count": batch.rows,
        "processed_count": processed_count(batch),
        "failed_count": failed_count(batch),
        "pending_count": pending_count(batch),
        "total_amount": submitted_amount(batch),
        "total_fees": batch.fees,
        "currency": batch.currency,
        "created_at": batch.created_at,
        "started_at": batch.started_at,
        "finished_at": batch.finished_at,
    }


def _retry(attempt: Attempt) -> RetryReportOut:
    payout = attempt.payout
    batch, row = cast(Batch, payout.batch), payout.row  # of batches only
    return RetryReportOut(
        retry_id=attempt.public_id,
        batch_id=batch.public_id,
        batch_name=batch.name,
        item_id=row.public_id,
        destination=row.destination,
        amount=payout.amount,
        attempt=attempt.number,
        result=cast(Any, attempt.result or "pending"),
        reason=str(attempt.get_reason_display()) or None,
        attempted_by=attempt.asked_by,
        attempted_at=attempt.started_at,
    )


def _failed(row: BatchRow) -> FailedItemOut:
    return FailedItemOut(
        batch_id=row.batch.public_id,
        batch_name=row.batch.name,
        item_id=row.public_id,
        destination=row.destination,
        amount=amount_of(row),
        failure_reason=failure_of(row),
        retry_count=attempts_of(row),
        failed_at=cast(Any, row.payout).closed_at,
    )
