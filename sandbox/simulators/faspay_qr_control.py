"""Somebody scans a code: look at codes, pay them, let them end, tell the merchant."""

from typing import Any

from flask import Flask

from . import faspay_emv as emv
from .control import add_control, limit_of
from .faspay_bank import QR_CHANNELS, Bank, QrCode, snap_time
from .faspay_control import STATES, amount_text, order_of
from .faspay_notifier import Notification, Notifier, Order, qr_message, shown
from .misbehave import BadControl
from .state import Row

NAMES = ("partnerReferenceNo", "referenceNo", "qrContent")


class QrControl:
    def __init__(self, bank: Bank, notifier: Notifier) -> None:
        self.bank, self.notifier = bank, notifier

    def register(self, app: Flask) -> None:
        add_control(app, "GET", "qr", self.codes)
        add_control(app, "POST", "qr/pay", self.pay)
        add_control(app, "POST", "qr/notify", self.notify)
        add_control(app, "POST", "qr/expire", self.expire)

    def codes(self, wanted: Row) -> Any:
        return {"codes": [self.shown(code) for code in self.bank.newest_codes(limit_of(200))]}

    def pay(self, wanted: Row) -> Any:
        """One payment by a phone that scanned the code, and its notification `times` times."""
        code, order = self.code(wanted), order_of(wanted, *NAMES)
        amount = amount_text(wanted.get("amount", code.amount))
        payment = self.bank.pay(code, amount, order.status, bool(wanted.get("late", False)))
        told = self.tell(code, payment, order) if wanted.get("notify", True) else []
        return {"code": self.shown(code), "notifications": shown(told)}

    def notify(self, wanted: Row) -> Any:
        """Tell of the last payment again (or of one that never was), without paying."""
        code, order = self.code(wanted), order_of(wanted, *NAMES)
        last = code.payments[-1] if code.payments else {"amount": code.amount, "at": self.bank.now()}
        payment = {**last, "amount": amount_text(wanted.get("amount", last["amount"]))}
        return {"code": self.shown(code), "notifications": shown(self.tell(code, payment, order))}

    def expire(self, wanted: Row) -> Any:
        code = self.code(wanted)
        self.bank.expire(code)
        return self.shown(code)

    def tell(self, code: QrCode, payment: Row, order: Order) -> list[Notification]:
        return self.notifier.tell(qr_message(code, payment, order.status, self.bank.merchant), order)

    def code(self, wanted: Row) -> QrCode:
        """By either reference, or by what a phone reads: the text inside the code."""
        reference = str(wanted.get("partnerReferenceNo") or wanted.get("referenceNo") or "")
        text = str(wanted.get("qrContent", ""))
        found = self.bank.find_code(reference) or next(
            (code for code in self.bank.newest_codes(10_000) if text and code.content == text), None
        )
        if found is None:
            raise BadControl("no code has that partnerReferenceNo, referenceNo or qrContent")
        return found

    def shown(self, code: QrCode) -> Row:
        flag = code.flag_at(self.bank.now())
        return {
            "partnerReferenceNo": code.trx_id,
            "referenceNo": code.faspay_trx_id,
            "qrContent": code.content,
            "tags": emv.read(code.content),
            "amount": code.amount,
            "channelCode": code.channel_code,
            "channel": QR_CHANNELS[code.channel_code],
            "description": code.bill_description,
            "status": STATES.get(flag, "pending"),
            "latestTransactionStatus": flag,
            "validityPeriod": code.expired_date,
            "createdAt": snap_time(code.created_at),
            "paid": bool(code.payments),
            "paidAmount": code.paid_amount,
            "payments": code.payments,
        }
