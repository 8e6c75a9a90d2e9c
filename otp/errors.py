"""Why a request about a number was refused. Each carries a sentence for the reader and changed nothing."""

import math
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from config.lib import clock
from config.lib.errors import Conflict, Forbidden, ServiceError, TooMany, Unaffordable
from config.lib.money import format_money
from config.lib.times import in_words

__all__ = [
    "AlreadyBlocked",
    "CodeArrived",
    "DuplicateWithOtherContent",
    "FeeChanged",
    "NoFreshStart",
    "NoNotesYet",
    "NotInDoubt",
    "NotNow",
    "NotPossible",
    "OrderOver",
    "OverDailyOrders",
    "OverDailySpending",
    "Paused",
    "PriceChanged",
    "ProductGone",
    "ResendLocked",
    "ServiceBlocked",
    "ServiceError",
    "ShortOfBalance",
    "SoldOut",
    "Stopped",
    "SupplierAway",
    "SupplierRefused",
    "SupplierShort",
    "TooEarly",
    "TooManyLive",
    "Waits",
]


class ProductGone(ServiceError):
    code = "product_gone"

    def __init__(self) -> None:
        super().__init__(_("This offer is no longer sold. Nothing was charged; please choose another one."))


class SoldOut(ServiceError):
    code = "sold_out"

    def __init__(self) -> None:
        super().__init__(_("This offer has just sold out. Nothing was charged; please choose another one."))


class PriceChanged(ServiceError):
    """The price is no longer what the page showed. Amounts in rupiah."""

    code = "price_changed"

    def __init__(self, *, shown: Decimal, now: Decimal, fee: Decimal = Decimal(0)) -> None:
        words = _("The price changed from %(old)s to %(new)s since the page was shown. Nothing was charged.")
        super().__init__(words % {"old": format_money(shown, "IDR"), "new": format_money(now, "IDR")})
        self.shown, self.now, self.fee = shown, now, fee


class FeeChanged(ServiceError):
    """Cancelling costs more than the page showed. Amounts in rupiah; ``price`` is what one piece costs now."""

    code = "fee_changed"

    def __init__(self, *, shown: Decimal, now: Decimal, price: Decimal) -> None:
        words = _("The cancellation fee changed from %(old)s to %(new)s since the page was shown. Nothing was charged.")
        super().__init__(words % {"old": format_money(shown, "IDR"), "new": format_money(now, "IDR")})
        self.now, self.fee = price, now


class ShortOfBalance(ServiceError):
    """The wallet does not cover the price; ``shortfall`` (rupiah) is what a top-up must bring at least."""

    code = "insufficient_funds"

    def __init__(self, *, available: Decimal, needed: Decimal) -> None:
        self.available, self.needed = available, needed
        self.shortfall = needed - available
        words = _("Your balance is %(short)s short of the price of %(price)s.")
        short, price = format_money(self.shortfall, "IDR"), format_money(needed, "IDR")
        super().__init__(words % {"short": short, "price": price})


class DuplicateWithOtherContent(ServiceError):
    code = "duplicate"

    def __init__(self) -> None:
        super().__init__(_("This form was already used for another order. Please look at the page again."))


class SupplierAway(ServiceError):
    code = "supplier_away"

    def __init__(self) -> None:
        super().__init__(_("The supplier of numbers does not answer right now. Nothing was charged."))


class NothingThere(SupplierAway):
    """It does answer: it has no such country or service, so there is no list to show."""

    code = "not_found"
    status = 404

    def __init__(self) -> None:
        ServiceError.__init__(self, _("There is no such country or service. Read the lists again."))


class SupplierShort(ServiceError):
    """Our own money at the supplier is nearly used up: nothing new is sold until it was topped up."""

    code = "supplier_short"
    status = 503

    def __init__(self) -> None:
        super().__init__(
            _("No new orders for a moment: we are topping up our own account with the supplier. Nothing was charged.")
        )


class SupplierRefused(ServiceError):
    """The supplier said no to staff; ``said`` is its code."""

    code = "supplier_refused"

    def __init__(self, said: str) -> None:
        super().__init__(_("OTPZap did not accept it (%(code)s). Nothing was changed.") % {"code": said})


class NoNotesYet(ServiceError):
    """This installation has no address or no secret for the supplier's notes."""

    code = "no_notes"

    def __init__(self) -> None:
        super().__init__(
            _("Set OTPZAP_WEBHOOK_TOKEN and OTPZAP_WEBHOOK_SECRETS first: without them no note can be let in.")
        )


