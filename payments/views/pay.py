"""The page by which anybody who has its link pays a deposit: no account, and nothing of its owner but a masked name."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Customer
from accounts.permissions import gate_inside, open_to_all
from config.lib.addresses import address_of
from config.lib.clock import now
from config.lib.errors import ServiceError, TooMany
from config.lib.masking import masked
from payments import choices, qr, selectors
from payments.errors import UnknownBank, UnknownMethod
from payments.forms import WayForm
from payments.models import Deposit
from payments.selectors import Picture
from payments.services import switching


def _unlisted(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Whoever has the link has the page; so search engines are told not to keep it."""

    @wraps(view)
    def told(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        answer = view(request, *args, **kwargs)
        answer["X-Robots-Tag"] = "noindex, nofollow, noarchive"
        return answer

    return told


def _by_form(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """A refusal is shown at the address of the form; whoever goes on from there, or loads it again, gets the page."""

    @wraps(view)
    @require_http_methods(["GET", "HEAD", "POST"])
    def answered(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
        return view(request, public_id) if request.method == "POST" else _back(_deposit(public_id))

    return answered


@gate_inside("public")
@never_cache
@_unlisted
@require_safe
def page(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """How do I pay this, and has it arrived? Most looks of an open page are answered "nothing new" by one read."""
    is_poll = bool(request.headers.get("HX-Request"))
    if is_poll and selectors.is_unchanged(Deposit.objects.all(), public_id, request.GET.get("seen", "")):
        return HttpResponse(status=204)
    deposit = _deposit(public_id)
    return render(request, f"payments/pay.html{'#live' if is_poll else ''}", _context(request, deposit))


@open_to_all
@never_cache
@_unlisted
@_by_form
def choose(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """I want to pay this another way."""
    deposit, form = _deposit(public_id), WayForm(request.POST)
    if not form.is_valid():
        return _refused(request, deposit, UnknownBank() if "bank" in form.errors else UnknownMethod())
    way = {"method": form.cleaned_data["method"], "bank": form.cleaned_data["bank"]}
    return _done(request, deposit, lambda: switching.choose_way(deposit=deposit, **way, address=address_of(request)))


@open_to_all
@never_cache
@_unlisted
@_by_form
def renew(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """The QR has ended: give me a new one."""
    deposit = _deposit(public_id)
    return _done(request, deposit, lambda: switching.renew(deposit=deposit, address=address_of(request)))


@open_to_all
@never_cache
@_unlisted
@_by_form
def check(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """ "Check now": have the provider asked; the answer shows up in the page."""
    deposit, words = _deposit(public_id), _("We are asking. The page changes by itself.")
    try:
        switching.ask_by_link(deposit=deposit, address=address_of(request))
    except ServiceError as error:
        words = str(error.message)
    if not request.headers.get("HX-Request"):
        return _back(deposit)
    return render(request, "payments/pay.html#answer", {**_context(request, _deposit(public_id)), "toast": words})


@open_to_all
@never_cache
@_unlisted
@require_safe
def qr_image(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """The QR as a picture to save, while it can be paid."""
    picture = selectors.picture_of(_deposit(public_id))
    if not picture.qr:
        raise Http404
    answer = HttpResponse(qr.picture(picture.qr), content_type="image/png")
    answer["Content-Disposition"] = f'attachment; filename="{picture.qr_name}"'
    return answer


def _deposit(public_id: UUID) -> Deposit:
    """The only way to a deposit without an account: by its whole id, which nobody can guess."""
    found = Deposit.objects.filter(client=None).select_related("customer__user").prefetch_related("attempts")
    return get_object_or_404(found, public_id=public_id)


def _customer_of(deposit: Deposit) -> Customer:
    """Whose it is. What a client collects is paid on the client's own pages."""
    if deposit.customer is None:
        raise Http404
    return deposit.customer


def _done(request: HttpRequest, deposit: Deposit, act: Callable[[], object]) -> HttpResponseBase:
    try:
        act()
    except ServiceError as error:
        return _refused(request, deposit, error)
    return _back(deposit)


def _back(deposit: Deposit) -> HttpResponse:
    return HttpResponseRedirect(reverse("pay:page", args=[deposit.public_id]))


def _refused(request: HttpRequest, deposit: Deposit, error: ServiceError) -> HttpResponse:
    """The page as it is now, with the reason on top."""
    context = {**_context(request, _deposit(deposit.public_id)), "refusal": error.message}
    answer = render(request, "payments/pay.html", context, status=error.status)
    if isinstance(error, TooMany):
        answer["Retry-After"] = str(max(1, round(error.retry_after)))
    return answer


def _context(request: HttpRequest, deposit: Deposit) -> dict[str, Any]:
    picture, customer = selectors.picture_of(deposit), _customer_of(deposit)
    others = _other_ways(picture)
    payable = picture.is_open_to_payers or picture.stage == "ending"
    shown = payable and picture.method in choices.FOR_ANYBODY
    renewable = picture.stage == "ended" and shown and bool(others)
    return {
        "picture": picture,
        "deposit": deposit,
        "guest": True,
        "owner": masked(customer.user.display_name),
        "is_owner": customer.user_id == request.user.pk,
        "is_sandbox": customer.is_sandbox,
        "is_shown": shown,
        "is_open": picture.is_open_to_payers,
        "choices": others,
        "measured": any(choice.is_measured for choice in others),
        "ways": picture.ways if shown else [],
        "renew_url": reverse("pay:renew", args=[deposit.public_id]) if renewable else "",
        "qr_url": reverse("pay:qr", args=[deposit.public_id]),
    }


def _other_ways(picture: Picture) -> list[choices.Choice]:
    """What else a payer without an account can choose; nothing once there is nothing left to choose for."""
    deposit = picture.deposit
    if not picture.is_open_to_payers or deposit.currency != "IDR" or _customer_of(deposit).is_sandbox:
        return []
    offered = choices.offered(amount=deposit.amount, public=True, left=deposit.expires_at - now())
    # Of virtual accounts there are many: another bank is another way.
    return [choice for choice in offered if choice.banks or choice.code != picture.method]
