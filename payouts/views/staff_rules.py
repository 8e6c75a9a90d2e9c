"""Banks and operators, what payments cost, and receivers that nobody pays: read by many, changed by few."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import ActorRequest, permission_required
from config.lib.errors import ServiceError
from config.lib.pagination import keyset
from config.lib.refusals import tell
from payouts.forms.staff import BankForm, BlockForm, FeeForm, NewBankForm, NewFeeForm, SwitchForm
from payouts.models import Bank, BlockedReceiver, FeeRule, Telco
from payouts.services import rules as services
from payouts.services.rules import BankFacts, Price

READ, UPDATE = "PayoutRules.Read", "PayoutRules.Update"


def _staff(request: ActorRequest) -> None:
    """People of clients may hold rights of the same name over nothing."""
    if not request.actor.is_gateway_staff:
        raise Http404


@never_cache
@require_safe
@permission_required(READ)
def places(request: ActorRequest) -> HttpResponse:
    """Which banks and operators are served."""
    _staff(request)
    context = {"banks": Bank.objects.all(), "operators": Telco.objects.order_by("name", "code"), "tab": "places"}
    return render(request, "staff/payouts/places.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(READ, UPDATE)
def new_bank(request: ActorRequest) -> HttpResponseBase:
    """One more bank."""
    _staff(request)
    form = NewBankForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        said = dict(form.cleaned_data)
        try:
            services.add_bank(actor=request.actor, code=said.pop("code"), facts=BankFacts(**said))
        except ServiceError as refusal:
            form.add_error("code", str(refusal.message))
        else:
            messages.success(request, _("The bank is served from now on."))
            return redirect("staff:payout_rules")
    context = {"form": form, "tab": "places", "title": _("Add a bank")}
    return render(request, "staff/payouts/rule_form.html", context, status=422 if form.errors else 200)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(READ, UPDATE)
def bank(request: ActorRequest, code: str) -> HttpResponseBase:
    """What a bank is called, and whether its code is confirmed."""
    found = _place(request, Bank, code)
    shown = {name: getattr(found, name) for name in BankForm.base_fields}
    form = BankForm(request.POST if request.method == "POST" else None, initial=shown)
    if form.is_valid():
        services.change_bank(actor=request.actor, bank=found, facts=BankFacts(**form.cleaned_data))
        messages.success(request, _("Saved."))
        return redirect("staff:payout_rules")
    context = {"form": form, "tab": "places", "title": str(found), "row": found}
    return render(request, "staff/payouts/rule_form.html", context, status=422 if form.is_bound else 200)


@require_POST
@permission_required(READ, UPDATE)
def switch_bank(request: ActorRequest, code: str) -> HttpResponse:
    """Serve a bank, or no longer."""
    return _switch(request, _place(request, Bank, code))


@require_POST
@permission_required(READ, UPDATE)
def switch_operator(request: ActorRequest, code: str) -> HttpResponse:
    """Serve a prefix of an operator, or no longer."""
    return _switch(request, _place(request, Telco, code))


def _place(request: ActorRequest, model: type[Bank] | type[Telco], code: str) -> Any:
    _staff(request)
    found = model._default_manager.filter(code=code).first() if "\0" not in code else None
    if found is None:
        raise Http404
    return found


def _switch(request: ActorRequest, place: Bank | Telco) -> HttpResponse:
    form = SwitchForm(request.POST)
    form.is_valid()
    is_active = bool(form.cleaned_data.get("is_active"))
    services.switch(actor=request.actor, place=place, is_active=is_active)
    words = _("%(name)s is served.") if is_active else _("%(name)s is not served any more. What is on its way goes on.")
    messages.success(request, words % {"name": str(place)})
    return redirect("staff:payout_rules")


# --- fees -----------------------------------------------------------------------------------------------------


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(READ, UPDATE)
def fees(request: ActorRequest) -> HttpResponseBase:
    """What everybody pays, and which clients pay something else."""
    _staff(request)
    form = NewFeeForm(request.POST if request.method == "POST" else None, initial=_NOTHING)
    if form.is_valid():
        said = dict(form.cleaned_data)
        client, kind = said.pop("client"), said.pop("kind")
        try:
            services.add_fee(actor=request.actor, client=client, kind=kind, price=Price(**said))
        except ServiceError as refusal:
            form.add_error("client", str(refusal.message))
        else:
            messages.success(request, _("%(name)s pays this from now on.") % {"name": client.name})
            return redirect("staff:payout_fees")
    everybody = FeeRule.objects.filter(client=None).order_by("kind")
    own = FeeRule.objects.exclude(client=None).select_related("client")
    page = keyset(own, cursor=request.GET.get("cursor", ""), size=50)
    context = {"everybody": everybody, "page": page, "form": form, "tab": "fees"}
    return render(request, "staff/payouts/fees.html", context, status=422 if form.errors else 200)


_NOTHING = {"fixed": "0", "percent": "0", "minimum": "0"}


def _fee(request: ActorRequest, number: int) -> FeeRule:
    _staff(request)
    found = FeeRule.objects.select_related("client").filter(pk=number).first() if number < 2**63 else None
    if found is None:
        raise Http404
    return found


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(READ, UPDATE)
def fee(request: ActorRequest, number: int) -> HttpResponseBase:
    """One price."""
    rule = _fee(request, number)
    shown = {name: _bare(getattr(rule, name)) for name in FeeForm.base_fields}
    form = FeeForm(request.POST if request.method == "POST" else None, initial=shown)
    if form.is_valid():
        services.change_fee(actor=request.actor, rule=rule, price=Price(**form.cleaned_data))
        messages.success(request, _("Saved. Payments that were asked for before keep their fee."))
        return redirect("staff:payout_fees")
    context = {"form": form, "rule": rule, "row": rule, "tab": "fees"}
    return render(request, "staff/payouts/fee.html", context, status=422 if form.is_bound else 200)


def _bare(figure: Any) -> str:
    return "" if figure is None else f"{figure.normalize():f}"


@require_POST
@permission_required(READ, UPDATE)
def remove_fee(request: ActorRequest, number: int) -> HttpResponse:
    """A client pays what everybody pays."""
    rule = _fee(request, number)
    try:
        services.remove_fee(actor=request.actor, rule=rule)
    except ServiceError as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("It pays what everybody pays from now on."))
    return redirect("staff:payout_fees")


# --- receivers nobody pays ------------------------------------------------------------------------------------


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(READ, UPDATE)
def blocked(request: ActorRequest) -> HttpResponseBase:
    """The list, and one more on it."""
    _staff(request)
    form = BlockForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            services.block(actor=request.actor, **form.cleaned_data)
        except ServiceError as refusal:
            if refusal.fields:
                tell(form, refusal)
            else:
                form.add_error("destination", str(refusal.message))
        else:
            messages.success(request, _("Nothing is paid to it any more. What is on its way goes on."))
            return redirect("staff:blocked_receivers")
    text = "".join(request.GET.get("q", "").replace("\0", "").split())[:60]
    rows = BlockedReceiver.objects.select_related("client", "created_by")
    found = rows.filter(receiver__contains=text.lstrip("+").removeprefix("232")) if text else rows
    page = keyset(found, cursor=request.GET.get("cursor", ""), size=50)
    context = {"page": page, "q": text, "form": form, "tab": "blocked"}
    return render(request, "staff/payouts/blocked.html", context, status=422 if form.errors else 200)


@require_POST
@permission_required(READ, UPDATE)
def unblock(request: ActorRequest, number: int) -> HttpResponse:
    """One less."""
    _staff(request)
    row = BlockedReceiver.objects.select_related("client").filter(pk=number).first() if number < 2**63 else None
    if row is None:
        raise Http404
    services.unblock(actor=request.actor, row=row)
    messages.success(request, _("%(receiver)s may be paid again.") % {"receiver": row.receiver})
    return redirect("staff:blocked_receivers")
