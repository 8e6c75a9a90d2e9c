"""Everything that happened to one checkout, in order, in words for its client or for staff."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from checkout import stages
from checkout.models import Method, Session, State, Try
from payments.models import Deposit
from wallets.lines import word_of
from wallets.models import Transaction

_MOST_BOOKINGS = 50
# Why a try is over although money came by it.
UNDERPAID = "underpaid"
Text = str | Promise
_REASONS: dict[str, Text] = {
    "left": gettext_lazy("The payer went on with another way."),
    "paid_twice": gettext_lazy("Paid a second time: this money is in your balance too. Give it back to the payer."),
    UNDERPAID: gettext_lazy("Less arrived than was asked. It is in your balance; the checkout was not completed."),
    "expired": gettext_lazy("Not paid in time."),
    "cancelled": gettext_lazy("Called off."),
    "failed": gettext_lazy("The payment provider could not prepare it."),
    "never_arrived": gettext_lazy("It never reached the processor. Nothing was charged."),
    "voided": gettext_lazy("The amount was released to the holder. Nothing was charged."),
}
_ENDS: dict[str, tuple[Text, str, str]] = {
    State.CANCELLED: (gettext_lazy("Called off"), "neutral", "no-symbol"),
    State.EXPIRED: (gettext_lazy("Time was up"), "neutral", "clock"),
    State.FAILED: (gettext_lazy("It can be paid no more"), "danger", "x-mark"),
}


@dataclass(frozen=True)
class Event:
    """A line of the timeline (templates/components/timeline.html)."""

    at: datetime
    title: Text
    text: Text = ""
    who: str = ""
    tone: str = "neutral"
    icon: str = "check"
    amount: Decimal | None = None
    currency: str = ""
    reference: str = ""


def events_of(session: Session, tries: Sequence[Try], *, for_staff: bool = False) -> list[Event]:
    """What happened, oldest first; ``for_staff`` adds the ledger's lines about every way that was tried."""
    found = [_made(session)]
    for attempt in tries:
        found += _of_try(session, attempt)
    if for_staff:
        found += _of_ledger(tries)
    return sorted([*found, *_of_end(session)], key=lambda event: event.at)


def why(attempt: Try) -> Text:
    """Why a way did not pay it, for the client; empty while it is under way and when it did."""
    if stages.is_checked(attempt):
        return _("A payment came otherwise than agreed, and our people look at it. Do not ask the payer for it again.")
    if attempt.card_payment is not None and attempt.card_payment.reason:
        return str(attempt.card_payment.get_reason_display())
    return _REASONS.get(attempt.reason, "")


def made_by(session: Session) -> str:
    """Who wanted it, as records name people and programs."""
    if session.api_user is not None:
        return session.api_user.developer_name
    return session.created_by.email if session.created_by is not None else ""


def _made(session: Session) -> Event:
    who, amount, currency = made_by(session), session.amount, session.currency
    return Event(session.created_at, _("Made"), who=who, icon="plus", amount=amount, currency=currency)


def _of_try(session: Session, attempt: Try) -> Iterator[Event]:
    chosen = Method(attempt.method).label
    title = _("The payer chose %(way)s") % {"way": chosen}
    yield Event(attempt.created_at, title, _with_what(attempt), icon="hand-raised", reference=attempt.reference)
    deposit = attempt.deposit
    if deposit is not None and deposit.state == Deposit.State.SUCCESS and deposit.paid_at and deposit.received_amount:
        yield Event(
            deposit.paid_at,
            _("Money arrived"),
            tone="success",
            icon="banknotes",
            amount=deposit.received_amount,
            currency=deposit.currency,
        )
    if attempt.ended_at and (words := why(attempt)):
        tone = "warning" if attempt.reason in {"paid_twice", UNDERPAID} else "neutral"
        yield Event(attempt.ended_at, _("%(way)s: over") % {"way": chosen}, words, tone=tone, icon="x-mark")


def _with_what(attempt: Try) -> str:
    if attempt.card_payment is not None:
        return str(attempt.card_payment.card)
    return str(attempt.deposit.bank_name) if attempt.deposit is not None and attempt.method == Method.VA else ""


def _of_end(session: Session) -> Iterator[Event]:
    if session.completed_at:
        reference = session.payment_reference
        yield Event(session.completed_at, _("Paid"), tone="success", icon="check-circle", reference=reference)
    if session.closed_at and session.closed_at != session.completed_at:
        # One that was paid late had ended before, and its state says so no more.
        title, tone, icon = _ENDS.get(session.state, (_("Ended unpaid"), "neutral", "clock"))
        yield Event(session.closed_at, title, tone=tone, icon=icon)


def _of_ledger(tries: Sequence[Try]) -> Iterator[Event]:
    subjects = [attempt.card_payment.subject for attempt in tries if attempt.card_payment is not None]
    subjects += [attempt.deposit.reference for attempt in tries if attempt.deposit is not None]
    rows = Transaction.objects.filter(subject__in=subjects).select_related("caused_by").order_by("pk")
    for row in rows[:_MOST_BOOKINGS]:
        who = row.caused_by.email if row.caused_by else ""
        title = _("Booked: %(kind)s") % {"kind": word_of(row.kind)}
        yield Event(row.created_at, title, row.memo, who, icon="scale", reference=row.reference)
