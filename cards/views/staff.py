"""Card payments of all clients, as staff look them up; two of them close what the processor never answered for."""

from collections.abc import Callable
from dataclasses import dataclass
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
from cards import numbers
from cards.forms.payments import PaymentFilter, SettleForm
from cards.models import CardPayment, Closing
from cards.selectors import closings, search
from cards.selectors.search import Doubt
from cards.services import settling
from cards.views import lists, pictures
from config.lib.errors import ServiceError
from config.lib.pagination import keyset

READ = "Cards.Read"
PROPOSE, SETTLE = settling.PROPOSE, settling.CONFIRM
NEEDS = [
    ("", gettext_lazy("All")),
    (search.DOUBT, gettext_lazy("Being checked")),
    (search.STUCK, gettext_lazy("For twelve hours")),
    (search.PROPOSED, gettext_lazy("Waits for a second person")),
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
    return {
        "payment": found,
        "picture": pictures.of(found, for_staff=True),
        "doubts": search.doubts_of(found),
    }


def _page(request: ActorRequest, found: CardPayment, form: SettleForm | None = None, status: int = 200) -> HttpResponse:
    context = _context(request, found) | {"decisions": _decisions(request, found, form)}
    return render(request, "staff/cards/payment.html", context, status=status)


@dataclass(frozen=True)
class Decision:
    """What two people decide about one doubt: a form to propose an end, or the proposal that waits."""

    doubt: Doubt
    form: SettleForm | None
    closing: Closing | None
    consequence: str
    is_mine: bool
    may_confirm: bool


def _decisions(request: ActorRequest, found: CardPayment, form: SettleForm | None) -> list[Decision]:
    """One for each doubt that is old enough, the oldest first."""
    return [_decision(request, doubt, form) for doubt in search.doubts_of(found) if doubt.is_due]


def _decision(request: ActorRequest, doubt: Doubt, form: SettleForm | None) -> Decision:
    closing = closings.standing(doubt)
    if closing is None and policy.allows(request.actor, PROPOSE):
        wrong = form if form is not None and form.doubt == doubt else None
        offered = wrong or SettleForm(doubt=doubt, auto_id=f"id_{doubt.reference}_%s")
    else:
        offered = None
    return Decision(
        doubt=doubt,
        form=offered,
        closing=closing,
        consequence=closings.consequence(closing) if closing else "",
        is_mine=closing is not None and closing.proposed_by_id == request.user.pk,
        may_confirm=policy.allows(request.actor, SETTLE),
    )


@never_cache
@require_POST
@permission_required(READ, PROPOSE)
def propose(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """Say how the doubt about a payment, or about what was done with it, is to end."""
    found = _found(request, public_id)
    named = request.POST.get("about", "")
    doubt = next((one for one in search.doubts_of(found) if one.is_due and one.reference == named), None)
    if doubt is None:
        messages.info(request, _("There is nothing to close: here is where the payment stands."))
        return redirect("staff:card", public_id=public_id)
    form = SettleForm(request.POST, doubt=doubt, auto_id=f"id_{doubt.reference}_%s")
    if not form.is_valid():
        return _page(request, found, form, status=422)
    said = {"evidence": form.cleaned_data["evidence"], "reason": form.cleaned_data["reason"]}

    def act() -> None:
        settling.propose(actor=request.actor, payment=found, act=doubt.act, is_done=form.is_done, **said)

    return _done(request, public_id, _("Proposed. A second person confirms it; nothing has changed yet."), act)


@never_cache
@require_POST
@permission_required(READ, SETTLE)
@step_up_required
def settle(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """Confirm the proposal that the page showed: it takes effect at once."""
    closing = _closing(request, public_id)
    words = _("Confirmed and closed. The client sees it now, and the record says why.")
    return _done(request, public_id, words, lambda: settling.confirm(actor=request.actor, closing=closing))


@never_cache
@require_POST
@permission_required(READ, PROPOSE)
def withdraw(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """Take a proposal back, one's own or, instead of confirming it, somebody else's."""
    closing, note = _closing(request, public_id), request.POST.get("note", "").replace("\0", "")[:300]
    if numbers.hides_number(note):
        messages.error(request, _("Leave the number of the card out."))
        return redirect("staff:card", public_id=public_id)
    words = _("The proposal is taken back. Nothing has changed.")
    return _done(request, public_id, words, lambda: settling.withdraw(actor=request.actor, closing=closing, note=note))


def _closing(request: ActorRequest, public_id: UUID) -> Closing:
    """The proposal that the form names, of this payment."""
    found = _found(request, public_id)
    named = request.POST.get("proposal", "")
    closing = next((one for one in closings.of(found) if str(one.public_id) == named), None)
    if closing is None:
        raise Http404
    return closing


def _done(request: ActorRequest, public_id: UUID, words: str, act: Callable[[], object]) -> HttpResponseBase:
    try:
        act()
    except ServiceError as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, words)
    return redirect("staff:card", public_id=public_id)
