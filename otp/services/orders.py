"""Buying numbers and inboxes. Amounts are whole rupiah."""

import uuid
from decimal import Decimal

from django.db import transaction

from accounts.models import Customer
from config.lib import clock
from config.lib.ids import new_reference
from config.lib.jobs import nudge
from otp import catalogue, tasks
from otp.errors import DuplicateWithOtherContent, PriceChanged, ShortOfBalance, SoldOut, TooManyLive
from otp.models import Order, Server
from otp.wanted import DomainQuote, Quote, Wanted
from wallets import services as wallets
from wallets.errors import InsufficientFunds

# One key at OTPZap carries about 25 orders polled every five seconds; nobody may take them all.
MOST_LIVE = 20


def buy(
    *,
    customer: Customer,
    wanted: Wanted,
    expected_price: Decimal | None,
    idempotency_key: str,
    quantity: int = 1,
    via: str = "page",
) -> list[Order]:
    """Hold the price and order ``quantity`` pieces; a worker buys each within a second. All of them or none.

    The offer is read fresh first. ``expected_price`` (rupiah for one piece) is what the page showed: a higher price is
    refused; None takes the price as it is. The same key with the same content returns the first orders. Raises
    `ProductGone`, `SoldOut`, `PriceChanged`, `ShortOfBalance`, `TooManyLive`, `DuplicateWithOtherContent`,
    `SupplierAway`.
    """
    earlier = _earlier(customer, idempotency_key, wanted, quantity, expected_price)
    if earlier:
        return earlier
    quote = catalogue.quote(wanted)
    if quote.sold_out:
        raise SoldOut
    if expected_price is not None and quote.price != expected_price:
        raise PriceChanged(shown=expected_price, now=quote.price)
    try:
        return _place(customer, quote, idempotency_key, quantity, via)
    except InsufficientFunds as error:
        raise ShortOfBalance(available=error.available, needed=quote.price * quantity) from error


def _key_of(key: str, piece: int) -> str:
    return key if piece == 0 else f"{key}.{piece + 1}"


def _earlier(customer: Customer, key: str, wanted: Wanted, quantity: int, price: Decimal | None) -> list[Order]:
    keys = [_key_of(key, piece) for piece in range(quantity)]
    orders = list(Order.objects.filter(customer=customer, idempotency_key__in=keys).order_by("id"))
    same = len(orders) == quantity and all(_content(order) == _asked(wanted) for order in orders)
    if orders and not (same and price in (None, orders[0].price)):
        raise DuplicateWithOtherContent
    return orders


def _content(order: Order) -> tuple[object, ...]:
    offer = order.product_id if order.server == Server.PRODUCTS else (order.service_id, order.country_id)
    return order.server, offer, order.operator_id, tuple(row["domain"] for row in order.domains)


def _asked(wanted: Wanted) -> tuple[object, ...]:
    offer = wanted.product_id if wanted.server == Server.PRODUCTS else (wanted.service_id, wanted.country_id)
    return wanted.server, offer, wanted.operator_id, wanted.domains


@transaction.atomic
def _place(customer: Customer, quote: Quote, key: str, quantity: int, via: str) -> list[Order]:
    # The customer's row lines up double clicks and makes the cap hold under races.
    Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)
    earlier = _earlier(customer, key, quote.wanted, quantity, quote.price)
    if earlier:
        return earlier
    if Order.objects.live().filter(customer=customer).count() + quantity > MOST_LIVE:
        raise TooManyLive(MOST_LIVE)
    batch = uuid.uuid4() if quantity > 1 else None
    orders = [_new_order(customer, quote, _key_of(key, piece), batch, via) for piece in range(quantity)]
    for order in orders:
        _hold_and_send(order)
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
