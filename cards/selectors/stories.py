"""Everything that happened to one card payment, in order, in words for its client or for staff."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards.models import CardAct, CardPayment, Closing
from cards.models.states import Act, ActState, State
from cards.selectors import closings
from config.lib.money import format_money
from wallets.lines import word_of
from wallets.models import Transaction

_MOST_BOOKINGS = 50
_DECIDED: dict[Closing.State, tuple[Promise, str, str]] = {
    Closing.State.CONFIRMED: (gettext_lazy("Closed by a second person"), "success", "check-badge"),
    Closing.State.WITHDRAWN: (gettext_lazy("Proposal taken back"), "neutral", "arrow-uturn-left"),
    Closing.State.OVERTAKEN: (gettext_lazy("Proposal not needed any more"), "neutral", "clock"),
}


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


def events_of(payment: CardPayment, acts: list[CardAct], *, for_staff: bool = False) -> list[Event]:
    """What happened, oldest first; ``for_staff`` adds the ledger's lines and the references of acts."""
    found = [_asked(payment), *_of_doubt(payment), *_of_challenge(payment), *_of_authorisation(payment)]
    for act in acts:
        found += _of_act(payment, act, for_staff=for_staff)
    found += _of_end(payment)
    if for_staff:
        found += _of_ledger(payment)
        for closing in closings.of(payment):
            found += _of_closing(closing)
    return sorted(found, key=lambda event: event.at)


def asked_by(payment: CardPayment) -> str:
    """Who wanted it, as records name people and programs."""
    if payment.api_user:
        return payment.api_user.developer_name
    if payment.created_by:
        return payment.created_by.email
    return _("the payer, at a checkout") if payment.origin.startswith("checkout:") else ""


def _asked(payment: CardPayment) -> Event:
    text = _("Order %(order)s") % {"order": payment.order_id} if payment.order_id else ""
    return _with_amount(payment, payment.created_at, _("Asked for"), text, who=asked_by(payment), icon="plus")


def _with_amount(payment: CardPayment, at: datetime, title: str, text: str = "", **more: str) -> Event:
    return Event(at, title, text, amount=payment.amount, currency=payment.currency, **more)


def _of_doubt(payment: CardPayment) -> Iterator[Event]:
    if payment.in_doubt_since:
        words = _("It gave no clear answer. We ask until it is clear; nothing is charged a second time meanwhile.")
        title = _("Being checked with the processor")
        yield Event(payment.in_doubt_since, title, words, tone="warning", icon="question-mark-circle")


def _of_challenge(payment: CardPayment) -> Iterator[Event]:
    if payment.challenge_until:
        yield Event(payment.created_at, _("The bank asks the holder"), tone="info", icon="device-phone-mobile")
    if payment.challenge_used_at:
        yield Event(payment.challenge_used_at, _("The holder has answered"), tone="info", icon="chat-bubble-left")


def _of_authorisation(payment: CardPayment) -> Iterator[Event]:
    if payment.authorized_at:
        words = _("The holder's bank keeps the amount ready. No money has moved.")
        yield Event(payment.authorized_at, _("Authorised"), words, tone="info", icon="lock-closed")


def _words_of(kind: str) -> tuple[str, str, str]:
    """What was asked for, and what it is called when it is done or not."""
    if kind == Act.CAPTURE:
        return _("Capture asked for"), _("Captured"), _("Not captured")
    if kind == Act.VOID:
        return _("Release asked for"), _("Released to the holder"), _("Not released")
    return _("Refund asked for"), _("Given back to the holder"), _("Not given back")


def _of_act(payment: CardPayment, act: CardAct, *, for_staff: bool) -> Iterator[Event]:
    asked, done, failed = _words_of(act.kind)
    reference, amount, currency = act.reference if for_staff else "", act.amount, payment.currency
    icon = "banknotes" if act.kind == Act.CAPTURE else "arrow-uturn-left"
    yield Event(act.created_at, asked, act.note, act.asked_by, "neutral", icon, amount, currency, reference)
    if act.in_doubt_since:
        words = _("It gave no clear answer. We ask until it is clear.")
        yield Event(act.in_doubt_since, _("Being checked with the processor"), words, "", "warning", "clock")
    if act.done_at and act.state == ActState.DONE:
        text = _in_the_balance(payment) if act.kind == Act.CAPTURE else ""
        yield Event(act.done_at, done, text, "", "success", "check-circle", amount, currency)
    elif act.done_at:
        yield Event(act.done_at, failed, act.get_reason_display(), "", "danger", "x-circle", amount, currency)


def _in_the_balance(payment: CardPayment) -> str:
    facts = {
        "sum": format_money(payment.captured - payment.fee, payment.currency),
        "fee": format_money(payment.fee, payment.currency),
    }
    return _("%(sum)s in the balance, %(fee)s fee") % facts


def _of_end(payment: CardPayment) -> Iterator[Event]:
    """Captures and releases are told by what was done."""
    if payment.closed_at and payment.state == State.DECLINED:
        yield Event(payment.closed_at, _("Declined"), payment.get_reason_display(), tone="danger", icon="x-circle")
    elif payment.closed_at and payment.state == State.EXPIRED:
        words = _("It was not captured in time. Nothing was charged.")
        yield Event(payment.closed_at, _("Expired"), words, icon="no-symbol")


def _of_closing(closing: Closing) -> Iterator[Event]:
    about = closing.reference
    words = closings.consequence(closing)
    who = closing.proposed_by.email
    yield Event(closing.proposed_at, _("Closing proposed"), words, who, "info", "hand-raised", reference=about)
    if closing.decided_at is None:
        return
    title, tone, icon = _DECIDED[Closing.State(closing.state)]
    who = closing.decided_by.email if closing.decided_by else ""
    yield Event(closing.decided_at, title, closing.reason, who, tone, icon, reference=about)


def _of_ledger(payment: CardPayment) -> Iterator[Event]:
    rows = Transaction.objects.filter(subject=payment.subject).select_related("caused_by").order_by("pk")
    for row in rows[:_MOST_BOOKINGS]:
        who = row.caused_by.email if row.caused_by else ""
        title = _("Booked: %(kind)s") % {"kind": word_of(row.kind)}
        yield Event(row.created_at, title, row.memo, who, icon="scale", reference=row.reference)
