"""What a person or a test does at the bank of permanent numbers."""

from dataclasses import asdict, fields
from typing import Any

from flask import Flask, request

from .control import add_control, limit_of, of_type
from .faspay_bank import CHANNELS
from .faspay_control import amount_text, order_of
from .faspay_notifier import Order
from .faspay_static import StaticBank, StaticPayment, Wish
from .misbehave import BadControl
from .state import Row

WISHES = {
    "inquire": "inquire",
    "flag": "flag",
    "notify": "notify",
    "insist": "insist",
    "paymentRequestId": "request_id",
    "referenceNo": "reference_no",
    "trxId": "trx_id",
}
NAMES = ("virtualAccountNo", *WISHES)


class StaticControl:
    def __init__(self, bank: StaticBank) -> None:
        self.bank = bank

    def register(self, app: Flask) -> None:
        add_control(app, "GET", "static", self.payments)
        add_control(app, "POST", "static/inquire", self.inquire)
        add_control(app, "POST", "static/pay", self.pay)
        add_control(app, "POST", "static/notify", self.notify)
        add_control(app, "POST", "static/reverse", self.reverse)

    def payments(self, wanted: Row) -> Any:
        number = request.args.get("virtualAccountNo", "")
        found = [one for one in self.bank.newest_first(limit_of(200)) if number in ("", one.number)]
        return {"banks": self.bank.service_ids, "payments": [self.shown(one) for one in found]}

    def inquire(self, wanted: Row) -> Any:
        order = self.order(wanted)
        return self.shown(self.bank.inquire(number_of(wanted), order, str(wanted.get("paymentRequestId", ""))))

    def pay(self, wanted: Row) -> Any:
        order = self.order(wanted)
        return self.shown(self.bank.pay(number_of(wanted), wish_of(wanted), order))

    def notify(self, wanted: Row) -> Any:
        """Tell of a payment again, or of another status than it has."""
        order, payment = self.order(wanted), self.named(wanted)
        self.bank.tell(payment, order)
        return self.shown(payment)

    def reverse(self, wanted: Row) -> Any:
        order, payment = self.order(wanted), self.named(wanted)
        self.bank.reverse(payment, order, bool(wanted.get("notify", True)))
        return self.shown(payment)

    def order(self, wanted: Row) -> Order:
        return order_of(wanted, *NAMES)

    def named(self, wanted: Row) -> StaticPayment:
        request_id = str(wanted.get("paymentRequestId") or wanted.get("referenceNo") or "")
        found = self.bank.find(request_id, str(wanted.get("virtualAccountNo", "")))
        if found is None:
            raise BadControl("no payment has that paymentRequestId, referenceNo or virtualAccountNo")
        return found

    def shown(self, payment: StaticPayment) -> Row:
        """A payment with every letter about it, the merchant's answers among them."""
        letters = self.bank.notifier.notifications
        ids = sorted(number for numbers in payment.letters.values() for number in numbers)
        return {
            **asdict(payment),
            "paymentRequestId": payment.request_id,
            "referenceNo": payment.reference_no,
            "virtualAccountNo": payment.number,
            "bank": CHANNELS.get(payment.channel_code, payment.channel_code),
            "paymentFlagStatus": payment.flag,
            "paid": payment.state == "charged",
            "letters": [asdict(letters[number]) for number in ids if number in letters],
        }


def number_of(wanted: Row) -> str:
    return str(wanted.get("virtualAccountNo", ""))


def wish_of(wanted: Row) -> Wish:
    wish = Wish(amount=amount_text(wanted["amount"]) if wanted.get("amount") is not None else "")
    kinds = {field.name: type(getattr(wish, field.name)) for field in fields(wish)}
    for given, name in WISHES.items():
        if given in wanted:
            setattr(wish, name, of_type(kinds[name], given, wanted[given]))
    return wish
