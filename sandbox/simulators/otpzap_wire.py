"""How the simulated OTPZap reads requests and writes answers (OTPZap contract 1 and 11)."""

import json
import re
import time
from collections import deque
from typing import Any

from flask import Response, request

from .control import json_response
from .otpzap_house import Refusal


def success(data: dict[str, Any]) -> Response:
    return json_response({"success": True, "data": data})


def error(status: int, code: str, message: str, retry_after: int | None = None) -> Response:
    body = {"success": False, "message": message, "error": {"code": code, "message": message, "details": {}}}
    answer = json_response(body, status)
    if retry_after is not None:
        answer.headers["Retry-After"] = str(retry_after)
    return answer


def invalid(message: str) -> Refusal:
    return Refusal(422, "VALIDATION_ERROR", message)


def whole_number(value: Any, name: str) -> int:
    """An id or page number; numeric text is accepted, a boolean is not. Refusal 422."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,15}", value):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise invalid(f"{name} must be a whole number")


def identifier(value: Any, name: str) -> str:
    """An id that may be a word. Refusal 422, also for the comma list of a multiservice order (12.17)."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", value):
        return value
    raise invalid(f"{name} must be an id of the catalogue")


def optional_text(body: dict[str, Any], name: str, longest: int = 255) -> str:
    """Optional text. Refusal 422."""
    value = body.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > longest:
        raise invalid(f"{name} must be text of at most {longest} characters")
    return value


def query_number(name: str) -> int | None:
    text = request.args.get(name, "")
    return whole_number(text, name) if text else None


def body_json() -> dict[str, Any]:
    try:
        body = json.loads(request.get_data() or b"null")
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise invalid("The body must be a JSON object")
    return body


def body_order_id() -> int:
    return whole_number(body_json().get("order_id"), "order_id")


class SlidingWindow:
    """So many requests in any 60 seconds; refused ones do not count."""

    def __init__(self) -> None:
        self.taken: deque[float] = deque()
        self.calls = self.refused = self.peak = 0

    def take(self, limit: int) -> tuple[float, int]:
        """Seconds to wait (0 when allowed) and how many are left."""
        now = time.monotonic()
        self.calls += 1
        while self.taken and self.taken[0] <= now - 60:
            self.taken.popleft()
        if len(self.taken) >= limit:
            self.refused += 1
            return (self.taken[-limit] + 60 - now if limit else 60.0), 0
        self.taken.append(now)
        self.peak = max(self.peak, len(self.taken))
        return 0.0, limit - len(self.taken)
