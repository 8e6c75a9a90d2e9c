"""The lists of the three servers, from the cache or from OTPZap.

All raise `SupplierAway` when it is away and no copy is left.
"""

from decimal import Decimal

from django.core.cache import cache

from otp.catalogue.shelves import Shelf, cached, keep, quietly, read
from otp.models import Order, Server
from otp.providers.otpzap import adapter as otpzap
from otp.providers.types import Country, MailDomain, Operator, PricedService, Product, Service

ANY_OPERATOR = "any"
_WHERE_KEPT = 7 * 24 * 3600


def countries() -> Shelf[Country]:
    """All countries of Server 1 by name."""
    return read("countries", Country, lambda: sorted(otpzap.countries(), key=_by_name), names=True)


def services(country_id: str = "") -> Shelf[Service]:
    """What Server 1 sells for a country, or at all, by name."""
    return read(
        f"services:{country_id}", Service, lambda: sorted(otpzap.services(country_id), key=_by_name), names=True
    )


def products(service_id: str = "", country_id: str = "") -> Shelf[Product]:
    """Price tiers of Server 1, cheapest first; without a service or country those of all of them (the first 500)."""
    key = f"products:{service_id}:{country_id}"
    return read(key, Product, lambda: remember_where(otpzap.products(service_id, country_id)))


def s2_countries() -> Shelf[Country]:
    """All countries of Server 2 by name; their ids are its own."""
    return read("s2:countries", Country, lambda: sorted(otpzap.s2_countries(), key=_by_name), names=True)


def s2_services(country_id: str) -> Shelf[PricedService]:
    """What Server 2 sells for a country, by name."""
    key = f"s2:services:{country_id}"
    return read(key, PricedService, lambda: sorted(otpzap.s2_services(country_id), key=_by_name))


def s2_known(country_id: str) -> Shelf[PricedService] | None:
    """What Server 2 sells for a country, if somebody asked for it lately."""
    return cached(f"s2:services:{country_id}", PricedService)


def s2_operators(country_id: str) -> Shelf[Operator]:
    """Whose numbers Server 2 has in a country; one of them may leave the choice to it (`leaves_the_choice`)."""
    return read(f"s2:operators:{country_id}", Operator, lambda: otpzap.s2_operators(country_id), names=True)


def s2_special() -> Shelf[PricedService]:
    """Services of Server 2 with numbers set aside for them, by name; no country, no operator."""
    return read("s2:special", PricedService, lambda: sorted(otpzap.s2_special(), key=_by_name))


def mail_sites() -> Shelf[str]:
    """Sites that inboxes are often bought for: suggestions only."""
    return read("mail:sites", str, otpzap.mail_sites, names=True)


def mail_domains(site: str) -> Shelf[MailDomain]:
    """Where an inbox for ``site`` may be rented, cheapest first."""
    return read(f"mail:domains:{site}", MailDomain, lambda: sorted(otpzap.mail_domains(site), key=_by_cost))


def shelve_services(country_id: str, found: list[PricedService]) -> None:
    """Put services of Server 2 that were read past the cache into it; without a country the special ones."""
    keep(f"s2:services:{country_id}" if country_id else "s2:special", sorted(found, key=_by_name))


def shelve_domains(site: str, found: list[MailDomain]) -> None:
    """Put mail domains that were read past the cache into it."""
    keep(f"mail:domains:{site}", sorted(found, key=_by_cost))


def leaves_the_choice(operator_id: str) -> bool:
    """Whether that "operator" means whichever has a number."""
    return operator_id.casefold() in ("", ANY_OPERATOR)


def _by_name(item: Country | Service | PricedService) -> str:
    return item.name.casefold()


def _by_cost(domain: MailDomain) -> tuple[Decimal, str]:
    return domain.cost, domain.domain


# --- which service and country a product belongs to ---------------------------------------------------------------


def remember_where(found: list[Product]) -> list[Product]:
    """Note of each product where it belongs: an order may name nothing but its id."""
    pointers = {f"otp:where:{product.id}": (product.service_id, product.country_id) for product in found}
    quietly(lambda: cache.set_many(pointers, timeout=_WHERE_KEPT))
    return found


def where(product_id: str) -> tuple[str, str] | None:
    """(service, country) of a product we have seen, listed or sold. At most one query."""
    noted = quietly(lambda: cache.get(f"otp:where:{product_id}"))
    if noted:
        return noted[0], noted[1]
    sold = Order.objects.filter(server=Server.PRODUCTS, product_id=product_id)
    return sold.order_by("-id").values_list("service_id", "country_id").first()


def shelve_products(service_id: str, country_id: str, found: list[Product]) -> None:
    """Put products that were read past the cache into it."""
    keep(f"products:{service_id}:{country_id}", remember_where(found))
