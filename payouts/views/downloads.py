"""What a client takes away from a batch: the result in the order of the upload, and the reconciliation."""

from collections.abc import Iterator
from uuid import UUID

from django.http import HttpResponseBase, StreamingHttpResponse
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from accounts.permissions import ActorRequest, permission_required
from accounts.services import audit
from payouts import export
from payouts.models import Batch
from payouts.views.desk import READ, batch_of

RECONCILE = "Reports.ReadReconciliation"


@require_safe
@permission_required(READ)
def result(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """The upload again, with what became of each row."""
    found = batch_of(request, public_id)
    return _file(request, found, export.result_csv(found), "result.csv", "text/csv; charset=utf-8")


@require_safe
@permission_required(RECONCILE)
def reconciliation_csv(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """Each item with its transaction."""
    found = batch_of(request, public_id)
    return _file(request, found, export.reconciliation_csv(found), "reconciliation.csv", "text/csv; charset=utf-8")


@require_safe
@permission_required(RECONCILE)
def reconciliation_json(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """The same for programs, with what it adds up to."""
    found = batch_of(request, public_id)
    return _file(request, found, export.reconciliation_json(found), "reconciliation.json", "application/json")


def _file(request: ActorRequest, batch: Batch, pieces: Iterator[str], name: str, kind: str) -> HttpResponseBase:
    if request.method == "GET":
        audit.record(request.actor, "batch.exported", target=batch, after={"file": name})
    answer = StreamingHttpResponse(pieces, content_type=kind)
    answer["Content-Disposition"] = f'attachment; filename="{slugify(batch.name)[:60] or "batch"}-{name}"'
    return answer
