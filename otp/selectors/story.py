"""One order from its first moment on: what happened, and where the money is."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from otp.models import Order, OrderCode, Reason, State
from wallets.models import Hold, Posting


@dataclass(frozen=True)
class MoneyStory:
    """Where the price is. ``state`` is open (held), captured or released; ``paid`` is what was taken of ``amount``;
    ``reference`` and ``line`` say where the payment stands in the statement."""

    state: str
    amount: Decimal
    paid: Decimal
    currency: str
    held_at: datetime
    closed_at: datetime | None
    reference: str
    line: int | None


def money_of(order: Order) -> MoneyStory | None:
    """Where the money of an order is. Two queries."""
    hold = Hold.objects.filter(reference=order.hold_reference).first()
    if hold is None:
        return None
    paid = Posting.objects.filter(transaction__hold=hold, account=hold.account_id)
    reference, line = paid.values_list("transaction__reference", "version").first() or ("", None)
    state = "released" if hold.state == Hold.State.EXPIRED else hold.state
    return MoneyStory(
        state, hold.amount, hold.captured, order.currency, hold.created_at, hold.closed_at, reference, line
    )


def story(order: Order, money: MoneyStory | None) -> list[dict[str, Any]]:
    """What happened to an order, oldest first, for the timeline."""
    held, settled = _money_events(order, money)
    # Nobody has what they need before a message came.
    done = _event(order.finish_requested_at, _("You said you have what you need"), "check")
    told = (*_buying_events(order, held), *_wishes(order), *_messages(order), *settled, done, *_ending_events(order))
    # The supplier's times have whole seconds; within one the order of the list is the order of things.
    return sorted((event for event in told if event["at"]), key=lambda event: event["at"].replace(microsecond=0))


def _event(at: datetime | None, title: str, icon: str, tone: str = "neutral", **more: Any) -> dict[str, Any]:
    return {"at": at, "title": title, "icon": icon, "tone": tone, **more}


def _buying_events(order: Order, held: list[dict[str, Any]]) -> list[dict[str, Any]]:
    got = (_("Inbox received"), "envelope") if order.is_mail else (_("Number received"), "phone")
    asked = _("You ordered an inbox") if order.is_mail else _("You ordered a number")
    if order.replaces_id:
        asked = _("You asked for another number")
    return [
        _event(order.created_at, asked, "document-plus", reference=order.reference),
        *held,
        _event(order.sent_at, _("Order sent to the supplier"), "paper-airplane"),
        _event(order.doubted_at, _("The answer was lost, so we asked again"), "question-mark-circle", "warning"),
        _event(
            order.activated_at,
            *got,
            "info",
            text=order.mail_address if order.is_mail else order.spaced_number,
            reference=order.provider_order_id,
        ),
    ]


def _wishes(order: Order) -> list[dict[str, Any]]:
    again = _("You asked for one more mail") if order.is_mail else _("You asked for one more code")
    lost = _("The answer was lost, so we asked again")
    return [
        _event(order.cancel_requested_at, _("You asked to cancel"), "arrow-uturn-left", "warning"),
        _event(order.cancel_refused_at, _("The supplier did not accept the cancellation"), "x-circle", "warning"),
        _event(order.replace_requested_at, _("You asked for another number"), "arrow-path", "info"),
        _event(order.replace_doubted_at, lost, "question-mark-circle", "warning"),
        _event(order.resend_requested_at, again, "arrow-path", "info"),
    ]


def _messages(order: Order) -> list[dict[str, Any]]:
    # Prefetched newest first; within one second the first to come is the first told.
    return [_message_event(order, message) for message in reversed(order.codes.all())]


def _message_event(order: Order, message: OrderCode) -> dict[str, Any]:
    if message.withheld:
        title = _("A message was kept back because of who sent it")
        return _event(message.received_at, title, "no-symbol", "warning", text=_("It costs nothing."))
    if order.is_mail:
        text = " · ".join(part for part in (message.sender, message.subject) if part)
        return _event(message.received_at, _("Mail arrived"), "envelope-open", "success", text=text)
    title = _("Code arrived") if message.code else _("Message arrived")
    return _event(message.received_at, title, "chat-bubble-left-ellipsis", "success", text=message.message)


def _ending_events(order: Order) -> list[dict[str, Any]]:
    if not order.is_over:
        return []
    if order.state == State.SUCCESS:
        return [_event(order.finished_at, _("Order finished"), "check-circle", "success")]
    if order.reason == Reason.REPLACED:
        return [_replaced_event(order)]
    tone = "danger" if order.state == State.FAILED else "neutral"
    titles = {
        State.CANCELLED: _("Order cancelled"),
        State.EXPIRED: _("Time over without a mail") if order.is_mail else _("Time over without a code"),
        State.FAILED: _("Order failed"),
    }
    why = order.get_reason_display()
    return [_event(order.finished_at, titles[State(order.state)], "minus-circle", tone, text=why)]


def _replaced_event(order: Order) -> dict[str, Any]:
    new = getattr(order, "replaced_by", None)
    link = {"url": new.get_absolute_url(), "text": new.spaced_number} if new else {}
    return _event(order.finished_at, _("Replaced by another number"), "arrow-path", "info", **link)


def _money_events(order: Order, money: MoneyStory | None) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    if money is None:
        return [], []
    whole: dict[str, Any] = {"amount": money.amount, "currency": money.currency}
    held = [_event(money.held_at, _("Price set aside in your wallet"), "lock-closed", **whole)]
    if money.state != "captured":
        return held, _released(order, money, whole)
    why = _("Paid from your wallet, because a mail arrived") if order.is_mail else _paid_for_a_code()
    if order.captured_at is None:
        why = _("Cancellation fee paid from your wallet")
    paid = {"amount": money.paid, "currency": money.currency}
    events = [_event(money.closed_at, why, "banknotes", "info", reference=money.reference, **paid)]
    rest = money.amount - money.paid
    if rest:
        back = _("The rest is back in your wallet")
        events.append(
            _event(money.closed_at, back, "arrow-uturn-left", "success", amount=rest, currency=money.currency)
        )
    return held, events


def _paid_for_a_code() -> str:
    return _("Paid from your wallet, because a code arrived")


def _released(order: Order, money: MoneyStory, whole: dict[str, Any]) -> list[dict[str, Any]]:
    if order.reason == Reason.REPLACED:
        return [_event(money.closed_at, _("The price moved on to the new number"), "arrow-right", "info", **whole)]
    back = _("Back in your wallet, nothing was charged")
    return [_event(money.closed_at, back, "arrow-uturn-left", "success", **whole)]
