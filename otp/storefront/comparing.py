"""One service in all countries: where it is cheap, in stock, and likely to bring its code."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from otp import catalogue, limits, odds
from otp.models import BlockedService, Server
from otp.odds import Book, Chance
from otp.providers.types import PricedService
from otp.storefront.numbers import Place, places_of, plain
from otp.storefront.offers import Asked

# Server 2 must be asked country by country; what is not in the cache comes bit by bit.
MOST_READ = 8


@dataclass(frozen=True)
class CountryLine:
    """The cheapest price (rupiah) of what is in stock, all stock, and the better chance of the two servers."""

    place: Place
    price: Decimal
    stock: int | None
    chance: Chance | None
    expected: float

    @property
    def sold_out(self) -> bool:
        return self.stock == 0


@dataclass(frozen=True)
class Comparison:
    """``unread`` are countries whose Server 2 has not been looked at yet."""

    name: str = ""
    lines: Sequence[CountryLine] = ()
    unread: Sequence[Place] = ()
    blocked: BlockedService | None = None
    away: bool = False

    @property
    def why_blocked(self) -> str:
        return limits.why_blocked(self.blocked) if self.blocked else ""


@dataclass(frozen=True)
class _Found:
    """What one server has in one country."""

    server: int
    service_id: str
    country_id: str
    price: Decimal
    stock: int | None


def compare(asked: Asked) -> Comparison:
    """The service called ``asked.called`` by country. At most three queries."""
    name = asked.called
    first, second, sold = catalogue.together(catalogue.countries, catalogue.s2_countries, catalogue.services)
    if first is None and second is None:
        return Comparison(name, away=True)
    blocked = limits.blocked(name)
    if blocked:
        return Comparison(name, blocked=blocked)
    places = places_of(first.items if first else (), second.items if second else ())
    service_id = next((row.id for row in (sold.items if sold else ()) if plain(row.name) == plain(name)), "")
    rentals, unread = _rentals(places, name)
    found = [*_products(service_id), *_rented(rentals)]
    book = odds.book(*{(one.server, one.service_id) for one in found})
    lines = [line for place in places if (line := _line(place, found, book))]
    return Comparison(name, _in_order(lines, asked.sort), unread)


def _products(service_id: str) -> list[_Found]:
    [shelf] = catalogue.together(partial(catalogue.products, service_id)) if service_id else [None]
    return [
        _Found(Server.PRODUCTS, row.product.service_id, row.product.country_id, row.price, row.product.stock)
        for row in catalogue.offers(shelf.items if shelf else ())
    ]


def _rentals(places: Sequence[Place], name: str) -> tuple[dict[str, PricedService], list[Place]]:
    """The service at Server 2 by country: what is cached, and as many more as we may ask for at once."""
    wanted = [place for place in places if place.s2]
    shelves = {place.s2: catalogue.s2_known(place.s2) for place in wanted}
    missing = [place for place in wanted if shelves[place.s2] is None]
    now, later = missing[:MOST_READ], missing[MOST_READ:]
    if now:
        read = catalogue.together(*(partial(catalogue.s2_services, place.s2) for place in now))
        shelves |= {place.s2: shelf for place, shelf in zip(now, read, strict=True)}
    found = {}
    for country_id, shelf in shelves.items():
        row = next((row for row in (shelf.items if shelf else ()) if plain(row.name) == plain(name)), None)
        if row:
            found[country_id] = row
    return found, later


def _rented(rentals: dict[str, PricedService]) -> list[_Found]:
    offers = catalogue.service_offers(list(rentals.values()))
    return [
        _Found(Server.OPERATORS, offer.service.id, country_id, offer.price, offer.service.stock)
        for country_id, offer in zip(rentals, offers, strict=True)
    ]


def _line(place: Place, found: Sequence[_Found], book: Book) -> CountryLine | None:
    here = [one for one in found if one.country_id == (place.s1 if one.server == Server.PRODUCTS else place.s2)]
    if not here:
        return None
    chances = [book.own(one.server, one.service_id, one.country_id) for one in here]
    chance = max(chances, key=lambda one: (bool(one and one.enough), book.expectation(one)))
    stocks = [one.stock for one in here]
    return CountryLine(
        place=place,
        price=min(one.price for one in here if one.stock != 0 or not any(stock != 0 for stock in stocks)),
        stock=None if None in stocks else sum(stock or 0 for stock in stocks),
        chance=chance,
        expected=book.expectation(chance),
    )


def _in_order(lines: Sequence[CountryLine], sort: str) -> list[CountryLine]:
    def key(line: CountryLine) -> tuple[bool, float, float]:
        if sort == "price":
            return line.sold_out, float(line.price), -line.expected
        if sort == "stock":
            return line.sold_out, -(10**9 if line.stock is None else line.stock), float(line.price)
        return line.sold_out, -round(line.expected, 3), float(line.price)

    return sorted(lines, key=key)
