"""What a customer can ask for: buy a number, cancel it, finish it, keep a favourite. Amounts are rupiah."""

from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Customer
from config.lib import clock
from config.lib.ids import new_reference
from config.lib.jobs import nudge
from otp import catalogue, tasks
from otp.errors import (
    CodeArrived,
    DuplicateWithOtherContent,
    NotNow,
    OrderOver,
    PriceChanged,
    ShortOfBalance,
    SoldOut,
    TooManyLive,
)
from otp.models import DELIVERED, ENDS, UNSENT, Favourite, Order, State
from wallets import services as wallets
from wallets.errors import InsufficientFunds

# One key at OTPZap carries about 25 orders polled every five seconds; nobody may take them all.
MOST_LIVE = 20
MOST_FAVOURITES = 60


def buy_number(
    *,
    customer: Customer,
    product_id: int,
    service_id: int,
    country_id: int,
    expected_price: Decimal,
    idempotency_key: str,
) -> Order:
    """Hold the price and order one number; a worker buys it within a second.

    The product is read fresh first. ``expected_price`` is what the page showed: any other price is refused. The same
    key with the same content returns the first order. Raises `ProductGone`, `SoldOut`, `PriceChanged`,
    `ShortOfBalance`, `TooManyLive`, `DuplicateWithOtherContent`, `SupplierAway`.
    """
    earlier = _earlier(customer, idempotency_key, product_id, expected_price)
    if earlier:
        return earlier
    offer = catalogue.fresh_offer(product_id=product_id, service_id=service_id, country_id=country_id)
    if offer.product.sold_out:
        raise SoldOut
    if offer.price != expected_price:
        raise PriceChanged(shown=expected_price, now=offer.price)
    try:
        return _place(customer, offer, idempotency_key)
    except InsufficientFunds as error:
        raise ShortOfBalance(available=error.available, needed=offer.price) from error


def _earlier(customer: Customer, key: str, product_id: int, price: Decimal) -> Order | None:
    order = Order.objects.filter(customer=customer, idempotency_key=key).first()
    if order and (order.product_id, order.price) != (product_id, price):
        raise DuplicateWithOtherContent
    return order


@transaction.atomic
def _place(customer: Customer, offer: catalogue.Offer, key: str) -> Order:
    # The customer's row lines up double clicks and makes the cap hold under races.
    Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)
    earlier = _earlier(customer, key, offer.product.id, offer.price)
    if earlier:
        return earlier
    if Order.objects.live().filter(customer=customer).count() >= MOST_LIVE:
        raise TooManyLive(MOST_LIVE)
    order = _new_order(customer, offer, key)
    order.save(force_insert=True)
    wallets.hold_funds(
        customer=customer,
        amount=order.price,
        currency=order.currency,
        reference=order.hold_reference,
        subject=order.subject,
        memo=f"{order.service_name}, {order.country_name}"[:200],
    )
    nudge(tasks.submit, order_id=order.pk)
    return order


def _new_order(customer: Customer, offer: catalogue.Offer, key: str) -> Order:
    product, reference, now = offer.product, new_reference("OTP"), clock.now()
    return Order(
        reference=reference,
        hold_reference=f"{reference}-hold",
        customer=customer,
        idempotency_key=key,
        product_id=product.id,
        product_name=product.name[:200],
        service_id=product.service_id,
        service_name=product.service_name[:120],
        country_id=product.country_id,
        country_name=product.country_name[:120],
        cost=product.cost,
        price=offer.price,
        created_at=now,
        next_poll_at=now,
    )


@transaction.atomic
def request_cancel(*, order: Order) -> Order:
    """Have a number cancelled as soon as the supplier allows; asking again changes nothing.

    The caller has made sure whose order it is. Money comes back when the supplier confirms, and not if a code is
    there first. Raises `CodeArrived`, `OrderOver`, `NotNow` (it has no number yet).
    """
    order = _locked(order)
    if order.state in DELIVERED:
        raise CodeArrived(order.captured_at)
    if order.state in ENDS:
        raise OrderOver
    if order.state in UNSENT:
        raise NotNow(_("The number is still being bought. You can cancel as soon as it is there."))
    if order.cancel_requested_at:
        return order
    now = clock.now()
    order.cancel_requested_at, order.cancel_refused_at, order.cancel_tries = now, None, 0
    order.cancel_next_at = max(now, order.cancel_allowed_at or now)
    order.next_poll_at = min(order.next_poll_at or now, order.cancel_next_at)
    order.version += 1
    order.save(
        update_fields=[
            "cancel_requested_at",
            "cancel_refused_at",
            "cancel_tries",
            "cancel_next_at",
            "next_poll_at",
            "version",
        ]
    )
    if order.cancel_next_at <= now:
        nudge(tasks.poll, order_id=order.pk)
    return order


@transaction.atomic
def finish_order(*, order: Order) -> Order:
    """Say that the number is no longer needed; asking again changes nothing. Raises `NotNow` before a code."""
    order = _locked(order)
    if order.state == State.SUCCESS or order.finish_requested_at:
        return order
    if order.state != State.OTP_RECEIVED:
        raise OrderOver if order.state in ENDS else NotNow(_("Finish it once a code has arrived."))
    order.finish_requested_at, order.finish_tries = clock.now(), 0
    order.next_poll_at = order.finish_requested_at
    order.version += 1
    order.save(update_fields=["finish_requested_at", "finish_tries", "next_poll_at", "version"])
    nudge(tasks.poll, order_id=order.pk)
    return order


def _locked(order: Order) -> Order:
    return Order.objects.select_for_update(no_key=True).get(pk=order.pk)


def set_favourite(*, customer: Customer, service_id: int, country_id: int, wanted: bool) -> None:
    """Keep or drop a service in a country; names are the catalogue's. Raises `ProductGone`, `SupplierAway`,
    `NotNow` when there are too many."""
    mine = Favourite.objects.filter(customer=customer)
    if not wanted:
        mine.filter(service_id=service_id, country_id=country_id).delete()
        return
    if mine.count() >= MOST_FAVOURITES:
        raise NotNow(_("You have as many favourites as we keep. Remove one first."))
    service_name, country_name = catalogue.names(service_id=service_id, country_id=country_id)
    Favourite.objects.get_or_create(
        customer=customer,
        service_id=service_id,
        country_id=country_id,
        defaults={"service_name": service_name[:120], "country_name": country_name[:120]},
    )
