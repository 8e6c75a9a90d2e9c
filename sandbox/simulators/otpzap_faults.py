"""The wrong answers of the simulated OTPZap: refusals, and answers carried out but odd."""

import json
from collections.abc import Callable
from typing import Any

from flask import Response

from .misbehave import Edit, Refusal, Rule
from .otpzap_wire import error


def refuse(status: int, code: str, message: str, waits: bool = False) -> Refusal:
    """A refusal; an order with a `code` of three digits chooses another status."""

    def answer(rule: Rule) -> Response:
        chosen = int(rule.code) if rule.code.isdecimal() and len(rule.code) == 3 else status
        return error(chosen, code, message, rule.retry_after if waits else None)

    return answer


REFUSALS: dict[str, Refusal] = {
    "429": refuse(429, "RATE_LIMIT_EXCEEDED", "Too many requests", waits=True),
    "502": refuse(502, "UPSTREAM_REJECTED", "The system rejected the request"),
    "503": refuse(503, "SERVICE_UNAVAILABLE", "Under maintenance", waits=True),
    "unauthorized": refuse(401, "UNAUTHORIZED", "Invalid API key"),
    "forbidden": refuse(403, "FORBIDDEN", "This API key has been revoked"),
    "not_found": refuse(404, "NOT_FOUND", "Not found"),
    "conflict": refuse(409, "CONFLICT", "Not possible now"),
    "validation": refuse(422, "VALIDATION_ERROR", "That makes no sense"),
    "out_of_stock": refuse(409, "OUT_OF_STOCK", "No number is available for this product"),
    "insufficient_balance": refuse(402, "INSUFFICIENT_BALANCE", "Balance is too low"),
    "cancel_too_early": refuse(429, "CANCEL_TOO_EARLY", "Cancel is not available yet", waits=True),
    "resend_locked": refuse(429, "RESEND_LOCKED", "Wait for the next OTP", waits=True),
    "request_in_progress": refuse(409, "REQUEST_IN_PROGRESS", "The same request is still running", waits=True),
    "success_false": refuse(200, "UNKNOWN_ERROR", "Something went wrong"),
}
# Other names for the same things, as neighbouring suppliers use them (OTPZap contract 4 to 7).
PEER_NAMES = {
    "order_id": "id",
    "phone_number": "phone",
    "otps": "sms",
    "otp": "code",
    "message": "text",
    "price": "cost",
    "stock": "available",
    "service_name": "name",
    "domain": "name",
    "services": "platforms",
    "expires_at": "expired_at",
    "email": "mail",
    "created_at": "date",
}
PEER_WORDS = {
    "pending": "waiting",
    "otp_received": "received",
    "success": "completed",
    "cancelled": "canceled",
    "failed": "timeout",
    "expired": "timeout",
}


def editing(change: Callable[[Any], Any]) -> Edit:
    """Change the `data` of a success; anything else stays as it is."""

    def edit(rule: Rule, answer: Response) -> Response:
        body = json.loads(answer.get_data())
        if body.get("success") is True:
            body["data"] = change(body["data"])
            answer.set_data(json.dumps(body))
        return answer

    return edit


def everywhere(change: Callable[[str, Any], tuple[str, Any]]) -> Callable[[Any], Any]:
    """`change` gets every name and value of every object, the innermost first."""

    def walk(data: Any) -> Any:
        if isinstance(data, list):
            return [walk(item) for item in data]
        if isinstance(data, dict):
            return dict(change(name, walk(value)) for name, value in data.items())
        return data

    return walk


def as_text(name: str, value: Any) -> tuple[str, Any]:
    return name, str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def as_fraction(name: str, value: Any) -> tuple[str, Any]:
    return name, float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def peer_names(name: str, value: Any) -> tuple[str, Any]:
    return PEER_NAMES.get(name, name), value


def peer_words(name: str, value: Any) -> tuple[str, Any]:
    return name, PEER_WORDS.get(value, value) if name == "status" else value


def rfc_times(name: str, value: Any) -> tuple[str, Any]:
    if isinstance(value, str) and value.endswith(" WIB"):
        return name, value[:-4].replace(" ", "T") + "+07:00"
    return name, value


def bare_codes(name: str, value: Any) -> tuple[str, Any]:
    return name, [item["otp"] or item["message"] for item in value] if name == "otps" else value


def only(*names: str) -> Callable[[str, Any], tuple[str, Any]]:
    return lambda name, value: (name, None) if name in names else (name, value)


def strange(name: str, value: Any) -> tuple[str, Any]:
    return (name, "sleeping") if name == "status" else (name, value)


def dearer(name: str, value: Any) -> tuple[str, Any]:
    return (name, value * 2) if name == "price" and isinstance(value, int) else (name, value)


def other_order(name: str, value: Any) -> tuple[str, Any]:
    if name == "order_id" and isinstance(value, int):
        return name, value + 7_000_000
    return (name, f"{value}x") if name in ("order_id", "ref") else (name, value)


def bare_list(data: Any) -> Any:
    """The one list of a catalogue without its name."""
    lists = [value for value in data.values() if isinstance(value, list)]
    return lists[0] if len(lists) == 1 else data


EDITS: dict[str, Edit] = {
    "text_numbers": editing(everywhere(as_text)),
    "fractions": editing(everywhere(as_fraction)),
    "peer_names": editing(everywhere(peer_names)),
    "peer_words": editing(everywhere(peer_words)),
    "rfc_times": editing(everywhere(rfc_times)),
    "bare_codes": editing(everywhere(bare_codes)),
    "bare_list": editing(bare_list),
    "wrapped": editing(lambda data: {"order": data}),
    "unknown_status": editing(everywhere(strange)),
    "no_expiry": editing(everywhere(only("expires_at", "cancel_available_at"))),
    "no_id": editing(everywhere(only("order_id", "ref", "id", "product_id", "service_id"))),
    "no_stock": editing(everywhere(only("stock"))),
    "no_price": editing(everywhere(only("price"))),
    "wrong_price": editing(everywhere(dearer)),
    "other_order": editing(everywhere(other_order)),
    "no_data": editing(lambda data: None),
}
