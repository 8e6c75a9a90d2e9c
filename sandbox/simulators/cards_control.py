"""What a person or a test does to the simulated processor of cards."""

from dataclasses import asdict
from typing import Any

from flask import Flask, request

from .cards_api import CardsApi
from .cards_books import CHALLENGE, Books, Payment, cents
from .control import add_common_control, add_control, change_settings, limit_of
from .misbehave import BadControl
from .state import RequestLog, Row


class CardsControl:
    def __init__(self, books: Books, api: CardsApi, log: RequestLog) -> None:
        self.books, self.api, self.log = books, api, log

    def register(self, app: Flask) -> None:
        add_common_control(app, self.api.faults, self.log, self.books.reset)
        add_control(app, "GET", "payments", self.payments)
        add_control(app, "GET", "totals", self.totals)
        add_control(app, "POST", "challenge", self.challenge)
        add_control(app, "POST", "settings", lambda wanted: change_settings(self.books.rules, wanted))

    def payments(self, wanted: Row) -> Any:
        """Newest first, with the log of every attempt and act; only one payment's when its reference is given."""
        reference, most = request.args.get("reference", ""), limit_of(200)
        with self.books.lock:
            rows = [row for row in self.books.payments.values() if reference in ("", row.reference)]
            log = [row for row in self.books.log if reference in ("", row["reference"])]
        rows = rows[-most:] if most else []
        return {"payments": [shown(row) for row in reversed(rows)], "log": list(reversed(log))[:most]}

    def totals(self, wanted: Row) -> Any:
        """For who compares books: sums in cents by currency."""
        with self.books.lock:
            rows = list(self.books.payments.values())
        found: dict[str, dict[str, int]] = {}
        for row in rows:
            sums = found.setdefault(row.currency, {"captured": 0, "refunded": 0})
            sums["captured"] += cents(row.captured) if row.captured else 0
            sums["refunded"] += row.refunded
        return {"payments": len(rows), "by_currency": found}

    def challenge(self, wanted: Row) -> Any:
        """A signed answer to an open challenge, as the holder's bank would give it."""
        payment = self.books.payments.get(str(wanted.get("reference", "")))
        if payment is None or payment.status != CHALLENGE:
            raise BadControl("no challenge is open for that reference")
        status = str(wanted.get("status", "Y"))
        if status not in ("Y", "A", "N"):
            raise BadControl("status must be Y, A or N")
        return {"paRes": self.books.answer_of(payment, status)}


def shown(payment: Payment) -> Row:
    return {name: value for name, value in asdict(payment).items() if name != "challenge"}
