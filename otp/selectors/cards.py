"""What the pages show of one order right now: its state in words, its messages, what can be asked of it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.lib.money import format_money
from otp.models import Order, OrderCode, Reason, Refusal, Server, State
from otp.selectors.endings import Ending, ending_of
from otp.wire import mail_fee, mail_price, waits_again

Words = str | Promise


@dataclass(frozen=True)
class Step:
    """Something to ask for. ``name`` is its route; shut while ``allowed_at`` lies ahead or ``waits`` says for what.

    With ``question`` it is asked about first, repeating ``amount``.
    """

    name: str
    label: Words
    icon: str
    allowed_at: datetime | None = None
    waits: str = ""
    question: str = ""
    text: str = ""
    amount: str = ""
    is_quiet: bool = False

    @property
    def is_shut(self) -> bool:
        return bool(self.waits or self.allowed_at)


@dataclass(frozen=True)
class Card:
    order: Order
    state: str
    messages: list[OrderCode]
    steps: list[Step]
    ending: Ending | None
    is_overdue: bool
    waits_again: bool
    # Until when the supplier's cooldown bars cancelling and replacing; None when it is over or was asked for.
    gate_at: datetime | None = None
    # One-letter shortcuts; on a board only one card has each.
    code_key: str = "c"
    address_key: str = "n"

    @property
    def address(self) -> str:
        """What was rented, as people read it; before it is there, what was ordered."""
        return self.order.mail_address or self.order.spaced_number or self.order.title

    @property
    def latest(self) -> OrderCode | None:
        return self.messages[0] if self.messages else None

    @property
    def earlier(self) -> list[OrderCode]:
        return self.messages[1:]

    @property
    def due(self) -> Decimal:
        """What a message costs; of an inbox that is there, the price of its domain."""
        return mail_price(self.order) if self.order.is_mail else self.order.price

    @property
    def fee(self) -> Decimal:
        """What giving the inbox up before a mail costs."""
        return mail_fee(self.order) if self.order.is_mail else Decimal(0)

    @property
    def resend_shut_until(self) -> datetime | None:
        return next((step.allowed_at for step in self.steps if step.name == "resend"), None)

    @property
    def replaced_by(self) -> Order | None:
        return getattr(self.order, "replaced_by", None)


def card_of(order: Order, now: datetime) -> Card:
    """``order`` as a page shows it at ``now``; no query when its messages and its kin were read with it."""
    return Card(
        order=order,
        state=shown_state(order),
        messages=[message for message in order.codes.all() if not message.withheld],
        steps=_steps(order, now),
        ending=ending_of(order),
        is_overdue=order.state == State.PENDING and order.expires_at is not None and order.expires_at <= now,
        waits_again=waits_again(order),
        gate_at=_gate(order, now),
    )


def _gate(order: Order, now: datetime) -> datetime | None:
    asked = order.cancel_requested_at or order.is_replacing
    shut = order.cancel_allowed_at is not None and order.cancel_allowed_at > now
    return order.cancel_allowed_at if shut and not asked else None


def latest_of(order: Order) -> OrderCode | None:
    """The newest message the customer may see; its codes were read newest first."""
    return next((message for message in order.codes.all() if not message.withheld), None)


def shown_state(order: Order) -> str:
    """The state as a word of `config.lib.states`: also what is under way, and what became of it."""
    if order.reason == Reason.REPLACED:
        return "replaced"
    if order.is_live and order.is_replacing:
        return "replacing"
    return "mail_received" if order.is_mail and order.state == State.OTP_RECEIVED else order.shown_state


def _steps(order: Order, now: datetime) -> list[Step]:
    if order.state == State.PENDING and not order.cancel_requested_at and not order.is_replacing:
        replace = [_replace(order, now)] if order.server == Server.PRODUCTS else []
        return [*replace, _cancel(order)]
    if order.state == State.OTP_RECEIVED and not order.finish_requested_at:
        return [*_one_more(order, now), _FINISH]
    return []


_FINISH = Step("finish", gettext_lazy("I have what I need"), "check")


def _replace(order: Order, now: datetime) -> Step:
    text = _("This number is given back and a fresh one comes at the same price. It costs nothing extra.")
    return Step(
        "replace",
        _("Other number"),
        "arrow-path",
        allowed_at=_gate(order, now),
        question=_("Take another number instead?"),
        text=text,
    )


def _cancel(order: Order) -> Step:
    if not order.is_mail:
        return Step("cancel", _("Cancel the number"), "x-mark", is_quiet=True)
    fee = mail_fee(order)
    back = format_money(order.price - fee, order.currency)
    text = _("%(back)s goes back to your wallet.") % {"back": back}
    if fee:
        text = _("The supplier keeps this fee for an inbox that was not used. %(back)s goes back to your wallet.") % {
            "back": back
        }
    return Step(
        "cancel",
        _("Cancel the inbox"),
        "x-mark",
        is_quiet=True,
        question=_("Cancel this inbox?"),
        text=text,
        amount=format_money(fee, order.currency) if fee else "",
    )


def _one_more(order: Order, now: datetime) -> list[Step]:
    if order.resend_refusal == Refusal.UNSUPPORTED:
        return []
    name, icon = ("reorder", "envelope") if order.is_mail else ("resend", "arrow-path")
    label = _("One more mail") if order.is_mail else _("One more code")
    waits, ahead = "", None
    if order.resend_requested_at:
        waits = _("We are asking for it.")
    elif order.message_count < order.resend_gate and order.resend_free_at(now) > now:
        waits = _("Asked for. It appears here by itself.")
    elif order.resend_free_at(now) > now:
        ahead = order.resend_free_at(now)
    return [Step(name, label, icon, allowed_at=ahead, waits=waits)]
