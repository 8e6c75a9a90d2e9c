"""One line of the shop: something to buy, what it costs, how likely it works."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from otp.catalogue import Shelf
from otp.models import Server
from otp.odds import Chance
from otp.wanted import Wanted

SORTS: dict[str, str | Promise] = {
    "chance": _("Best chance"),
    "price": _("Cheapest"),
    "stock": _("Most stock"),
}
_NEVER_TOLD = 10**9


@dataclass(frozen=True)
class Asked:
    """What the address of a shop page asks for. ``service`` and ``country`` are keys of the page (see `numbers`);
    ``called`` is the service's name, should its key mean nothing in another country. ``available`` is what the
    customer may spend, in rupiah."""

    words: str = ""
    service: str = ""
    called: str = ""
    country: str = ""
    usual_country: str = ""
    operator: str = ""
    quantity: int = 1
    sort: str = "chance"
    site: str = ""
    domains: tuple[str, ...] = ()
    subject: str = ""
    pattern: str = ""
    available: Decimal = Decimal(0)


@dataclass(frozen=True)
class Offer:
    """``price`` and ``cancel_fee`` are for one piece, in rupiah. ``expected`` is the rate the sort goes by;
    ``supplier_rate`` (percent) is what the supplier says of a mail domain."""

    wanted: Wanted
    title: str
    price: Decimal
    stock: int | None
    chance: Chance | None
    expected: float
    quantity: int = 1
    available: Decimal = Decimal(0)
    cancel_fee: Decimal = Decimal(0)
    supplier_rate: Decimal | None = None
    is_cheapest: bool = False
    is_likeliest: bool = False

    @property
    def key(self) -> str:
        """For the id of its line."""
        wanted = self.wanted
        if wanted.server == Server.PRODUCTS:
            return wanted.product_id
        if wanted.server == Server.MAIL:
            return wanted.domains[0].replace(".", "-")
        return f"s2-{wanted.service_id}" if not wanted.is_special else f"special-{wanted.service_id}"

    @property
    def total(self) -> Decimal:
        return self.price * self.quantity

    @property
    def short(self) -> Decimal:
        """What is missing in the wallet."""
        return max(Decimal(0), self.total - self.available)

    @property
    def sold_out(self) -> bool:
        return self.stock == 0

    @property
    def too_few(self) -> bool:
        return self.stock is not None and 0 < self.stock < self.quantity

    @property
    def can_be_bought(self) -> bool:
        return not (self.sold_out or self.too_few)


def in_order(offers: Iterable[Offer], sort: str) -> list[Offer]:
    """Sorted as asked, what cannot be bought last, the best ones marked."""
    found = sorted(offers, key=lambda offer: (not offer.can_be_bought, *_sort_key(sort)(offer)))
    buyable = [offer for offer in found if offer.can_be_bought]
    if len(buyable) < 2:
        return found
    cheapest = min(offer.price for offer in buyable)
    known = [offer.expected for offer in buyable if offer.chance and offer.chance.enough and not offer.chance.wider]
    likeliest = max(known, default=None)
    return [
        replace(
            offer,
            is_cheapest=offer.can_be_bought and offer.price == cheapest,
            is_likeliest=offer.can_be_bought and bool(known) and offer.expected == likeliest,
        )
        for offer in found
    ]


def _sort_key(sort: str) -> Callable[[Offer], tuple[float, float]]:
    def key(offer: Offer) -> tuple[float, float]:
        price, expected = float(offer.price), round(offer.expected, 3)
        if sort == "price":
            return price, -expected
        if sort == "stock":
            return -(_NEVER_TOLD if offer.stock is None else offer.stock), price
        return -expected, price

    return key


def oldest(shelves: Sequence[Shelf[object] | None]) -> datetime | None:
    """The age to tell of what is shown instead of fresh lists; None when all is fresh."""
    return min((shelf.as_of for shelf in shelves if shelf and shelf.stale), default=None)
