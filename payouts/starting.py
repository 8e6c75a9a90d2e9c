"""An approved batch begins: at once, or as soon as there is money for it. Safe to repeat at any time."""

import logging
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.access.actors import system
from accounts.services import audit
from payouts import mails, sending
from payouts.checking import digest_of, has_barred, judge_again
from payouts.errors import BatchChanged, NotEnoughMoney
from payouts.models import Batch
from payouts.models.states import BatchState
from payouts.moving import hold, move
from payouts.selectors.batches import left_after, waiting_with_money
from wallets.errors import AccountFrozen

# Approved, and not begun.
WAITING = (BatchState.APPROVED, BatchState.AWAITING_FUNDS)
_AT_ONCE = 100

logger = logging.getLogger(__name__)


@transaction.atomic
def start(batch_id: int) -> Batch:
    """Begin an approved batch: all its money is set aside and every good row becomes a payout, in one transaction.

    What was approved is compared with the rows once more, every receiver must still be paid, and whoever approved it
    must still be somebody here: else the approval is void. Without enough money it waits for a top-up; while its client
    is not active it stays as it is.
    Returns the batch as it is then.
    """
    batch = hold(batch_id)
    if batch.state not in WAITING or not batch.client.is_active:
        return batch
    try:
        with transaction.atomic():
            _begin(batch)
    except (NotEnoughMoney, AccountFrozen):
        return _wait(hold(batch_id))
    except BatchChanged:
        return _void(hold(batch_id))
    batch = hold(batch_id)
    audit.record(system("payouts.start"), "batch.started", target=batch, after={"rows": batch.good})
    return batch


def _begin(batch: Batch) -> None:
    approver = batch.approved_by or batch.approved_by_api_user
    if approver is None or not approver.is_active or digest_of(batch) != batch.approved_digest:
        raise BatchChanged
    if has_barred(batch):
        raise BatchChanged
    sending.begin_batch(batch, caused_by=batch.approved_by)


def _void(batch: Batch) -> Batch:
    logger.error("the approval of batch %s holds no more", batch.reference)
    move(batch, BatchState.VALIDATED, sent_back_reason=_("The approval did not hold any more. Submit it again."))
    # Its maker sees at once which rows cannot be paid any more.
    judge_again(batch)
    mails.sent_back(batch)
    audit.record(system("payouts.start"), "batch.approval_voided", target=batch)
    return batch


def _wait(batch: Batch) -> Batch:
    if batch.state == BatchState.APPROVED:
        move(batch, BatchState.AWAITING_FUNDS)
        audit.record(system("payouts.start"), "batch.waits_for_money", target=batch)
        mails.waits_for_money(batch, missing=max(-left_after(batch), Decimal(0)))
    return batch


def due() -> list[int]:
    """Batches that could begin now, the longest waiting first: approved ones, and those whose client has the money."""
    return list(waiting_with_money().values_list("pk", flat=True)[:_AT_ONCE])


def start_due() -> list[Batch]:
    """Start them; returns those that have begun. One that cannot be started does not keep the others waiting."""
    begun = []
    for batch_id in due():
        try:
            batch = start(batch_id)
        except Exception:
            logger.exception("batch %s could not be started and stays due", batch_id)
            continue
        if batch.started_at is not None:
            begun.append(batch)
    return begun
