"""The account on the wire of the simulated OTPZap: balance, deposits, webhook (OTPZap contract 3 and 10.4)."""

from collections.abc import Callable
from html import escape
from typing import Any

from flask import Flask, Response, request

from .otpzap_hook_rules import Hook, changed
from .otpzap_hooks import Hooks
from .otpzap_house import Account, House, Refusal, clock_or_none, clock_text
from .otpzap_topups import Till, Topup
from .otpzap_wire import body_json, invalid, success, whole_number

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Pay</title>
<meta name="viewport" content="width=device-width, initial-scale=1"></head>
<body><h1>Simulated QRIS</h1><p>{what}</p>{form}</body></html>"""
FORM = '<form method="post"><button type="submit">Pay</button></form>'


def topup_json(topup: Topup) -> dict[str, Any]:
    """The object of section 3.3."""
    return {
        "order_id": topup.order_id,
        "amount": topup.amount,
        "status": topup.status,
        "paid_at": clock_or_none(topup.paid_at),
        "created_at": clock_text(topup.created_at),
    }


def invoice_json(topup: Topup) -> dict[str, Any]:
    """What create answers (section 3.2)."""
    return {
        "order_id": topup.order_id,
        "amount": topup.amount,
        "total_amount": topup.total_amount,
        "payment_url": topup.payment_url,
        "expired_at": clock_text(topup.expires_at),
    }


def hook_json(hook: Hook) -> dict[str, Any]:
    return {
        "url": hook.url or None,
        "events": hook.events,
        "is_active": hook.is_active,
        "has_secret": bool(hook.secret),
        "updated_at": clock_or_none(hook.updated_at),
    }


class AccountDesk:
    """`hooks` is set by whoever puts the simulator together."""

    hooks: Hooks

    def __init__(self, house: House, till: Till) -> None:
        self.house, self.till = house, till

    def views(self) -> dict[str, Callable[[Account], Response]]:
        return {
            "balance": self.balance,
            "topup/create": self.create_topup,
            "topup/check": self.check_topup,
            "webhook/get": self.get_webhook,
            "webhook/update": self.update_webhook,
        }

    def balance(self, account: Account) -> Response:
        return success({"balance": account.balance, "currency": "IDR"})

    def create_topup(self, account: Account) -> Response:
        amount = whole_number(body_json().get("amount"), "amount")
        return success(invoice_json(self.till.invoice(account.number, amount, f"{request.host_url}pay/")))

    def check_topup(self, account: Account) -> Response:
        order_id = request.args.get("order_id", "")
        if not order_id:
            raise invalid("order_id is required")
        return success(topup_json(self.till.check(order_id, account.number)))

    def get_webhook(self, account: Account) -> Response:
        return success(hook_json(self.hooks.hooks[account.number]))

    def update_webhook(self, account: Account) -> Response:
        body, local = body_json(), self.hooks.local or bool(self.house.settings.webhook_local)
        with self.house.lock:
            hook, secret = changed(self.hooks.hooks[account.number], body, self.hooks.names, local)
            hook.updated_at = self.house.now()
            self.hooks.set(hook)
        return success({**hook_json(hook), **({"secret": secret} if secret else {})})

    # -- the page behind payment_url

    def register(self, app: Flask) -> None:
        app.add_url_rule("/pay/<order_id>", "pay", self.pay_page, methods=["GET", "POST"])

    def pay_page(self, order_id: str) -> Response:
        try:
            topup = self.till.pay(order_id) if request.method == "POST" else self.till.topup(order_id)
        except Refusal as refusal:
            return page(refusal.message, refusal.status)
        total = f"Rp{topup.total_amount:,}".replace(",", ".")
        return page(f"{total} for {order_id}: {topup.status}", form=topup.status in ("pending", "expired"))


def page(what: str, status: int = 200, form: bool = False) -> Response:
    return Response(PAGE.format(what=escape(what), form=FORM if form else ""), status, mimetype="text/html")
