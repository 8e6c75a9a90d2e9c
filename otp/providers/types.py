"""What any supplier of numbers tells us, in our own words. Costs are whole rupiah, times aware."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True)
class Float:
    """Our own balance at the supplier."""

    amount: Decimal
    currency: str


@dataclass(frozen=True)
class Country:
    id: int
    name: str


@dataclass(frozen=True)
class Service:
    id: int
    name: str


@dataclass(frozen=True)
class Product:
    """One service in one country at one price tier. ``stock`` is None when the supplier does not say."""

    id: int
    name: str
    service_id: int
    service_name: str
    country_id: int
    country_name: str
    cost: Decimal
    stock: int | None

    @property
    def sold_out(self) -> bool:
        return self.stock == 0


@dataclass(frozen=True)
class Message:
    """One delivered SMS. ``code`` keeps its leading zeros and is None when none was recognised in ``text``."""

    code: str | None
    text: str
    received_at: datetime | None


@dataclass(frozen=True)
class Snapshot:
    """An order as the supplier sees it.

    ``status`` is pending, otp_received, success, cancelled, failed, expired, or "" for a word we do not know.
    ``messages`` are oldest first.
    """

    order_id: str
    status: str
    phone_number: str = ""
    messages: tuple[Message, ...] = ()
    cost: Decimal | None = None
    cancel_allowed_at: datetime | None = None
    expires_at: datetime | None = None
    resend_count: int = 0
    resend_locked_until: datetime | None = None
