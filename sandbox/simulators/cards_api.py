"""What the simulated processor of cards answers: /cards/v1 (docs/simulators.md)."""

import hmac
import json
import re
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, request

from .cards_books import APPROVED, NUMBERS, WORDS, Books, Conflict, Payment, Unanswerable, shown
from .control import json_response
from .misbehave import Misbehaviour, Rule, bad_gateway
from .serving import Hang
from .state import Row

OPERATIONS = ("authorizations", "verify", "captures", "voids", "refunds", "ask")
PATTERNS = {
    "reference": re.compile(r"[A-Za-z0-9-]{8,40}"),
    "amount": re.compile(r"[0-9]{1,14}\.[0-9]{2}"),
    "currency": re.compile(r"SLE|USD|IDR"),
    "orderId": re.compile(r".{0,100}", re.S),
    "returnUrl": re.compile(r"(https?://[^\s]{1,2000})?"),
    "number": re.compile(r"[0-9]{12,19}"),
    "code": re.compile(r"([0-9]{3,4})?"),
    "paRes": re.compile(r".{1,4000}", re.S),
}
SILENCE_SECONDS = 60.0


class Refused(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class CardsApi:
    def __init__(self, books: Books, api_key: str) -> None:
        self.books, self.api_key = books, api_key
        self.faults = Misbehaviour(OPERATIONS, REFUSALS, EDITS)

    def register(self, app: Flask) -> None:
        one = "/cards/v1/authorizations/<reference>"
        for operation, method, path, view in (
            ("authorizations", "POST", "/cards/v1/authorizations", self.authorize),
            ("verify", "POST", f"{one}/verify", self.verify),
            ("captures", "POST", f"{one}/captures", self.capture),
            ("voids", "POST", f"{one}/voids", self.void),
            ("refunds", "POST", f"{one}/refunds", self.refund),
            ("ask", "GET", one, self.ask),
        ):
            app.add_url_rule(path, operation, self.guarded(operation, view), methods=[method])
        app.add_url_rule(f"{one}/acts/<act>", "ask-act", self.guarded("ask", self.ask_act), methods=["GET"])

    def guarded(self, operation: str, view: Callable[..., Response]) -> Callable[..., Response]:
        def answer(**parts: str) -> Response:
            given = request.headers.get("Authorization", "").removeprefix("Bearer ")
            if not hmac.compare_digest(given.encode(), self.api_key.encode()):
                return json_response({"code": "unauthorized", "message": "Unknown key"}, 401)
            return self.faults.perform(operation, lambda: answered(view, parts))

        return answer

    def authorize(self) -> Response:
        body = body_of({"reference", "amount", "currency", "orderId", "returnUrl", "askHolder", "card"})
        try:
            payment, fresh = self.books.authorize(payment_of(body), body.get("askHolder") is True)
        except Conflict:
            raise Refused(409, "reference_conflict", "This reference was used for another payment") from None
        if fresh and payment.does == "silent":
            raise Hang(SILENCE_SECONDS)
        return self.about(payment, 201 if fresh else 200)

    def verify(self, reference: str) -> Response:
        payment = self.named(reference)
        said = self.books.read_answer(text_of(body_of({"paRes"}), "paRes"))
        if said is None or (said.get("reference"), said.get("authorizationId")) != (payment.reference, payment.id):
            raise Refused(400, "bad_pares", "The answer is not ours, or belongs to another payment")
        try:
            self.books.verify(payment, said)
        except Unanswerable as why:
            raise Refused(409, str(why), "The challenge was answered before, or none is open") from None
        return self.about(payment, 200)

    def capture(self, reference: str) -> Response:
        return self.act(reference, "capture")

    def void(self, reference: str) -> Response:
        return self.act(reference, "void")

    def refund(self, reference: str) -> Response:
        return self.act(reference, "refund")

    def act(self, reference: str, kind: str) -> Response:
        payment = self.named(reference)
        body = body_of({"reference"} if kind == "void" else {"reference", "amount", "currency"})
        amount = payment.amount if kind == "void" else text_of(body, "amount")
        if kind != "void" and text_of(body, "currency") != payment.currency:
            raise Refused(422, "invalid", "currency is not that of the payment")
        try:
            row, fresh = self.books.act(payment, kind, text_of(body, "reference"), amount)
        except Conflict:
            raise Refused(409, "reference_conflict", "This reference was used for another act") from None
        if fresh and kind == "capture" and payment.does == "silent_capture":
            raise Hang(SILENCE_SECONDS)
        return json_response(shown_act(row), 201 if fresh else 200)

    def ask(self, reference: str) -> Response:
        return self.about(self.named(reference), 200)

    def ask_act(self, reference: str, act: str) -> Response:
        row = self.named(reference).acts.get(act)
        if row is None:
            raise Refused(404, "unknown", "No such act")
        return json_response(shown_act(row))

    def about(self, payment: Payment, status: int) -> Response:
        self.books.close_if_overdue(payment)
        return json_response(shown(payment, request.host_url.rstrip("/")), status)

    def named(self, reference: str) -> Payment:
        found = self.books.payments.get(reference)
        if found is None:
            raise Refused(404, "unknown", "No such payment")
        return found


def answered(view: Callable[..., Response], parts: dict[str, str]) -> Response:
    try:
        return view(**parts)
    except Refused as refused:
        return json_response({"code": refused.code, "message": refused.message}, refused.status)


def payment_of(body: Row) -> Payment:
    card = body.get("card")
    if not isinstance(card, dict) or set(card) - {"number", "expiryMonth", "expiryYear", "code"}:
        raise Refused(422, "invalid", "card is missing or malformed")
    number = text_of(card, "number")
    text_of(card, "code")
    if not luhn(number):
        raise Refused(422, "invalid", "number is malformed")
    names = ("reference", "amount", "currency", "orderId", "returnUrl")
    reference, amount, currency, order, return_url = (text_of(body, name) for name in names)
    does = NUMBERS.get(number, "")
    return Payment(reference, amount, currency, order, return_url, number[:6], number[-4:], does, expiry_of(card))


def expiry_of(card: Row) -> tuple[int, int]:
    month, year = card.get("expiryMonth"), card.get("expiryYear")
    if type(month) is not int or type(year) is not int or not (1 <= month <= 12 and 2021 <= year <= 2100):
        raise Refused(422, "invalid", "expiry is missing or malformed")
    return year, month


def luhn(number: str) -> bool:
    digits = [int(one) for one in reversed(number)]
    return sum(sum(divmod(2 * one, 10)) if place % 2 else one for place, one in enumerate(digits)) % 10 == 0


def text_of(body: Row, name: str) -> str:
    value = body.get(name, "")
    if not isinstance(value, str) or not PATTERNS[name].fullmatch(value):
        raise Refused(422, "invalid", f"{name} is missing or malformed")
    if name == "amount" and float(value) <= 0:
        raise Refused(422, "invalid", "amount must be positive")
    return value


def body_of(known: set[str]) -> Row:
    try:
        body = json.loads(request.get_data())
    except ValueError:
        raise Refused(400, "malformed", "The body must be JSON") from None
    if not isinstance(body, dict):
        raise Refused(400, "malformed", "The body must be an object")
    if unknown := set(body) - known:
        raise Refused(422, "invalid", f"unknown field {', '.join(sorted(unknown))}")
    return body


def shown_act(row: Row) -> Row:
    names = ("id", "reference", "status", "code", "amount", "currency", "at")
    return {**{name: row[name] for name in names}, "message": WORDS[row["code"]]}


# -- ordered misbehaviour


def refuse(status: int, code: str) -> Callable[[Rule], Response]:
    def answer(rule: Rule) -> Response:
        made = json_response({"code": code, "message": "As ordered"}, status)
        if status == 429:
            made.headers["Retry-After"] = str(rule.retry_after)
        return made

    return answer


def changed(**values: Any) -> Callable[[Rule, Response], Response]:
    def edit(rule: Rule, made: Response) -> Response:
        body = json.loads(made.get_data())
        for name, value in values.items():
            body[name] = value(body.get(name)) if callable(value) else value
        made.set_data(json.dumps(body, separators=(",", ":")))
        return made

    return edit


def plus_one(amount: str | None) -> str:
    whole, _, part = (amount or "0.00").partition(".")
    return f"{int(whole) + 1}.{part}"


REFUSALS: dict[str, Callable[[Rule], Response]] = {
    "429": refuse(429, "throttled"),
    "502": bad_gateway,
    "503": refuse(503, "maintenance"),
    "unauthorized": refuse(401, "unauthorized"),
    "invalid": refuse(422, "invalid"),
    "conflict": refuse(409, "reference_conflict"),
    "unknown": refuse(404, "unknown"),
}
EDITS: dict[str, Callable[[Rule, Response], Response]] = {
    "wrong_amount": changed(amount=plus_one),
    "wrong_currency": changed(currency="USD"),
    "wrong_reference": changed(reference="CP00000000SOMEBODYELSE"),
    "unknown_status": changed(status="quarantined"),
    "no_status": changed(status=None),
    "approved": changed(status=APPROVED, code=""),
    "500_after_accept": lambda rule, made: json_response({"code": "error", "message": "As ordered"}, 500),
}
