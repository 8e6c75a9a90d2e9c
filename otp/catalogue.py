"""What is for sale, read from OTPZap through a short cache that all processes share.

Fresh for half a minute, kept for ten: when OTPZap is away the older copy is shown with its age. Buying never trusts
the cache (OTPZap contract 4: live catalogue, read again before ordering).
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar

from django.core.cache import cache
from redis import RedisError

from config.lib.errors import ProviderError
from otp import pricing
from otp.errors import ProductGone, SupplierAway
from otp.models import Server
from otp.providers.otpzap import adapter as otpzap
from otp.providers.types import Country, Product, Service
from otp.wanted import Quote, Wanted

logger = logging.getLogger(__name__)

FRESH_SECONDS = 30
KEPT_SECONDS = 600
_SAY_SO_AFTER = 60
_AWAY_SECONDS = 5
_LOCK_SECONDS = 10
_PATIENCE_SECONDS = 4.0

T = TypeVar("T", Country, Service, Product)

# What people type for what is written differently in the catalogue.
ALIASES = {
    "wa": "whatsapp",
    "ig": "instagram",
    "insta": "instagram",
    "fb": "facebook",
    "tg": "telegram",
    "tt": "tiktok",
    "twitter": "x (",
    "gmail": "google",
    "youtube": "google",
    "chatgpt": "openai",
}


@dataclass(frozen=True)
class Shelf(Generic[T]):
    """A list as it was at ``as_of``."""

    items: Sequence[T]
    as_of: datetime

    @property
    def stale(self) -> bool:
        return time.time() - self.as_of.timestamp() > _SAY_SO_AFTER


@dataclass(frozen=True)
class Offer:
    """A product with our price, in rupiah."""

    product: Product
    price: Decimal


def countries() -> Shelf[Country]:
    """All countries by name. Raises `SupplierAway` when OTPZap is away and no copy is left."""
    return _read("countries", Country, lambda: sorted(otpzap.countries(), key=lambda country: country.name))


def services(country_id: str) -> Shelf[Service]:
    """What is sold for a country, by name. Raises `SupplierAway`."""
    return _read(
        f"services:{country_id}",
        Service,
        lambda: sorted(otpzap.services(country_id), key=lambda service: service.name.casefold()),
    )


def products(service_id: str, country_id: str) -> Shelf[Product]:
    """The price tiers of a service in a country, cheapest first. Raises `SupplierAway`."""
    return _read(f"products:{service_id}:{country_id}", Product, lambda: otpzap.products(service_id, country_id))


def offers(found: Sequence[Product]) -> list[Offer]:
    """Products of one service with our prices. One query."""
    if not found:
        return []
    rule = pricing.rule_for(Server.PRODUCTS, found[0].service_id)
    return [Offer(product, pricing.price_of(product.cost, rule)) for product in found]


def fresh_offer(*, product_id: str, service_id: str, country_id: str) -> Offer:
    """The offer as it is right now, past the cache, names filled in. Raises `ProductGone`, `SupplierAway`."""
    try:
        found = otpzap.products(service_id, country_id)
    except ProviderError as error:
        raise SupplierAway from error
    _keep(f"products:{service_id}:{country_id}", found)
    product = next((product for product in found if product.id == product_id), None)
    if product is None:
        raise ProductGone
    named = replace(
        product,
        service_name=product.service_name or _name(services(country_id).items, service_id),
        country_name=product.country_name or _name(countries().items, country_id),
    )
    return offers([named])[0]


def quote(wanted: Wanted) -> Quote:
    """What ``wanted`` costs right now, past the cache. Raises `ProductGone`, `SupplierAway`."""
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


def names(*, service_id: str, country_id: str) -> tuple[str, str]:
    """How a service and a country are called. Raises `ProductGone` when there is no such pair, `SupplierAway`."""
    found = _name(services(country_id).items, service_id), _name(countries().items, country_id)
    if not all(found):
        raise ProductGone
    return found


def _name(items: Sequence[Country] | Sequence[Service], wanted: str) -> str:
    return next((item.name for item in items if item.id == wanted), "")


def search(items: Sequence[Service], words: str) -> list[Service]:
    """Services whose name has all of ``words``, those that begin with them first."""
    wanted = words.casefold().split()
    if not wanted:
        return list(items)
    ranked = [(rank, service) for service in items if (rank := _rank(service.name.casefold(), wanted)) is not None]
    return [service for _, service in sorted(ranked, key=lambda pair: (pair[0], pair[1].name.casefold()))]


def _rank(name: str, wanted: Sequence[str]) -> int | None:
    if not all(word in name or ALIASES.get(word, "\n") in name for word in wanted):
        return None
    first = wanted[0]
    if name == " ".join(wanted) or name.startswith(ALIASES.get(first, "\n")):
        return 0
    if name.startswith(first):
        return 1
    return 2 if f" {first}" in name else 3


# --- what the Buy page shows ---------------------------------------------------------------------------------------

MOST_FOUND = 30


@dataclass(frozen=True)
class Window:
    """``found`` are the services that fit the words; ``offers`` belong to ``service`` in ``country``.

    ``away`` when OTPZap does not answer and no copy is left; ``as_of`` is the age of a copy that is shown instead.
    """

    countries: Sequence[Country] = ()
    country: Country | None = None
    found: Sequence[Service] = ()
    service: Service | None = None
    offers: Sequence[Offer] = ()
    away: bool = False
    as_of: datetime | None = None


def window(*, words: str, service_id: str, country_id: str, usual_country_id: str) -> Window:
    """Everything for sale that fits what was asked; an unknown id counts as not asked. At most one query."""
    try:
        return _window(words, service_id, country_id, usual_country_id)
    except SupplierAway:
        return Window(away=True)


def _window(words: str, service_id: str, country_id: str, usual_id: str) -> Window:
    lands = countries()
    country = _country(lands.items, country_id, usual_id)
    if country is None:
        return Window(lands.items)
    sold = services(country.id)
    found = search(sold.items, words)
    chosen = next((service for service in found if service.id == service_id), None)
    if chosen is None and words and found:
        chosen = found[0]
    shelf = products(chosen.id, country.id) if chosen else None
    stale = [kept.as_of for kept in (lands, sold, shelf) if kept and kept.stale]
    return Window(
        countries=lands.items,
        country=country,
        found=found[:MOST_FOUND],
        service=chosen,
        offers=offers(shelf.items) if shelf else [],
        as_of=min(stale, default=None),
    )


def _country(items: Sequence[Country], wanted: str, usual: str) -> Country | None:
    by_id = {country.id: country for country in items}
    home = next((country for country in items if country.name.casefold() == "indonesia"), None)
    return by_id.get(wanted) or by_id.get(usual) or home or next(iter(items), None)


# --- the cache ---------------------------------------------------------------------------------------------------


def _read(key: str, kind: type[T], load: Callable[[], Sequence[T]]) -> Shelf[T]:
    kept = _kept(key, kind)
    if kept and time.time() - kept.as_of.timestamp() < FRESH_SECONDS:
        return kept
    if _quietly(lambda: cache.get(f"otp:away:{key}")):
        return _or_away(kept)
    # One process asks; the others take the older copy, or wait for hers.
    if _quietly(lambda: cache.add(f"otp:asking:{key}", 1, timeout=_LOCK_SECONDS)) is False:
        return kept or _or_away(_wait_for(key, kind))
    try:
        return _keep(key, load())
    except ProviderError as error:
        logger.warning("catalogue %s: %s", key, error)
        _quietly(lambda: cache.set(f"otp:away:{key}", 1, timeout=_AWAY_SECONDS))
        return _or_away(kept)
    finally:
        _quietly(lambda: cache.delete(f"otp:asking:{key}"))


def _or_away(shelf: Shelf[T] | None) -> Shelf[T]:
    if shelf is None:
        raise SupplierAway
    return shelf


def _wait_for(key: str, kind: type[T]) -> Shelf[T] | None:
    until = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < until:
        time.sleep(0.1)
        if (kept := _kept(key, kind)) or _quietly(lambda: cache.get(f"otp:away:{key}")):
            return kept
    return None


def _kept(key: str, kind: type[T]) -> Shelf[T] | None:
    stored = _quietly(lambda: cache.get(f"otp:shelf:{key}"))
    if stored is None:
        return None
    moment, rows = stored
    return Shelf([kind(**row) for row in rows], datetime.fromtimestamp(moment, UTC))


def _keep(key: str, items: Sequence[T]) -> Shelf[T]:
    moment = time.time()
    rows = [asdict(item) for item in items]
    _quietly(lambda: cache.set(f"otp:shelf:{key}", (moment, rows), timeout=KEPT_SECONDS))
    return Shelf(items, datetime.fromtimestamp(moment, UTC))


def _quietly(step: Callable[[], Any]) -> Any:
    # Without Redis there is no cache; the limiter, which is there too, then stops the calls.
    try:
        return step()
    except RedisError:
        return None
