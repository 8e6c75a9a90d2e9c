"""What a customer was told, and how they want to be told."""

import math
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import CustomerRequest, customer_required, gate_inside
from config.lib import clock
from config.lib.pagination import keyset
from notifications.forms.inbox import PreferencesForm, ReadAllForm
from notifications.selectors import inbox as selectors
from notifications.services import inbox as services


@never_cache
@require_safe
@customer_required
def listing(request: CustomerRequest) -> HttpResponse:
    """What happened, newest first."""
    show = "unread" if request.GET.get("show") == "unread" else ""
    # Read first: what arrives while the page is made is not covered by "mark all".
    now = clock.now()
    notices = selectors.notices(request.customer, only_unread=bool(show))
    unread = selectors.unread_count(request.customer)
    context = {
        "page": keyset(notices, cursor=request.GET.get("cursor", "")),
        "unread": unread,
        "bell": {"count": unread},
        "show": show,
        "shows": [("", _("All")), ("unread", _("Unread"))],
        "until": math.ceil(now.timestamp() * 1000),
    }
    return render(request, "notifications/inbox.html", context)


@require_POST
@customer_required
def open_notice(request: CustomerRequest, public_id: UUID) -> HttpResponse:
    """Mark as read and lead to what it is about."""
    notice = services.read(customer=request.customer, public_id=public_id)
    if notice is None:
        raise Http404
    return redirect(notice.page or "inbox:list")


@require_POST
@customer_required
def read_all(request: CustomerRequest) -> HttpResponse:
    """Mark everything as read that stood on the page."""
    until = ReadAllForm(request.POST).moment()
    if until is not None:
        services.read_all(customer=request.customer, until=until)
        messages.success(request, _("Everything is marked as read."))
    return redirect("inbox:list")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@customer_required
def preferences(request: CustomerRequest) -> HttpResponse:
    """Which kinds in the app, which by mail, and the balance to watch."""
    shown = {"below": f"{services.watched_balance(request.customer):.0f}"}
    form = PreferencesForm(request.POST if request.method == "POST" else None, initial=shown)
    if form.is_valid():
        services.choose(user=request.user, in_app=form.cleaned_data["in_app"], mail=form.cleaned_data["mail"])
        services.watch_balance(customer=request.customer, below=form.cleaned_data["below"])
        messages.success(request, _("Your choice is saved."))
        return redirect("inbox:preferences")
    sections = selectors.choices(request.user)
    status = 422 if form.is_bound else 200
    return render(request, "notifications/preferences.html", {"form": form, "sections": sections}, status=status)


@gate_inside("customer")
@never_cache
@require_safe
def bell(request: HttpRequest) -> HttpResponseBase:
    """How many are unread, for the bell of every open page: 204 while that has not changed."""
    return _bell(request)


@customer_required
def _bell(request: CustomerRequest) -> HttpResponse:
    count = selectors.unread_count(request.customer)
    if request.GET.get("n") == str(count):
        return HttpResponse(status=204)
    return render(request, "notifications/_bell.html", {"bell": {"count": count}})
