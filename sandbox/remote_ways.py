"""What the page of codes, OVO and coins asks of the simulators, by their control API."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings

from sandbox.remote import get, post


@dataclass(frozen=True)
class Code:
    """A QR code that somebody may scan."""

    reference: str
    amount: Decimal
    paid_amount: Decimal
    status: str
    channel: str
    expires_at: datetime

    @property
    def waits(self) -> bool:
        return self.status == "pending"


@dataclass(frozen=True)
class BankPayment:
    """What somebody did with a permanent number at a bank."""

    request_id: str
    number: str
    bank: str
    amount: Decimal
    state: str


@dataclass(frozen=True)
class Push:
    """A payment that waits for a PIN in the OVO app."""

    trx_id: str
    phone: str
    amount: Decimal
    expires_at: datetime


@dataclass(frozen=True)
class Linking:
    """Somebody was sent to OVO to link a phone and has not answered yet."""

    phone: str


@dataclass(frozen=True)
class CoinInvoice:
    id: str
    order_id: str
    amount: Decimal
    paid_amount: Decimal
    currency: str
    status: str
    extra: str
    coins: str
    checkout: str
    expires_at: datetime

    @property
    def waits(self) -> bool:
        """Still to be paid, or paid and not yet confirmed."""
        return self.status in ("New", "Processing")


def codes() -> list[Code]:
    """Newest first. Raises ServiceError when the simulator does not answer."""
    return [
        Code(
            reference=row["partnerReferenceNo"],
            amount=Decimal(row["amount"]),
            paid_amount=Decimal(row["paidAmount"]),
            status=row["status"],
            channel=row["channel"],
            expires_at=datetime.fromisoformat(row["validityPeriod"]),
        )
        for row in get(settings.SANDBOX_FASPAY_URL, "qr")["codes"]
    ]


def scan(*, reference: str, way: str, amount: Decimal | None = None) -> None:
    """Pay a code (``way`` pay, amount, late), tell of it again (notify) or let it end (expire)."""
    wanted: dict[str, Any] = {"partnerReferenceNo": reference}
    path = {"notify": "qr/notify", "expire": "qr/expire"}.get(way, "qr/pay")
    if path == "qr/pay":
        wanted |= {"late": way == "late"} | ({"amount": str(amount)} if amount is not None else {})
    post(settings.SANDBOX_FASPAY_URL, path, wanted)


def bank_payments() -> list[BankPayment]:
    """Into permanent numbers, newest first."""
    return [
        BankPayment(
            request_id=row["paymentRequestId"],
            number=row["virtualAccountNo"],
            bank=row["bank"],
            amount=Decimal(row["amount"]),
            state=row["state"],
        )
        for row in get(settings.SANDBOX_FASPAY_URL, "static")["payments"]
    ]


def transfer(*, number: str, amount: Decimal) -> tuple[str, str]:
    """Pay into a permanent number in rupiah; returns the state it ended in and the name the bank showed."""
    wanted = {"virtualAccountNo": number, "amount": str(amount)}
    answer = post(settings.SANDBOX_FASPAY_URL, "static/pay", wanted)
    return answer["state"], answer["name"]


def tell_again(*, request_id: str) -> None:
    post(settings.SANDBOX_FASPAY_URL, "static/notify", {"paymentRequestId": request_id})


def take_back(*, request_id: str) -> None:
    """The bank reverses a payment into a permanent number."""
    post(settings.SANDBOX_FASPAY_URL, "static/reverse", {"paymentRequestId": request_id})


def pushes() -> list[Push]:
    """Payments that wait for a PIN, newest first."""
    now = datetime.now(UTC).timestamp()
    rows = get(settings.SANDBOX_FASPAY_URL, "ovo/payments")["payments"]
    return [
        Push(row["trx_id"], row["phone"], Decimal(row["amount"]), datetime.fromtimestamp(row["expires_at"], UTC))
        for row in rows
        if row["status"] == "0" and row["expires_at"] > now
    ]


def linkings() -> list[Linking]:
    purses = get(settings.SANDBOX_FASPAY_URL, "ovo/purses")["purses"]
    return [Linking(row["phone"]) for row in purses if row["link"] == "pending"]


def answer_push(*, trx_id: str, approve: bool) -> None:
    """Type the PIN, or cancel."""
    post(settings.SANDBOX_FASPAY_URL, "ovo/finish", {"trx_id": trx_id, "status": "2" if approve else "8"})


def answer_linking(*, phone: str, approve: bool) -> None:
    post(settings.SANDBOX_FASPAY_URL, "ovo/link", {"phone": phone, "success": approve})


def coin_invoices() -> list[CoinInvoice]:
    """Newest first."""
    return [
        CoinInvoice(
            id=row["id"],
            order_id=row["orderId"],
            amount=Decimal(row["amount"]),
            paid_amount=Decimal(row["paidAmount"]),
            currency=row["currency"],
            status=row["status"],
            extra=row["additionalStatus"],
            coins=row["paymentMethod"]["due"],
            checkout=row["checkoutLink"],
            expires_at=datetime.fromtimestamp(row["expirationTime"], UTC),
        )
        for row in get(settings.SANDBOX_BTCPAY_URL, "invoices")["invoices"]
    ]


def send_coins(*, invoice_id: str, way: str) -> None:
    """``way``: pay, unconfirmed, settle, partial, over, late, expire, invalidate."""
    wanted: dict[str, Any] = {"invoiceId": invoice_id}
    if way == "unconfirmed":
        way, wanted = "pay", {**wanted, "settle": False}
    post(settings.SANDBOX_BTCPAY_URL, way, wanted)
