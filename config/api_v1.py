"""The OTPZap-compatible API under /api/v1: one place where its routers meet, and where refusals become answers."""

from decimal import Decimal
from typing import Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from accounts.api.base import StrictParser
from accounts.api.compatible import REPLAYED
from accounts.api.messages import message_of
from accounts.services.idempotency import RefusedBefore
from config.guides.changes import VERSION
from config.lib import envelope, problems
from config.lib.errors import ServiceError, TooMany
from config.lib.strict_json import Unacceptable
from notifications import api_v1 as notifications
from otp import api_v1 as otp
from payments import api_v1 as payments

api = NinjaAPI(
    title="Gerbang API v1",
    version=VERSION,
    urls_namespace="api_v1",
    docs_url=None,
    openapi_url=None,
    parser=StrictParser(),
)
for _router in (payments.router, *otp.routers, notifications.router):
    api.add_router("", _router)

# What the apps refuse, in OTPZap's words (OTPZap contract 11). What is not named keeps its status, and its own code
# in capitals.
TOLD: dict[str, tuple[int, str]] = {
    "not_allowed": (403, "FORBIDDEN"),
    "not_found": (404, "NOT_FOUND"),
    "product_gone": (404, "NOT_FOUND"),
    "insufficient_funds": (402, "INSUFFICIENT_BALANCE"),
    "sold_out": (409, "OUT_OF_STOCK"),
    "code_arrived": (409, "ORDER_NOT_PENDING"),
    "order_over": (409, "ORDER_NOT_PENDING"),
    "not_now": (409, "CONFLICT"),
    "still_running": (409, "REQUEST_IN_PROGRESS"),
    "duplicate": (422, "IDEMPOTENCY_KEY_REUSED"),
    "idempotency_key_reused": (422, "IDEMPOTENCY_KEY_REUSED"),
    "invalid": (422, "VALIDATION_ERROR"),
    "validation_error": (422, "VALIDATION_ERROR"),
    "amount": (422, "VALIDATION_ERROR"),
    "bad_pattern": (422, "VALIDATION_ERROR"),
    "bad_subject": (422, "VALIDATION_ERROR"),
    "not_possible": (422, "NOT_SUPPORTED"),
    "too_early": (429, "CANCEL_TOO_EARLY"),
    "resend_locked": (429, "RESEND_LOCKED"),
    "too_many_requests": (429, "RATE_LIMIT_EXCEEDED"),
    "too_many_live": (409, "TOO_MANY_LIVE"),
    "supplier_refused": (502, "UPSTREAM_REJECTED"),
    "not_confirmed": (502, "UPSTREAM_REJECTED"),
    "supplier_away": (503, "SERVICE_UNAVAILABLE"),
    "supplier_short": (503, "SERVICE_UNAVAILABLE"),
    "unknown_method": (503, "SERVICE_UNAVAILABLE"),
    "try_again": (503, "SERVICE_UNAVAILABLE"),
}


@api.exception_handler(ServiceError)
def _refused(request: HttpRequest, error: ServiceError) -> HttpResponse:
    status, code = TOLD.get(error.code, (error.status, error.code.upper()))
    fields = {name: [str(text) for text in texts] for name, texts in error.fields.items()}
    answer = envelope.refusal(request, status, str(error.message), code=code, fields=fields, details=_figures(error))
    if isinstance(error, TooMany):
        # A call that runs is looked after at leisure (OTPZap contract 12.9).
        wait = 2 if error.code == "still_running" else problems.whole_seconds(error.retry_after)
        answer["Retry-After"] = str(wait)
    if isinstance(error, RefusedBefore):
        answer[REPLAYED] = "true"
    return answer


def _figures(error: ServiceError) -> dict[str, int]:
    """Amounts that a program may want to know, whole rupiah."""
    found = {name: getattr(error, name, None) for name in ("available", "needed", "shortfall")}
    return {name: int(amount) for name, amount in found.items() if isinstance(amount, Decimal)}


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    fields: dict[str, list[str]] = {}
    for item in error.errors:
        fields.setdefault(_field(item["loc"]), []).append(message_of(item))
    return _wrong(request, fields)


def _field(place: tuple[Any, ...]) -> str:
    """``("body", "payload", "domains", 0)`` -> ``domains[0]``."""
    name = ""
    for part in list(place[2:]) or list(place[1:]):
        name += f"[{part}]" if isinstance(part, int) else f"{'.' if name else ''}{part}"
    return name if name and name != "payload" else "body"


def _wrong(request: HttpRequest, fields: dict[str, list[str]]) -> HttpResponse:
    return envelope.refusal(request, 422, _("Some fields are not right."), fields=fields)


@api.exception_handler(HttpError)
def _http(request: HttpRequest, error: HttpError) -> HttpResponse:
    if isinstance(error.__cause__, Unacceptable):
        return _wrong(request, {"body": [str(error.__cause__)]})
    return problems.problem(request, error.status_code)


@api.exception_handler(RequestDataTooBig)
def _too_large(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    return problems.problem(request, 413)


@api.exception_handler(SuspiciousOperation)
@api.exception_handler(MultiPartParserError)
def _unreadable(request: HttpRequest, error: Exception) -> HttpResponse:
    return problems.problem(request, 400)


@api.exception_handler(Http404)
def _missing(request: HttpRequest, error: Http404) -> HttpResponse:
    return problems.problem(request, 404)
