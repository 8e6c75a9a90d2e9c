"""What a person or a test does to the invoices of the simulated BTCPay Server."""

from collections.abc import Callable
from dataclasses import asdict, fields
from decimal import Decimal
from typing import Any

from flask import Flask, request

from .btcpay_api import BtcpayApi, method_data
from .btcpay_books import Invoice, News, Store
from .btcpay_hooks import MODES, TYPES, Hooks, Sending
from .control import add_common_control, add_control, change_settings, limit_of, of_type
from .faspay_control import amount_text
from .misbehave import BadControl
from .state import RequestLog, Row

SENDING = {field.name: field.type for field in fields(Sending)}
NAMES = ("invoiceId", "orderId", "amount", "settle", "late", "type")


class BtcpayControl:
    def __init__(self, store: Store, api: BtcpayApi, hooks: Hooks, log: RequestLog) -> None:
        self.store, self.api, self.hooks, self.log = store, api, hooks, log
        api.faults.own_modes["webhook"] = MODES

    def register(self, app: Flask) -> None:
        add_common_control(app, self.api.faults, self.log, self.reset)
        add_control(app, "GET", "invoices", self.invoices)
        add_control(app, "GET", "deliveries", self.deliveries)
        for name, action in self.actions().items():
            add_control(app, "POST", name, self.acting(action))
        add_control(app, "GET", "settings", lambda wanted: change_settings(self.hooks.settings, {}))
        add_control(app, "POST", "settings", self.settings)

    def actions(self) -> dict[str, Callable[[Invoice, Row], None]]:
        return {
            "pay": self.pay,
            "partial": lambda invoice, wanted: self.pay_share(invoice, wanted, Decimal("0.5")),
            "over": lambda invoice, wanted: self.pay_share(invoice, wanted, Decimal("1.5")),
            "late": lambda invoice, wanted: self.pay(invoice, {**wanted, "late": True}),
            "settle": lambda invoice, wanted: self.store.settle(invoice),
            "expire": lambda invoice, wanted: self.store.expire(invoice),
            "invalidate": lambda invoice, wanted: self.store.invalidate(invoice),
            "notify": self.notify,
        }

    def acting(self, action: Callable[[Invoice, Row], None]) -> Callable[[Row], Any]:
        """Do it, sending the events as this call wants it; answer with the invoice and its new events."""

        def act(wanted: Row) -> Any:
            how, invoice = sending_of(wanted), self.named(wanted)
            self.hooks.sending.how, self.hooks.sending.written = how, []
            try:
                action(invoice, wanted)
                return {
                    "invoice": self.shown(invoice),
                    "deliveries": [asdict(one) for one in self.hooks.sending.written],
                }
            finally:
                self.hooks.sending.how = None

        return act

    def pay(self, invoice: Invoice, wanted: Row) -> None:
        """Coins worth `amount` (all that is due) come; confirmed at once unless `settle` is false."""
        due = invoice.due * Decimal(invoice.rate)
        amount = Decimal(amount_text(wanted["amount"])) if wanted.get("amount") is not None else due
        if amount <= 0:
            amount = Decimal(invoice.amount)
        self.store.pay(invoice, amount, bool(wanted.get("late", False)))
        if wanted.get("settle", True):
            self.store.settle(invoice)

    def pay_share(self, invoice: Invoice, wanted: Row, share: Decimal) -> None:
        self.pay(invoice, {"amount": f"{Decimal(invoice.amount) * share:.2f}", **wanted})

    def notify(self, invoice: Invoice, wanted: Row) -> None:
        """Tell of something that may never have been."""
        kind = str(wanted.get("type", f"Invoice{invoice.status}"))
        if kind not in TYPES:
            raise BadControl(f"type must be one of {', '.join(TYPES)}")
        self.hooks.tell(invoice, [News(kind)])

    def named(self, wanted: Row) -> Invoice:
        found = self.store.find(str(wanted.get("invoiceId") or wanted.get("orderId") or ""))
        if found is None:
            raise BadControl("no invoice has that invoiceId or orderId")
        return found

    def invoices(self, wanted: Row) -> Any:
        self.store.age()
        return {"invoices": [self.shown(one) for one in self.store.newest_first()[: limit_of(200)]]}

    def shown(self, invoice: Invoice) -> Row:
        return {
            **self.api.shown(invoice),
            "orderId": invoice.order_id,
            "paymentMethod": method_data(invoice),
            "paid": invoice.due == 0,
        }

    def deliveries(self, wanted: Row) -> Any:
        about = request.args.get("about", "")
        with self.store.lock:
            newest = sorted(self.hooks.deliveries.values(), key=lambda one: one.id, reverse=True)
            found = [asdict(one) for one in newest if about in ("", one.invoice_id, one.order_id)]
            return {"deliveries": found[: limit_of(200)]}

    def settings(self, wanted: Row) -> Any:
        changed = change_settings(self.hooks.settings, wanted)
        self.api.rate = str(self.hooks.settings.rate)
        return changed

    def reset(self) -> None:
        self.store.reset()
        self.hooks.reset()
        self.api.rate = str(self.hooks.settings.rate)


def sending_of(wanted: Row) -> Sending:
    if unknown := set(wanted) - set(NAMES) - set(SENDING):
        raise BadControl(f"unknown field {', '.join(sorted(unknown))}")
    how = Sending()
    for name in set(wanted) & set(SENDING):
        setattr(how, name, of_type(type(getattr(how, name)), name, wanted[name]))
    return how
