"""The Greenfield API of the simulated BTCPay Server, as far as invoices of one store go."""

import hmac
import json
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from flask import Flask, Response, request

from .btcpay_books import INVALID, NEW, PROCESSING, SETTLED, Invoice, Store, new_address, new_id, payment_data
from .control import json_response
from .misbehave import Misbehaviour, Rule, bad_gateway
from .state import Row

OPERATIONS = ("create", "list", "get", "payment-methods", "status")
AMOUNT = re.compile(r"[0-9]{1,16}(\.[0-9]{1,8})?\Z", re.ASCII)
CURRENCY = re.compile(r"[A-Z]{3,5}\Z", re.ASCII)
MINUTES, MOST_MINUTES = 15, 60 * 24 * 30
BY_HAND = {NEW: [SETTLED, INVALID], "Expired": [SETTLED, INVALID], PROCESSING: [SETTLED, INVALID]}


class Problem(Exception):
    def __init__(self, status: int, body: Any) -> None:
        super().__init__(status)
        self.status, self.body = status, body


def refused(status: int, code: str, message: str) -> Problem:
    return Problem(status, {"code": code, "message": message})


def invalid(path: str, message: str) -> Problem:
    return Problem(422, [{"path": path, "message": message}])


class BtcpayApi:
    def __init__(self, store: Store, api_key: str, public_url: str) -> None:
        self.store, self.api_key, self.public_url = store, api_key, public_url
        self.rate = "1000000000"
        self.faults = Misbehaviour(OPERATIONS, REFUSALS, EDITS)

    def register(self, app: Flask) -> None:
        base = "/api/v1/stores/<store>/invoices"
        self.add(app, "POST", base, "create", self.create)
        self.add(app, "GET", base, "list", self.listed)
        self.add(app, "GET", f"{base}/<name>", "get", self.get)
        self.add(app, "GET", f"{base}/<name>/payment-methods", "payment-methods", self.methods)
        self.add(app, "POST", f"{base}/<name>/status", "status", self.mark)

    def add(self, app: Flask, method: str, path: str, operation: str, view: Callable[..., Any]) -> None:
        """A token first, then the store, then ordered misbehaviour around the operation itself."""

        def guard(store: str, **names: str) -> Response:
            try:
                self.check_access(store)
            except Problem as problem:
                return json_response(problem.body, problem.status)
            return self.faults.perform(operation, lambda: answered(view, names))

        app.add_url_rule(path, operation, guard, methods=[method])

    def check_access(self, store: str) -> None:
        given = request.headers.get("Authorization", "")
        if not given.startswith("token "):
            raise refused(401, "unauthenticated", "Authentication is required for accessing this endpoint")
        if not hmac.compare_digest(given.removeprefix("token ").encode(), self.api_key.encode()):
            raise refused(401, "unauthenticated", "Authentication is required for accessing this endpoint")
        if store != self.store.id:
            raise refused(403, "missing-permission", "Insufficient API Permissions")

    def create(self) -> Any:
        invoice = self.invoice_from(body_object())
        self.store.open(invoice)
        return self.shown(invoice)

    def invoice_from(self, body: Row) -> Invoice:
        metadata, checkout = object_in(body, "metadata"), object_in(body, "checkout")
        minutes = checkout.get("expirationMinutes", MINUTES)
        if type(minutes) is not int or not 0 < minutes <= MOST_MINUTES:
            raise invalid("checkout.expirationMinutes", "expirationMinutes must be a number of minutes")
        now = self.store.now()
        return Invoice(
            id=new_id(),
            amount=amount_in(body),
            currency=currency_in(body),
            rate=self.rate,
            metadata=metadata,
            checkout=checkout,
            created_at=now,
            expires_at=now + 60 * minutes,
            address=new_address(),
        )

    def listed(self) -> Any:
        """Newest first; `orderId` may be given several times."""
        self.store.age()
        wanted, states = request.args.getlist("orderId"), request.args.getlist("status")
        found = [
            one
            for one in self.store.newest_first()
            if (not wanted or one.order_id in wanted) and (not states or one.status in states)
        ]
        skip, take = number_arg("skip", 0), number_arg("take", 50)
        return [self.shown(one) for one in found[skip : skip + take]]

    def get(self, name: str) -> Any:
        return self.shown(self.named(name))

    def methods(self, name: str) -> Any:
        return [method_data(self.named(name))]

    def mark(self, name: str) -> Any:
        invoice, status = self.named(name), body_object().get("status")
        if status not in (SETTLED, INVALID):
            raise invalid("status", "Status can only be marked to invalid or settled within certain conditions.")
        self.store.mark(invoice, str(status))
        return self.shown(invoice)

    def named(self, name: str) -> Invoice:
        self.store.age()
        found = self.store.invoices.get(name)
        if found is None:
            raise refused(404, "invoice-not-found", "The invoice was not found")
        return found

    def shown(self, invoice: Invoice) -> Row:
        return {
            "id": invoice.id,
            "storeId": self.store.id,
            "amount": invoice.amount,
            "paidAmount": plain(invoice.paid_amount),
            "currency": invoice.currency,
            "type": "Standard",
            "checkoutLink": f"{self.public_url or request.host_url.rstrip('/')}/i/{invoice.id}",
            "createdTime": int(invoice.created_at),
            "expirationTime": int(invoice.expires_at),
            "monitoringExpiration": int(invoice.expires_at) + 86400,
            "status": invoice.status,
            "additionalStatus": invoice.extra,
            "availableStatusesForManualMarking": BY_HAND.get(invoice.status, []),
            "archived": False,
            "metadata": invoice.metadata,
            "checkout": {"speedPolicy": "MediumSpeed", "paymentTolerance": 0.0, **invoice.checkout},
            "receipt": {"enabled": None, "showQR": None, "showPayments": None},
        }


