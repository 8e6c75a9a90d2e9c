"""What is told of money out. Programs of clients hear in the transaction of the change: of ends of single payouts, each
by itself, and of batches, once for each time that they end. People get their mails soon after."""

from collections.abc import Collection
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet

from config.lib import clock
from config.lib.money import as_json_number
from notifications.models import WebhookEndpoint
from notifications.services.webhooks import News, emit_all
from payouts import mails
from payouts.models import Batch, Payout
from payouts.models.states import BATCH_ENDS, State
from payouts.wire import wire_status

_PEOPLE = ("client", "made_by", "made_by_api_user", "approved_by", "approved_by_api_user")
PAID, NOT_PAID, BATCH_OVER = "payout.completed", "payout.failed", "batch.finished"
# Whatever the end was, the receiver has nothing.
_EVENTS: dict[str, str] = {
    State.COMPLETED: PAID,
    **dict.fromkeys((State.FAILED, State.CANCELLED, State.RETURNED, State.REJECTED, State.EXPIRED), NOT_PAID),
}


def ended(payout_ids: Collection[int]) -> None:
    """Tell of those among the payouts that stand by themselves and have ended; in the transaction that ended them.

    One cheap question where nobody listens, three statements otherwise, however many there are. One that was told of
    before, in this state of this attempt, is not told again.
    """
    rows = Payout.objects.filter(pk__in=payout_ids, batch=None, state__in=_EVENTS, client__in=_heard())
    emit_all([_news(payout) for payout in rows.order_by("pk")])


def _news(payout: Payout) -> News:
    return News(
        client_id=payout.client_id,
        is_sandbox=payout.is_sandbox,
        event=_EVENTS[payout.state],
        subject=str(payout.public_id),
        key=f"payout:{payout.public_id}:{payout.state}:{payout.attempts}",
        data=partial(payout_object, payout),
    )


def batches_ended(batch_ids: Collection[int]) -> None:
    """Tell programs of those among the batches that have ended, with their figures only: what became of each row the
    result file says. In the transaction that ended them; an end that was told of before is not told again."""
    if batch_ids:
        rows = Batch.objects.filter(pk__in=batch_ids, finished_at__isnull=False, state__in=BATCH_ENDS)
        known = rows.filter(started_at__isnull=False, client__in=_heard())
        emit_all([_end(batch) for batch in known.order_by("pk")])


def _heard() -> QuerySet[WebhookEndpoint, Any]:
    """The clients of whom a program listens."""
    return WebhookEndpoint.objects.filter(client__isnull=False).values("client")


def _end(batch: Batch) -> News:
    return News(
        client_id=batch.client_id,
        is_sandbox=batch.is_sandbox,
        event=BATCH_OVER,
        subject=str(batch.public_id),
        key=f"batch:{batch.public_id}:{batch.finished_at}",
        data=partial(batch_object, batch),
    )


@transaction.atomic
def tell_end(batch_id: int) -> None:
    """Tell maker and approver by mail how a batch ended: once for each time that it ends."""
    batch = _untold().select_related(*_PEOPLE).select_for_update(of=("self",)).filter(pk=batch_id).first()
    if batch is None:
        return
    if batch.started_at is not None:
        mails.over(batch)
    Batch.objects.filter(pk=batch.pk).update(told_at=clock.now())


def untold_ends() -> list[int]:
    """Batches of whose end nobody was mailed yet."""
    return list(_untold().order_by("finished_at").values_list("pk", flat=True)[:100])


def _untold() -> QuerySet[Batch]:
    late = Q(told_at__isnull=True) | Q(told_at__lt=F("finished_at"))
    return Batch.objects.filter(late, finished_at__isnull=False, state__in=BATCH_ENDS)


def payout_object(payout: Payout) -> dict[str, Any]:
    """A payout in the names of the API, with its version: the higher number is the later truth."""
    return {
        "transactionId": str(payout.public_id),
        "referenceNumber": payout.reference,
        "type": payout.kind,
        "receiverAccount": payout.receiver,
        "receiverBankCode": payout.receiver_code,
        "receiverName": payout.receiver_name or None,
        "amount": as_json_number(payout.amount),
        "fee": as_json_number(payout.fee),
        "currency": payout.currency,
        "narration": payout.narration,
        "status": wire_status(payout),
        "state": payout.state,
        "reason": str(payout.get_reason_display()) or None,
        "batchReference": payout.batch_reference or None,
        "createdAt": payout.created_at.isoformat(),
        "completedAt": _time(payout.completed_at),
        "version": payout.version,
    }


def batch_object(batch: Batch) -> dict[str, Any]:
    """A batch in the names of the API: counts of its rows, and sums."""
    return {
        "batchId": str(batch.public_id),
        "batchName": batch.name,
        "batchReference": batch.reference,
        "state": batch.state,
        "itemCount": batch.good,
        "completedCount": batch.paid,
        "failedCount": batch.failed,
        "cancelledCount": batch.cancelled,
        "totalAmount": as_json_number(batch.amount),
        "completedAmount": as_json_number(batch.paid_amount),
        "failedAmount": as_json_number(batch.failed_amount),
        "currency": batch.currency,
        "startedAt": _time(batch.started_at),
        "finishedAt": _time(batch.finished_at),
        "version": batch.version,
    }


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
