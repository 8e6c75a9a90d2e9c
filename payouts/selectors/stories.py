"""Everything that happened to one payout, in order, in words for its client or for staff."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from payouts.models import Attempt, Payout, TransferCode
from payouts.models.states import UNPAID_ENDS, Source, State
from wallets.lines import word_of
from wallets.models import Transaction


@dataclass(frozen=True)
class Event:
    """A line of the timeline (templates/components/timeline.html)."""

    at: datetime
    title: str | Promise
    text: str | Promise = ""
    who: str = ""
    tone: str = "neutral"
    icon: str = "check"
    amount: Decimal | None = None
    currency: str = ""
    reference: str = ""


def events_of(payout: Payout, *, for_staff: bool = False) -> list[Event]:
    """What happened, oldest first; ``for_staff`` adds the ledger's lines and the rail's own words."""
    found = [_asked(payout), *_of_code(payout), *_of_money(payout)]
    found += [event for attempt in payout.tries.order_by("number") for event in _of_attempt(attempt)]
    found += [*_of_doubt(payout), *_of_end(payout)]
    if for_staff:
        found += _of_ledger(payout)
    return sorted(found, key=lambda event: event.at)


def asked_by(payout: Payout) -> str:
    """Who wanted it, as records name people and programs."""
    if payout.api_user:
        return payout.api_user.developer_name
    return payout.created_by.email if payout.created_by else ""


def _asked(payout: Payout) -> Event:
    return Event(
        payout.created_at,
        _("Asked for"),
        "" if payout.source == Source.TRANSFER else _in(payout),
        asked_by(payout),
        icon="plus",
        amount=payout.amount,
        currency=payout.currency,
    )


def _in(payout: Payout) -> str:
    """The call or batch it came with."""
    kind = capfirst(payout.get_source_display())
    name = payout.batch.name if payout.batch else payout.batch_reference
    return f"{kind}: {name}" if name else kind


def _of_code(payout: Payout) -> Iterator[Event]:
    code: TransferCode | None = getattr(payout, "code", None)
    if code is None:
        return
    where = ", ".join(str(one["to"]) for one in code.sent_to)
    title = _("Code sent again") if code.resends else _("Code sent")
    yield Event(code.sent_at, title, where, icon="device-phone-mobile")
    if code.used_at:
        yield Event(code.used_at, _("Code entered"), tone="success", icon="lock-open")


def _of_money(payout: Payout) -> Iterator[Event]:
    if payout.authorized_at:
        yield Event(
            payout.authorized_at,
            _("Taken from the balance, with its fee"),
            tone="info",
            icon="wallet",
            amount=payout.total,
            currency=payout.currency,
        )


_ENDED = {"paid": ("success", "check-circle"), "failed": ("danger", "x-circle")}


def _of_attempt(attempt: Attempt) -> Iterator[Event]:
    title = _("Given to the bank or operator") if attempt.number == 1 else _("Tried again")
    yield Event(attempt.started_at, title, who=attempt.asked_by, tone="info", icon="paper-airplane")
    if attempt.ended_at and attempt.result == "failed":
        tone, icon = _ENDED["failed"]
        yield Event(attempt.ended_at, _("Not paid"), attempt.get_reason_display(), tone=tone, icon=icon)


def _of_doubt(payout: Payout) -> Iterator[Event]:
    if payout.in_doubt_since:
        words = _("It gave no clear answer. The money stays set aside, and we ask until it is clear.")
        yield Event(payout.in_doubt_since, _("Being checked"), words, tone="warning", icon="question-mark-circle")


def _of_end(payout: Payout) -> Iterator[Event]:
    if payout.completed_at:
        yield Event(
            payout.completed_at,
            _("Paid"),
            tone="success",
            icon="check-circle",
            amount=payout.amount,
            currency=payout.currency,
            reference=payout.rail_id,
        )
    if not payout.closed_at:
        return
    reason = payout.get_reason_display()
    if payout.state == State.RETURNED:
        title = _("Sent back: the amount is in the balance again, the fee is not")
        yield Event(payout.closed_at, title, reason, tone="warning", icon="arrow-uturn-left")
    elif payout.state in UNPAID_ENDS and not _said_by_attempt(payout):
        tone = "danger" if payout.state in (State.FAILED, State.REJECTED) else "neutral"
        yield Event(payout.closed_at, payout.get_state_display().capitalize(), reason, tone=tone, icon="x-circle")


def _said_by_attempt(payout: Payout) -> bool:
    return payout.tries.filter(result="failed", ended_at__gte=payout.closed_at).exists()


def _of_ledger(payout: Payout) -> Iterator[Event]:
    rows = Transaction.objects.filter(subject=payout.subject).select_related("caused_by").order_by("pk")
    for row in rows[:50]:
        who = row.caused_by.email if row.caused_by else ""
        title = _("Booked: %(kind)s") % {"kind": word_of(row.kind)}
        yield Event(row.created_at, title, row.memo, who, icon="scale", reference=row.reference)
