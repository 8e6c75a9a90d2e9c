"""The books of the simulated BTCPay Server: invoices of one store and the coins that came for them.

Amounts of an invoice are in its own currency, coins in BTC at a fixed rate; all are text, as on the wire.
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from decimal import ROUND_UP, Decimal
from typing import Any

from .state import Row, StateFile

TABLE = "btcpay_invoices"
NEW, PROCESSING, SETTLED, EXPIRED, INVALID = "New", "Processing", "Settled", "Expired", "Invalid"
NONE, LATE, PARTIAL, OVER, MARKED = "None", "PaidLate", "PaidPartial", "PaidOver", "Marked"
SATOSHI = Decimal("0.00000001")
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


@dataclass(kw_only=True)
class Invoice:
    id: str
    amount: str
    currency: str
    rate: str
    metadata: dict[str, Any]
    checkout: dict[str, Any]
    created_at: float
    expires_at: float
    address: str
    status: str = NEW
    extra: str = NONE
    payments: list[Row] = field(default_factory=list)

    @property
    def order_id(self) -> str:
        return str(self.metadata.get("orderId") or "")

    @property
    def price(self) -> Decimal:
        """In BTC, rounded up to the satoshi, as one is asked to pay."""
        return coins(Decimal(self.amount), self.rate)

    @property
    def paid(self) -> Decimal:
        """Coins that came and were not found to be worthless."""
        good = (payment for payment in self.payments if payment["status"] != INVALID)
        return sum((Decimal(payment["value"]) for payment in good), Decimal(0))

    @property
    def due(self) -> Decimal:
        return max(self.price - self.paid, Decimal(0))

    @property
    def paid_amount(self) -> Decimal:
        """What the coins are worth in the invoice's currency."""
        return (self.paid * Decimal(self.rate)).quantize(Decimal("0.01"))


@dataclass
class News:
    """Something to be told to the merchant: the type of the event and its own fields."""

    type: str
    extra: Row = field(default_factory=dict)


class Store:
    """Every public method may be called from any thread. What has to be told is handed to `tell`."""

    def __init__(self, state: StateFile, store_id: str, now: Callable[[], float] = time.time) -> None:
        self.state, self.id, self.now, self.lock = state, store_id, now, state.lock
        self.tell: Callable[[Invoice, list[News]], Any] = lambda invoice, news: None
        self.load()

    def load(self) -> None:
        self.invoices = {key: Invoice(**row) for key, row in self.state.rows(TABLE).items()}

    def reset(self) -> None:
        with self.lock:
            self.state.clear(TABLE)
            self.load()

    def keep(self, invoice: Invoice) -> None:
        self.state.put(TABLE, invoice.id, asdict(invoice))

    def open(self, invoice: Invoice) -> None:
        with self.lock:
            self.invoices[invoice.id] = invoice
            self.keep(invoice)
        self.tell(invoice, [News("InvoiceCreated")])

    def newest_first(self) -> list[Invoice]:
        with self.lock:
            return sorted(self.invoices.values(), key=lambda one: one.created_at, reverse=True)

    def find(self, name: str) -> Invoice | None:
        """By id or by the merchant's orderId (the newest)."""
        with self.lock:
            return self.invoices.get(name) or next(
                (one for one in self.newest_first() if name and one.order_id == name), None
            )

    def age(self) -> None:
        """Let the time of unpaid invoices end."""
        for invoice in self.newest_first():
            if invoice.status == NEW and self.now() >= invoice.expires_at:
                self.expire(invoice)

    def expire(self, invoice: Invoice) -> None:
        with self.lock:
            if invoice.status != NEW:
                return
            invoice.status = EXPIRED
            invoice.expires_at = min(invoice.expires_at, self.now())
            self.keep(invoice)
        self.tell(invoice, [News("InvoiceExpired", {"partiallyPaid": bool(invoice.payments)})])

    def pay(self, invoice: Invoice, amount: Decimal, late: bool = False) -> Row:
        """Coins worth `amount` arrive, unconfirmed. `late` means after the end: it ends the invoice first."""
        if late:
            self.expire(invoice)
        with self.lock:
            after = invoice.status == EXPIRED
            number = len(invoice.payments)
            payment = {
                "id": f"{secrets.token_hex(32)}-{number}",
                "value": f"{coins(amount, invoice.rate):.8f}",
                "at": max(self.now(), invoice.expires_at + 60 if late else 0.0),
                "status": PROCESSING,
                "after": after,
            }
            invoice.payments.append(payment)
            news = [payment_news("InvoiceReceivedPayment", invoice, payment), *self.counted(invoice)]
            self.keep(invoice)
        self.tell(invoice, news)
        return payment

    def counted(self, invoice: Invoice) -> list[News]:
        """What a payment does to its invoice."""
        full, over = invoice.due == 0, invoice.paid > invoice.price
        if invoice.status == NEW and full:
            invoice.status, invoice.extra = PROCESSING, OVER if over else NONE
            return [News("InvoiceProcessing", {"overPaid": over})]
        if not full:
            invoice.extra = PARTIAL
        elif invoice.status == EXPIRED:
            invoice.extra = LATE
        elif over:
            invoice.extra = OVER
        return []

    def settle(self, invoice: Invoice) -> None:
        """The network confirms every coin; an invoice paid in time is settled by that."""
        with self.lock:
            news = []
            for payment in invoice.payments:
                if payment["status"] == PROCESSING:
                    payment["status"] = SETTLED
                    news.append(payment_news("InvoicePaymentSettled", invoice, payment))
            if invoice.status == PROCESSING:
                invoice.status = SETTLED
                news.append(News("InvoiceSettled", {"manuallyMarked": False, "overPaid": invoice.extra == OVER}))
            self.keep(invoice)
        self.tell(invoice, news)

    def invalidate(self, invoice: Invoice) -> None:
        """The coins are never confirmed, for instance because they were spent twice."""
        with self.lock:
            for payment in invoice.payments:
                payment["status"] = INVALID
            invoice.status = INVALID
            self.keep(invoice)
        self.tell(invoice, [News("InvoiceInvalid", {"manuallyMarked": False})])

    def mark(self, invoice: Invoice, status: str) -> None:
        """A person at the server says that it is so."""
        with self.lock:
            invoice.status, invoice.extra = status, MARKED
            self.keep(invoice)
        extra = {"manuallyMarked": True} | ({"overPaid": False} if status == SETTLED else {})
        self.tell(invoice, [News(f"Invoice{status}", extra)])


def coins(amount: Decimal, rate: str) -> Decimal:
    return (amount / Decimal(rate)).quantize(SATOSHI, ROUND_UP)


def payment_news(kind: str, invoice: Invoice, payment: Row) -> News:
    facts = {"afterExpiration": payment["after"], "paymentMethodId": "BTC-CHAIN"}
    return News(kind, {**facts, "payment": payment_data(invoice, payment)})


def payment_data(invoice: Invoice, payment: Row) -> Row:
    return {
        "id": payment["id"],
        "receivedDate": int(payment["at"]),
        "value": payment["value"],
        "fee": "0",
        "status": payment["status"],
        "destination": invoice.address,
    }


def new_id() -> str:
    return "".join(secrets.choice(BASE58) for _ in range(22))


def new_address() -> str:
    """Looks like one of the test network, and is nobody's."""
    return "bcrt1q" + "".join(secrets.choice(BECH32) for _ in range(38))
