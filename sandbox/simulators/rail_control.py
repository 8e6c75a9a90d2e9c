"""What a person or a test does to the simulated rail."""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from flask import Flask, request

from .control import add_common_control, add_control, change_settings, limit_of
from .misbehave import BadControl
from .rail_api import RailApi
from .rail_books import ACCEPTED, CODES, PAID, REJECTED, RETURNED, Books, Payout
from .state import RequestLog, Row


class Pressure:
    """How many instructions came within any one second, and how many at once."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        with self.lock:
            self.recent: deque[float] = deque()
            self.now = self.at_once = self.per_second = 0

    def measured(self, app: Any) -> Callable[..., Any]:
        def wrapper(environ: Row, start_response: Callable[..., Any]) -> Any:
            if environ["PATH_INFO"] != "/rail/v1/payouts":
                return app(environ, start_response)
            self.begin()
            try:
                return app(environ, start_response)
            finally:
                with self.lock:
                    self.now -= 1

        return wrapper

    def begin(self) -> None:
        moment = time.monotonic()
        with self.lock:
            self.recent.append(moment)
            while self.recent[0] <= moment - 1:
                self.recent.popleft()
            self.now += 1
            self.at_once = max(self.at_once, self.now)
            self.per_second = max(self.per_second, len(self.recent))


class RailControl:
    def __init__(self, books: Books, api: RailApi, log: RequestLog, pressure: Pressure) -> None:
        self.books, self.api, self.log, self.pressure = books, api, log, pressure

    def register(self, app: Flask) -> None:
        add_common_control(app, self.api.faults, self.log, self.reset)
        add_control(app, "GET", "payouts", self.payouts)
        add_control(app, "GET", "totals", self.totals)
        add_control(app, "GET", "pressure", self.shown_pressure)
        add_control(app, "POST", "return", self.give_back)
        add_control(app, "POST", "end", self.end)
        add_control(app, "GET", "settings", lambda wanted: change_settings(self.books.delays, {}))
        add_control(app, "POST", "settings", lambda wanted: change_settings(self.books.delays, wanted))

    def payouts(self, wanted: Row) -> Any:
        """Newest first, each with all its attempts when only one is asked for."""
        reference, most = request.args.get("reference", ""), limit_of(200)
        with self.books.lock:
            self.books.age()
            if reference:
                found = self.books.payouts.get(reference)
                tries = [row for row in self.books.attempts if row["reference"] == reference]
                return {"payouts": [asdict(found)] if found else [], "attempts": tries}
            rows = list(self.books.payouts.values())[-most:] if most else []
            return {"payouts": [asdict(row) for row in reversed(rows)], "attempts": len(self.books.attempts)}

    def totals(self, wanted: Row) -> Any:
        """For who compares books: how many references, how often money left for each, and the sums by status."""
        with self.books.lock:
            self.books.age()
            rows = list(self.books.payouts.values())
        by_status: dict[str, list[float]] = {}
        for row in rows:
            counted = by_status.setdefault(row.status, [0, 0])
            counted[0] += 1
            counted[1] += round(float(row.amount) * 100)
        return {
            "references": len(rows),
            "paid_more_than_once": [row.reference for row in rows if row.paid > 1],
            "by_status": {name: {"count": n, "cents": cents} for name, (n, cents) in by_status.items()},
        }

    def shown_pressure(self, wanted: Row) -> Any:
        return {"at_once": self.pressure.at_once, "per_second": self.pressure.per_second}

    def give_back(self, wanted: Row) -> Any:
        payout = self.named(wanted)
        if payout.status != PAID:
            raise BadControl("only what was paid can come back")
        self.books.end(payout, RETURNED, code_of(wanted, "account_closed"))
        return {"payout": asdict(payout)}

    def end(self, wanted: Row) -> Any:
        payout, status = self.named(wanted), str(wanted.get("status", PAID))
        if payout.status != ACCEPTED or status not in (PAID, REJECTED):
            raise BadControl("what was accepted can end paid or rejected")
        self.books.end(payout, status, code_of(wanted, "refused") if status == REJECTED else "")
        return {"payout": asdict(payout)}

    def named(self, wanted: Row) -> Payout:
        found = self.books.payouts.get(str(wanted.get("reference", "")))
        if found is None:
            raise BadControl("no payout has that reference")
        return found

    def reset(self) -> None:
        self.books.reset()
        self.pressure.clear()


def code_of(wanted: Row, usual: str) -> str:
    code = str(wanted.get("code") or usual)
    if code not in CODES:
        raise BadControl(f"code must be one of {', '.join(CODES)}")
    return code
