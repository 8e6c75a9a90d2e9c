"""What Server 2 of the simulated OTPZap sells: services per country with a price, operators, and special services.

Ids are deliberately unlike those of Server 1: a client that mixes them up finds nothing.
"""

import secrets
import zlib
from dataclasses import dataclass, field, replace
from typing import Any

from .otpzap_catalogue import COUNTRIES, SERVICES, Country, Service

INDONESIA = 7
ANY = "any"
# Services by the short words that suppliers of this kind use; what is not here is sold by Server 1 only.
WORDS = {
    "WhatsApp": "wa",
    "Telegram": "tg",
    "Google": "go",
    "Facebook": "fb",
    "Instagram": "ig",
    "TikTok": "lf",
    "Shopee": "ka",
    "Gojek": "ni",
    "Grab": "jg",
    "Tokopedia": "xd",
    "Discord": "ds",
    "Microsoft": "mm",
    "Amazon": "am",
    "Netflix": "nf",
    "LinkedIn": "tn",
    "X (Twitter)": "tw",
    "Apple": "wx",
    "Steam": "mt",
    "PayPal": "ts",
    "Uber": "ub",
    "Lazada": "dl",
    "DANA": "fr",
    "LINE": "me",
    "OpenAI": "dr",
}
# Where the operator can be told from the number's beginning.
OPERATORS: dict[str, dict[str, tuple[str, ...]]] = {
    "Indonesia": {
        "Telkomsel": ("812", "813", "821", "822", "852"),
        "Indosat": ("857", "856"),
        "XL": ("878", "877"),
        "Tri": ("896", "895"),
    },
    "Sierra Leone": {"Orange": ("76", "78", "79"), "Africell": ("30", "77", "88")},
    "Malaysia": {"Maxis": ("12",), "DiGi": ("16",), "Celcom": ("19",)},
    "Philippines": {"Globe": ("917", "927", "905"), "Smart": ("998", "939")},
    "Nigeria": {"MTN": ("803", "806", "810", "813", "703")},
}
SPECIALS = ((901, "WhatsApp Business", 7_200), (902, "GoPay", 5_400), (903, "Telegram Premium", 11_500))
STAPLES = {("WhatsApp", "Indonesia"): 503, ("Telegram", "Indonesia"): 228, ("WhatsApp", "Sierra Leone"): 41}


@dataclass
class Operator:
    """`sold_out` stays in the list but has no number to give."""

    id: str
    name: str
    starts: tuple[str, ...]
    sold_out: bool = False


@dataclass
class Rental:
    """A service in a country at one price; a special one has no country."""

    service_id: str | int
    service_name: str
    country: Country | None
    price: int
    stock: int
    resend: bool = True
    active: bool = True
    # Special numbers were set aside beforehand, all in one country.
    reserve: Country | None = None

    @property
    def shelf(self) -> str:
        return f"s2:{id_of(self.country) if self.country else ''}:{self.service_id}"

    @property
    def country_name(self) -> str | None:
        return self.country.name if self.country else None

    @property
    def words(self) -> dict[str, Any]:
        """What an order says about it beside names."""
        country_id = id_of(self.country) if self.country else None
        return {"server": 2, "service_id": self.service_id, "country_id": country_id}

    def random_number(self, operator: Operator | None = None) -> str:
        country = self.country or self.reserve
        assert country is not None  # noqa: S101 - every rental has one of them
        return (replace(country, starts=operator.starts) if operator else country).random_number()

    def as_json(self) -> dict[str, Any]:
        return {
            "service_id": self.service_id,
            "service_name": self.service_name,
            "price": self.price,
            "stock": self.stock,
        }


def id_of(country: Country) -> int:
    return country.id if country.id == INDONESIA else 100 + country.id


@dataclass
class RentalCatalogue:
    rentals: dict[str, Rental] = field(default_factory=dict)
    operators: dict[int, list[Operator]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for country in COUNTRIES:
            self.operators[id_of(country)] = operators_of(country)
            for service in SERVICES:
                if service.name in WORDS and (not service.only or country.name in service.only):
                    self.add(service, country)
        reserve = next(country for country in COUNTRIES if country.id == INDONESIA)
        for service_id, name, price in SPECIALS:
            self.put(Rental(service_id, name, None, price, 37, resend=service_id != 902, reserve=reserve))

    def add(self, service: Service, country: Country) -> None:
        dice = zlib.crc32(f"s2/{service.name}/{country.name}".encode())
        staple = STAPLES.get((service.name, country.name))
        if dice % 7 == 0 and country.id != INDONESIA:
            return  # not everything is sold everywhere
        price = max(800, round(service.base_price * country.price_factor * 0.92 / 50) * 50)
        stock = staple or (0 if dice % 13 == 0 else 15 + dice % 700)
        self.put(Rental(WORDS[service.name], service.name, country, min(24_000, price), stock, service.resend))

    def put(self, rental: Rental) -> None:
        self.rentals[rental.shelf] = rental

    def countries(self) -> list[dict[str, Any]]:
        return [{"id": id_of(country), "name": country.name} for country in COUNTRIES]

    def in_country(self, country_id: int) -> list[Rental]:
        return [one for one in self.rentals.values() if one.active and one.country and id_of(one.country) == country_id]

    def special(self) -> list[Rental]:
        return [one for one in self.rentals.values() if one.active and one.country is None]

    def find(self, service_id: str | int, country_id: int | None) -> Rental | None:
        found = self.rentals.get(f"s2:{'' if country_id is None else country_id}:{service_id}")
        return found if found and found.active else None

    def operators_json(self, country_id: int) -> list[dict[str, Any]]:
        listed = [{"id": operator.id, "name": operator.name} for operator in self.operators[country_id]]
        return [{"id": ANY, "name": "Any operator"}, *listed]

    def operator(self, country_id: int, operator_id: str) -> Operator | None:
        return next((one for one in self.operators.get(country_id, []) if one.id == operator_id), None)

    def one_of(self, country_id: int) -> Operator | None:
        """Any operator that has numbers; None when none has."""
        able = [operator for operator in self.operators[country_id] if not operator.sold_out]
        return secrets.choice(able) if able else None


def operators_of(country: Country) -> list[Operator]:
    named = OPERATORS.get(country.name) or {f"{country.name} Mobile": country.starts}
    return [Operator(name.lower().replace(" ", "_"), name, starts) for name, starts in named.items()]
