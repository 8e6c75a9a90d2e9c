"""What the simulated rail for banks and mobile money answers: /rail/v1 (docs/simulators.md)."""

import hmac
import json
import re
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, request

from .control import json_response
from .misbehave import Misbehaviour, Rule, bad_gateway
from .rail_books import SILENT, STRANGER, WHAT, Books, Conflict, Payout
from .serving import Hang
from .state import Row

OPERATIONS = ("payouts", "lookup", "names", "events")
PATTERNS = {
    "reference": re.compile(r"[A-Za-z0-9-]{8,40}"),
    "network": re.compile(r"bank|mobile"),
    "institution": re.compile(r"[0-9]{3}"),
    "account": re.compile(r"[0-9]{3,34}"),
    "holder": re.compile(r".{0,120}", re.S),
    "amount": re.compile(r"[0-9]{1,14}\.[0-9]{2}"),
    "currency": re.compile(r"SLE|USD|IDR"),
    "narration": re.compile(r".{0,200}", re.S),
}
SHOWN = ("id", "reference", "status", "code", "message", "amount", "currency", "account", "at")
MOST = 500
FIRST = ("Aminata", "Ibrahim", "Fatmata", "Mohamed", "Isatu", "Abu")
LAST = ("Kamara", "Sesay", "Conteh", "Bangura", "Koroma", "Turay")
SILENCE_SECONDS = 60.0


