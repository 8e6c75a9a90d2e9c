"""What the demo customer did before you came: told through the same services and simulators as everything else.

No worker runs yet at this moment, so each step that a worker would do is done here, one after the other.
"""

import uuid
from collections.abc import Iterator
from decimal import Decimal

from django.conf import settings

from accounts.models import Customer
from config.lib.errors import ServiceError
from otp import catalogue, polling
from otp import services as numbers
from otp.errors import SoldOut
from otp.models import Order
from otp.wanted import Wanted
from payments import services as money
from payments.models import Deposit
from payments.settlement import asking, closing, submitting
from sandbox import remote

BCA, MANDIRI = "702", "802"
INDONESIA = "Indonesia"


def tell(customer: Customer) -> Iterator[str]:
    """Top-ups and orders in the states worth seeing; nothing when they are there already."""
    if Deposit.objects.filter(customer=customer).exists():
        return
    if not (settings.SANDBOX_FASPAY_URL and settings.SANDBOX_OTPZAP_URL):
        yield "history: left out, no simulators are configured"
        return
    try:
        yield from _tell(customer)
    except ServiceError as error:
        # A demo without history is better than a portal that does not start.
        yield f"history: cut short ({error.code})"


def _tell(customer: Customer) -> Iterator[str]:
    _paid(_deposit(customer, 250_000, BCA))
    _called_off(_deposit(customer, 100_000, MANDIRI))
    _paid(_deposit(customer, 50_000, MANDIRI))
    _deposit(customer, 75_000, BCA)
    yield "history: two top-ups paid, one called off, one waiting"
    for service, code in (("WhatsApp", "048213"), ("Telegram", "71950"), ("TikTok", "602118")):
        _finished(_order(customer, service), code)
    _given_up(_order(customer, "Tokopedia"))
    _delivered(_order(customer, "Shopee"), "330127")
    _order(customer, "WhatsApp")
    yield "history: three numbers used, one without a code, two running"
    for service in ("WhatsApp", "Telegram"):
        offered = _offer(service).product
        numbers.set_favourite(
            customer=customer, service_id=offered.service_id, country_id=offered.country_id, wanted=True
        )


def _deposit(customer: Customer, amount: int, bank: str) -> Deposit:
    deposit = money.request_deposit(
        customer=customer, amount=Decimal(amount), bank=bank, idempotency_key=str(uuid.uuid4())
    )
    submitting.submit(deposit.attempts.get().pk)
    return deposit


def _paid(deposit: Deposit) -> None:
    account = deposit.attempts.get()
    remote.pay(trx_id=account.trx_id)
    money.check_now(deposit=deposit)
    asking.ask(account.pk)


def _called_off(deposit: Deposit) -> None:
    money.cancel_deposit(deposit=deposit)
    closing.close(deposit.attempts.get().pk)


def _offer(service: str) -> catalogue.Offer:
    """The cheapest offer of ``service`` in Indonesia that is in stock."""
    country = next(item for item in catalogue.countries().items if item.name == INDONESIA)
    wanted = next(item for item in catalogue.services(country.id).items if item.name == service)
    offers = catalogue.offers(catalogue.products(wanted.id, country.id).items)
    found = next((offer for offer in offers if not offer.product.sold_out), None)
    if found is None:
        raise SoldOut
    return found


def _order(customer: Customer, service: str) -> Order:
    offer = _offer(service)
    product = offer.product
    wanted = Wanted(product_id=product.id, service_id=product.service_id, country_id=product.country_id)
    key = str(uuid.uuid4())
    (order,) = numbers.buy(customer=customer, wanted=wanted, expected_price=offer.price, idempotency_key=key)
    return _turn(order)


def _delivered(order: Order, code: str) -> Order:
    remote.deliver(order_id=int(order.provider_order_id), code=code, message=f"Your code is {code}")
    return _turn(order)


def _finished(order: Order, code: str) -> None:
    _turn(numbers.finish_order(order=_delivered(order, code)))


def _given_up(order: Order) -> None:
    remote.end_number(order_id=int(order.provider_order_id))
    _turn(order)


def _turn(order: Order) -> Order:
    """What a worker does when an order is due, now."""
    polling.attend(order.pk)
    order.refresh_from_db()
    return order
