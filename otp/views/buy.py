"""The shop: find, compare, buy, keep."""

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.permissions import CustomerRequest, customer_required
from config.lib.errors import ServiceError
from config.lib.ids import new_reference
from otp import selectors, services, storefront
from otp.errors import PriceChanged, ShortOfBalance
from otp.forms import FavouriteForm, PurchaseForm, ShopForm
from otp.views.answers import back
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
    window = storefront.window(words=q, service_id=service, country_id=country, usual_country_id=usual)
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
    return back(request, None)
