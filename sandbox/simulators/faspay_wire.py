"""How the simulated Faspay reads SNAP requests and writes its answers (Faspay contract 1, 3 and 7)."""

import json
import re
import time
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask import Response, request

from .control import json_response
from .faspay_bank import snap_time

SERVICES = {"status": "26", "create-va": "27", "delete-va": "31", "qr-mpm-generate": "47", "qr-mpm-query": "51"}
TIME_PATTERN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d\Z", re.ASCII)
AMOUNT_PATTERN = re.compile(r"\d{1,13}\.\d\d\Z", re.ASCII)


class Problem(Exception):
    """An answer other than success: HTTP status, case code, text (section 7)."""

    def __init__(self, status: int, case: str, message: str) -> None:
        super().__init__(message)
        self.status, self.case, self.message = status, case, message


def missing(field: str) -> Problem:
    return Problem(400, "02", f"Missing Mandatory Field {{{field}}}")


def wrong(field: str) -> Problem:
    return Problem(400, "01", f"Invalid Field Format {{{field}}}")


def service() -> str:
    """The two digits of the called service, in the middle of every response code."""
    return SERVICES.get(request.path.rpartition("/")[2], "00")


def answer(
    code: str,
    message: str,
    data: dict[str, Any] | None = None,
    status: int = 0,
    extra: dict[str, Any] | None = None,
) -> Response:
    """`data` goes into virtualAccountData, `extra` beside the code."""
    body: dict[str, Any] = {"responseCode": code, "responseMessage": message, **(extra or {})}
    if data is not None:
        body["virtualAccountData"] = data
    made = json_response(body, status or int(code[:3]))
    made.headers["X-TIMESTAMP"] = snap_time(time.time())
    return made


def success(data: dict[str, Any]) -> Response:
    return answer(f"200{service()}00", "Successful", data)


def problem_answer(status: int, case: str, message: str) -> Response:
    return answer(f"{status}{service()}{case}", message)


class Fields:
    """Reads a JSON object strictly: text is text, never a number. Raises Problem 400."""

    def __init__(self, data: Any, name: str) -> None:
        if data is None:
            raise missing(name)
        if not isinstance(data, dict):
            raise wrong(name)
        self.data = data

    def text(self, name: str, most: int, pattern: str = "") -> str:
        value = self.data.get(name)
        if value is None or value == "":
            raise missing(name)
        return self.checked(name, value, most, pattern)

    def checked(self, name: str, value: Any, most: int, pattern: str = "") -> str:
        if not isinstance(value, str) or len(value) > most:
            raise wrong(name)
        if pattern and not re.fullmatch(pattern, value):
            raise wrong(name)
        return value

    def optional(self, name: str, most: int, pattern: str = "") -> str:
        value = self.data.get(name)
        return "" if value in (None, "") else self.checked(name, value, most, pattern)

    def time(self, name: str, value: str) -> datetime:
        if not TIME_PATTERN.match(value):
            raise wrong(name)
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            raise wrong(name) from None

    def inner(self, name: str) -> "Fields":
        return Fields(self.data.get(name), name)

    def amount(self, name: str) -> str:
        """value with exactly two decimals, more than zero, in rupiah."""
        money = self.inner(name)
        value = money.text("value", 16)
        if not AMOUNT_PATTERN.match(value) or Decimal(value) <= 0:
            raise wrong(f"{name}.value")
        if money.text("currency", 3) != "IDR":
            raise wrong(f"{name}.currency")
        return value


def body_json() -> Any:
    try:
        return json.loads(request.get_data())
    except ValueError:
        raise Problem(400, "00", "Bad Request") from None
