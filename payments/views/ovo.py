"""OVO: link an account, see what is in it, pay from it. Nothing here talks to OVO; a browser goes there by a link."""

import secrets
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import CustomerRequest, customer_of, customer_required, open_to_all
from config.lib.errors import ServiceError
from payments import methods, ovo_pages, selectors, services
from payments.errors import OvoNotLinked
from payments.ovo_forms import LinkForm, OvoPayForm
from payments.services import ovo


@never_cache
@require_safe
@customer_required
def account(request: CustomerRequest) -> HttpResponse:
    """Is my OVO linked, and what is in it? The live part asks again while OVO is being asked."""
    _must_be_on()
    picture = ovo_pages.picture_of(request.customer)
    live = bool(request.headers.get("HX-Request"))
    if live and request.GET.get("seen") == picture.seen:
        return HttpResponse(status=204)
    return _page(request, part="#live" if live else "")


def _must_be_on() -> None:
    if methods.on(methods.OVO) is None:
        raise Http404


def _page(
    request: CustomerRequest,
    *,
    form: OvoPayForm | None = None,
    link_form: LinkForm | None = None,
    part: str = "",
    status: int = 200,
) -> HttpResponse:
    picture = ovo_pages.picture_of(request.customer)
    way = methods.METHODS[methods.OVO]
    form = form or OvoPayForm(initial={"preset": str(settings.DEPOSIT_PRESETS[1]), "pay_type": "0"})
    phone = ovo_pages.usual_number(request.customer, picture.link)
    old_key = form.data.get("idempotency_key", "") if "idempotency_key" not in form.errors else ""
    context: dict[str, Any] = {
        "picture": picture,
        "link": picture.link,
        "form": form,
        "chosen": {name: str(form[name].value() or "") for name in ("preset", "amount", "pay_type")},
        "key": old_key or secrets.token_urlsafe(24),
        "link_form": link_form or LinkForm(initial={"phone": phone}),
        "minimum": way.minimum,
        "maximum": way.maximum,
        "balance": selectors.rupiah_of(request.customer),
    }
    return render(request, f"payments/ovo.html{part}", context, status=status)


@require_POST
@customer_required
def link(request: CustomerRequest) -> HttpResponse:
    """Begin to link a number; ``afresh``, without one, begins the last one again."""
    _must_be_on()
    afresh = bool(request.POST.get("afresh"))
    last = ovo_pages.picture_of(request.customer).link if afresh else None
    form = LinkForm({"phone": last.phone} if last else request.POST)
    if form.is_valid():
        try:
            ovo.link_account(customer=request.customer, phone=form.cleaned_data["phone"], afresh=afresh)
        except ServiceError as error:
            form.add_error("phone" if error.fields else None, str(error.message))
        else:
            return redirect("payments:ovo")
    return _page(request, link_form=form, status=422)


@never_cache
@require_safe
@customer_required
def open_link(request: CustomerRequest) -> HttpResponse:
    """On to OVO's page for code and PIN."""
    _must_be_on()
    row = ovo_pages.picture_of(request.customer).link
    url = ovo.page_of_link(row) if row else ""
    return _leave_for(request, url) if url else redirect("payments:ovo")


@never_cache
@require_safe
@customer_required
def confirm(request: CustomerRequest, public_id: UUID) -> HttpResponse:
    """On to OVO's page to confirm a payment, or to renew the token."""
    deposit = get_object_or_404(selectors.deposits_of(request.customer), public_id=public_id)
    attempt = deposit.attempts.order_by("-id").first()
    url = ovo.page_of_attempt(attempt) if attempt else ""
    return _leave_for(request, url) if url else redirect("payments:deposit", public_id=public_id)


def _leave_for(request: HttpRequest, url: str) -> HttpResponse:
    """The only redirect out of the portal; ``url`` has been held against the list of hosts."""
    response = HttpResponseRedirect(url)
    response["Referrer-Policy"] = "no-referrer"
    return response


