"""What a person or a test does at the simulated bank: pay, tell the merchant, look at what was sent."""

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from flask import Flask, request

from .control import add_common_control, add_control, change_settings, limit_of, of_type
from .faspay_api import FaspayApi
from .faspay_bank import CHANNELS, Account, snap_time
from .faspay_keys import FORMS
from .faspay_letters import MODES
from .faspay_notifier import OPERATIONS, PATH, Notification, Notifier, Order, account_message, shown
from .faspay_signing import sign, string_to_sign
from .misbehave import BadControl
from .state import RequestLog, Row

STATES = {"00": "paid", "04": "refunded", "05": "cancelled", "06": "failed", "07": "expired"}
ORDER_FIELDS = set(Order.__dataclass_fields__)


def account_json(account: Account, now: float) -> Row:
    flag = account.flag_at(now)
    return {
        "trxId": account.trx_id,
        "virtualAccountNo": account.number,
        "partnerServiceId": account.padded_service_id,
        "customerNo": account.customer_no,
        "name": account.name,
        "amount": account.amount,
        "channelCode": account.channel_code,
        "bank": CHANNELS[account.channel_code],
        "status": STATES.get(flag, "pending"),
        "paymentFlagStatus": flag,
        "expiredDate": account.expired_date,
        "createdAt": snap_time(account.created_at),
        "paid": bool(account.payments),
        "paidAmount": account.paid_amount,
        "payments": account.payments,
    }


class FaspayControl:
    def __init__(self, api: FaspayApi, notifier: Notifier, log: RequestLog) -> None:
        self.api, self.bank, self.notifier, self.log = api, api.bank, notifier, log
        for operation in {name for names in OPERATIONS.values() for name in names}:
            api.faults.own_modes[operation] = MODES
        # What else starts over with the bank.
        self.others: list[Callable[[], None]] = []

    def register(self, app: Flask) -> None:
        add_common_control(app, self.api.faults, self.log, self.reset)
        add_control(app, "GET", "accounts", self.accounts)
        add_control(app, "POST", "pay", self.pay)
        add_control(app, "POST", "notify", self.notify)
        add_control(app, "POST", "expire", self.expire)
        add_control(app, "POST", "sign", self.sign)
        add_control(app, "GET", "keys", lambda wanted: {"keys": self.notifier.keys.shown()})
        add_control(app, "POST", "keys/rotate", self.rotate)
        add_control(app, "GET", "notifications", self.notifications)
        add_control(app, "GET", "settings", lambda wanted: change_settings(self.notifier.settings, {}))
        add_control(app, "POST", "settings", lambda wanted: change_settings(self.notifier.settings, wanted))

    def reset(self) -> None:
        self.bank.reset()
        self.notifier.keys.reset()
        self.notifier.reset()
        for reset in self.others:
            reset()

    def accounts(self, wanted: Row) -> Any:
        found = self.bank.newest_first(limit_of(200))
        return {"accounts": [account_json(account, self.bank.now()) for account in found]}

    def notifications(self, wanted: Row) -> Any:
        trx_id = request.args.get("trxId", "")
        with self.bank.lock:
            newest = sorted(self.notifier.notifications.values(), key=lambda one: one.id, reverse=True)
            return {"notifications": shown([one for one in newest if trx_id in ("", one.trx_id)][: limit_of(200)])}

    def pay(self, wanted: Row) -> Any:
        """One payment at the bank, and its notification `times` times unless `notify` is false."""
        account, order = self.account(wanted), order_of(wanted, "trxId", "virtualAccountNo")
        amount = amount_text(wanted.get("amount", account.amount))
        payment = self.bank.pay(account, amount, order.status, bool(wanted.get("late", False)))
        told = self.tell(account, payment, order) if wanted.get("notify", True) else []
        return {"account": account_json(account, self.bank.now()), "notifications": shown(told)}

    def notify(self, wanted: Row) -> Any:
        """Tell of the last payment again (or of one that never was), without paying."""
        account, order = self.account(wanted), order_of(wanted, "trxId", "virtualAccountNo")
        last = account.payments[-1] if account.payments else {"amount": account.amount, "at": self.bank.now()}
        payment = {**last, "amount": amount_text(wanted.get("amount", last["amount"]))}
        told = self.tell(account, payment, order)
        return {"account": account_json(account, self.bank.now()), "notifications": shown(told)}

    def tell(self, account: Account, payment: Row, order: Order) -> list[Notification]:
        return self.notifier.tell(account_message(account, payment, order.status, self.bank.merchant), order)

    def expire(self, wanted: Row) -> Any:
        account = self.account(wanted)
        self.bank.expire(account)
        return account_json(account, self.bank.now())

    def sign(self, wanted: Row) -> Any:
        """Headers for any body a test wants to send as Faspay."""
        body, path = str(wanted.get("body", "")), str(wanted.get("path", PATH))
        stamp = str(wanted.get("timestamp") or snap_time(self.bank.now()))
        text = string_to_sign(str(wanted.get("method", "POST")), path, body.encode(), stamp)
        return {"X-TIMESTAMP": stamp, "X-SIGNATURE": sign(self.notifier.keys.next_key(), text), "stringToSign": text}

    def account(self, wanted: Row) -> Account:
        found = self.bank.find(str(wanted.get("trxId", "")), str(wanted.get("virtualAccountNo", "")))
        if found is None:
            raise BadControl("no account has that trxId or virtualAccountNo")
        return found

    def rotate(self, wanted: Row) -> Any:
        """A new key pair: letters are signed by it from now on, or after `overlap` more of the old one."""
        form = str(wanted.get("form", "pem"))
        if form not in FORMS:
            raise BadControl(f"form must be one of {', '.join(FORMS)}")
        keys = self.notifier.keys
        keys.rotate(of_type(int, "overlap", wanted.get("overlap", 0)))
        path = keys.write_public(form) if wanted.get("write", True) else ""
        return {"file": path, "form": form, **keys.shown()[0]}


def order_of(wanted: Row, *names: str) -> Order:
    """How to tell; `names` are the other fields that the call may have."""
    own = {*names, "amount", "notify", "late"}
    if unknown := set(wanted) - own - ORDER_FIELDS:
        raise BadControl(f"unknown field {', '.join(sorted(unknown))}")
    order = Order()
    given = {name: value for name, value in wanted.items() if name in ORDER_FIELDS}
    for name, value in given.items():
        setattr(order, name, of_type(type(getattr(order, name)), name, value))
    if not re.fullmatch(r"[0-9]{2}", order.status):
        raise BadControl("status must be two digits")
    return order


def amount_text(value: Any) -> str:
    """Two decimals, as on the wire. Raises BadControl for anything that is no positive amount."""
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        raise BadControl("amount must be a number") from None
    if not amount.is_finite() or amount <= 0 or amount >= Decimal(10) ** 13 or amount != round(amount, 2):
        raise BadControl("amount must be more than zero, with at most two decimals")
    return f"{amount:.2f}"
