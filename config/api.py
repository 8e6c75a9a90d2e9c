"""The gateway API under /api: one place where routers meet and where refusals become answers."""

from typing import Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

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
from accounts.api.messages import message_of
from cards.api import cards
from checkout.api import checkout
from config.guides.changes import VERSION
from config.lib import problems
from config.lib.errors import ServiceError
from config.lib.strict_json import Unacceptable
from kyc.api import review, upload
from notifications import api as sms
from payments import api as payments
from payouts.api import banks, bulk, many, payment, reports
from reports.api import cards as card_reports
from reports.api import checkout as checkout_reports
from reports.api import clients as client_reports
from reports.api import metrics
from wallets import api as wallets

api = NinjaAPI(
    title="Gerbang gateway API",
    version=VERSION,
    urls_namespace="api",
    docs_url=None,
    openapi_url=None,
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
    banks,
    payment,
    many,
    bulk,
    reports,
    cards,
    checkout,
    client_reports,
    card_reports,
    checkout_reports,
    metrics,
    sms,
):
    api.add_router("", _module.router)


@api.exception_handler(ServiceError)
def _refused(request: HttpRequest, error: ServiceError) -> HttpResponse:
    return problems.of_error(request, error)


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    fields: dict[str, list[str]] = {}
    for item in error.errors:
        fields.setdefault(_field(item["loc"]), []).append(message_of(item))
    return problems.invalid(request, fields)


def _field(place: tuple[Any, ...]) -> str:
    """``("body", "body", "items", 0, "contact_person")`` -> ``items[0].contactPerson``, as the caller wrote it."""
    parts = list(place[2:]) or list(place[1:])
    name = ""
    for part in parts:
        name += f"[{part}]" if isinstance(part, int) else f"{'.' if name else ''}{part}"
    return problems.wire_name(name) or "body"


@api.exception_handler(HttpError)
def _http(request: HttpRequest, error: HttpError) -> HttpResponse:
    if isinstance(error.__cause__, Unacceptable):
        return problems.invalid(request, {"body": [str(error.__cause__)]})
    words = {
        403: _("The token against forged requests is missing or wrong."),
        415: _("Send this as %(content)s.") % {"content": error.message},
    }
    code = "csrf" if error.status_code == 403 else ""
    return problems.problem(request, error.status_code, words.get(error.status_code, ""), code=code)


@api.exception_handler(RequestDataTooBig)
def _too_large(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    return problems.problem(request, 413)


@api.exception_handler(SuspiciousOperation)
def _suspicious(request: HttpRequest, error: SuspiciousOperation) -> HttpResponse:
    """Too many fields or files, a broken multipart body."""
    return problems.problem(request, 400)


@api.exception_handler(MultiPartParserError)
def _no_multipart(request: HttpRequest, error: MultiPartParserError) -> HttpResponse:
    return problems.problem(request, 400)


@api.exception_handler(Http404)
def _missing(request: HttpRequest, error: Http404) -> HttpResponse:
    return problems.problem(request, 404)
