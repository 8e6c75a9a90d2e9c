"""Top-ups of clients, as staff find them on our bank statement and confirm them."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import ActorRequest, permission_required, step_up_required
from config.lib.errors import ServiceError
from config.lib.pagination import keyset
from config.lib.refusals import tell
from config.lib.states import look_of
from payouts.forms.funding import FoundForm, FundingFilter, ReasonForm
from payouts.models import Funding
from payouts.selectors import balances
from payouts.services import funding as services


def _staff(request: ActorRequest) -> None:
    """People of clients may hold rights of the same name over nothing."""
    if not request.actor.is_gateway_staff:
        raise Http404


@never_cache
@require_safe
@permission_required("Fundings.Read")
def listing(request: ActorRequest) -> HttpResponse:
    """What clients say they have sent, oldest decisions last."""
    _staff(request)
    asked = FundingFilter(request.GET).asked()
    page = keyset(balances.fundings(**asked), cursor=request.GET.get("cursor", ""))
    states = [("", _("To do")), ("all", _("All")), *((one, look_of(f"funding:{one}").word) for one in Funding.State)]
    context = {"page": page, "asked": asked, "states": states, "state": request.GET.get("state", "")}
    return render(request, "staff/payouts/fundings.html", context)


@never_cache
@require_safe
@permission_required("Fundings.Read")
def funding(request: ActorRequest, public_id: UUID) -> HttpResponse:
    """One top-up: what was announced, what was found, and what may be done now."""
    _staff(request)
    return _page(request, _seen(public_id))


@require_POST
@permission_required("Fundings.Read", "Fundings.Find")
def find(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """It stands on our statement."""
    _staff(request)
    found = _seen(public_id)
    form = FoundForm(request.POST, funding=found)
    if not form.is_valid():
        return _page(request, found, found_form=form, status=422)
    try:
        services.find(actor=request.actor, funding=found, **form.cleaned_data)
    except ServiceError as refusal:
        tell(form, refusal)
        return _page(request, found, found_form=form, status=422)
    messages.success(request, _("Noted. Somebody else confirms it now."))
    return redirect("staff:funding", public_id=public_id)


@require_POST
@permission_required("Fundings.Read", "Fundings.Confirm")
@step_up_required
def confirm(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """The second person: into the balance."""
    _staff(request)
    found = _seen(public_id)
    try:
        services.confirm(actor=request.actor, funding=found, seen=request.POST.get("seen", ""))
    except ServiceError as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("The money is in the balance of %(name)s.") % {"name": found.client.name})
    return redirect("staff:funding", public_id=public_id)


@require_POST
@permission_required("Fundings.Read", "Fundings.Confirm")
def put_back(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """The second person does not agree."""
    return _with_reason(request, public_id, services.put_back, _("It is looked for again."))


@require_POST
@permission_required("Fundings.Read", "Fundings.Confirm")
def refuse(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """It never came."""
    return _with_reason(request, public_id, services.refuse, _("The top-up is closed. The client sees your reason."))


def _with_reason(request: ActorRequest, public_id: UUID, act: Any, words: str) -> HttpResponseBase:
    _staff(request)
    found = _seen(public_id)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _page(request, found, reason_form=form, status=422)
    try:
        act(actor=request.actor, funding=found, reason=form.cleaned_data["reason"])
    except ServiceError as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, words)
    return redirect("staff:funding", public_id=public_id)


def _seen(public_id: UUID) -> Funding:
    return get_object_or_404(balances.fundings(), public_id=public_id)


def _page(request: ActorRequest, found: Funding, status: int = 200, **forms: Any) -> HttpResponse:
    context = {
        "funding": found,
        "found_form": FoundForm(funding=found, initial={"received": f"{found.amount:f}"}),
        "reason_form": ReasonForm(),
        "is_finder": found.found_by_id == request.user.pk,
        **forms,
    }
    return render(request, "staff/payouts/funding.html", context, status=status)
