"""What was bought: the history, one order, and what can be asked of it."""

import uuid
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
        first=found.get("first"),
        last=found.get("last"),
    )
    page = keyset(selectors.history(request.customer, wanted), cursor=request.GET.get("cursor", ""))
    states = [
        ("", _("All")),
        ("live", _("Running")),
        ("code", _("With code")),
        ("nocode", _("Without code")),
    ]
    return render(request, "otp/orders.html", {"form": form, "page": page, "wanted": wanted, "states": states})


@never_cache
@require_safe
@customer_required
def order(request: CustomerRequest, public_id: uuid.UUID) -> HttpResponse:
    """One order: what it is now, what happened, where the money is."""
    found = own_order(request, public_id)
    if request.headers.get("HX-Request") and request.GET.get("v") == str(found.version):
        return HttpResponse(status=204)
    money = selectors.money_of(found)
    context = {"order": found, "money": money, "story": selectors.story(found, money)}
    part = "#whole" if request.headers.get("HX-Request") else ""
    return render(request, f"otp/order.html{part}", context)


@require_POST
@customer_required
def cancel(request: CustomerRequest, public_id: uuid.UUID) -> HttpResponse:
    """Ask for the cancellation; the page tells what comes of it."""
    found = own_order(request, public_id)
    try:
        services.request_cancel(order=found)
    except CodeArrived as refusal:
        messages.info(request, str(refusal.message))
    except ServiceError as refusal:
        messages.error(request, str(refusal.message))
    return back(request, found)


@require_POST
@customer_required
def finish(request: CustomerRequest, public_id: uuid.UUID) -> HttpResponse:
    """Give the number back after its code."""
    found = own_order(request, public_id)
    try:
        services.finish_order(order=found)
    except ServiceError as refusal:
        messages.error(request, str(refusal.message))
    return back(request, found)
