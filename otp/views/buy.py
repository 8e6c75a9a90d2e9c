"""The shop: find, compare, buy, keep."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import CustomerRequest, customer_required
from config.lib.errors import ServiceError
from config.lib.ids import new_reference
from otp import limits, selectors, services, storefront
from otp.errors import FeeChanged, PriceChanged, ShortOfBalance
from otp.forms import FavouriteForm, PurchaseForm, ShopForm
from otp.forms.shop import address_of
from otp.models import Server
from otp.services.orders import MOST_AT_ONCE
from otp.views.answers import back
from otp.wanted import Wanted
from wallets import selectors as wallets


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@customer_required
def buy(request: CustomerRequest) -> HttpResponse:
    """Search services, see the offers of both servers with price, stock and chance; POST buys one."""
    return _purchase(request) if request.method == "POST" else _page(request, request.GET)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@customer_required
def buy_mail(request: CustomerRequest) -> HttpResponse:
    """Name a site, see the domains an inbox for it may have; POST rents one."""
    return _purchase(request) if request.method == "POST" else _page(request, request.GET, is_mail=True)


@never_cache
@require_safe
@customer_required
def compare(request: CustomerRequest) -> HttpResponse:
    """One service in all countries."""
    asked = ShopForm(request.GET).asked(available=Decimal(0))
    comparison = storefront.compare(asked)
    context = {"comparison": comparison, "asked": asked, "query": request.GET, "sorts": storefront.SORTS.items()}
    return render(request, "otp/compare.html", context)


def _page(
    request: CustomerRequest,
    query: QueryDict,
    *,
    is_mail: bool = False,
    refused: Mapping[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    template = "otp/buy_mail.html" if is_mail else "otp/buy.html"
    context = _inboxes(request, query) if is_mail else _numbers(request, query)
    context |= {
        "query": query,
        "new_key": lambda: new_reference("B"),
        "sorts": storefront.SORTS.items(),
        "quantities": range(1, MOST_AT_ONCE + 1),
        **(refused or {}),
    }
    if request.headers.get("HX-Request"):
        return render(request, f"{template}#offers", context, status=status)
    context["standing"] = limits.meters(request.customer)
    return render(request, template, context, status=status)


def _numbers(request: CustomerRequest, query: QueryDict) -> dict[str, Any]:
    again = storefront.bought_before(request.customer, is_mail=False)
    places = (str(address_of(wanted)["country"]) for _order, wanted in again)
    asked = ShopForm(query).asked(available=_available(request), usual_country=next(filter(None, places), ""))
    window = storefront.window(asked)
    favourites = [kept for kept in selectors.favourites(request.customer) if kept.server != Server.MAIL]
    here = window.kept
    return {
        "asked": asked,
        "window": window,
        "favourites": favourites,
        "is_favourite": here in [storefront.Kept(kept.server, kept.service_id, kept.country_id) for kept in favourites],
        "again": again,
    }


def _inboxes(request: CustomerRequest, query: QueryDict) -> dict[str, Any]:
    form = ShopForm(query)
    asked = form.asked(available=_available(request))
    favourites = [kept for kept in selectors.favourites(request.customer) if kept.server == Server.MAIL]
    return {
        "asked": asked,
        "window": storefront.mail_window(asked),
        "filter_errors": form.filter_errors,
        "typed": {name: query.get(name, "")[:255] for name in ("subject", "pattern")},
        "favourites": favourites,
        "is_favourite": storefront.site_of(asked.site) in [kept.service_id for kept in favourites],
        "again": storefront.bought_before(request.customer, is_mail=True),
    }


def _available(request: CustomerRequest) -> Decimal:
    found = (balance.available for balance in wallets.balances(request.customer) if balance.currency == "IDR")
    return next(found, Decimal(0))


def _purchase(request: CustomerRequest) -> HttpResponse:
    form = PurchaseForm(request.POST)
    if not form.is_valid():
        is_mail = request.POST.get("server") == str(int(Server.MAIL))
        refusal = ServiceError(_("This form was not complete. Nothing was charged; please choose again."))
        return _page(request, QueryDict(), is_mail=is_mail, refused={"refusal": refusal}, status=400)
    wanted, quantity = form.wanted(), form.quantity_wanted
    try:
        orders = services.buy(
            customer=request.customer,
            wanted=wanted,
            expected_price=form.cleaned_data["price"],
            idempotency_key=form.cleaned_data["key"],
            quantity=quantity,
            expected_fee=form.cleaned_data["fee"],
        )
    except ServiceError as refusal:
        return _refused(request, wanted, quantity, refusal)
    return redirect("otp:live" if any(order.is_live for order in orders) else orders[0])


def _refused(request: CustomerRequest, wanted: Wanted, quantity: int, refusal: ServiceError) -> HttpResponse:
    told = {
        "refusal": refusal,
        "wanted": wanted,
        "quantity": quantity,
        "short": refusal if isinstance(refusal, ShortOfBalance) else None,
        "topup": _topup(refusal),
        "changed": refusal if isinstance(refusal, PriceChanged | FeeChanged) else None,
    }
    query = address_of(wanted, quantity)
    return _page(request, query, is_mail=wanted.server == Server.MAIL, refused=told, status=409)


def _topup(refusal: ServiceError) -> str:
    """Where what is missing can be paid in."""
    missing = f"{refusal.shortfall:.0f}" if isinstance(refusal, ShortOfBalance) else ""
    return f"{reverse('payments:topup')}?{urlencode({'amount': missing})}" if missing else ""


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
            server=int(wanted["server"]),
            service_id=wanted["service"],
            country_id=wanted["country"],
            wanted=wanted["wanted"],
        )
    except ServiceError as refusal:
        messages.error(request, str(refusal.message))
    return back(request, None)
