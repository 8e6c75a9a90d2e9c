"""What the simulated OTPZap sells: countries, services, products by price tier, and plausible numbers."""

import secrets
import zlib
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Country:
    """`starts` are beginnings of mobile numbers after the dial code, `digits` what follows them."""

    id: int
    name: str
    dial_code: str
    starts: tuple[str, ...]
    digits: int
    price_factor: float

    def random_number(self) -> str:
        tail = "".join(secrets.choice("0123456789") for _ in range(self.digits))
        return f"+{self.dial_code}{secrets.choice(self.starts)}{tail}"


@dataclass(frozen=True)
class Service:
    """`only` names the countries where it is used (empty: everywhere); some cannot send a message again."""

    id: int
    name: str
    base_price: int
    only: tuple[str, ...] = ()
    resend: bool = True


@dataclass
class Product:
    id: int
    service: Service
    country: Country
    tier: int
    price: int
    stock: int
    active: bool = True

    @property
    def name(self) -> str:
        suffix = "" if self.tier == 1 else f" #{self.tier}"
        return f"{self.service.name} - {self.country.name}{suffix}"

    @property
    def shelf(self) -> str:
        return str(self.id)

    @property
    def service_name(self) -> str:
        return self.service.name

    @property
    def country_name(self) -> str:
        return self.country.name

    @property
    def resend(self) -> bool:
        return self.service.resend

    @property
    def words(self) -> dict[str, Any]:
        """What an order says about it beside names."""
        return {"server": 1, "product_id": self.id}

    def as_json(self) -> dict[str, Any]:
        return {
            "product_id": self.id,
            "id": self.id,
            "name": self.name,
            "platform_id": self.service.id,
            "service_name": self.service.name,
            "country_id": self.country.id,
            "country_name": self.country.name,
            "price": self.price,
            "stock": self.stock,
        }


COUNTRIES = (
    Country(1, "United States", "1", ("213555", "312555", "415555", "646555", "702555"), 4, 2.6),
    Country(2, "United Kingdom", "44", ("7400", "7450", "7511", "7735", "7812"), 6, 2.2),
    Country(3, "India", "91", ("98", "97", "90", "88", "70"), 8, 0.7),
    Country(4, "Philippines", "63", ("917", "927", "905", "998", "939"), 7, 0.8),
    Country(5, "Vietnam", "84", ("90", "91", "97", "98", "86"), 7, 0.9),
    Country(6, "Malaysia", "60", ("12", "16", "19"), 7, 1.6),
    Country(7, "Indonesia", "62", ("812", "813", "821", "822", "852", "857", "878", "896"), 8, 1.0),
    Country(8, "Nigeria", "234", ("803", "806", "810", "813", "703"), 7, 1.1),
    Country(9, "Brazil", "55", ("1198", "1199", "2198", "3199", "4199"), 7, 1.2),
    Country(10, "Thailand", "66", ("81", "85", "89", "91", "95"), 7, 1.3),
    Country(11, "Kenya", "254", ("710", "722", "733", "790"), 6, 1.4),
    Country(12, "Sierra Leone", "232", ("76", "78", "79", "30", "77", "88"), 6, 2.1),
)
INDONESIA = ("Indonesia",)
SOUTH_EAST_ASIA = ("Indonesia", "Malaysia", "Philippines", "Vietnam", "Thailand")
SERVICES = (
    Service(1, "WhatsApp", 4500),
    Service(2, "Telegram", 6500),
    Service(3, "Google", 3500),
    Service(4, "Facebook", 2500),
    Service(5, "Instagram", 2400),
    Service(6, "TikTok", 2200),
    Service(7, "Shopee", 1800, (*SOUTH_EAST_ASIA, "Brazil")),
    Service(8, "Gojek", 2000, ("Indonesia", "Vietnam")),
    Service(9, "Grab", 2100, SOUTH_EAST_ASIA),
    Service(10, "Tokopedia", 1900, INDONESIA),
    Service(11, "Discord", 1700),
    Service(12, "Microsoft", 1600),
    Service(13, "Amazon", 2300),
    Service(14, "Netflix", 2700, resend=False),
    Service(15, "LinkedIn", 2600),
    Service(16, "X (Twitter)", 2400),
    Service(17, "Apple", 5200, resend=False),
    Service(18, "Steam", 2000),
    Service(19, "PayPal", 4800, resend=False),
    Service(20, "Uber", 2300),
    Service(21, "Lazada", 1500, SOUTH_EAST_ASIA),
    Service(22, "DANA", 3100, INDONESIA),
    Service(23, "OVO", 2900, INDONESIA),
    Service(24, "Traveloka", 1400, SOUTH_EAST_ASIA),
    Service(25, "LINE", 2800),
    Service(26, "Signal", 2500),
    Service(27, "OpenAI", 3900),
)
# Sure to be there and in stock, whatever the dice below say.
STAPLES = {("WhatsApp", "Indonesia"): 842, ("Telegram", "Indonesia"): 311, ("WhatsApp", "Sierra Leone"): 64}


@dataclass
class Catalogue:
    """All products by id. The same at every start; the market lays its changes over it."""

    products: dict[int, Product] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for service in SERVICES:
            for country in COUNTRIES:
                if not service.only or country.name in service.only:
                    self.add(service, country)

    def add(self, service: Service, country: Country) -> None:
        dice = zlib.crc32(f"{service.name}/{country.name}".encode())
        staple = STAPLES.get((service.name, country.name))
        if dice % 11 == 0 and staple is None:
            return  # not everything is sold everywhere
        for tier in (1, 2) if dice % 3 == 0 or service.id == 1 else (1,):
            price = priced(service, country, tier)
            stock = staple if staple and tier == 1 else stocked(dice >> (4 * tier))
            product = Product(service.id * 1000 + country.id * 10 + tier, service, country, tier, price, stock)
            self.products[product.id] = product

    def countries(self) -> list[dict[str, Any]]:
        return [{"id": country.id, "name": country.name} for country in COUNTRIES]

    def services(self, country_id: int | None) -> list[dict[str, Any]]:
        sold = {
            product.service.id
            for product in self.products.values()
            if product.active and country_id in (None, product.country.id)
        }
        return [{"id": service.id, "name": service.name} for service in SERVICES if service.id in sold]


def priced(service: Service, country: Country, tier: int) -> int:
    price = service.base_price * country.price_factor * (1.0 if tier == 1 else 1.45)
    return min(25_000, max(900, round(price / 50) * 50))


def stocked(dice: int) -> int:
    if dice % 12 == 0:
        return 0
    return dice % 9 + 1 if dice % 7 == 0 else 20 + dice % 1900
