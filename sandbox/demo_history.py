"""What the demo customer did before you came: told through the same services and simulators as everything else.

No worker runs yet at this moment, so each step that a worker would do is done here, one after the other.
"""

import logging
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Protocol, TypeVar

from django.conf import settings

from accounts.models import Customer
from config.lib.errors import ServiceError
from otp import catalogue, polling
from otp import services as numbers
from otp.errors import SoldOut
from otp.models import Order, Server
from otp.wanted import Wanted
from payments import services as money
from payments.models import Deposit
from payments.settlement import asking, closing, submitting
from sandbox import remote

BCA, MANDIRI = "702", "802"
INDONESIA = "Indonesia"

logger = logging.getLogger(__name__)


class Named(Protocol):
    @property
    def name(self) -> str: ...


T = TypeVar("T", bound=Named)


def tell(customer: Customer) -> Iterator[str]:
    """Top-ups and orders in the states worth seeing; nothing when they are there already."""
    if Deposit.objects.filter(customer=customer).exists():
        return
    if not (settings.SANDBOX_FASPAY_URL and settings.SANDBOX_OTPZAP_URL):
        yield "history: left out, no simulators are configured"
        return
    try:
        with _quietly():
            yield from _tell(customer)
    except ServiceError as error:
        # A demo without history is better than a portal that does not start.
        yield f"history: cut short ({error.code})"
    except Exception:
        logger.exception("the history cannot be told to its end")
        yield "history: cut short"


@contextmanager
def _quietly() -> Iterator[None]:
    """Nobody listens yet to what OTPZap would have to tell."""
    remote.post(settings.SANDBOX_OTPZAP_URL, "settings", {"webhook_quiet": 1})
    try:
        yield
    finally:
        remote.post(settings.SANDBOX_OTPZAP_URL, "settings", {"webhook_quiet": 0})


def _tell(customer: Customer) -> Iterator[str]:
    _paid(_deposit(customer, 250_000, BCA))
    _called_off(_deposit(customer, 100_000, MANDIRI))
    _paid(_deposit(customer, 50_000, MANDIRI))
    _deposit(customer, 75_000, BCA)
    yield "history: two top-ups paid, one called off, one waiting"
    for service, code in (("WhatsApp", "048213"), ("Telegram", "71950"), ("TikTok", "602118")):
        _finished(_order(customer, _offer(service)), code)
    _given_up(_order(customer, _offer("Tokopedia")))
    _finished(_order(customer, _rental("Instagram")), "884201")
    yield "history: four numbers used, one without a code"
    _read_mail(_order(customer, _inbox("openai.com")))
    _turn(numbers.request_cancel(order=_order(customer, _inbox("github.com", "outlook.com"))))
    _order(customer, _inbox("discord.com", "gmail.com", "outlook.com"))
    yield "history: an inbox with its code, one given back for its fee, one waiting"
    _delivered(_order(customer, _offer("Shopee")), "330127")
    _delivered(_order(customer, _rental("Telegram")), "55102")
    _order(customer, _offer("WhatsApp"))
    yield "history: three numbers running"
    for service in ("WhatsApp", "Telegram"):
        liked = _offer(service)
        numbers.set_favourite(customer=customer, service_id=liked.service_id, country_id=liked.country_id, wanted=True)


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


def _named(items: Iterable[T], name: str) -> T:
    """The one called so. Raises `SoldOut` when nothing is."""
    found = next((item for item in items if item.name == name), None)
    if found is None:
        raise SoldOut
    return found


def _offer(service: str) -> Wanted:
    """The cheapest offer of ``service`` in Indonesia at Server 1 that is in stock."""
    country = _named(catalogue.countries().items, INDONESIA)
    wanted = _named(catalogue.services(country.id).items, service)
    offers = catalogue.products(wanted.id, country.id).items
    found = next((product for product in offers if not product.sold_out), None)
    if found is None:
        raise SoldOut
    return Wanted(product_id=found.id, service_id=wanted.id, country_id=country.id)


def _rental(service: str) -> Wanted:
    """``service`` in Indonesia at Server 2, from whichever operator has a number."""
    country = _named(catalogue.s2_countries().items, INDONESIA)
    found = _named(catalogue.s2_services(country.id).items, service)
    operator = catalogue.ANY_OPERATOR
    return Wanted(server=Server.OPERATORS, service_id=found.id, country_id=country.id, operator_id=operator)


def _inbox(site: str, *domains: str) -> Wanted:
    """An inbox for ``site``, at the cheapest domain that has one unless others are named."""
    free = [domain.domain for domain in catalogue.mail_domains(site).items if not domain.sold_out]
    return Wanted(server=Server.MAIL, service_id=site, domains=domains or tuple(free[:1]))


def _order(customer: Customer, wanted: Wanted) -> Order:
    key, price = str(uuid.uuid4()), catalogue.quote(wanted).price
    (order,) = numbers.buy(customer=customer, wanted=wanted, expected_price=price, idempotency_key=key)
    return _turn(order)


def _read_mail(order: Order) -> None:
    markup = (
        "<h1>Sign in</h1><p>Enter <b>118204</b> within ten minutes, or open "
        '<a href="https://openai.com/in?k=118204">this page</a>.</p><img src="https://openai.com/seen.gif">'
    )
    sender = "Sign-in <no-reply@openai.com>"
    remote.deliver_mail(ref=order.provider_order_id, sender=sender, subject="Your code: 118204", html=markup)
    _turn(order)
    _turn(numbers.finish_order(order=order))


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
