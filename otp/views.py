"""The pages about numbers: gate, form, one service or selector, render."""

import uuid
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.auth import SESSION_KEY
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import CustomerRequest, customer_required, gate_inside
from config.lib.errors import ServiceError
from config.lib.ids import new_reference
from config.lib.pagination import keyset
from otp import catalogue, selectors, services
from otp.errors import CodeArrived, PriceChanged, ShortOfBalance
from otp.forms import FavouriteForm, HistoryForm, PurchaseForm, ShopForm
from otp.models import Order
from otp.wanted import Wanted
from wallets import selectors as wallets


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@customer_required
def buy(request: CustomerRequest) -> HttpResponse:
    """Search services, see offers with price and stock; POST buys one."""
    if request.method == "POST":
        return _purchase(request)
    asked = ShopForm(request.GET).asked()
    part = "#offers" if request.headers.get("HX-Request") else ""
    return render(request, f"otp/buy.html{part}", _shop(request, **asked))


def _purchase(request: CustomerRequest) -> HttpResponse:
    form = PurchaseForm(request.POST)
    if not form.is_valid():
        refusal = ServiceError(_("This form was not complete. Nothing was charged; please choose again."))
        return render(request, "otp/buy.html", _shop(request, refusal=refusal), status=400)
    wanted = form.cleaned_data
    try:
        order = services.buy(
            customer=request.customer,
            wanted=Wanted(product_id=wanted["product"], service_id=wanted["service"], country_id=wanted["country"]),
            expected_price=wanted["price"],
            idempotency_key=wanted["key"],
        )[0]
    except ServiceError as refusal:
        context = _shop(request, service=wanted["service"], country=wanted["country"], refusal=refusal)
        return render(request, "otp/buy.html", {**context, "wanted": wanted}, status=409)
    return redirect("otp:live" if order.is_live else order)


def _shop(
    request: CustomerRequest,
    *,
    q: str = "",
    service: str = "",
    country: str = "",
    refusal: ServiceError | None = None,
) -> dict[str, Any]:
    recent = selectors.buy_again(request.customer)
    usual = recent[0].country_id if recent else ""
    favourites = selectors.favourites(request.customer)
    window = catalogue.window(words=q, service_id=service, country_id=country, usual_country_id=usual)
    available = _available(request)
    here = (window.service.id, window.country.id) if window.service and window.country else None
    return {
        "q": q,
        "window": window,
        "available": available,
        "offers": [(offer, max(offer.price - available, Decimal(0))) for offer in window.offers],
        "favourites": favourites,
        "is_favourite": here in {(kept.service_id, kept.country_id) for kept in favourites},
        "again": recent,
        "new_key": lambda: new_reference("B"),
        "refusal": refusal,
        "short": refusal if isinstance(refusal, ShortOfBalance) else None,
        "changed": refusal if isinstance(refusal, PriceChanged) else None,
    }


def _available(request: CustomerRequest) -> Decimal:
    found = (balance.available for balance in wallets.balances(request.customer) if balance.currency == "IDR")
    return next(found, Decimal(0))


@gate_inside("customer")
@never_cache
@require_safe
def live(request: HttpRequest) -> HttpResponseBase:
    """The numbers that are waiting. The page's one poll asks here too: 204 while nothing has changed.

    "Nothing new" tells nothing, so for it the session's word on who asks is enough; anything more passes the gate.
    """
    user_id, seen = request.session.get(SESSION_KEY), request.GET.get("v")
    if user_id and seen and request.headers.get("HX-Request") and selectors.board_is(seen, user_id=user_id):
        return HttpResponse(status=204)
    return _board(request)


@customer_required
def _board(request: CustomerRequest) -> HttpResponse:
    template = "otp/_cards.html" if request.headers.get("HX-Request") else "otp/live.html"
    return render(request, template, {"board": selectors.board(request.customer)})


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
    found = _own_order(request, public_id)
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
    found = _own_order(request, public_id)
    try:
        services.request_cancel(order=found)
    except CodeArrived as refusal:
        messages.info(request, str(refusal.message))
    except ServiceError as refusal:
        messages.error(request, str(refusal.message))
    return _back(request, found)


@require_POST
@customer_required
def finish(request: CustomerRequest, public_id: uuid.UUID) -> HttpResponse:
    """Give the number back after its code."""
    found = _own_order(request, public_id)
    try:
        services.finish_order(order=found)
    except ServiceError as refusal:
        messages.error(request, str(refusal.message))
    return _back(request, found)


@require_POST
@customer_required
def favourite(request: CustomerRequest) -> HttpResponse:
    """Keep or drop a favourite."""
    form = FavouriteForm(request.POST)
    if not form.is_valid():
        return HttpResponse(status=400)
    wanted = form.cleaned_data
    try:
        services.set_favourite(
            customer=request.customer,
            service_id=wanted["service"],
            country_id=wanted["country"],
            wanted=wanted["wanted"],
        )
    except ServiceError as refusal:
        messages.error(request, str(refusal.message))
    return _back(request, None)


def _own_order(request: CustomerRequest, public_id: uuid.UUID) -> Order:
    found = selectors.order_for(request.customer, public_id)
    if found is None:
        raise Http404
    return found


def _back(request: CustomerRequest, found: Order | None) -> HttpResponse:
    target = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure())
    if ours and target.startswith("/"):
        # An address and nothing else: `redirect` would also take it for the name of a page.
        return HttpResponseRedirect(target)
    return redirect(found) if found else redirect("otp:buy")
