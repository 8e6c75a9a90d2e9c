"""Phone numbers: services and countries of servers 1 and 2 under their names, and the offers of both.

A key names something in an address: Server 1's id as it is, ``~`` before Server 2's, ``~~`` before a special service's.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TypeVar

from django.utils.translation import gettext as _

from otp import catalogue, limits, odds
from otp.catalogue import Offer as ProductOffer
from otp.catalogue import Shelf
from otp.models import BlockedService, Server
from otp.odds import Book, Chance
from otp.providers.types import Country, Operator, PricedService, Product, Service
from otp.storefront.offers import Asked, Offer, in_order, oldest
from otp.wanted import Wanted

MOST_FOUND = 30

T = TypeVar("T")


@dataclass(frozen=True)
class Place:
    """A country and its ids at the servers that know it."""

    name: str
    s1: str = ""
    s2: str = ""

    def __str__(self) -> str:
        return self.name

    @property
    def key(self) -> str:
        return self.s1 or f"~{self.s2}"

    def is_called(self, key: str) -> bool:
        return bool(key) and key in (self.s1, f"~{self.s2}")


@dataclass(frozen=True)
class Good:
    """A service as Server 1, Server 2 and its special list sell it in one country."""

    name: str
    s1: str = ""
    s2: PricedService | None = None
    special: PricedService | None = None

    @property
    def key(self) -> str:
        return self.s1 or (f"~{self.s2.id}" if self.s2 else f"~~{self.special.id if self.special else ''}")

    def is_called(self, key: str) -> bool:
        keys = (self.s1, self.s2 and f"~{self.s2.id}", self.special and f"~~{self.special.id}")
        return bool(key) and key in keys


@dataclass(frozen=True)
class OperatorChoice:
    operator: Operator
    chance: Chance | None


@dataclass(frozen=True)
class Kept:
    """What a favourite keeps: a server and its ids."""

    server: int
    service_id: str
    country_id: str


@dataclass(frozen=True)
class Window:
    """``found`` are the services that fit the words; ``offers`` belong to ``good`` in ``place``.

    ``blocked`` says that nobody may buy it, ``away`` that OTPZap does not answer and no copy is left, ``partial`` that
    some lists are missing; ``as_of`` is the age of a copy that is shown instead.
    """

    places: Sequence[Place] = ()
    place: Place | None = None
    found: Sequence[Good] = ()
    good: Good | None = None
    missing: str = ""
    offers: Sequence[Offer] = ()
    operators: Sequence[OperatorChoice] = ()
    operator: Operator | None = None
    blocked: BlockedService | None = None
    away: bool = False
    partial: bool = False
    as_of: datetime | None = None

    @property
    def kept(self) -> Kept | None:
        if not (self.good and self.place):
            return None
        if self.good.s1 and self.place.s1:
            return Kept(Server.PRODUCTS, self.good.s1, self.place.s1)
        if self.good.s2:
            return Kept(Server.OPERATORS, self.good.s2.id, self.place.s2)
        return Kept(Server.OPERATORS, self.good.special.id, "") if self.good.special else None

    @property
    def why_blocked(self) -> str:
        return limits.why_blocked(self.blocked) if self.blocked else ""


def window(asked: Asked) -> Window:
    """Everything for sale that fits what was asked; an unknown key counts as not asked. Five queries at most."""
    first, second, special = catalogue.together(catalogue.countries, catalogue.s2_countries, catalogue.s2_special)
    if first is None and second is None:
        return Window(away=True)
    places = places_of(_items(first), _items(second))
    place = _place(places, asked)
    if place is None:
        return Window(places, partial=True)
    goods, shelves = _goods(place, special)
    shelves += [first, second, special]
    whole = Window(places, place, partial=None in shelves, as_of=oldest(shelves))
    found = catalogue.search(goods, asked.words, lambda good: good.name)
    good = _chosen(found, asked)
    blocklist = limits.blocklist()
    whole = replace(whole, found=_proposed(found, asked.words, blocklist), good=good)
    if good is None:
        return replace(whole, missing="" if asked.words else asked.called)
    blocked = blocklist.match(good.name)
    return replace(whole, blocked=blocked) if blocked else _with_offers(whole, place, good, asked)


def _items(shelf: Shelf[T] | None) -> Sequence[T]:
    return shelf.items if shelf else ()


def places_of(first: Sequence[Country], second: Sequence[Country]) -> list[Place]:
    found = {plain(country.name): Place(country.name, s1=country.id) for country in first}
    for country in second:
        known = found.get(plain(country.name), Place(country.name))
        found[plain(country.name)] = replace(known, s2=country.id)
    return sorted(found.values(), key=lambda place: place.name.casefold())


def _place(places: Sequence[Place], asked: Asked) -> Place | None:
    for key in (asked.country, asked.usual_country):
        if named := next((place for place in places if place.is_called(key)), None):
            return named
    return next((place for place in places if plain(place.name) == "indonesia"), next(iter(places), None))


def _goods(place: Place, special: Shelf[PricedService] | None) -> tuple[list[Good], list[Shelf[object] | None]]:
    loads = [partial(catalogue.services, place.s1)] if place.s1 else []
    more = [partial(catalogue.s2_services, place.s2)] if place.s2 else []
    shelves = catalogue.together(*loads, *more)
    first = shelves[0] if loads else None
    second = shelves[-1] if more else None
    return _merged(
        first.items if first else (), second.items if second else (), special.items if special else ()
    ), shelves


def _merged(first: Sequence[Service], second: Sequence[PricedService], special: Sequence[PricedService]) -> list[Good]:
    found = {plain(service.name): Good(service.name, s1=service.id) for service in first}
    for service in second:
        known = found.get(plain(service.name), Good(service.name))
        found[plain(service.name)] = replace(known, s2=service)
    for service in special:
        known = found.get(plain(service.name), Good(service.name))
        found[plain(service.name)] = replace(known, special=service)
    return sorted(found.values(), key=lambda good: good.name.casefold())


def plain(name: str) -> str:
    """Servers write names differently: WhatsApp, Whatsapp, Whats App."""
    return "".join(letter for letter in name.casefold() if letter.isalnum()) or name


def _chosen(found: Sequence[Good], asked: Asked) -> Good | None:
    named = next((good for good in found if good.is_called(asked.service)), None)
    if named is None and asked.called:
        named = next((good for good in found if plain(good.name) == plain(asked.called)), None)
    return named or (found[0] if asked.words and found else None)


def _proposed(found: Sequence[Good], words: str, blocklist: limits.Blocklist) -> list[Good]:
    """To somebody who names nothing: what is bought most. What nobody may buy is then left out, and only told about to
    somebody who looks for it."""
    if words:
        return list(found[:MOST_FOUND])
    bought = odds.popularity()
    allowed = [good for good in found if not blocklist.match(good.name)]
    return sorted(allowed, key=lambda good: _rank(good, bought))[:MOST_FOUND]


def _rank(good: Good, bought: dict[tuple[int, str], int]) -> tuple[int, int, str]:
    known = plain(good.name)
    usual = next((at for at, name in enumerate(catalogue.WELL_KNOWN) if known == name), len(catalogue.WELL_KNOWN))
    return -sum(bought.get(service, 0) for service in _services_of(good)), usual, known


# --- offers ----------------------------------------------------------------------------------------------------------


def _with_offers(whole: Window, place: Place, good: Good, asked: Asked) -> Window:
    first = partial(catalogue.products, good.s1, place.s1) if good.s1 and place.s1 else _nothing
    second = partial(catalogue.s2_operators, place.s2) if good.s2 else _nothing
    products, operators = catalogue.together(first, second)
    book = odds.book(*_services_of(good))
    choices = _operators(_items(operators), place, good, book)
    operator = next((choice.operator for choice in choices if choice.operator.id == asked.operator), None)
    offers = [*_priced(place, good, operator, book, asked)]
    if operator is None:
        offers += _tiers(_items(products), good, book, asked)
    missing = bool(good.s1 and place.s1 and products is None)
    return replace(
        whole,
        offers=in_order(offers, asked.sort),
        operators=choices,
        operator=operator,
        partial=whole.partial or missing,
        as_of=oldest([_aged(whole.as_of), products]),
    )


def _nothing() -> None:
    return None


def _aged(as_of: datetime | None) -> Shelf[object] | None:
    return Shelf((), as_of, fresh=0) if as_of else None


def _services_of(good: Good) -> list[tuple[int, str]]:
    found = [(int(Server.PRODUCTS), good.s1)] if good.s1 else []
    return found + [(int(Server.OPERATORS), row.id) for row in (good.s2, good.special) if row]


def _operators(operators: Sequence[Operator], place: Place, good: Good, book: Book) -> list[OperatorChoice]:
    """Those one can choose; likelier ones first."""
    if not good.s2:
        return []
    wanted = [operator for operator in operators if not catalogue.leaves_the_choice(operator.id)]
    service_id = good.s2.id
    choices = [OperatorChoice(one, book.own(Server.OPERATORS, service_id, place.s2, one.id)) for one in wanted]
    return sorted(choices, key=lambda choice: -book.expectation(choice.chance))


def _tiers(products: Sequence[Product], good: Good, book: Book, asked: Asked) -> list[Offer]:
    return [_tier(offer, good, book, asked) for offer in catalogue.offers(products)]


def _tier(offer: ProductOffer, good: Good, book: Book, asked: Asked) -> Offer:
    product = offer.product
    chance = book.of(Server.PRODUCTS, product.service_id, product.country_id, product.id)
    return Offer(
        wanted=Wanted(product_id=product.id, service_id=product.service_id, country_id=product.country_id),
        title=product.name or good.name,
        price=offer.price,
        stock=product.stock,
        chance=chance,
        expected=book.expectation(chance),
        quantity=asked.quantity,
        available=asked.available,
    )


def _priced(place: Place, good: Good, operator: Operator | None, book: Book, asked: Asked) -> list[Offer]:
    """Server 2: one price per service and country, and one per special service."""
    listed = [(good.s2, False), *([] if operator else [(good.special, True)])]
    offers = catalogue.service_offers([row for row, _special in listed if row])
    specials = [is_special for row, is_special in listed if row]
    found = []
    for offer, is_special in zip(offers, specials, strict=True):
        country_id = "" if is_special else place.s2
        operator_id = operator.id if operator else ""
        about = odds.SPECIAL if is_special else operator_id or catalogue.ANY_OPERATOR
        chance = book.of(Server.OPERATORS, offer.service.id, country_id, about)
        found.append(
            Offer(
                wanted=Wanted(
                    server=Server.OPERATORS,
                    service_id=offer.service.id,
                    country_id=country_id,
                    operator_id=operator_id,
                    is_special=is_special,
                ),
                title=_title(good, place, operator, is_special=is_special),
                price=offer.price,
                stock=offer.service.stock,
                chance=chance,
                expected=book.expectation(chance),
                quantity=asked.quantity,
                available=asked.available,
            )
        )
    return found


def _title(good: Good, place: Place, operator: Operator | None, *, is_special: bool) -> str:
    if is_special:
        return _("%(service)s, numbers kept for it") % {"service": good.name}
    who = operator.name if operator else _("any operator")
    return f"{good.name} - {place.name}, {who}"
