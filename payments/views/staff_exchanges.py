"""What went to providers and what came from them, as staff look into it."""

import hashlib
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import ActorRequest, permission_required
from config.lib.errors import ServiceError
from payments.exchanges import without_secrets
from payments.forms_books import ExchangeFilter
from payments.methods import PROVIDER_NAMES
from payments.models import ProviderExchange, ProviderMessage
from payments.overviews import exchanges as overview
from payments.services import reapply

PROVIDERS = [("", gettext_lazy("All providers")), *PROVIDER_NAMES.items()]
DIRECTIONS = [
    ("", gettext_lazy("Both ways")),
    (overview.IN, gettext_lazy("From them")),
    (overview.OUT, gettext_lazy("To them")),
]
OUTCOMES = [("", gettext_lazy("Any outcome")), *ProviderExchange.Outcome.choices]
DECISIONS = [("", gettext_lazy("Any decision")), *ProviderMessage.Decision.choices]


def _staff(request: ActorRequest) -> None:
    if not request.actor.is_gateway_staff:
        raise Http404


@never_cache
@require_safe
@permission_required("Exchanges.Read")
def exchanges(request: ActorRequest) -> HttpResponse:
    """Everything, newest first, searched by any number that stands in it."""
    _staff(request)
    wanted = ExchangeFilter(request.GET).wanted()
    context = {
        "wanted": wanted,
        "page": overview.page(wanted, cursor=request.GET.get("cursor", "")),
        "providers": PROVIDERS,
        "directions": DIRECTIONS,
        "outcomes": OUTCOMES,
        "decisions": DECISIONS,
    }
    return render(request, "staff/payments/exchanges.html", context)


@never_cache
@require_safe
@permission_required("Exchanges.Read")
def exchange(request: ActorRequest, exchange_id: int) -> HttpResponse:
    """One call of ours: what went out, what came back, what it was about."""
    _staff(request)
    found = overview.exchange(exchange_id)
    if found is None:
        raise Http404
    context = {
        "exchange": found,
        "provider_name": PROVIDER_NAMES.get(found.provider, found.provider),
        "tone": overview.TONES.get(ProviderExchange.Outcome(found.outcome), "neutral"),
        "request_headers": overview.headers_of(found.request_headers),
        "request_body": overview.pretty(found.request_body),
        "response_headers": overview.headers_of(found.response_headers),
        "response_body": overview.pretty(found.response_body),
        "lines": _others(overview.around(found.attempt), overview.OUT, found.pk),
    }
    return render(request, "staff/payments/exchange.html", context)


def _others(lines: list[overview.Line], direction: str, pk: int) -> list[overview.Line]:
    return [line for line in lines if (line.direction, line.pk) != (direction, pk)]


def _message(request: ActorRequest, message_id: int) -> ProviderMessage:
    _staff(request)
    found = overview.message(message_id)
    if found is None:
        raise Http404
    return found


@never_cache
@require_safe
@permission_required("Exchanges.Read")
def message(request: ActorRequest, message_id: int) -> HttpResponse:
    """One message of theirs: what came, whether it was signed, what we answered and made of it."""
    return render(request, "staff/payments/message.html", _shown(_message(request, message_id)))


def _shown(found: ProviderMessage) -> dict[str, Any]:
    body = bytes(found.body)
    text = found.string_to_sign
    return {
        "message": found,
        "provider_name": PROVIDER_NAMES.get(found.provider, found.provider),
        "tone": overview.TONES.get(ProviderMessage.Decision(found.decision), "neutral"),
        "path": found.path.rpartition("/")[0] + "/…" if found.kind == ProviderMessage.Kind.LINK else found.path,
        "headers": overview.headers_of(found.headers),
        "body": overview.pretty(without_secrets(body)),
        "answer": overview.pretty(found.answer_body),
        "text_sha256": hashlib.sha256(text.encode()).hexdigest() if text else "",
        "body_hash": text.split(":")[2] if text.count(":") >= 3 else "",
        "is_cut": hashlib.sha256(body).hexdigest() != found.body_sha256,
        "why_not": reapply.why_not(found),
        "lines": _others(overview.around(found.attempt), overview.IN, found.pk),
    }


@require_POST
@permission_required("Exchanges.Read", "Exchanges.Reapply")
def apply_again(request: ActorRequest, message_id: int) -> HttpResponseBase:
    """Have a message carried out once more."""
    found = _message(request, message_id)
    try:
        reapply.apply_again(actor=request.actor, message=found)
    except ServiceError as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("It is being applied again. What comes of it stands here in a moment."))
    return redirect("staff:message", message_id=found.pk)


@require_POST
@permission_required("Exchanges.Read", "Exchanges.Reapply")
def check_signature(request: ActorRequest, message_id: int) -> HttpResponse:
    """Look at a refused signature with today's keys; changes nothing."""
    found = _message(request, message_id)
    context = _shown(found) | {"check": reapply.check_again(found)}
    return render(request, "staff/payments/message.html", context)


@require_POST
@permission_required("Exchanges.Read", "Exchanges.Reapply")
def take_in(request: ActorRequest, message_id: int) -> HttpResponseBase:
    """Take a message in that was refused for a key that we did not have."""
    found = _message(request, message_id)
    try:
        taken = reapply.take_in(actor=request.actor, message=found)
    except ServiceError as refusal:
        messages.error(request, str(refusal.message))
        return redirect("staff:message", message_id=found.pk)
    messages.success(request, _("It is taken in and being applied."))
    return redirect("staff:message", message_id=taken.pk)
