"""Permanent numbers at the simulated Faspay: a bank asks the merchant, takes money when it agrees, and gives it back.

The numbers are the merchant's own; the simulated Faspay only knows which bank owns which first digits (contract 2).
"""

import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from .faspay_bank import FLAGS, snap_time
from .faspay_notifier import (
    INQUIRY,
    INQUIRY_PATH,
    PATH,
    PAYMENT,
    STATIC,
    Message,
    Notification,
    Notifier,
    Order,
    answered,
    status_info,
)
from .faspay_wire import Fields, Problem
from .misbehave import BadControl
from .state import Row, StateFile

TABLE = "static_payments"
# What became of a payment; only `charged` and `reversed` ever had money.
ASKED, UNKNOWN, REFUSED, CHARGED, REVERSED = "asked", "unknown", "refused", "charged", "reversed"
STATUS_FLAGS = {ASKED: "03", UNKNOWN: "06", REFUSED: "06", CHARGED: "00", REVERSED: "04"}


@dataclass(kw_only=True)
class StaticPayment:
    request_id: str
    reference_no: str
    number: str
    service_id: str
    channel_code: str
    at: float
    amount: str = "0.00"
    name: str = ""
    asked_amount: str = ""
    state: str = ASKED
    reversed_at: float = 0.0
    # Ids of the letters to the merchant, by kind; what it answered stands there.
    letters: dict[str, list[int]] = field(default_factory=dict)

    @property
    def flag(self) -> str:
        return STATUS_FLAGS[self.state]

    def ids(self) -> Row:
        padded = self.service_id.rjust(8)
        customer_no = self.number.removeprefix(self.service_id)
        return {"partnerServiceId": padded, "customerNo": customer_no, "virtualAccountNo": padded + customer_no}


@dataclass
class Wish:
    """What the person at the counter wants. `amount` "" is what the merchant asks for."""

    amount: str = ""
    inquire: bool = True
    flag: bool = True
    notify: bool = True
    # Pay although the merchant knows no such number.
    insist: bool = False
    request_id: str = ""
    reference_no: str = ""
    trx_id: str = ""


