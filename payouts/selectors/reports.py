"""What the reports on disbursements list (TeraPay contract 15): newest first, each within the reader's own world."""

from django.db.models import QuerySet

from accounts.access import policy
from accounts.access.actors import Actor
from payouts.models import Attempt, Batch, BatchRow
from payouts.models.states import BatchState, State
from payouts.selectors import batches
from payouts.selectors.items import with_wrong_amount

# Of an item that was sent and for which its receiver has nothing.
NOT_PAID = (State.FAILED, State.REJECTED, State.EXPIRED, State.CANCELLED, State.RETURNED)


def submitted(actor: Actor) -> QuerySet[Batch]:
    """Every batch whose rows are known."""
    known = batches.listed(actor).exclude(state__in=[BatchState.CHECKING, BatchState.UNREADABLE])
    return with_wrong_amount(known)


def retries(actor: Actor) -> QuerySet[Attempt]:
    """Every attempt after the first one, of items of batches."""
    seen = Attempt.objects.filter(
        number__gt=1,
        payout__batch__isnull=False,
        payout__client__in=policy.clients_seen_by(actor),
        payout__is_sandbox=actor.is_sandbox,
    )
    return seen.select_related("payout__batch", "payout__row").order_by("-id")


def failed(actor: Actor) -> QuerySet[BatchRow]:
    """Every item that was sent and is not paid, or was called off before."""
    seen = BatchRow.objects.filter(
        payout__client__in=policy.clients_seen_by(actor),
        payout__is_sandbox=actor.is_sandbox,
        payout__state__in=NOT_PAID,
    )
    return seen.select_related("batch", "payout").order_by("-payout_id")
