"""What was bought: the history, one order, and what can be asked of it."""

import uuid
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import CustomerRequest, customer_required
from config.lib.errors import ServiceError
from config.lib.pagination import keyset
from otp import selectors, services
from otp.errors import CodeArrived
from otp.forms import HistoryForm
from otp.models import Order
from otp.views.answers import back, own_order


@never_cache
@require_safe
@customer_required
def orders(request: CustomerRequest) -> HttpResponse:
    """What was bought, with search and filters that stay in the address."""
    form = HistoryForm(request.GET)
    form.is_valid()
    found = form.cleaned_data
    wanted = selectors.HistoryFilter(
        zone=ZoneInfo(timezone.get_current_timezone_name()),
        words=found.get("q", ""),
        state=found.get("state", ""),
        kind=found.get("kind", ""),
        first=found.get("first"),
        last=found.get("last"),
    )
    page = keyset(selectors.history(request.customer, wanted), cursor=request.GET.get("cursor", ""))
    states = [
        ("", _("All states")),
        ("live", _("Running")),
        ("code", _("With code")),
        ("nocode", _("Without code")),
    ]
    kinds = [("", _("All kinds")), ("sms", _("Numbers")), ("mail", _("Inboxes"))]
    rows = [(found, selectors.latest_of(found), selectors.shown_state(found)) for found in page.items]
    context = {"form": form, "page": page, "wanted": wanted, "states": states, "kinds": kinds, "rows": rows}
    return render(request, "otp/orders.html", context)


@never_cache
@require_safe
@customer_required
def order(request: CustomerRequest, public_id: uuid.UUID) -> HttpResponse:
    """One order: what it is now, what happened, where the money is."""
    found = own_order(request, public_id)
    if request.headers.get("HX-Request") and request.GET.get("v") == str(found.version):
        return HttpResponse(status=204)
    part = "#whole" if request.headers.get("HX-Request") else ""
    return render(request, f"otp/order.html{part}", _whole(found))


def _whole(found: Order) -> dict[str, Any]:
    money = selectors.money_of(found)
    card = selectors.card_of(found, timezone.now())
    return {"order": found, "card": card, "money": money, "story": selectors.story(found, money)}


@require_POST
@customer_required
def cancel(request: CustomerRequest, public_id: uuid.UUID) -> HttpResponse:
    """Ask for the cancellation; the page tells what comes of it."""
    return _ask(request, public_id, services.request_cancel, _("The cancellation is on its way."))


@require_POST
@customer_required
def finish(request: CustomerRequest, public_id: uuid.UUID) -> HttpResponse:
    """Give the number or inbox back after its message."""
    return _ask(request, public_id, services.finish_order, _("Thank you. It is being given back."))


@require_POST
@customer_required
def resend(request: CustomerRequest, public_id: uuid.UUID) -> HttpResponse:
    """Ask for one more message to the same number."""
    return _ask(request, public_id, services.request_resend, _("Asked for. The next code appears here by itself."))


@require_POST
@customer_required
def replace(request: CustomerRequest, public_id: uuid.UUID) -> HttpResponse:
    """Ask for a fresh number instead, at the same price."""
    return _ask(request, public_id, services.request_replace, _("A fresh number is on its way."))


@require_POST
@customer_required
def reorder(request: CustomerRequest, public_id: uuid.UUID) -> HttpResponse:
    """Wait for one more mail in the same inbox."""
    return _ask(request, public_id, services.request_reorder, _("Asked for. The next mail appears here by itself."))


def _ask(request: CustomerRequest, public_id: uuid.UUID, service: Callable[..., Order], done: str) -> HttpResponse:
    """Have ``service`` ask for something and say what came of it, in place or on the page that was left."""
    found = own_order(request, public_id)
    tone, words = "success", done
    try:
        service(order=found)
    except CodeArrived as refusal:
        tone, words = "info", str(refusal.message)
    except ServiceError as refusal:
        tone, words = "error", str(refusal.message)
    if request.headers.get("HX-Request"):
        return _in_place(request, found, {"toast_tone": tone, "toast": words})
    if tone != "success":
        messages.add_message(request, messages.INFO if tone == "info" else messages.ERROR, words)
    return back(request, found)


def _in_place(request: CustomerRequest, found: Order, toast: dict[str, str]) -> HttpResponse:
    """The part of the page the button stands on, as it is now, and the words of ``toast``."""
    if request.POST.get("next") == found.get_absolute_url():
        now = own_order(request, found.public_id)
        return render(request, "otp/order.html#answer", _whole(now) | toast)
    return render(request, "otp/_cards.html", {"board": selectors.board(request.customer), **toast})
