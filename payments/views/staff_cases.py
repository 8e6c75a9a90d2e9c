"""Payment cases, as staff work them off: one person proposes, another one decides."""

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

from accounts.models import Role
from accounts.permissions import ActorRequest, permission_required, step_up_required
from config.lib.errors import ServiceError
from config.lib.pagination import keyset
from config.lib.refusals import tell
from payments import wording
from payments.exchanges import without_secrets
from payments.forms_cases import CaseFilter, ProposalForm, ReasonForm
from payments.models import PaymentCase
from payments.overviews import cases as overview
from payments.overviews.exchanges import pretty
from payments.services import cases
from payments.services.cases import Choice, Remedy

State = PaymentCase.State
STATES = [
    ("", gettext_lazy("Not settled")),
    (State.OPEN, gettext_lazy("To be proposed")),
    (State.PROPOSED, gettext_lazy("To be approved")),
    (State.SETTLED, gettext_lazy("Settled")),
    ("all", gettext_lazy("All")),
]
WHOSE = [
    ("", gettext_lazy("Everybody's")),
    (overview.MINE_TO_APPROVE, gettext_lazy("Mine to approve")),
    (overview.MINE, gettext_lazy("Proposed by me")),
]
KINDS = [("", gettext_lazy("Any kind")), *PaymentCase.Kind.choices]


@dataclass(frozen=True)
class Offer:
    """A choice of the form, in words."""

    choice: Choice
    name: str
    hint: str
    consequence: str


def _found(request: ActorRequest, public_id: UUID) -> PaymentCase:
    found = overview.one(public_id) if request.actor.is_gateway_staff else None
    if found is None:
        raise Http404
    return found


@never_cache
@require_safe
@permission_required("PaymentCases.Read")
def listing(request: ActorRequest) -> HttpResponse:
    """What waits, the longest first, and how much money waits with it."""
    if not request.actor.is_gateway_staff:
        raise Http404
    wanted = CaseFilter(request.GET).wanted()
    found = overview.listed(wanted, request.user)
    page = keyset(found, order_by=overview.order_of(wanted), cursor=request.GET.get("cursor", ""))
    context = {
        "wanted": wanted,
        "page": page,
        "state": request.GET.get("state", ""),
        "states": STATES,
        "whose": WHOSE,
        "kinds": KINDS,
        "suspense": overview.in_suspense(),
        "counts": overview.counts(),
    }
    return render(request, "staff/payments/cases.html", context)


@never_cache
@require_safe
@permission_required("PaymentCases.Read")
def case(request: ActorRequest, public_id: UUID) -> HttpResponse:
    """One case: what happened, the evidence, where the money is, and the decision."""
    return _page(request, _found(request, public_id))


