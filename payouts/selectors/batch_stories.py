"""Everything that happened to one batch, in order, in words for staff."""

from collections.abc import Iterator

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from payouts.models import Batch
from payouts.models.states import BatchState
from payouts.selectors.stories import Event
from wallets.lines import word_of
from wallets.models import Transaction

_MOST_BOOKINGS = 50
# (word, tone, icon) of how it ended.
_LOOKS = {
    BatchState.COMPLETED: ("success", "check-circle"),
    BatchState.PARTLY_COMPLETED: ("warning", "exclamation-circle"),
}


def events_of(batch: Batch) -> list[Event]:
    """What happened, oldest first, with the ledger's lines about the batch as a whole. One query."""
    found = [_made(batch), *_of_approval(batch), *_of_sending(batch), *_of_ledger(batch)]
    return sorted(found, key=lambda event: event.at)


def made_by(batch: Batch) -> str:
    """Who made it or changed it last, as records name people and programs."""
    if batch.made_by_api_user:
        return batch.made_by_api_user.developer_name
    return batch.made_by.email if batch.made_by else ""


def approved_by(batch: Batch) -> str:
    """The second person, or program."""
    if batch.approved_by_api_user:
        return batch.approved_by_api_user.developer_name
    return batch.approved_by.email if batch.approved_by else ""


def _made(batch: Batch) -> Event:
    text = batch.file_name or capfirst(batch.get_origin_display())
    return Event(batch.created_at, _("Made"), text, made_by(batch), icon="plus")


def _of_approval(batch: Batch) -> Iterator[Event]:
    if batch.submitted_at:
        yield Event(batch.submitted_at, _("Sent for approval"), batch.duplicates_reason, icon="hand-raised")
    if batch.approved_at:
        yield Event(
            batch.approved_at,
            _("Approved"),
            who=approved_by(batch),
            tone="info",
            icon="hand-thumb-up",
            amount=batch.total,
            currency=batch.currency,
        )


def _of_sending(batch: Batch) -> Iterator[Event]:
    if batch.started_at:
        yield Event(batch.started_at, _("Begun: its money is set aside"), tone="info", icon="paper-airplane")
    if batch.cancel_requested_at:
        title = _("Called off what had not left")
        yield Event(batch.cancel_requested_at, title, tone="warning", icon="stop")
    if batch.finished_at:
        tone, icon = _LOOKS.get(BatchState(batch.state), ("neutral", "minus-circle"))
        yield Event(
            batch.finished_at,
            capfirst(str(batch.get_state_display())),
            tone=tone,
            icon=icon,
            amount=batch.paid_amount,
            currency=batch.currency,
        )
    if batch.told_at:
        yield Event(batch.told_at, _("Its people were told of the end"), icon="envelope")


def _of_ledger(batch: Batch) -> Iterator[Event]:
    rows = Transaction.objects.filter(subject=batch.subject).select_related("caused_by").order_by("pk")
    for row in rows[:_MOST_BOOKINGS]:
        who = row.caused_by.email if row.caused_by else ""
        title = _("Booked: %(kind)s") % {"kind": word_of(row.kind)}
        yield Event(row.created_at, title, row.memo, who, icon="scale", reference=row.reference)