class StaticBank:
    """Every public method may be called from any thread."""

    def __init__(self, state: StateFile, service_ids: dict[str, str], notifier: Notifier) -> None:
        self.state, self.service_ids, self.notifier = state, service_ids, notifier
        self.now: Callable[[], float] = notifier.bank.now
        self.lock = state.lock
        self.load()

    def load(self) -> None:
        self.payments = {key: StaticPayment(**row) for key, row in self.state.rows(TABLE).items()}

    def reset(self) -> None:
        with self.lock:
            self.state.clear(TABLE)
            self.load()

    def newest_first(self, limit: int) -> list[StaticPayment]:
        with self.lock:
            return sorted(self.payments.values(), key=lambda one: one.at, reverse=True)[:limit]

    def find(self, request_id: str, number: str = "") -> StaticPayment | None:
        """By request id, by Faspay's reference, or the newest of a number."""
        with self.lock:
            if request_id:
                by_reference = (one for one in self.payments.values() if one.reference_no == request_id)
                return self.payments.get(request_id) or next(by_reference, None)
            return next((one for one in self.newest_first(10_000) if number and one.number == number.strip()), None)

    def keep(self, payment: StaticPayment) -> None:
        """A payment that was charged stays what it was, whatever comes under its id later."""
        with self.lock:
            known = self.payments.get(payment.request_id)
            if known is not None and known is not payment and known.state in (CHARGED, REVERSED):
                for kind, ids in payment.letters.items():
                    known.letters[kind] = sorted({*known.letters.get(kind, []), *ids})
                payment = known
            self.payments[payment.request_id] = payment
            self.state.put(TABLE, payment.request_id, asdict(payment))

    # -- at the counter

    def inquire(self, number: str, order: Order, request_id: str = "") -> StaticPayment:
        """Somebody typed a number; the merchant says whose it is."""
        payment = self.opened(number, request_id)
        self.ask(payment, order)
        self.keep(payment)
        return payment

    def pay(self, number: str, wish: Wish, order: Order) -> StaticPayment:
        """Inquiry, flag, money, notification. Money moves only when the merchant agreed (or is not asked)."""
        payment = self.opened(number, wish.request_id)
        payment.reference_no = wish.reference_no or payment.reference_no
        if wish.inquire and not self.ask(payment, order) and not wish.insist:
            self.keep(payment)
            return payment
        payment.amount = wish.amount or payment.asked_amount
        if Decimal(payment.amount or 0) <= 0:
            self.keep(payment)
            raise BadControl("amount is missing, and the merchant asks for none")
        payment.state = CHARGED if self.agreed(payment, wish, order) else REFUSED
        self.keep(payment)
        if wish.notify and payment.state == CHARGED:
            self.tell(payment, order)
        return payment

    def reverse(self, payment: StaticPayment, order: Order, notify: bool) -> None:
        """The bank takes the money back, and Faspay says so."""
        if payment.state != CHARGED:
            raise BadControl(f"only a charged payment can be reversed, this one is {payment.state}")
        payment.state, payment.reversed_at = REVERSED, self.now()
        self.keep(payment)
        if notify:
            self.tell(payment, order)

    def opened(self, number: str, request_id: str) -> StaticPayment:
        number = number.strip()
        if not number.isdecimal() or not 8 < len(number) <= 28:
            raise BadControl("virtualAccountNo must be digits")
        channel, service_id = self.bank_of(number)
        with self.lock:
            # Two payments never share a second, so that what is told of them can be told apart.
            last = max((one.at for one in self.payments.values() if one.number == number), default=0.0)
            payment = StaticPayment(
                request_id=request_id or secrets.token_hex(16),
                reference_no=self.notifier.bank.next_trx_id(),
                number=number,
                service_id=service_id,
                channel_code=channel,
                at=max(self.now(), last + 1),
            )
            self.keep(payment)
            return payment

    def bank_of(self, number: str) -> tuple[str, str]:
        for channel, service_id in self.service_ids.items():
            if number.startswith(service_id):
                return channel, service_id
        return "702", number[:6]

    def ask(self, payment: StaticPayment, order: Order) -> bool:
        """Inquiry (3.2). True when the merchant knows the number; a letter that is not sent counts as yes."""
        letters = self.letter(payment, INQUIRY, INQUIRY_PATH, inquiry_body(payment), order)
        if not order.send:
            return True
        answer = next((answered(one) for one in letters if one.accepted), {})
        data = answer.get("virtualAccountData") or {}
        payment.name = str(data.get("virtualAccountName", ""))
        payment.asked_amount = value_of(data.get("totalAmount"))
        payment.state = ASKED if answer else UNKNOWN
        return bool(answer)

    def agreed(self, payment: StaticPayment, wish: Wish, order: Order) -> bool:
        """Flag (3.3). The customer's screen says paid when any answer approves."""
        if not wish.flag:
            return True
        body = flag_body(payment) | ({"trxId": wish.trx_id} if wish.trx_id else {})
        letters = self.letter(payment, PAYMENT, PATH, body, order)
        return not order.send or any(one.accepted for one in letters)

    def letter(self, payment: StaticPayment, kind: str, path: str, body: Row, order: Order) -> list[Notification]:
        """The bank waits for these answers, whatever the order says about waiting."""
        times = order.times if kind == PAYMENT else 1
        waiting = Order(times=times, prefix=order.prefix, send=order.send, wait=True, concurrent=order.concurrent)
        letters = self.notifier.tell(Message(kind, payment.request_id, path, body, payment.number), waiting)
        payment.letters.setdefault(kind, []).extend(one.id for one in letters)
        return letters

    def tell(self, payment: StaticPayment, order: Order) -> list[Notification]:
        """The static notification (4.2), with the status the payment has or the one of the order."""
        status = order.status if order.status != "00" else payment.flag
        body = notification_body(payment, status, self.notifier.bank.merchant)
        message = Message(STATIC, payment.request_id, PATH, body, payment.number)
        letters = self.notifier.tell(message, order)
        payment.letters.setdefault(STATIC, []).extend(one.id for one in letters)
        self.keep(payment)
        return letters

    def status(self, body: Fields) -> Row:
        """What service 26 answers for a permanent number, asked by inquiryRequestId (3.4)."""
        request_id = body.text("inquiryRequestId", 128)
        payment = self.payments.get(request_id)
        if payment is None:
            raise Problem(404, "01", "Transaction Not Found")
        given = {name: body.text(name, 28) for name in ("partnerServiceId", "customerNo", "virtualAccountNo")}
        if given != payment.ids():
            raise Problem(404, "12", "Bill not found")
        return status_data(payment)


def inquiry_body(payment: StaticPayment) -> Row:
    source = {"hashedSourceAccountNo": secrets.token_hex(16), "sourceBankCode": "014"}
    return {
        **payment.ids(),
        "inquiryRequestId": payment.request_id,
        **source,
        # Not in any table, and seen all the same.
        "channelCode": payment.channel_code,
    }


def flag_body(payment: StaticPayment) -> Row:
    return {
        **payment.ids(),
        "paymentRequestId": payment.request_id,
        "paidAmount": {"value": payment.amount, "currency": "IDR"},
        "trxDateTime": snap_time(payment.at),
        "referenceNo": payment.reference_no,
    }


def notification_body(payment: StaticPayment, status: str, merchant: str) -> Row:
    at = payment.reversed_at if status == "04" and payment.reversed_at else payment.at
    return {
        **payment.ids(),
        "paymentRequestId": payment.request_id,
        "referenceNo": payment.reference_no,
        "paidAmount": {"value": payment.amount, "currency": "IDR"},
        "additionalInfo": status_info(at, payment.channel_code, merchant, status),
    }


def status_data(payment: StaticPayment) -> Row:
    data: dict[str, Any] = {
        "paymentFlagReason": {"english": FLAGS[payment.flag]},
        **payment.ids(),
        "inquiryRequestId": payment.request_id,
    }
    if payment.state in (CHARGED, REVERSED):
        data |= {"paymentRequestId": payment.request_id, "referenceNo": payment.reference_no}
        data["transactionDate"] = snap_time(payment.at)
    paid = payment.amount if payment.state in (CHARGED, REVERSED) else "0.00"
    return {
        **data,
        "paidAmount": {"value": paid, "currency": "IDR"},
        "paymentFlagStatus": payment.flag,
        "additionalInfo": {"channelCode": payment.channel_code},
    }


def value_of(money: Any) -> str:
    """The amount of a money object in an answer, "0.00" for whatever is none."""
    try:
        return f"{Decimal(str(money['value'])):.2f}"
    except (TypeError, KeyError, InvalidOperation):
        return "0.00"
