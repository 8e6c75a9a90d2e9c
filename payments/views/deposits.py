from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from accounts.permissions import CustomerRequest, customer_required, gate_inside
from config.lib.addresses import address_of
from config.lib.errors import ServiceError
from config.lib.money import format_money
from config.lib.pagination import keyset
from payments import selectors, services, wording
from payments.methods import QRIS
from payments.models import Deposit
from payments.qr import picture as draw
from payments.services import switching


@gate_inside("customer")
@never_cache
@require_safe
def deposit(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """Has it arrived? The page asks for its live part again and again; most answers are "nothing new"."""
    if request.headers.get("HX-Request") and _nothing_new(request, public_id):
        return HttpResponse(status=204)
    return _deposit_page(request, public_id=public_id)


def _nothing_new(request: HttpRequest, public_id: UUID) -> bool:
    """Whether the fragment on the page (``?seen=version-pace``) is still right. Costs one read."""
    if not isinstance(request.user, User):
        return False
    own = Deposit.objects.filter(customer__user=request.user)
    return selectors.is_unchanged(own, public_id, request.GET.get("seen", ""))


@customer_required
def _deposit_page(request: CustomerRequest, public_id: UUID) -> HttpResponse:
    deposit = get_object_or_404(selectors.deposits_of(request.customer), public_id=public_id)
    part = "#live" if request.headers.get("HX-Request") else ""
    return render(request, f"payments/deposit.html{part}", _deposit_context(request, deposit))


def _deposit_context(request: CustomerRequest, deposit: Deposit) -> dict[str, Any]:
    picture = selectors.picture_of(deposit)
    success = deposit.state == Deposit.State.SUCCESS
    renewable = picture.stage == "ended" and picture.method == QRIS
    return {
        "picture": picture,
        "deposit": deposit,
        "deposit_amount_text": format_money(deposit.amount, deposit.currency),
        "balance": selectors.rupiah_of(request.customer) if success else None,
        "ways": picture.ways,
        "guest": False,
        "qr_url": reverse("payments:qr", args=[deposit.public_id]),
        "renew_url": reverse("payments:renew", args=[deposit.public_id]) if renewable else "",
        "topup_url": reverse("payments:topup"),
        "outcome_sentence": wording.outcome_sentence(deposit),
        "case_sentences": wording.case_sentences(deposit),
    }


@never_cache
@require_safe
@customer_required
def qr(request: CustomerRequest, public_id: UUID) -> HttpResponse:
    """The QR alone, as a picture to save and to open in a bank's app."""
    deposit = get_object_or_404(selectors.deposits_of(request.customer), public_id=public_id)
    return saved_qr(selectors.picture_of(deposit))


def saved_qr(picture: selectors.Picture) -> HttpResponse:
    """A download of the QR while it can be paid. Raises `Http404` when there is none: an old one must not be paid."""
    if not picture.qr:
        raise Http404
    response = HttpResponse(draw(picture.qr), content_type="image/png")
    response["Content-Disposition"] = f'attachment; filename="{picture.qr_name}"'
    return response


@require_POST
@customer_required
def renew(request: CustomerRequest, public_id: UUID) -> HttpResponse:
    """A new QR for the same top-up, when the former one has ended."""
    deposit = get_object_or_404(selectors.deposits_of(request.customer), public_id=public_id)
    try:
        switching.renew(deposit=deposit, address=address_of(request))
    except ServiceError as error:
        messages.warning(request, str(error.message))
    return redirect("payments:deposit", public_id=public_id)


@require_POST
@customer_required
def check(request: CustomerRequest, public_id: UUID) -> HttpResponse:
    """ "Check now": have the provider asked; the answer shows up in the page."""
    deposit = get_object_or_404(selectors.deposits_of(request.customer), public_id=public_id)
    try:
        services.check_now(deposit=deposit)
    except ServiceError as error:
        return _told(request, deposit, messages.INFO, str(error.message))
    return _told(request, deposit, messages.INFO, _("We are asking. The page changes by itself."))


@require_POST
@customer_required
def cancel(request: CustomerRequest, public_id: UUID) -> HttpResponse:
    """Call off an unpaid top up."""
    deposit = get_object_or_404(selectors.deposits_of(request.customer), public_id=public_id)
    try:
        services.cancel_deposit(deposit=deposit)
    except ServiceError as error:
        return _told(request, deposit, messages.WARNING, str(error.message))
    return _told(request, deposit, messages.SUCCESS, _("The top up is cancelled. Please do not pay it any more."))


def _told(request: CustomerRequest, deposit: Deposit, level: int, text: str) -> HttpResponse:
    if request.headers.get("HX-Request"):
        deposit.refresh_from_db()
        context = {**_deposit_context(request, deposit), "toast": text, "toast_tone": "info"}
        return render(request, "payments/deposit.html#answer", context)
    messages.add_message(request, level, text)
    return redirect("payments:deposit", public_id=deposit.public_id)


@never_cache
@require_safe
@customer_required
def deposits(request: CustomerRequest) -> HttpResponse:
    """What did I pay in?"""
    text, state = request.GET.get("q", "")[:100], request.GET.get("state", "")
    method = request.GET.get("method", "")
    found = selectors.search(selectors.deposits_of(request.customer), text=text, state=state, method=method)
    page = keyset(selectors.with_numbers(found), cursor=request.GET.get("cursor", ""))
    context = {
        "page": page,
        "rows": [selectors.picture_of(row) for row in page.items],
        "q": text,
        "state": state,
        "states": [("", _("All")), *Deposit.State.choices],
        "method": method,
        "methods": [("", _("All")), *selectors.ways_of(request.customer)],
    }
    return render(request, "payments/deposits.html", context)
