"""How an order that brought nothing ended: what happened, where the money is, what comes next. One plain card."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.lib.money import format_money
from otp.models import UNDELIVERED_ENDS, Order, Reason

Words = str | Promise


@dataclass(frozen=True)
class Ending:
    """``side`` as a failure card takes it; ``tone`` danger, warning or neutral."""

    title: str
    money: str
    side: str
    next: Words
    action: Words
    tone: str


_OTHER_OFFER = gettext_lazy("Another offer for the same service may work right now.")
_TRY_AGAIN = gettext_lazy("Nothing to do for you. You can try again at once.")
_OTHER_NUMBER = gettext_lazy("A fresh number often works. Have the code sent as soon as you have typed it in.")
_WATCHED = gettext_lazy("Our staff looks into it. Nothing to do for you.")

# reason: (whose side, tone, what next)
_TELLING: dict[str, tuple[str, str, Words]] = {
    Reason.OUT_OF_STOCK: ("provider", "warning", _OTHER_OFFER),
    Reason.SUPPLIER_SHORT: ("ours", "danger", gettext_lazy("Our staff knows and is on it. Please try again later.")),
    Reason.PRODUCT_GONE: ("provider", "warning", _OTHER_OFFER),
    Reason.REFUSED: ("provider", "danger", _OTHER_OFFER),
    Reason.UNREACHABLE: ("provider", "danger", gettext_lazy("Nothing was bought. Try again in a few minutes.")),
    Reason.NO_CODE: ("", "warning", _OTHER_NUMBER),
    Reason.NUMBER_FAILED: ("provider", "danger", _OTHER_NUMBER),
    Reason.CANCELLED_BY_CUSTOMER: ("", "neutral", ""),
    Reason.CANCELLED_BY_SUPPLIER: ("provider", "warning", _TRY_AGAIN),
    Reason.REPLACED: ("", "neutral", ""),
    Reason.REPLACEMENT_LOST: ("provider", "danger", _WATCHED),
    Reason.WITHHELD: (
        "yours",
        "danger",
        gettext_lazy("Banks and payment services are not for rented numbers. Use a number of your own there."),
    ),
    Reason.SETTLED_BY_STAFF: ("provider", "warning", _TRY_AGAIN),
}
_OTHERWISE = ("provider", "danger", _TRY_AGAIN)


def ending_of(order: Order) -> Ending | None:
    """None for an order that lives or has delivered."""
    if order.state not in UNDELIVERED_ENDS:
        return None
    side, tone, following = _TELLING.get(order.reason, _OTHERWISE)
    if order.is_mail and order.reason == Reason.NO_CODE:
        following = _("A fresh inbox, or another domain, often works.")
    return Ending(
        title=order.get_reason_display() or order.get_state_display(),
        money=_money(order),
        side=side,
        next=following,
        action=_action(order),
        tone=tone,
    )


def _money(order: Order) -> str:
    back = format_money(order.price - order.charged, order.currency)
    if order.reason == Reason.REPLACED:
        return _("%(back)s moved on to the new number.") % {"back": back}
    if not order.charged:
        return _("%(back)s is back in your wallet.") % {"back": back}
    fee = format_money(order.charged, order.currency)
    return _("%(fee)s was kept as the cancellation fee, %(back)s is back in your wallet.") % {"fee": fee, "back": back}


def _action(order: Order) -> str:
    if order.reason == Reason.WITHHELD:
        return _("Back to the shop")
    return _("Try another inbox") if order.is_mail else _("Try another number")
