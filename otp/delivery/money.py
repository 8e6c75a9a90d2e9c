"""The three things that can become of the money held for an order, each at most once."""

from decimal import Decimal

from django.utils.translation import gettext as _

from otp.models import Order
from wallets import services as wallets

CLEARING, REVENUE = "clearing:otpzap", "revenue:otp"
# What is bought with play money counts in no book of ours.
OF_SANDBOX = ":sandbox"


def capture(order: Order) -> None:
    """Take the price. Delivered text closes the refund, with or without a recognised code (OTPZap contract 6.2)."""
    cost, price, _fee = obtained(order)
    _take(order, f"{order.reference}-paid", "order", order.title, cost, price)
    order.captured_at = order.db_now


def keep_fee(order: Order, refund: Decimal | None) -> None:
    """Take what giving back an inbox costs and free the rest.

    Never more than was shown before buying, and no more than the supplier kept, when it says what it gave back
    (``refund``, whole rupiah). All of it goes to the supplier.
    """
    cost, _price, fee = obtained(order)
    if refund is not None:
        kept = (order.provider_cost if order.provider_cost is not None else cost) - refund
        fee = min(fee, max(kept, Decimal(0)))
    if not fee:
        give_back(order)
        return
    _take(order, f"{order.reference}-fee", "order_fee", _("Cancelled: %s") % order.title, fee, fee)


def give_back(order: Order, *, expired: bool = False) -> None:
    """Free all of it."""
    wallets.release_hold(hold_reference=order.hold_reference, expired=expired)


def obtained(order: Order) -> tuple[Decimal, Decimal, Decimal]:
    """Cost, price and cancellation fee of what was bought, in rupiah: of several mail domains, the one obtained.

    A domain nobody asked for counts as the cheapest one that was.
    """
    rows = [row for row in order.domains if row["domain"].casefold() == order.domain.casefold()] or order.domains
    if not rows:
        return order.cost, order.price, order.cancel_fee
    row = min(rows, key=lambda row: Decimal(row["price"]))
    price = min(Decimal(row["price"]), order.price)
    return min(Decimal(row["cost"]), price), price, min(Decimal(row["cancel_fee"]), price, order.cancel_fee)


def _take(order: Order, reference: str, kind: str, memo: str, cost: Decimal, price: Decimal) -> None:
    books = OF_SANDBOX if order.customer.is_sandbox else ""
    splits = [(f"{CLEARING}{books}", cost), (f"{REVENUE}{books}", price - cost)]
    wallets.capture_hold(
        hold_reference=order.hold_reference,
        reference=reference,
        kind=kind,
        splits=[(code, amount) for code, amount in splits if amount > Decimal(0)],
        subject=order.subject,
        memo=memo[:200],
    )
    order.charged, order.charged_cost = price, cost
