"""Our prices on what OTPZap sells, and what somebody's wish costs right now."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TypeVar

from config.lib.errors import ProviderError
from otp import pricing
from otp.catalogue import lists
from otp.errors import ProductGone, SupplierAway
from otp.models import Server
from otp.providers.otpzap import adapter as otpzap
from otp.providers.types import Country, MailDomain, PricedService, Product, Service
from otp.wanted import DomainQuote, Quote, Wanted

T = TypeVar("T")


@dataclass(frozen=True)
class Offer:
    """A product of Server 1 with our price, in rupiah."""

    product: Product
    price: Decimal


@dataclass(frozen=True)
class ServiceOffer:
    """A service of Server 2 with our price, in rupiah."""

    service: PricedService
    price: Decimal


@dataclass(frozen=True)
class MailOffer:
    """A mail domain with our price, in rupiah; the cancellation fee is passed on as it is."""

    domain: MailDomain
    price: Decimal


def offers(found: Sequence[Product]) -> list[Offer]:
    """Products of Server 1 with our prices. One query."""
    rules = _rules_for([product.service_id for product in found])
    return [Offer(row, rules.price(Server.PRODUCTS, row.service_id, row.cost)) for row in found]


def service_offers(found: Sequence[PricedService]) -> list[ServiceOffer]:
    """Services of Server 2 with our prices. One query."""
    rules = _rules_for([service.id for service in found])
    return [ServiceOffer(row, rules.price(Server.OPERATORS, row.id, row.cost)) for row in found]


def mail_offers(site: str, found: Sequence[MailDomain]) -> list[MailOffer]:
    """Mail domains for a site with our prices. One query."""
    rules = _rules_for([site])
    return [MailOffer(row, rules.price(Server.MAIL, site, row.cost)) for row in found]


def _rules_for(service_ids: Sequence[str]) -> pricing.Rules:
    # A long list of ids is dearer than the few rules there are.
    distinct = set(service_ids)
    return pricing.rules(*distinct) if len(distinct) == 1 else pricing.rules()


# --- right now, past the cache ---------------------------------------------------------------------------------------


def quote(wanted: Wanted) -> Quote:
    """What one piece of ``wanted`` costs right now, past the cache (OTPZap contract 4: read again before ordering).
    Raises `ProductGone`, `SupplierAway`."""
    if wanted.server == Server.MAIL:
        return _mail_quote(wanted)
    return _service_quote(wanted) if wanted.server == Server.OPERATORS else _product_quote(wanted)


def _product_quote(wanted: Wanted) -> Quote:
    if not (wanted.service_id and wanted.country_id):
        service_id, country_id = place_of(wanted.product_id)
        wanted = replace(wanted, service_id=service_id, country_id=country_id)
    offer = fresh_offer(product_id=wanted.product_id, service_id=wanted.service_id, country_id=wanted.country_id)
    return Quote(
        wanted=wanted,
        service_name=offer.product.service_name,
        country_name=offer.product.country_name,
        product_name=offer.product.name,
        cost=offer.product.cost,
        price=offer.price,
        stock=offer.product.stock,
    )


def fresh_offer(*, product_id: str, service_id: str, country_id: str) -> Offer:
    """The offer as it is right now, past the cache, names filled in. Raises `ProductGone`, `SupplierAway`."""
    found = _fresh(lambda: otpzap.products(service_id, country_id))
    lists.shelve_products(service_id, country_id, found)
    product = next((product for product in found if product.id == product_id), None)
    if product is None:
        raise ProductGone
    named = replace(
        product,
        service_name=product.service_name or _name(lists.services(country_id).items, service_id),
        country_name=product.country_name or _name(lists.countries().items, country_id),
    )
    return offers([named])[0]


def find_product(product_id: str) -> Product:
    """The product as it is right now, when only its id is known. Raises `ProductGone`, `SupplierAway`."""
    service_id, country_id = place_of(product_id)
    return fresh_offer(product_id=product_id, service_id=service_id, country_id=country_id).product


def place_of(product_id: str) -> tuple[str, str]:
    """Service and country of a product by its id alone. Raises `ProductGone`, `SupplierAway`."""
    known = lists.where(product_id)
    if known:
        return known
    listed = next((product for product in lists.products().items if product.id == product_id), None)
    if listed is None:
        raise ProductGone
    return listed.service_id, listed.country_id


def _service_quote(wanted: Wanted) -> Quote:
    place = "" if wanted.is_special else wanted.country_id
    found = _fresh(otpzap.s2_special if wanted.is_special else lambda: otpzap.s2_services(place))
    lists.shelve_services(place, found)
    service = next((service for service in found if service.id == wanted.service_id), None)
    if service is None:
        raise ProductGone
    offer = service_offers([service])[0]
    return Quote(
        wanted=wanted,
        service_name=service.name,
        country_name=_name(lists.s2_countries().items, place) if place else "",
        operator_name=_operator_name(wanted),
        cost=service.cost,
        price=offer.price,
        stock=service.stock,
    )


def _operator_name(wanted: Wanted) -> str:
    if wanted.is_special or lists.leaves_the_choice(wanted.operator_id):
        return ""
    operators = lists.s2_operators(wanted.country_id).items
    name = next((operator.name for operator in operators if operator.id == wanted.operator_id), "")
    if not name:
        raise ProductGone
    return name


def _mail_quote(wanted: Wanted) -> Quote:
    found = _fresh(lambda: otpzap.mail_domains(wanted.service_id))
    lists.shelve_domains(wanted.service_id, found)
    by_name = {offer.domain.domain: offer for offer in mail_offers(wanted.service_id, found)}
    if not wanted.domains or not all(name in by_name for name in wanted.domains):
        raise ProductGone
    chosen = [by_name[name] for name in wanted.domains]
    return Quote(
        wanted=wanted,
        service_name=wanted.service_id,
        cost=max(offer.domain.cost for offer in chosen),
        price=max(offer.price for offer in chosen),
        cancel_fee=max(offer.domain.cancel_fee for offer in chosen),
        stock=_stock_of_all([offer.domain for offer in chosen]),
        domains=tuple(_domain_quote(offer) for offer in chosen),
    )


def _stock_of_all(chosen: Sequence[MailDomain]) -> int | None:
    stocks = [domain.stock for domain in chosen]
    return None if None in stocks else sum(stock or 0 for stock in stocks)


def _domain_quote(offer: MailOffer) -> DomainQuote:
    row = offer.domain
    return DomainQuote(row.domain, cost=row.cost, price=offer.price, cancel_fee=row.cancel_fee, stock=row.stock)


def _fresh(load: Callable[[], list[T]]) -> list[T]:
    try:
        return load()
    except ProviderError as error:
        raise SupplierAway from error


# --- names ------------------------------------------------------------------------------------------------------------


def names(*, server: int = Server.PRODUCTS, service_id: str, country_id: str) -> tuple[str, str]:
    """How a service and a country are called; a site is its own name, a special service has no country. Raises
    `ProductGone` when there is no such pair, `SupplierAway`."""
    if server == Server.MAIL:
        return service_id, ""
    if server == Server.PRODUCTS:
        found = _name(lists.services(country_id).items, service_id), _name(lists.countries().items, country_id)
    elif country_id:
        found = _name(lists.s2_services(country_id).items, service_id), _name(lists.s2_countries().items, country_id)
    else:
        found = _name(lists.s2_special().items, service_id), ""
    if not found[0] or (country_id and not found[1]):
        raise ProductGone
    return found


def _name(items: Sequence[Country] | Sequence[Service] | Sequence[PricedService], wanted: str) -> str:
    return next((item.name for item in items if item.id == wanted), "")
