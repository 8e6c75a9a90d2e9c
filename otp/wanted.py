"""What somebody wants to buy, and what it costs: the words between the shop and the order."""

from dataclasses import dataclass
from decimal import Decimal

from otp.models import Server


@dataclass(frozen=True)
class Wanted:
    """Ids of the latest catalogue.

    Server 1 goes by ``product_id`` (service and country help to find it), server 2 by service, country and operator
    or, when ``is_special``, by the service alone; mail by the site (``service_id``) and ``domains`` in the order
    wanted. ``subject`` and ``pattern`` choose among the mails that arrive.
    """

    server: int = Server.PRODUCTS
    product_id: str = ""
    service_id: str = ""
    country_id: str = ""
    operator_id: str = ""
    is_special: bool = False
    domains: tuple[str, ...] = ()
    subject: str = ""
    pattern: str = ""


@dataclass(frozen=True)
class DomainQuote:
    """One mail domain with our price; whole rupiah."""

    domain: str
    cost: Decimal
    price: Decimal
    cancel_fee: Decimal
    stock: int | None = None


@dataclass(frozen=True)
class Quote:
    """What one piece of ``wanted`` costs now, in whole rupiah. Of several domains ``cost``, ``price`` and
    ``cancel_fee`` are the dearest ones'."""

    wanted: Wanted
    service_name: str
    cost: Decimal
    price: Decimal
    country_name: str = ""
    operator_name: str = ""
    product_name: str = ""
    stock: int | None = None
    cancel_fee: Decimal = Decimal(0)
    domains: tuple[DomainQuote, ...] = ()

    @property
    def sold_out(self) -> bool:
        return self.stock == 0