class TooManyLive(ServiceError):
    code = "too_many_live"

    def __init__(self, most: int) -> None:
        words = _("You have %(most)s numbers waiting already, the most at one time. Finish or cancel one first.")
        super().__init__(words % {"most": most})


class CodeArrived(ServiceError):
    """Too late to cancel: delivered text is what the customer pays for. ``at`` is when it arrived."""

    code = "code_arrived"

    def __init__(self, at: datetime | None) -> None:
        super().__init__(_("The code has arrived, so this number can no longer be cancelled."))
        self.at = at


class OrderOver(ServiceError):
    code = "order_over"

    def __init__(self) -> None:
        super().__init__(_("This order is already over."))


class NotNow(ServiceError):
    """What was asked for does not fit the state the order is in."""

    code = "not_now"


class Waits(TooMany):
    """A limit that gives way by itself: ``until`` says when."""

    def __init__(self, message: str, until: datetime) -> None:
        left = until - clock.now()
        super().__init__(message, retry_after=max(1.0, left.total_seconds()))
        self.until = until


class OverDailyOrders(Waits):
    code = "daily_orders"

    def __init__(self, most: int, until: datetime) -> None:
        words = _("You have ordered %(most)s times in 24 hours, the most for now. There is room again %(when)s.")
        super().__init__(words % {"most": most, "when": in_words(until)}, until)


class OverDailySpending(Unaffordable):
    """Amounts in rupiah; ``left`` may still be spent now."""

    code = "daily_spending"

    def __init__(self, *, most: Decimal, left: Decimal) -> None:
        words = _("You may order for %(most)s in 24 hours, and %(left)s of that is left.")
        super().__init__(words % {"most": format_money(most, "IDR"), "left": format_money(left, "IDR")})
        self.most, self.left = most, left


class Paused(Waits):
    """Too many numbers were given back unused."""

    code = "paused"

    def __init__(self, until: datetime, *, percent: int) -> None:
        words = _(
            "You gave back more than %(percent)s %% of your numbers unused, so buying is paused until %(when)s. "
            "What you have goes on."
        )
        super().__init__(words % {"percent": percent, "when": in_words(until)}, until)


class Stopped(Forbidden):
    code = "stopped"

    def __init__(self) -> None:
        super().__init__(
            _("Buying is stopped, because messages of banks or payment services came to your numbers. Please ask us.")
        )


class ServiceBlocked(Forbidden):
    """``words`` are the blocked ones, ``why`` in the reader's language."""

    code = "service_blocked"

    def __init__(self, words: str, why: str) -> None:
        text = _("%(words)s may not be used with our numbers and inboxes (%(why)s). Nothing was charged.")
        super().__init__(text % {"words": words, "why": why.rstrip(".")})
        self.words = words


class NoFreshStart(Conflict):
    code = "no_fresh_start"

    def __init__(self) -> None:
        super().__init__(_("There is no pause to end, or you have used all your fresh starts of this month."))


class AlreadyBlocked(Conflict):
    code = "already_blocked"

    def __init__(self) -> None:
        super().__init__(_("These words are in the list already."))


class NotInDoubt(Conflict):
    """Staff may close only what the supplier never answered."""

    code = "not_in_doubt"

    def __init__(self) -> None:
        super().__init__(
            _("Only an order in doubt for more than twelve hours can be closed by hand. Please look again.")
        )


class NotPossible(ServiceError):
    """This kind of order cannot do that, ever: an inbox has no other number, a number is not ordered again."""

    code = "not_possible"
    status = 422


class TooEarly(TooMany):
    """The supplier does not allow it yet; ``retry_after`` seconds."""

    code = "too_early"

    def __init__(self, retry_after: float) -> None:
        words = _("The supplier allows this in %(seconds)s seconds.") % {"seconds": math.ceil(retry_after)}
        super().__init__(words, retry_after=math.ceil(retry_after))


class ResendLocked(TooMany):
    """One more message was asked for already, and has not come; ``retry_after`` seconds are a guess when the supplier
    names no time."""

    code = "resend_locked"

    def __init__(self, retry_after: float) -> None:
        super().__init__(
            _("One more message was asked for already. Ask again when it has arrived."),
            retry_after=math.ceil(retry_after),
        )
