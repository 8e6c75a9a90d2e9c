"""What any supplier of numbers and inboxes tells us, in our own words. Ids are opaque text, costs whole rupiah, times
aware."""

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
    id: str
    name: str


@dataclass(frozen=True)
class Service:
    id: str
    name: str


@dataclass(frozen=True)
class Product:
    """One service in one country at one price tier. ``stock`` is None when the supplier does not say."""

    id: str
    name: str
    service_id: str
    service_name: str
    country_id: str
    country_name: str
    cost: Decimal
    stock: int | None

    @property
    def sold_out(self) -> bool:
        return self.stock == 0


@dataclass(frozen=True)
class PricedService:
    """A service of Server 2: price and stock hang on it and its country alone; special ones have no country."""

    id: str
    name: str
    cost: Decimal
    stock: int | None

    @property
    def sold_out(self) -> bool:
        return self.stock == 0


@dataclass(frozen=True)
class Operator:
    """A mobile operator; the one called ``any`` leaves the choice to the supplier."""

    id: str
    name: str


@dataclass(frozen=True)
class MailDomain:
    """Where an inbox may be rented for a site. ``activation_rate`` is the supplier's word, 0 to 100."""

    domain: str
    cost: Decimal
    stock: int | None
    activation_rate: Decimal | None
    cancel_fee: Decimal

    @property
    def sold_out(self) -> bool:
        return self.stock == 0


@dataclass(frozen=True)
class Message:
    """One delivered SMS or mail. ``code`` keeps its leading zeros and is None when none was recognised in ``text``.

    Of a mail, ``text`` is what the supplier gives of its body, which may be markup: nobody shows it unread.
    """

    code: str | None
    text: str
    received_at: datetime | None
    sender: str = ""
    subject: str = ""


@dataclass(frozen=True)
class Snapshot:
    """An order as the supplier sees it.

    ``status`` is pending, otp_received, success, cancelled, failed, expired, or "" for a word we do not know (the
    ``received`` of mail reads otp_received). ``messages`` are oldest first. ``refund`` is what the supplier says it
    gave back, None when it does not say.
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
    replaced_by: str = ""
    refund: Decimal | None = None
    domain: str = ""
    mail_address: str = ""


@dataclass(frozen=True)
class Topup:
    """A deposit of ours at the supplier. ``status`` is pending, success, expired, failed, or ""."""

    order_id: str
    amount: Decimal
    total: Decimal
    payment_url: str
    status: str
    expires_at: datetime | None
    paid_at: datetime | None


@dataclass(frozen=True)
class Hook:
    """Where the supplier posts its notes. ``secret`` only in the answer that set or made it."""

    url: str
    events: tuple[str, ...]
    is_active: bool
    secret: str = ""
