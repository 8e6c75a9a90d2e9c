"""Buying numbers and inboxes. Amounts are whole rupiah."""

import uuid
from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.errors import NotAllowed
from accounts.models import Customer
from config.lib import clock
from config.lib.ids import new_reference
from config.lib.jobs import nudge
from otp import catalogue, floats, limits, tasks
from otp.errors import DuplicateWithOtherContent, FeeChanged, NotPossible, PriceChanged, ShortOfBalance, SoldOut
from otp.models import Order, Server
from otp.wanted import DomainQuote, Quote, Wanted
from wallets import services as wallets
from wallets.errors import InsufficientFunds

# Pieces of one purchase (OTPZap contract 7.3 knows ten inboxes at most).
MOST_AT_ONCE = 10


def buy(
    *,
    customer: Customer,
    wanted: Wanted,
    expected_price: Decimal | None,
    idempotency_key: str,
    quantity: int = 1,
    via: str = "page",
    expected_fee: Decimal | None = None,
) -> list[Order]:
    """Hold the price and order ``quantity`` pieces; a worker buys each within a second. All of them or none.

    The offer is read fresh first. ``expected_price`` (rupiah for one piece) is what the page showed: a higher price is
    refused, a lower one taken; None takes the price as it is. ``expected_fee`` is the same for what cancelling costs.
    The same key with the same content returns the first orders. Raises `ProductGone`, `SoldOut`, `PriceChanged`,
    `FeeChanged`, `ShortOfBalance`, `DuplicateWithOtherContent`, `NotPossible` (too many pieces), `ServiceBlocked`,
    `SupplierAway`, `SupplierShort`, what `limits.check` raises, and `NotAllowed` for play money at the real supplier.
    """
    if customer.is_sandbox and not _is_simulated():
        raise NotAllowed(_("A key of the sandbox buys nothing here: there is no simulated supplier."))
    if not 1 <= quantity <= MOST_AT_ONCE:
        raise NotPossible(_("Order between 1 and %(most)s at one time.") % {"most": MOST_AT_ONCE})
    purchase = _Purchase(customer, idempotency_key, wanted, quantity, expected_price)
    earlier = purchase.earlier()
    if earlier:
        return earlier
    quote = catalogue.quote(wanted)
    limits.check_names(quote.service_name, quote.product_name)
    if quote.sold_out or (quote.stock is not None and quote.stock < quantity):
        raise SoldOut
    fee = min(quote.cancel_fee, quote.price)
    if expected_price is not None and quote.price > expected_price:
        raise PriceChanged(shown=expected_price, now=quote.price, fee=fee)
    if expected_fee is not None and fee > expected_fee:
        raise FeeChanged(shown=expected_fee, now=fee, price=quote.price)
    return _place(purchase, quote, via)


def _is_simulated() -> bool:
    """Whether the supplier is the simulator: play money must never spend ours."""
    simulator = settings.SANDBOX_OTPZAP_URL
    return bool(settings.SANDBOX_ENABLED and simulator) and settings.OTPZAP_BASE_URL.startswith(f"{simulator}/")


@dataclass(frozen=True)
class _Purchase:
    """What was asked for under which key."""

    customer: Customer
    key: str
    wanted: Wanted
    quantity: int
    price: Decimal | None

    @property
    def keys(self) -> list[str]:
        """One for each piece. No key of a page or a program has a full stop in it."""
        return [self.key, *(f"{self.key}.{piece}" for piece in range(2, self.quantity + 1))]

    def earlier(self) -> list[Order]:
        """The orders this key has made already, when it asked for the same."""
        orders = list(Order.objects.filter(customer=self.customer, idempotency_key__in=self.keys).order_by("id"))
        if orders and not self._is_what_made(orders):
            raise DuplicateWithOtherContent
        return orders

    def _is_what_made(self, orders: list[Order]) -> bool:
        batch = orders[0].batch
        pieces = Order.objects.filter(batch=batch, replaces=None).count() if batch else 1
        cheap = self.price is None or orders[0].price <= self.price
        return cheap and len(orders) == pieces == self.quantity and _asked(self.wanted) == _content(orders[0])


def _content(order: Order) -> tuple[object, ...]:
    """What makes an order another order, in the same shape as `_asked`."""
    if order.server == Server.PRODUCTS:
        return order.server, order.product_id
    place = "" if order.is_special else order.country_id, "" if order.is_special else order.operator_id
    mail = tuple(row["domain"] for row in order.domains), order.subject_filter, order.pattern
    return order.server, order.service_id, order.is_special, place, mail


def _asked(wanted: Wanted) -> tuple[object, ...]:
    if wanted.server == Server.PRODUCTS:
        return wanted.server, wanted.product_id
    place = "" if wanted.is_special else wanted.country_id, "" if wanted.is_special else wanted.operator_id
    mail = tuple(wanted.domains), wanted.subject, wanted.pattern
    return wanted.server, wanted.service_id, wanted.is_special, place, mail


@transaction.atomic
def _place(purchase: _Purchase, quote: Quote, via: str) -> list[Order]:
    # The customer's row lines up double clicks and makes the limits hold under races.
    customer = Customer.objects.select_for_update(no_key=True).get(pk=purchase.customer.pk)
    earlier = purchase.earlier()
    if earlier:
        return earlier
    limits.check(customer, purchase.quantity, quote.price * purchase.quantity)
    floats.check(quote.cost * purchase.quantity)
    batch = uuid.uuid4() if purchase.quantity > 1 else None
    orders = [_new_order(customer, quote, key, batch, via) for key in purchase.keys]
    for held, order in enumerate(orders):
        try:
            _hold_and_send(order)
        except InsufficientFunds as error:
            # What the pieces before this one took is free again when this is over.
            available = error.available + held * quote.price
            raise ShortOfBalance(available=available, needed=purchase.quantity * quote.price) from error
    return orders


def _hold_and_send(order: Order) -> None:
    order.save(force_insert=True)
    wallets.hold_funds(
        customer=order.customer,
        amount=order.price,
        currency=order.currency,
        reference=order.hold_reference,
        subject=order.subject,
        memo=order.title[:200],
    )
    nudge(tasks.submit, order_id=order.pk)


def _new_order(customer: Customer, quote: Quote, key: str, batch: uuid.UUID | None, via: str) -> Order:
    wanted, reference, now = quote.wanted, new_reference("OTP"), clock.now()
    return Order(
        reference=reference,
        hold_reference=f"{reference}-hold",
        customer=customer,
        idempotency_key=key,
        batch=batch,
        via=via,
        server=wanted.server,
        product_id=wanted.product_id,
        product_name=quote.product_name[:200],
        service_id=wanted.service_id,
        service_name=quote.service_name[:120],
        country_id=wanted.country_id,
        country_name=quote.country_name[:120],
        operator_id=wanted.operator_id,
        operator_name=quote.operator_name[:120],
        is_special=wanted.is_special,
        domains=[_row_of(domain) for domain in quote.domains],
        subject_filter=wanted.subject,
        pattern=wanted.pattern,
        cost=quote.cost,
        price=quote.price,
        cancel_fee=min(quote.cancel_fee, quote.price),
        created_at=now,
        next_poll_at=now,
    )


def _row_of(domain: DomainQuote) -> dict[str, str]:
    figures = {"cost": domain.cost, "price": domain.price, "cancel_fee": domain.cancel_fee}
    return {"domain": domain.domain, **{name: f"{amount:f}" for name, amount in figures.items()}}
