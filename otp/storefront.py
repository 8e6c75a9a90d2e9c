"""What the Buy page shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from otp import catalogue
from otp.errors import SupplierAway
from otp.providers.types import Country, Service

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
    offers: Sequence[catalogue.Offer] = ()
    away: bool = False
    as_of: datetime | None = None


def window(*, words: str, service_id: str, country_id: str, usual_country_id: str) -> Window:
    """Everything for sale that fits what was asked; an unknown id counts as not asked. At most one query."""
    try:
        return _window(words, service_id, country_id, usual_country_id)
    except SupplierAway:
        return Window(away=True)


def _window(words: str, service_id: str, country_id: str, usual_id: str) -> Window:
    lands = catalogue.countries()
    country = _country(lands.items, country_id, usual_id)
    if country is None:
        return Window(lands.items)
    sold = catalogue.services(country.id)
    found = catalogue.search(sold.items, words, lambda service: service.name)
    chosen = next((service for service in found if service.id == service_id), None)
    if chosen is None and words and found:
        chosen = found[0]
    shelf = catalogue.products(chosen.id, country.id) if chosen else None
    stale = [kept.as_of for kept in (lands, sold, shelf) if kept and kept.stale]
    return Window(
        countries=lands.items,
        country=country,
        found=found[:MOST_FOUND],
        service=chosen,
        offers=catalogue.offers(shelf.items) if shelf else [],
        as_of=min(stale, default=None),
    )


def _country(items: Sequence[Country], wanted: str, usual: str) -> Country | None:
    by_id = {country.id: country for country in items}
    home = next((country for country in items if country.name.casefold() == "indonesia"), None)
    return by_id.get(wanted) or by_id.get(usual) or home or next(iter(items), None)