def method_data(invoice: Invoice) -> Row:
    return {
        "paymentMethodId": "BTC-CHAIN",
        "currency": "BTC",
        "activated": True,
        "destination": invoice.address,
        "paymentLink": f"bitcoin:{invoice.address}?amount={invoice.due:.8f}",
        "rate": invoice.rate,
        "paymentMethodPaid": f"{invoice.paid:.8f}",
        "totalPaid": f"{invoice.paid:.8f}",
        "due": f"{invoice.due:.8f}",
        "amount": f"{invoice.price:.8f}",
        "paymentMethodFee": "0",
        "payments": [payment_data(invoice, payment) for payment in invoice.payments],
        "additionalData": {},
    }


def answered(view: Callable[..., Any], names: dict[str, str]) -> Response:
    try:
        return json_response(view(**names))
    except Problem as problem:
        return json_response(problem.body, problem.status)


def body_object() -> Row:
    try:
        body = json.loads(request.get_data())
    except ValueError:
        raise invalid("", "The body must be JSON") from None
    if not isinstance(body, dict):
        raise invalid("", "The body must be an object")
    return body


def object_in(body: Row, name: str) -> Row:
    value = {} if body.get(name) is None else body[name]
    if not isinstance(value, dict):
        raise invalid(name, f"{name} must be an object")
    return value


def amount_in(body: Row) -> str:
    """As text or as a number; more than zero."""
    value = body.get("amount")
    text = str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
    if not AMOUNT.match(text) or Decimal(text) <= 0:
        raise invalid("amount", "The amount should be 0 or more.")
    return text


def currency_in(body: Row) -> str:
    currency = body.get("currency")
    if not isinstance(currency, str) or not CURRENCY.match(currency):
        raise invalid("currency", "Invalid currency")
    return currency


def number_arg(name: str, usual: int) -> int:
    text = request.args.get(name, str(usual))
    if not text.isdecimal():
        raise invalid(name, f"{name} must be a number")
    return int(text)


def plain(amount: Decimal) -> str:
    return f"{amount:.0f}" if amount == amount.to_integral_value() else f"{amount:.2f}"


# -- ordered misbehaviour


def refuse(status: int, code: str) -> Callable[[Rule], Response]:
    def answer(rule: Rule) -> Response:
        made = json_response({"code": code, "message": "As ordered"}, status)
        if status == 429:
            made.headers["Retry-After"] = str(rule.retry_after)
        return made

    return answer


def changed(**values: Any) -> Callable[[Rule, Response], Response]:
    """An edit of the JSON of an invoice, or of every invoice in a list; a value may be made of the old one."""

    def edit(rule: Rule, made: Response) -> Response:
        body = json.loads(made.get_data())
        for row in body if isinstance(body, list) else [body]:
            if "status" not in row:
                continue
            for name, value in values.items():
                row[name] = value(row.get(name)) if callable(value) else value
        made.set_data(json.dumps(body, separators=(",", ":")))
        return made

    return edit


REFUSALS: dict[str, Callable[[Rule], Response]] = {
    "429": refuse(429, "throttled"),
    "502": bad_gateway,
    "503": refuse(503, "store-not-ready"),
    "general_error": refuse(500, "generic-error"),
    "unauthorized": refuse(401, "unauthenticated"),
    "forbidden": refuse(403, "missing-permission"),
    "not_found": refuse(404, "invoice-not-found"),
    "validation": lambda rule: json_response([{"path": "amount", "message": "As ordered"}], 422),
}
EDITS: dict[str, Callable[[Rule, Response], Response]] = {
    "wrong_amount": changed(amount=lambda old: str(Decimal(old) + 1000)),
    "other_currency": changed(currency="USD"),
    "other_order": changed(metadata={"orderId": "SOMEBODYELSES"}),
    "other_store": changed(storeId="AnotherStore"),
    "unknown_status": changed(status="Confirmed"),
    "no_link": changed(checkoutLink=None),
    "foreign_link": changed(checkoutLink="https://evil.invalid/i/x"),
    "numbers": changed(amount=float, paidAmount=float),
    "no_paid_amount": changed(paidAmount=None),
    "500_after_accept": lambda rule, made: json_response({"code": "generic-error", "message": "As ordered"}, 500),
}
