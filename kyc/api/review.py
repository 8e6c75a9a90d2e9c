"""The two operations of reviewers in the gateway API (TeraPay contract, KycAdmin)."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from django.http import HttpResponse
from ninja import Query, Router
from pydantic import Field

from accounts.api.base import ApiRequest, ApiSchema, operation, uuid_path
from kyc.models import KycDocument
from kyc.selectors import queue
from kyc.services import decisions

router = Router(tags=["KycAdmin"])


class PendingDocument(ApiSchema):
    document_id: UUID
    case_id: UUID
    customer_id: UUID
    customer_email: str
    customer_name: str
    kind: str
    file_name: str
    content_type: str
    size: int
    status: str
    uploaded_at: datetime


class Review(ApiSchema):
    new_status: Literal["Verified", "Rejected"]
    # What the customer will read; needed to reject.
    reason: Annotated[str, Field(max_length=500)] | None = None


class Reviewed(ApiSchema):
    document_id: UUID
    status: str
    reason: str | None
    reviewed_by: str
    reviewed_at: datetime


@operation(router, "kyc-admin.pending", answer=list[PendingDocument])
def pending(
    request: ApiRequest,
    response: HttpResponse,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    page_size: Annotated[int, Query(alias="pageSize", ge=1, le=500)] = 500,
) -> list[PendingDocument]:
    """List documents awaiting review, oldest first; X-Total-Count says how many there are."""
    waiting = queue.waiting_documents(request.actor)
    response["X-Total-Count"] = str(waiting.count())
    start = (page - 1) * page_size
    return [_pending(row) for row in waiting[start : start + page_size]]


def _pending(row: KycDocument) -> PendingDocument:
    return PendingDocument(
        document_id=row.public_id,
        case_id=row.case.public_id,
        customer_id=row.customer.public_id,
        customer_email=row.customer.user.email,
        customer_name=row.customer.user.display_name,
        kind=row.kind,
        file_name=row.file_name,
        content_type=row.content_type,
        size=row.size,
        status=row.status,
        uploaded_at=row.uploaded_at,
    )


@operation(router, "kyc-admin.review", answer=Reviewed, path=uuid_path("kyc-admin.review", "id"))
def review(request: ApiRequest, id: UUID, body: Review) -> Reviewed:  # noqa: A002 - the name in the contract
    """Verify or reject a document. Where two reviewers must agree the status stays Pending until both have spoken."""
    reason = body.reason or ""
    verified = body.new_status == "Verified"
    verdict = decisions.Verdict(
        document_id=id, verified=verified, reason="" if verified else reason, note=reason if verified else ""
    )
    done = decisions.review_document(actor=request.actor, verdict=verdict)
    return Reviewed(
        document_id=id,
        status=done.document.status,
        reason=done.decision.reason or None,
        reviewed_by=request.actor.label,
        reviewed_at=done.decision.created_at,
    )
