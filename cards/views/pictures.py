"""A card payment as its page shows it: its state in words, where the money is, what may be done with it now."""

from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from cards.models import CardAct, CardPayment
from cards.models.states import ACT_OPEN, Act, Reason, State
from cards.selectors import search, stories
from cards.selectors.payments import acts_of
from cards.selectors.stories import Event
from config.lib.money import format_money

# Seconds between two looks at what will change by itself.
_PACE = {State.SENDING: 2, State.IN_DOUBT: 5, State.REQUIRES_3DS: 5}
_PACE_OF_ACTS = 3


@dataclass(frozen=True)
class Picture:
    state: str
    every: int
    version: str
    acts: list[CardAct]
    # What is on its way to the processor, the first of them.
    open_act: CardAct | None
    events: list[Event]
    # Of what was captured: what reached the balance, and what may still be given back.
    net: Decimal
    refundable: Decimal
    can_capture: bool
    can_release: bool
    can_refund: bool
    # The checkout that it was paid on, by its id.
    checkout: str
    # Of a decline: whose side, and what comes next.
    side: str
    next: str

    @property
    def doubt(self) -> bool:
        return self.state == State.IN_DOUBT or (self.open_act is not None and bool(self.open_act.in_doubt_since))


def of(payment: CardPayment, *, for_staff: bool = False) -> Picture:
    acts, state = list(acts_of(payment)), search.shown_state(payment)
    open_act = next((act for act in acts if act.state in ACT_OPEN), None)
    is_free = open_act is None or open_act.kind == Act.REFUND
    is_ready = state == State.AUTHORIZED and is_free
    return Picture(
        state=state,
        every=_PACE_OF_ACTS if open_act else _PACE.get(State(payment.state), 0),
        version=_version(payment, acts),
        acts=acts,
        open_act=open_act,
        events=stories.events_of(payment, acts, for_staff=for_staff),
        net=payment.captured - payment.fee,
        refundable=payment.refundable,
        can_capture=is_ready,
        can_release=is_ready,
        can_refund=payment.state == State.CAPTURED and payment.refundable > 0,
        checkout=payment.origin.removeprefix("checkout:") if payment.origin.startswith("checkout:") else "",
        side=_side(payment),
        next=_next(payment, state),
    )


def version_of(payment: CardPayment) -> str:
    """Changes with whatever the page shows."""
    return _version(payment, list(acts_of(payment)))


def _version(payment: CardPayment, acts: list[CardAct]) -> str:
    done = "".join(f"{act.pk}{act.state[:2]}" for act in acts)
    return f"{payment.version}{search.shown_state(payment)}{payment.asked}{payment.refunded}{done}"


_HOLDERS = {
    Reason.INSUFFICIENT_FUNDS,
    Reason.EXPIRED_CARD,
    Reason.WRONG_CODE,
    Reason.LOST_OR_STOLEN,
    Reason.LIMIT,
    Reason.NOT_CONFIRMED,
    Reason.CHALLENGE_TOO_LATE,
}


def _side(payment: CardPayment) -> str:
    """Whose side a decline is on, as the failure card wants it."""
    if payment.reason in _HOLDERS:
        return _("The holder's, or the holder's bank's.")
    if payment.reason == Reason.SETTLED_BY_STAFF:
        return "ours"
    return "bank" if payment.reason == Reason.DECLINED else _("The processor's.")


def _next(payment: CardPayment, state: str) -> str:
    amount = format_money(payment.amount, payment.currency)
    if state == State.DECLINED:
        return _("Nothing happens by itself. The payer can try again, with this card or another one.")
    if state == State.IN_DOUBT:
        return _("We ask until it is clear. Do not charge %(amount)s again meanwhile.") % {"amount": amount}
    return ""
