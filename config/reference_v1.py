"""The documentation of the OTPZap-compatible API: its OpenAPI document, and pages drawn from it with examples."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from accounts.permissions import open_to_all
from config.api_v1 import api
from config.guides.knowledge.words import NOBODY, OURS, SUPPLIER, YOURS
from config.guides.readers import reader_of
from config.guides.stages import DEPOSIT, INBOX, NUMBER
from config.lib import envelope
from config.openapi import ENGLISH, completed, in_language, said_in, served
from config.openapi_examples import Json
from config.reference import Call, Section, address_of, one_of, sections_of
from config.samples import VERIFICATION, Sample, languages
from notifications.forms.webhooks import EVENT_WORDS
from notifications.services.promises import promises
from otp.api_v1 import budget
from payments import methods

_ABOUT = """Numbers, mail inboxes and deposits for programs of customers, in the words of OTPZap: a program written for
its API needs another host and another key. Money is whole rupiah, times are "YYYY-MM-DD HH:MM:SS WIB". Calls that buy
take an Idempotency-Key."""
_SCHEMES = {
    "apiKey": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "tp_live_… or tp_test_…",
        "description": "A key of a customer.",
    }
}
TITLES = {
    "Account": _("Balance and deposits"),
    "Catalogue": _("Catalogue"),
    "Numbers": _("Numbers"),
    "Inboxes": _("Mail inboxes"),
    "Webhook": _("Webhook"),
}
_QUERIES: dict[str, Any] = {
    "order_id": 65,
    "country_id": 7,
    "platform_id": 1,
    "site": "openai.com",
    "ref": "APIE-0198F3C26E5A4C0F9D552A7C1E9F4B10",
}
_DEPOSIT = "APIDEP-0198F3C26E5A4C0F9D552A7C1E9F4B10"

_CHANGED, _LATER, _NO = _("after changing it"), _("later"), _("no")
# (status, codes, meaning, whose side it is on, whether to try again)
ERRORS = (
    (401, "UNAUTHORIZED", _("No key, or one that does not work."), YOURS, _("with another key")),
    (402, "INSUFFICIENT_BALANCE", _("The wallet does not cover the price."), YOURS, _("after a deposit")),
    (403, "FORBIDDEN", _("The key was taken away, or is not a customer's."), YOURS, _NO),
    (403, "EMAIL_NOT_CONFIRMED", _("Your e-mail address has to be confirmed first."), YOURS, _("after confirming it")),
    (403, "SERVICE_BLOCKED, STOPPED", _("This service may not be used, or buying is stopped."), YOURS, _NO),
    (404, "NOT_FOUND", _("Unknown, no longer sold, or not yours: the answer is the same."), YOURS, _NO),
    (405, "METHOD_NOT_ALLOWED", _("This address does not take that method."), YOURS, _NO),
    (409, "OUT_OF_STOCK", _("There is no number or inbox left for this offer."), SUPPLIER, _LATER),
    (409, "ORDER_NOT_PENDING", _("A code is there already, or the order is over."), NOBODY, _NO),
    (409, "CONFLICT", _("Against the state in which the order is now."), YOURS, _("after looking")),
    (
        409,
        "REQUEST_IN_PROGRESS",
        _("The first call with this key is still running."),
        NOBODY,
        _("after Retry-After"),
    ),
    (409, "TOO_MANY_LIVE", _("As many orders wait as you may have at a time."), YOURS, _("after finishing one")),
    (409, "TOO_MANY_OPEN", _("As many deposits wait for payment as you may have."), YOURS, _("after paying one")),
    (413, "PAYLOAD_TOO_LARGE", _("Larger than we take."), YOURS, _CHANGED),
    (422, "VALIDATION_ERROR", _("Something in it is wrong; details.fields says what."), YOURS, _CHANGED),
    (422, "IDEMPOTENCY_KEY_REUSED", _("The key came before with another body."), YOURS, _("with another key")),
    (422, "NOT_SUPPORTED, RESEND_NOT_SUPPORTED", _("This kind of order, or this service, cannot do that."), YOURS, _NO),
    (
        422,
        "BALANCE_LIMIT, DAILY_SPENDING",
        _("A limit of your account, by your level."),
        YOURS,
        _("when that changed"),
    ),
    (
        429,
        "CANCEL_TOO_EARLY",
        _("Numbers can be cancelled two minutes after the order."),
        SUPPLIER,
        _("after Retry-After"),
    ),
    (429, "RESEND_LOCKED", _("The message asked for before has not come yet."), SUPPLIER, _("after Retry-After")),
    (429, "RATE_LIMIT_EXCEEDED", _("Too many calls with this key."), YOURS, _("after Retry-After")),
    (
        429,
        "PAUSED, DAILY_ORDERS",
        _("A limit of your account, as the buy page shows it."),
        YOURS,
        _("after Retry-After"),
    ),
    (500, "INTERNAL_ERROR", _("Our fault."), OURS, _("with the same Idempotency-Key")),
    (502, "UPSTREAM_REJECTED", _("The supplier refused, or has not confirmed. The order goes on."), SUPPLIER, _LATER),
    (
        503,
        "SERVICE_UNAVAILABLE",
        _("We, or the supplier, cannot serve it right now. Nothing was charged."),
        SUPPLIER,
        _LATER,
    ),
)
# (kind, state, meaning, where the money is)
STATES = tuple(
    (kind, state, *told)
    for kind, words in ((_("Number"), NUMBER), (_("Mail inbox"), INBOX), (_("Deposit"), DEPOSIT))
    for state, told in words.items()
)
EVENTS = (*EVENT_WORDS, ("*", _("All of them.")))


@dataclass(frozen=True)
class Shown:
    """An operation with its examples."""

    call: Call
    samples: list[tuple[str, str]]


@open_to_all
@require_safe
@cache_control(public=True, max_age=300)
def openapi_json(request: HttpRequest) -> HttpResponse:
    """The whole description, for tools."""
    return served(request, document)


@lru_cache(maxsize=4)
def document(language: str = ENGLISH) -> Json:
    """The OpenAPI document in ``language``. It does not change while the process runs: do not change it."""
    if language != ENGLISH:
        return in_language(language, document())
    return completed(api, about=_ABOUT, schemes=_SCHEMES, refusals="application/json", refusal=_refusal)


def texts() -> Iterator[str]:
    """What the document says to people, for the collector of texts."""
    return said_in(document())


def _refusal(status: int) -> Json:
    code = envelope.CODES.get(status, "CONFLICT")
    words = next(words for known, codes, words, *_rest in ERRORS if known == status and code in codes)
    told = {"code": code, "message": str(words), "details": {"request_id": "01M7YBKRDX9SFSKTBA9PFGERJP"}}
    return {"success": False, "message": str(words), "error": told}


@open_to_all
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """How to call this API, what its answers mean, and every operation in one list."""
    minutes = int(methods.METHODS[methods.QRIS].lifetime.total_seconds() // 60)
    context = {
        "sections": _sections(),
        "base_url": f"{settings.BASE_URL}/api/v1",
        "own_prefix": reader_of(request).prefix,
        "rate": settings.API_RATE_PER_MINUTE,
        "costly": budget.PER_MINUTE,
        "seconds": promises().answer_within,
        "qris_minutes": minutes,
        "first_call": languages(Sample("GET", f"{settings.BASE_URL}/api/v1/balance", {})),
        "first_order": languages(
            Sample("POST", f"{settings.BASE_URL}/api/v1/order/create", {}, {"server": 1, "product_id": 1071}, True)
        ),
        "errors": ERRORS,
        "states": STATES,
        "events": EVENTS,
        "verification": VERIFICATION,
        "openapi": address_of("openapi_v1"),
    }
    return render(request, "developers/v1.html", context)


@open_to_all
@require_safe
def section(request: HttpRequest, slug: str) -> HttpResponse:
    """The operations of one section with their fields, refusals and examples."""
    sections = _sections()
    found = one_of(sections, slug)
    shown = [_shown(call) for call in found.calls]
    context = {"section": found, "sections": sections, "shown": shown, "own_prefix": reader_of(request).prefix}
    return render(request, "developers/v1_section.html", context)


def _sections() -> list[Section]:
    return sections_of(document(translation.get_language() or ENGLISH), TITLES)


def _shown(call: Call) -> Shown:
    names = [one.name for one in call.parameters]
    query = {name: value for name, value in _QUERIES.items() if name in names}
    if call.path.endswith("/topup/check"):
        query["order_id"] = _DEPOSIT
    body = call.body_example if call.content else None
    sample = Sample(call.method, f"{settings.BASE_URL}{call.path}", query, body, call.takes_key)
    return Shown(call, languages(sample))
