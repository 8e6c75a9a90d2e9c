"""The books of the simulated Faspay and its banks: virtual accounts, what was paid into them, used ids.

Amounts are rupiah as text with two decimals, as on the wire. Accounts and QR codes here are dynamic (made for one
payment) and of a closed amount; permanent numbers have books of their own.
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal

from .state import WIB, Row, StateFile

CHANNELS = {
    "402": "Permata",
    "408": "Maybank",
    "702": "BCA",
    "706": "Indomaret",
    "707": "Alfagroup",
    "708": "Danamon",
    "718": "BNC",
    "800": "BRI",
    "801": "BNI",
    "802": "Mandiri",
    "818": "Sinarmas",
    "825": "CIMB",
    "837": "BTN",
}
QR_CHANNELS = {"711": "ShopeePay QRIS", "715": "LinkAja QRIS", "836": "QRIS", "842": "CIMB QRIS"}
FLAGS = {
    "00": "Success",
    "01": "Paying",
    "03": "Pending",
    "04": "Refunded",
    "05": "Canceled",
    "06": "Failed",
    "07": "Expired",
}


@dataclass(kw_only=True)
class Bill:
    """What somebody can pay once, at a bank or by a code."""

    # The merchant's own id: trxId of an account, partnerReferenceNo of a code.
    trx_id: str
    amount: str
    channel_code: str
    bill_date: str
    bill_description: str
    expired_date: str
    expires_at: float
    faspay_trx_id: str
    created_at: float
    cancelled: bool = False
    # Set by a payment that ended otherwise than in money, e.g. "06".
    flag: str = ""
    payments: list[Row] = field(default_factory=list)

    @property
    def paid_amount(self) -> str:
        return f"{sum((Decimal(payment['amount']) for payment in self.payments), Decimal(0)):.2f}"

    def flag_at(self, now: float) -> str:
        """paymentFlagStatus as a status query answers it (contract 3.4)."""
        if self.flag:
            return self.flag
        if self.payments:
            return "00"
        if self.cancelled:
            return "05"
        return "07" if now >= self.expires_at else "03"


@dataclass(kw_only=True)
class QrCode(Bill):
    content: str


@dataclass(kw_only=True)
class Account(Bill):
    partner_service_id: str
    customer_no: str
    name: str
    email: str
    phone: str

    @property
    def number(self) -> str:
        """The identity of the account: its number without padding."""
        return self.partner_service_id + self.customer_no

    @property
    def padded_service_id(self) -> str:
        return self.partner_service_id.rjust(8)

    @property
    def padded_number(self) -> str:
        return self.padded_service_id + self.customer_no


class Bank:
    """Every public method may be called from any thread."""

    def __init__(self, state: StateFile, merchant: str, service_id: str, now: Callable[[], float] = time.time) -> None:
        self.state, self.merchant, self.service_id, self.now = state, merchant, service_id, now
        self.lock = state.lock
        self.load()

    def load(self) -> None:
        self.accounts = {key: Account(**row) for key, row in self.state.rows("accounts").items()}
        self.numbers = {account.number: account for account in self.accounts.values()}
        self.codes = {key: QrCode(**row) for key, row in self.state.rows("qr_codes").items()}
        today = self.today()
        for key in [key for key in self.state.rows("external_ids") if not key.startswith(today)]:
            self.state.put("external_ids", key, None)

    def reset(self) -> None:
        with self.lock:
            self.state.clear("accounts", "qr_codes", "external_ids")
            self.load()

    def today(self) -> str:
        return datetime.fromtimestamp(self.now(), WIB).strftime("%Y-%m-%d")

    def first_use(self, external_id: str) -> bool:
        """Whether this X-EXTERNAL-ID is new today (day in Jakarta); from now on it is not."""
        with self.lock:
            key = f"{self.today()}/{external_id}"
            if key in self.state.rows("external_ids"):
                return False
            self.state.put("external_ids", key, {})
            return True

    def open(self, bill: Bill) -> None:
        with self.lock:
            if isinstance(bill, Account):
                self.accounts[bill.trx_id] = bill
                self.numbers[bill.number] = bill
            elif isinstance(bill, QrCode):
                self.codes[bill.trx_id] = bill
            self.keep(bill)

    def free_customer_no(self) -> str:
        with self.lock:
            while self.service_id + (number := random_digits(10)) in self.numbers:
                pass
            return number

    def next_trx_id(self) -> str:
        """Faspay's own 16 digits, the merchant id first."""
        return (self.merchant + random_digits(16))[:16]

    def find(self, trx_id: str, number: str = "") -> Account | None:
        """By our trxId, or by the account number with or without padding."""
        return self.accounts.get(trx_id) or self.numbers.get(number.strip())

    def cancel(self, account: Account) -> None:
        with self.lock:
            account.cancelled = True
            self.keep(account)

    def find_code(self, reference: str) -> QrCode | None:
        """By the merchant's reference or by Faspay's."""
        with self.lock:
            return self.codes.get(reference) or next(
                (code for code in self.codes.values() if code.faspay_trx_id == reference), None
            )

    def expire(self, bill: Bill) -> None:
        with self.lock:
            bill.expires_at = min(bill.expires_at, self.now())
            self.keep(bill)

    def pay(self, bill: Bill, amount: str, status: str, late: bool) -> Row:
        """Somebody pays. Payments of one bill never share a second, nor a reference.

        `late` dates the payment a minute after the bill's end. A `status` other than "00" moves no money.
        """
        with self.lock:
            last = bill.payments[-1]["at"] if bill.payments else 0.0
            at = max(self.now(), last + 1, bill.expires_at + 60 if late else 0.0)
            payment = {"amount": amount, "at": at, "status": status, "reference": random_digits(16)}
            if status == "00":
                bill.payments.append(payment)
                bill.flag = ""
            else:
                bill.flag = status
            self.keep(bill)
            return payment

    def newest_first(self, limit: int) -> list[Account]:
        with self.lock:
            found = sorted(self.accounts.values(), key=lambda account: account.created_at, reverse=True)
            return found[:limit]

    def newest_codes(self, limit: int) -> list[QrCode]:
        with self.lock:
            return sorted(self.codes.values(), key=lambda code: code.created_at, reverse=True)[:limit]

    def keep(self, bill: Bill) -> None:
        self.state.put("qr_codes" if isinstance(bill, QrCode) else "accounts", bill.trx_id, asdict(bill))


def random_digits(count: int) -> str:
    return "".join(secrets.choice("0123456789") for _ in range(count))


def snap_time(at: float) -> str:
    """yyyy-MM-ddTHH:mm:ss+07:00 (contract 1.2)."""
    return datetime.fromtimestamp(at, WIB).isoformat(timespec="seconds")