def _page(
    request: ActorRequest,
    found: PaymentCase,
    *,
    form: ProposalForm | None = None,
    reason: ReasonForm | None = None,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {
        "case": found,
        "means": wording.meaning_of(found),
        "told": wording.sentence_of(found),
        "events": overview.events_of(found),
        "body": pretty(without_secrets(bytes(found.message.body))) if found.message else "",
        "reason_form": reason or ReasonForm(),
    }
    if found.state == State.OPEN:
        context["offers"] = _offers(found)
        context["form"] = form or _empty(request, found)
    elif found.state == State.PROPOSED:
        context |= _about_proposal(request, found)
    return render(request, "staff/payments/case.html", context, status=status)


def _about_proposal(request: ActorRequest, found: PaymentCase) -> dict[str, Any]:
    remedy = cases.proposed(found)
    return {
        "is_mine": found.proposed_by_id == request.user.pk,
        "consequence": _consequence(remedy) if remedy else "",
        "needs_super_admin": bool(remedy and cases.needs_super_admin(remedy)) and not _is_super(request),
    }


def _is_super(request: ActorRequest) -> bool:
    return Role.SUPER_ADMIN in request.actor.roles


def _empty(request: ActorRequest, found: PaymentCase) -> ProposalForm:
    """A new proposal; what the address suggests (overviews/reconciliation.py) is filled in to be looked at."""
    suggested = {name: request.GET[name] for name in ("action", "amount", "customer", "note") if name in request.GET}
    return ProposalForm(initial={**suggested, "version": found.version}, currency=_currency(found))


def _currency(found: PaymentCase) -> str:
    return found.receipt.currency if found.receipt else found.currency or "IDR"


def _offers(found: PaymentCase) -> list[Offer]:
    return [_offer(choice) for choice in cases.choices_of(found)]


def _offer(choice: Choice) -> Offer:
    name, hint = wording.action_words(choice.action, is_loss=choice.is_loss)
    return Offer(choice, name, hint, _consequence(choice.remedy) if choice.remedy else "")


def _consequence(remedy: Remedy) -> str:
    return wording.consequence(
        remedy.amount,
        remedy.currency,
        source=remedy.source,
        target=remedy.target,
        owner=remedy.payee.name if remedy.payee else "",
        is_client=remedy.payee is not None and remedy.payee.client is not None,
    )


@never_cache
@require_safe
@permission_required("PaymentCases.Propose")
def foresee(request: ActorRequest, public_id: UUID) -> HttpResponse:
    """What the proposal on the page would move, as it is typed."""
    found = _found(request, public_id)
    form = ProposalForm({**request.GET.dict(), "note": "-", "version": "1"}, currency=_currency(found))
    context: dict[str, str] = {}
    if form.is_valid():
        asked = form.cleaned_data
        try:
            remedy = cases.foresee(found, asked["action"], customer=asked["customer"], amount=asked["amount"])
            context["consequence"] = _consequence(remedy)
        except ServiceError as refusal:
            context["missing"] = str(refusal.message)
    elif request.GET.get("action"):
        context["missing"] = " ".join(str(error) for errors in form.errors.values() for error in errors)
    return render(request, "staff/payments/_consequence.html", context)


@require_POST
@permission_required("PaymentCases.Read", "PaymentCases.Propose")
def propose(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """Say what should be done."""
    found = _found(request, public_id)
    form = ProposalForm(request.POST, currency=_currency(found))
    if not form.is_valid():
        return _page(request, found, form=form, status=422)
    asked = form.cleaned_data
    found.version = asked["version"]
    try:
        cases.propose(
            actor=request.actor,
            case=found,
            action=asked["action"],
            note=asked["note"],
            customer=asked["customer"],
            amount=asked["amount"],
        )
    except ServiceError as refusal:
        if refusal.fields:
            tell(form, refusal)
            return _page(request, _found(request, public_id), form=form, status=422)
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("Proposed. A second person decides; no money has moved."))
    return redirect("staff:case", public_id=public_id)


@require_POST
@permission_required("PaymentCases.Read", "PaymentCases.Propose")
def withdraw(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """Take one's own proposal back."""
    note = request.POST.get("note", "")[:300]
    done = _("The proposal is taken back. No money has moved.")
    return _decide(request, public_id, done, lambda found: cases.withdraw(actor=request.actor, case=found, note=note))


@require_POST
@permission_required("PaymentCases.Read", "PaymentCases.Approve")
def reject(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """Refuse what somebody proposed."""
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _page(request, _found(request, public_id), reason=form, status=422)
    note = form.cleaned_data["note"]
    done = _("Rejected. The case is open again, and no money has moved.")
    return _decide(request, public_id, done, lambda found: cases.reject(actor=request.actor, case=found, note=note))


@require_POST
@permission_required("PaymentCases.Read", "PaymentCases.Approve")
@step_up_required
def approve(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """Carry out what somebody proposed."""
    done = _("Approved and done.")
    return _decide(request, public_id, done, lambda found: cases.approve(actor=request.actor, case=found))


def _decide(
    request: ActorRequest, public_id: UUID, done: str, decide: Callable[[PaymentCase], object]
) -> HttpResponseBase:
    """Decide about the proposal that the page showed: another one that came meanwhile is not meant."""
    found = _found(request, public_id)
    seen = request.POST.get("version", "")
    found.version = int(seen) if seen.isascii() and seen.isdecimal() and len(seen) < 10 else 0
    try:
        decide(found)
    except ServiceError as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, done)
    return redirect("staff:case", public_id=public_id)
