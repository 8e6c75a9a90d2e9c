"""What every page about batches begins with: whose it is, and the batch that is meant."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404

from accounts.models import Client
from accounts.permissions import ActorRequest
from config.lib.errors import ServiceError
from payouts.errors import NotFound
from payouts.models import Batch, BatchRow
from payouts.selectors import batches

READ = "BulkDisbursement.ReadStatus"
MAKE = "BulkDisbursement.Create"
APPROVE = "Batches.Approve"
STEER = "Batches.Steer"
RETRY = "BulkDisbursement.Retry"


def own_client(request: ActorRequest) -> Client:
    """The client of whoever asks; staff of the gateway have none, and no batches."""
    if request.actor.client is None:
        raise Http404
    return request.actor.client


def batch_of(request: ActorRequest, public_id: UUID) -> Batch:
    """A batch of the client of whoever asks; any other one is not there."""
    own_client(request)
    try:
        return batches.seen(request.actor, public_id)
    except NotFound:
        raise Http404 from None


def row_of(request: ActorRequest, batch: Batch, row_id: UUID) -> BatchRow:
    """A row of ``batch``."""
    try:
        row = batches.row_seen(request.actor, row_id)
    except NotFound:
        raise Http404 from None
    if row.batch_id != batch.pk:
        raise Http404
    return row


def say(request: ActorRequest, refusal: ServiceError) -> None:
    """The words of a refusal, over the page that comes next."""
    messages.error(request, str(refusal.message))
