"""How the OTPZap-compatible API answers: ``{"success": true, "data": …}``, or a refusal in the same spirit (OTPZap
contract 1 and 11)."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, JsonResponse

PREFIX = "/api/v1"

CODES = {
    401: "UNAUTHORIZED",
    402: "INSUFFICIENT_BALANCE",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    409: "CONFLICT",
    413: "PAYLOAD_TOO_LARGE",
    422: "VALIDATION_ERROR",
    429: "RATE_LIMIT_EXCEEDED",
    500: "INTERNAL_ERROR",
    502: "UPSTREAM_REJECTED",
    503: "SERVICE_UNAVAILABLE",
}


class Refusal(JsonResponse):
    """An answer that says no in the words of one of our APIs."""


def speaks(request: HttpRequest) -> bool:
    """Whether ``request`` is one to the OTPZap-compatible API."""
    return request.path == PREFIX or request.path.startswith(f"{PREFIX}/")


def refusal(
    request: HttpRequest,
    status: int,
    message: str,
    *,
    code: str = "",
    fields: Mapping[str, Sequence[str]] | None = None,
    details: Mapping[str, Any] | None = None,
) -> Refusal:
    """A refusal. ``message`` stands twice, as clients look for it in either place; ``fields`` and ``details`` for
    programs, beside the id under which we find the call in our logs."""
    # What is wrong in itself is 422 over there; 400 is never said.
    status = 422 if status == 400 else status
    about: dict[str, Any] = {**(details or {}), "request_id": getattr(request, "request_id", "")}
    if fields:
        about["fields"] = dict(fields)
    code = code or CODES.get(status) or HTTPStatus(status).name
    body = {"success": False, "message": message, "error": {"code": code, "message": message, "details": about}}
    answer = Refusal(body, status=status)
    if status == 401:
        answer["WWW-Authenticate"] = "Bearer"
    return answer
