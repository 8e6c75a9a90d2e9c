"""Our account at OTPZap, as staff see and look after it."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import ActorRequest, permission_required, step_up_required
from config.lib.pagination import keyset
from otp import floats
from otp.errors import ServiceError
from otp.forms.supplier import SupplierHookForm, SupplierTopupForm
from otp.models import SupplierNote, SupplierTopup
from otp.services import supplier as services

TOPUPS_SHOWN = 10


def _staff(request: ActorRequest) -> None:
    """People of clients may hold rights of the same name over nothing."""
    if not request.actor.is_gateway_staff:
        raise Http404


@never_cache
@require_safe
@permission_required("Supplier.Read")
def supplier(request: ActorRequest) -> HttpResponse:
    """How much is left there, how busy the keys are, what was topped up, what they told us."""
    _staff(request)
    return _page(request, None)


def _page(request: ActorRequest, form: SupplierTopupForm | None, status: int = 200) -> HttpResponse:
    usage = {one.key_name: one for one in floats.usage()}
    context = {
        "keys": [{"standing": one, "usage": usage.get(one.key_name)} for one in floats.standings()],
        "topups": SupplierTopup.objects.select_related("created_by").order_by("-pk")[:TOPUPS_SHOWN],
        "notes": keyset(SupplierNote.objects.all(), cursor=request.GET.get("cursor", "")),
        "takes_notes": services.can_take_notes(),
        "form": form or SupplierTopupForm(names=list(usage)),
    }
    return render(request, "staff/otp/supplier.html", context, status=status)


@require_POST
@permission_required("Supplier.Read", "Supplier.Manage")
def read_balances(request: ActorRequest) -> HttpResponseBase:
    """Read the balances now instead of within the minute."""
    _staff(request)
    read = services.read_balances()
    if read:
        messages.success(request, ngettext("Read %(n)s balance.", "Read %(n)s balances.", read) % {"n": read})
    else:
        messages.error(request, _("OTPZap did not answer. The figures are the last ones it told."))
    return redirect("staff:supplier")


@require_POST
@permission_required("Supplier.Read", "Supplier.Manage")
@step_up_required
def top_up(request: ActorRequest) -> HttpResponseBase:
    """Ask for an invoice; the person pays it at OTPZap's own page."""
    _staff(request)
    form = SupplierTopupForm(request.POST, names=[one.key_name for one in floats.usage()])
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        made = services.create_topup(actor=request.actor, **form.cleaned_data)
    except ServiceError as refusal:
        form.add_error(None, str(refusal.message))
        return _page(request, form, status=422)
    _say(request, made)
    return redirect("staff:supplier")


@require_POST
@permission_required("Supplier.Read", "Supplier.Manage")
def check_topup(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """Look whether a deposit was paid."""
    _staff(request)
    topup = get_object_or_404(SupplierTopup, public_id=public_id)
    try:
        _say(request, services.check_topup(topup=topup))
    except ServiceError as refusal:
        messages.error(request, str(refusal.message))
    return redirect("staff:supplier")


def _say(request: ActorRequest, topup: SupplierTopup) -> None:
    State = SupplierTopup.State
    words = {
        State.ASKED: _("OTPZap has not answered yet. Look again in a moment: no second invoice will be made."),
        State.PENDING: _("The invoice is open. Pay it at OTPZap, then look again."),
        State.SUCCESS: _("It is paid."),
        State.EXPIRED: _("The invoice has expired."),
        State.FAILED: _("The payment failed."),
    }
    level = messages.SUCCESS if topup.state == State.SUCCESS else messages.INFO
    messages.add_message(request, level, words[State(topup.state)])


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("Supplier.Read", "Supplier.Manage")
def hook(request: ActorRequest, key_name: str) -> HttpResponseBase:
    """Where OTPZap posts what happens to the orders of a key's account, and setting it up."""
    _staff(request)
    if key_name not in {one.key_name for one in floats.usage()}:
        raise Http404
    return _change_hook(request, key_name) if request.method == "POST" else _hook_page(request, key_name)


@step_up_required
def _change_hook(request: ActorRequest, key_name: str) -> HttpResponseBase:
    form = SupplierHookForm(request.POST)
    if not form.is_valid():
        return _hook_page(request, key_name, form, status=422)
    try:
        services.change_hook(actor=request.actor, key_name=key_name, **form.cleaned_data)
    except ServiceError as refusal:
        form.add_error(None, str(refusal.message))
        return _hook_page(request, key_name, form, status=422)
    messages.success(request, _("OTPZap has taken it over."))
    return redirect("staff:supplier_hook", key_name=key_name)


def _hook_page(
    request: ActorRequest, key_name: str, form: SupplierHookForm | None = None, status: int = 200
) -> HttpResponse:
    setup, trouble = None, ""
    try:
        setup = services.setup_of(key_name)
    except ServiceError as refusal:
        trouble = str(refusal.message)
    if form is None and setup and setup.is_ours:
        form = SupplierHookForm(initial={"events": list(setup.hook.events), "is_active": setup.hook.is_active})
    context = {
        "key_name": key_name,
        "setup": setup,
        "trouble": trouble,
        "takes_notes": services.can_take_notes(),
        "form": form or SupplierHookForm(),
    }
    return render(request, "staff/otp/supplier_hook.html", context, status=status)
