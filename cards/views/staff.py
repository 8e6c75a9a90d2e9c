"""Card payments of all clients, as staff look them up; and closing what the processor never answered for."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.access import policy
from accounts.permissions import ActorRequest, permission_required, step_up_required
from cards.forms.payments import PaymentFilter, SettleForm
from cards.models import CardPayment
from cards.selectors import search
from cards.services import settling
from cards.views import lists, pictures
from config.lib.errors import ServiceError
from config.lib.pagination import keyset

READ, SETTLE = "Cards.Read", "Cards.Settle"
NEEDS = [
    ("", gettext_lazy("All")),
    (search.DOUBT, gettext_lazy("Being checked")),
    (search.STUCK, gettext_lazy("For twelve hours")),
]


def _staff(request: ActorRequest) -> None:
    """People of clients may hold rights of the same name over nothing."""
    if not request.actor.is_gateway_staff:
        raise Http404


def _found(request: ActorRequest, public_id: UUID) -> CardPayment:
    _staff(request)
    payment = search.one(request.actor, public_id)
    if payment is None:
        raise Http404
    return payment


@never_cache
@require_safe
@permission_required(READ)
def listing(request: ActorRequest) -> HttpResponseBase:
    """Where is this payment? By reference, id, order, client, amount or the end of the card."""
    _staff(request)
    if elsewhere := lists.without_number(request):
        return elsewhere
    wanted = PaymentFilter(request.GET).wanted()
    page = keyset(search.listed(request.actor, wanted), cursor=request.GET.get("cursor", ""))
    context = {
        "wanted": wanted,
        "page": page,
        "lines": lists.lines_of(list(page.items)),
        "needs": NEEDS,
        "groups": [("", _("Any state")), *lists.GROUPS[1:]],
        "currencies": lists.CURRENCIES,
    }
    return render(request, "staff/cards/list.html", context)


@never_cache
@require_safe
@permission_required(READ)
def export(request: ActorRequest) -> HttpResponseBase:
    """The rows of the list as a file."""
    _staff(request)
    return lists.exported(request, with_client=True)


@never_cache
@require_safe
@permission_required(READ)
def payment(request: ActorRequest, public_id: UUID) -> HttpResponse:
    """Everything about one: facts, what happened, where the money is."""
    found = _found(request, public_id)
    if request.headers.get("HX-Request"):
        if request.GET.get("v") == pictures.version_of(found):
            return HttpResponse(status=204)
        return render(request, "staff/cards/_payment.html", _context(request, found))
    return _page(request, found)


def _context(request: ActorRequest, found: CardPayment) -> dict[str, Any]:
    doubts = search.doubts_of(found)
    may_settle = policy.allows(request.actor, SETTLE)
    return {
        "payment": found,
        "picture": pictures.of(found, for_staff=True),
        "doubts": doubts,
        "closable": next((doubt for doubt in doubts if doubt.is_due and may_settle), None),
    }


def _page(request: ActorRequest, found: CardPayment, form: SettleForm | None = None, status: int = 200) -> HttpResponse:
    context = _context(request, found)
    if context["closable"]:
        context["form"] = form or SettleForm(doubt=context["closable"])
    return render(request, "staff/cards/payment.html", context, status=status)


@never_cache
@require_POST
@permission_required(READ, SETTLE)
@step_up_required
def settle(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """Close what the processor never answered for: the payment, or what was done with it."""
    found = _found(request, public_id)
    doubt = _context(request, found)["closable"]
    if doubt is None:
        messages.info(request, _("There is nothing to close: here is where the payment stands."))
        return redirect("staff:card", public_id=public_id)
    form = SettleForm(request.POST, doubt=doubt)
    if not form.is_valid():
        return _page(request, found, form, status=422)
    said = {"evidence": form.cleaned_data["evidence"], "reason": form.cleaned_data["reason"]}
    try:
        if doubt.act:
            settling.settle_act(actor=request.actor, act=doubt.act, is_done=form.is_done, **said)
        else:
            settling.settle_payment(actor=request.actor, payment=found, is_authorized=form.is_done, **said)
    except ServiceError as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("Closed. The client sees it now, and the record says why."))
    return redirect("staff:card", public_id=public_id)
