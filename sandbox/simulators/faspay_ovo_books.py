"""The books of the simulated OVO: purses by phone number, links to the merchant, pages being visited, payments.

Amounts are whole rupiah.
"""

import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime

from .faspay_bank import random_digits
from .state import WIB, Row, StateFile

CASH, POINTS, POINTS_FIRST = "0", "1", "2"
UNPROCESSED, SUCCESS, FAILED, REVERSAL, EXPIRED, CANCELLED = "0", "2", "3", "4", "7", "8"
TABLES = ("ovo_purses", "ovo_visits", "ovo_payments", "ovo_letters")
# What `link` says: `expired` wants a new token, `broken` was cut off by the customer and stays so.
NONE, PENDING, LINKED, TOKEN_EXPIRED, BROKEN = "none", "pending", "linked", "expired", "broken"


@dataclass
class Purse:
    phone: str
    cash: int = 1_967_700
    points: int = 25_000
    link: str = NONE
    registered: bool = True


@dataclass
class Visit:
    """A page that a browser was sent to. `kind` is activation, payment or regenerate."""

    token: str
    kind: str
    phone: str
    trx_id: str = ""
    wrong: int = 0
    done: bool = False


@dataclass
class Payment:
    trx_id: str
    bill_no: str
    phone: str
    amount: int
    pay_type: str
    created_at: float
    expires_at: float
    status: str = UNPROCESSED
    paid_at: float = 0.0
    cash: int = 0
    points: int = 0

    def status_at(self, now: float) -> str:
        return EXPIRED if self.status == UNPROCESSED and now >= self.expires_at else self.status


class OvoBooks:
    """Every public method may be called from any thread."""

    def __init__(self, state: StateFile, merchant: str, now: Callable[[], float]) -> None:
        self.state, self.merchant, self.now, self.lock = state, merchant, now, state.lock
        self.load()

    def load(self) -> None:
        self.purses = {key: Purse(**row) for key, row in self.state.rows("ovo_purses").items()}
        self.visits = {key: Visit(**row) for key, row in self.state.rows("ovo_visits").items()}
        self.payments = {key: Payment(**row) for key, row in self.state.rows("ovo_payments").items()}

    def reset(self) -> None:
        with self.lock:
            self.state.clear(*TABLES)
            self.load()

    def purse(self, phone: str) -> Purse:
        """Everybody has an OVO account until told otherwise."""
        with self.lock:
            if phone not in self.purses:
                self.keep(Purse(phone))
            return self.purses[phone]

    def keep(self, row: Purse | Visit | Payment) -> None:
        with self.lock:
            if isinstance(row, Purse):
                self.purses[row.phone] = row
                self.state.put("ovo_purses", row.phone, asdict(row))
            elif isinstance(row, Visit):
                self.visits[row.token] = row
                self.state.put("ovo_visits", row.token, asdict(row))
            else:
                self.payments[row.trx_id] = row
                self.state.put("ovo_payments", row.trx_id, asdict(row))

    def visit(self, kind: str, phone: str, trx_id: str = "") -> Visit:
        visit = Visit(f"eyJ0.{secrets.token_urlsafe(24)}", kind, phone, trx_id)
        self.keep(visit)
        return visit

    def of_bill(self, bill_no: str) -> Payment | None:
        with self.lock:
            return next((one for one in self.payments.values() if one.bill_no == bill_no), None)

    def start(self, *, bill_no: str, phone: str, amount: int, pay_type: str, seconds: float) -> Payment:
        with self.lock:
            trx_id = (self.merchant + random_digits(16))[:16]
            now = self.now()
            payment = Payment(trx_id, bill_no, phone, amount, pay_type, now, now + seconds)
            self.keep(payment)
            return payment

    def finish_link(self, phone: str, success: bool) -> None:
        with self.lock:
            purse = self.purse(phone)
            purse.link = LINKED if success else NONE
            self.keep(purse)

    def finish(self, payment: Payment, wanted: str) -> str:
        """End a payment as `wanted` if it can be so; a purse with too little makes it fail. The status it has now."""
        with self.lock:
            now, purse = self.now(), self.purse(payment.phone)
            if payment.status_at(now) != UNPROCESSED:
                payment.status = payment.status_at(now)
            elif wanted == SUCCESS:
                self.take(payment, purse)
            else:
                payment.status = wanted
            self.keep(payment)
            return payment.status

    def take(self, payment: Payment, purse: Purse) -> None:
        usable = {CASH: 0, POINTS: payment.amount, POINTS_FIRST: payment.amount}[payment.pay_type]
        points = min(usable, purse.points)
        cash = payment.amount - points
        if cash > purse.cash or (cash and payment.pay_type == POINTS):
            payment.status = FAILED
            return
        purse.cash, purse.points = purse.cash - cash, purse.points - points
        payment.cash, payment.points = cash, points
        payment.status, payment.paid_at = SUCCESS, self.now()
        self.keep(purse)

    def paid(self, phone: str, start: str, end: str) -> list[Payment]:
        """Successful payments between two days of Jakarta, newest first."""
        with self.lock:
            found = [one for one in self.payments.values() if one.phone == phone and one.status == SUCCESS]
            found = [one for one in found if start <= day_of(one.paid_at) <= end]
            return sorted(found, key=lambda one: (one.paid_at, one.trx_id), reverse=True)


def day_of(at: float) -> str:
    return time_text(at)[:10]


def time_text(at: float) -> str:
    """YYYY-MM-DD HH:MM:SS in Jakarta."""
    return datetime.fromtimestamp(at, WIB).strftime("%Y-%m-%d %H:%M:%S")


def shown(row: Purse | Visit | Payment) -> Row:
    return asdict(row)
