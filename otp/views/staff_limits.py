"""What nobody may use our numbers for, and customers who get a fresh start."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.errors import NotFound
from accounts.permissions import ActorRequest, permission_required
from accounts.selectors import customers_staff
from config.lib.errors import ServiceError
from config.lib.pagination import keyset
from otp.forms.staff import BlockForm, BlockRuleForm, WhyForm
from otp.models import BlockedService
from otp.services import limits as services


def _staff(request: ActorRequest) -> None:
    """People of clients may hold rights of the same name over nothing."""
    if not request.actor.is_gateway_staff:
        raise Http404


def _found(request: ActorRequest, number: int) -> BlockedService:
    _staff(request)
    row = BlockedService.objects.filter(pk=number).first()
    if row is None:
        raise Http404
    return row


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("BlockedServices.Read", "BlockedServices.Update")
def blocked(request: ActorRequest) -> HttpResponseBase:
    """The list, and one more on it."""
    _staff(request)
    if request.method != "POST":
        return _list(request, BlockForm(initial={"at_order": True, "on_arrival": True}))
    form = BlockForm(request.POST)
    if not form.is_valid():
        return _list(request, form, 422)
    try:
        row = services.block(actor=request.actor, **form.cleaned_data)
    except ServiceError as refusal:
        form.add_error("words", str(refusal.message))
        return _list(request, form, 409)
    messages.success(request, _("“%(words)s” is blocked from now on.") % {"words": row.words})
    return redirect("staff:blocked_services")


def _list(request: ActorRequest, form: BlockForm, status: int = 200) -> HttpResponse:
    words = request.GET.get("q", "").replace("\0", "").strip()[:100]
    rows = BlockedService.objects.select_related("created_by")
    found = rows.filter(words__icontains=words) if words else rows
    page = keyset(found, cursor=request.GET.get("cursor", ""), size=50)
    context = {"page": page, "q": words, "form": form}
    return render(request, "staff/otp/blocked.html", context, status=status)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("BlockedServices.Read", "BlockedServices.Update")
def change_blocked(request: ActorRequest, number: int) -> HttpResponseBase:
    """When one row holds."""
    row = _found(request, number)
    shown = {"why": row.why, "at_order": row.at_order, "on_arrival": row.on_arrival}
    form = BlockRuleForm(request.POST if request.method == "POST" else None, initial=shown)
    if form.is_valid():
        services.change_block(actor=request.actor, row=row, **form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("staff:blocked_services")
    status = 422 if form.is_bound else 200
    return render(request, "staff/otp/blocked_one.html", {"row": row, "form": form}, status=status)


@require_POST
@permission_required("BlockedServices.Read", "BlockedServices.Update")
def unblock(request: ActorRequest, number: int) -> HttpResponse:
    """One less."""
    row = _found(request, number)
    services.unblock(actor=request.actor, row=row)
    messages.success(request, _("“%(words)s” is no longer blocked.") % {"words": row.words})
    return redirect("staff:blocked_services")


@require_POST
@permission_required("Customers.ReadOne", "Customers.Pardon")
def pardon(request: ActorRequest, customer_id: UUID) -> HttpResponse:
    """Let cancellations and strikes of a customer count anew."""
    _staff(request)
    try:
        customer = customers_staff.seen(request.actor, customer_id)
    except NotFound:
        raise Http404 from None
    form = WhyForm(request.POST)
    if form.is_valid():
        services.pardon(actor=request.actor, customer=customer, why=form.cleaned_data["why"])
        messages.success(request, _("Cancellations and strikes of this customer count anew."))
    else:
        messages.error(request, _("Please say why, in at least five letters."))
    return redirect("staff:customer", customer_id=customer_id)