@require_POST
@customer_required
def again(request: CustomerRequest, public_id: UUID) -> HttpResponse:
    """Push the payment once more."""
    deposit = get_object_or_404(selectors.deposits_of(request.customer), public_id=public_id)
    try:
        ovo.retry(deposit=deposit)
    except ServiceError as error:
        messages.warning(request, str(error.message))
    return redirect("payments:deposit", public_id=public_id)


@require_POST
@customer_required
def pay(request: CustomerRequest) -> HttpResponse:
    """Top up from OVO: leads to the deposit, where the payment is confirmed."""
    _must_be_on()
    form = OvoPayForm(request.POST)
    if form.is_valid():
        try:
            deposit = services.request_deposit(
                customer=request.customer,
                amount=form.cleaned_data["value"],
                method=methods.OVO,
                pay_type=form.cleaned_data["pay_type"],
                idempotency_key=form.cleaned_data["idempotency_key"],
            )
        except OvoNotLinked as error:
            messages.warning(request, str(error.message))
            return redirect("payments:ovo")
        except ServiceError as error:
            form.add_error("amount" if "amount" in error.fields else None, str(error.message))
        else:
            return redirect("payments:deposit", public_id=deposit.public_id)
    if "idempotency_key" in form.errors:
        form.add_error(None, _("This page was too old. Please send it once more."))
    return _page(request, form=form, status=422)


@require_POST
@customer_required
def refresh(request: CustomerRequest) -> HttpResponse:
    """Ask OVO for the balance now; the page changes by itself."""
    row = ovo_pages.linked_of(request.customer)
    if row is None:
        return redirect("payments:ovo")
    try:
        ovo.refresh_balance(link=row)
    except ServiceError as error:
        messages.info(request, str(error.message))
    return redirect("payments:ovo")


@require_POST
@customer_required
def unlink(request: CustomerRequest) -> HttpResponse:
    """Give the link up, or stop linking."""
    try:
        ovo.unlink(customer=request.customer)
    except ServiceError as error:
        messages.info(request, str(error.message))
    return redirect("payments:ovo")


@never_cache
@require_safe
@customer_required
def history(request: CustomerRequest) -> HttpResponse:
    """What did I pay here by OVO? OVO's own list, page by page."""
    _must_be_on()
    row = ovo_pages.linked_of(request.customer)
    if row is None:
        return redirect("payments:ovo")
    number = _page_number(request.GET.get("page", ""))
    page = ovo.movements(row, number)
    context = {
        "link": row,
        "number": number,
        "before": number - 1,
        "after": number + 1 if page and page.more and number < ovo.LAST_PAGE else None,
        "page": page,
    }
    return render(request, f"payments/ovo_history.html{_live(request)}", context)


def _page_number(text: str) -> int:
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 4 else 1
    return min(max(number, 1), ovo.LAST_PAGE)


def _live(request: HttpRequest) -> str:
    return "#live" if request.headers.get("HX-Request") else ""


@never_cache
@require_safe
@customer_required
def instructions(request: CustomerRequest) -> HttpResponse:
    """How does money get into my OVO?"""
    _must_be_on()
    row = ovo_pages.linked_of(request.customer)
    if row is None:
        return redirect("payments:ovo")
    context = {"link": row, "page": ovo.instructions(row)}
    return render(request, f"payments/ovo_instructions.html{_live(request)}", context)


@never_cache
@require_safe
@open_to_all
def come_back(request: HttpRequest) -> HttpResponse:
    """Back from OVO. The address says how it went, but anybody can write one: this only leads to our own page.

    Source: Faspay contract 4.1, "never change payment state from it".
    """
    customer = customer_of(request.user)
    if customer is None:
        return render(request, "payments/ovo_back.html")
    attempt = ovo_pages.attempt_of_bill(customer, request.GET.get("bill_no", ""))
    if attempt is None:
        return redirect("payments:ovo")
    return redirect("payments:deposit", public_id=attempt.deposit.public_id)
