"""Why a request about a number was refused. Each carries a sentence for the reader and changed nothing."""

from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from config.lib.errors import ServiceError
from config.lib.money import format_money

__all__ = [
    "CodeArrived",
    "DuplicateWithOtherContent",
    "NotNow",
    "OrderOver",
    "PriceChanged",
    "ProductGone",
    "ServiceError",
    "ShortOfBalance",
    "SoldOut",
    "SupplierAway",
    "TooManyLive",
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

    def __init__(self, *, shown: Decimal, now: Decimal) -> None:
        words = _("The price changed from %(old)s to %(new)s since the page was shown. Nothing was charged.")
        super().__init__(words % {"old": format_money(shown, "IDR"), "new": format_money(now, "IDR")})
        self.shown = shown
        self.now = now


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