class Refused(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class RailApi:
    def __init__(self, books: Books, api_key: str) -> None:
        self.books, self.api_key = books, api_key
        self.faults = Misbehaviour(OPERATIONS, REFUSALS, EDITS)

    def register(self, app: Flask) -> None:
        for operation, method, view in (
            ("payouts", "POST", self.pay),
            ("lookup", "POST", self.lookup),
            ("names", "POST", self.names),
            ("events", "GET", self.events),
        ):
            path = "/rail/v1/payouts/lookup" if operation == "lookup" else f"/rail/v1/{operation}"
            app.add_url_rule(path, operation, self.guarded(operation, view), methods=[method])

    def guarded(self, operation: str, view: Callable[[], Response]) -> Callable[[], Response]:
        def answer() -> Response:
            given = request.headers.get("Authorization", "").removeprefix("Bearer ")
            if not hmac.compare_digest(given.encode(), self.api_key.encode()):
                return json_response({"code": "unauthorized", "message": "Unknown key"}, 401)
            return self.faults.perform(operation, lambda: guarded_view(view))

        return answer

    def pay(self) -> Response:
        wanted = instruction(body_of())
        try:
            payout, fresh = self.books.take(wanted)
        except Conflict:
            raise Refused(409, "reference_conflict", "This reference was used for another payout") from None
        if fresh and payout.ending == SILENT:
            raise Hang(SILENCE_SECONDS)
        return json_response(shown(payout), 201 if fresh else 200)

    def lookup(self) -> Response:
        references = body_of().get("references")
        if not isinstance(references, list) or len(references) > MOST:
            raise Refused(422, "invalid", f"references must be a list of at most {MOST}")
        with self.books.lock:
            self.books.age()
            found = [self.books.payouts[one] for one in references if one in self.books.payouts]
            known = {payout.reference for payout in found}
            rows = [shown(payout) for payout in found]
        return json_response({"payouts": rows, "unknown": [one for one in references if one not in known]})

    def names(self) -> Response:
        account = text_of(body_of(), "account")
        if account.endswith("0000"):
            return json_response({"found": False, "holder": ""})
        name = "Zainab Yansaneh" if account.endswith(STRANGER) else name_at(account)
        return json_response({"found": True, "holder": masked(name)})

    def events(self) -> Response:
        after, limit = number_of("after", 0), min(number_of("limit", MOST), MOST)
        with self.books.lock:
            self.books.age()
            rows = self.books.events[after : after + limit]
        return json_response({"events": rows, "last": rows[-1]["n"] if rows else after})


def guarded_view(view: Callable[[], Response]) -> Response:
    try:
        return view()
    except Refused as refused:
        return json_response({"code": refused.code, "message": refused.message}, refused.status)


def instruction(body: Row) -> Payout:
    if unknown := set(body) - {"reference", *WHAT}:
        raise Refused(422, "invalid", f"unknown field {', '.join(sorted(unknown))}")
    reference, network, institution, account, holder, amount, currency, narration = (
        text_of(body, name) for name in ("reference", *WHAT)
    )
    return Payout(reference, network, institution, account, holder, amount, currency, narration)


def text_of(body: Row, name: str) -> str:
    value = body.get(name, "")
    if not isinstance(value, str) or not PATTERNS[name].fullmatch(value):
        raise Refused(422, "invalid", f"{name} is missing or malformed")
    if name == "amount" and float(value) <= 0:
        raise Refused(422, "invalid", "amount must be positive")
    return value


def body_of() -> Row:
    try:
        body = json.loads(request.get_data())
    except ValueError:
        raise Refused(400, "malformed", "The body must be JSON") from None
    if not isinstance(body, dict):
        raise Refused(400, "malformed", "The body must be an object")
    return body


def number_of(name: str, usual: int) -> int:
    text = request.args.get(name, str(usual))
    if not text.isdecimal():
        raise Refused(422, "invalid", f"{name} must be a number")
    return int(text)


def shown(payout: Payout) -> Row:
    return {name: getattr(payout, name) for name in SHOWN}


def name_at(account: str) -> str:
    """Whose account or number it is: always the same person for the same digits."""
    number = int(account[-4:])
    return f"{FIRST[number % 6]} {LAST[number // 6 % 6]}"


def masked(name: str) -> str:
    return " ".join(part[0] + "*" * (len(part) - 1) for part in name.split())


# -- ordered misbehaviour


def refuse(status: int, code: str) -> Callable[[Rule], Response]:
    def answer(rule: Rule) -> Response:
        made = json_response({"code": code, "message": "As ordered"}, status)
        if status == 429:
            made.headers["Retry-After"] = str(rule.retry_after)
        return made

    return answer


def changed(**values: Any) -> Callable[[Rule, Response], Response]:
    """An edit of one payout, or of each in an answer that has several."""

    def edit(rule: Rule, made: Response) -> Response:
        body = json.loads(made.get_data())
        for row in body.get("payouts", body.get("events", [body])):
            for name, value in values.items():
                row[name] = value(row.get(name)) if callable(value) else value
        made.set_data(json.dumps(body, separators=(",", ":")))
        return made

    return edit


def not_found(rule: Rule, made: Response) -> Response:
    """A lookup that knows nothing of what was accepted a moment ago."""
    body = json.loads(made.get_data())
    if "payouts" in body:
        body = {"payouts": [], "unknown": body["unknown"] + [row["reference"] for row in body["payouts"]]}
        made.set_data(json.dumps(body))
    return made


def duplicate(rule: Rule, made: Response) -> Response:
    """Every payout or event of the answer twice."""
    body = json.loads(made.get_data())
    for name in ("payouts", "events"):
        body[name] = [row for row in body.get(name, []) for _ in range(2)]
    made.set_data(json.dumps(body))
    return made


def plus_one(amount: str | None) -> str:
    whole, _, cents = (amount or "0.00").partition(".")
    return f"{int(whole) + 1}.{cents}"


REFUSALS: dict[str, Callable[[Rule], Response]] = {
    "429": refuse(429, "throttled"),
    "502": bad_gateway,
    "503": refuse(503, "maintenance"),
    "unauthorized": refuse(401, "unauthorized"),
    "invalid": refuse(422, "invalid"),
    "conflict": refuse(409, "reference_conflict"),
}
EDITS: dict[str, Callable[[Rule, Response], Response]] = {
    "wrong_amount": changed(amount=plus_one),
    "wrong_currency": changed(currency="USD"),
    "wrong_reference": changed(reference="TP00000000SOMEBODYELSE"),
    "unknown_status": changed(status="quarantined"),
    "numbers": changed(amount=lambda old: float(old or 0)),
    "no_status": changed(status=None),
    "not_found": not_found,
    "duplicate": duplicate,
    "500_after_accept": lambda rule, made: json_response({"code": "error", "message": "As ordered"}, 500),
}
