"""The gateway API under /api: one place where routers meet and where refusals become answers."""

from http import HTTPStatus
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from pydantic.alias_generators import to_camel

from accounts.api import (
    account,
    api_users,
    clients,
    customers,
    overrides,
    permissions,
    portal_users,
    roles,
    sandbox_keys,
)
from accounts.api.base import StrictParser
from config.lib.errors import ServiceError, TooMany
from kyc.api import review, upload
from payments import api as payments
from wallets import api as wallets

api = NinjaAPI(
    title="Gerbang gateway API",
    version="1.0.0",
    urls_namespace="api",
    docs_url=None,
    parser=StrictParser(),
)
for _module in (
    account,
    api_users,
    clients,
    customers,
    overrides,
    permissions,
    portal_users,
    roles,
    sandbox_keys,
    upload,
    review,
    payments,
    wallets,
):
    api.add_router("", _module.router)


def problem(
    request: HttpRequest, status: int, detail: str, *, code: str = "", errors: dict[str, list[str]] | None = None
) -> HttpResponse:
    """A refusal as application/problem+json (TeraPay contract 18)."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code or HTTPStatus(status).name.lower(),
        "traceId": getattr(request, "request_id", ""),
        "errors": errors or {},
    }
    return JsonResponse(body, status=status, content_type="application/problem+json")


@api.exception_handler(ServiceError)
def _refused(request: HttpRequest, error: ServiceError) -> HttpResponse:
    fields = {to_camel(name): [str(text) for text in texts] for name, texts in error.fields.items()}
    answer = problem(request, error.status, str(error.message), code=error.code, errors=fields)
    if isinstance(error, TooMany):
        answer["Retry-After"] = str(max(1, round(error.retry_after)))
    return answer


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    fields: dict[str, list[str]] = {}
    for item in error.errors:
        fields.setdefault(_field(item["loc"]), []).append(str(item["msg"]))
    return problem(request, 400, _("Some fields are not right."), code="invalid", errors=fields)


def _field(place: tuple[Any, ...]) -> str:
    """``("body", "body", "items", 0, "amount")`` -> ``items[0].amount``; the caller knows no other name."""
    parts = list(place[2:]) or list(place[1:])
    name = ""
    for part in parts:
        name += f"[{part}]" if isinstance(part, int) else f"{'.' if name else ''}{part}"
    return name or "body"


@api.exception_handler(HttpError)
def _http(request: HttpRequest, error: HttpError) -> HttpResponse:
    words = {
        401: _("Sign in, or send a valid key."),
        403: _("The token against forged requests is missing or wrong."),
        415: _("Send this as %(content)s.") % {"content": error.message},
    }
    answer = problem(request, error.status_code, words.get(error.status_code, _("This cannot be read.")))
    if error.status_code == 401:
        answer["WWW-Authenticate"] = "Bearer"
    return answer


@api.exception_handler(Http404)
def _missing(request: HttpRequest, error: Http404) -> HttpResponse:
    return problem(request, 404, _("There is no such thing here."), code="not_found")
