"""Card payments of a client's people: what was paid, and capturing, releasing and giving back."""

import secrets
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Client
from accounts.permissions import ActorRequest, permission_required
from accounts.services import idempotency
from accounts.services.idempotency import Claim
from cards import fees
from cards.errors import OutcomeUnknown
from cards.forms.payments import CaptureForm, PaymentFilter, RefundForm
from cards.models import CardAct, CardPayment
from cards.models.states import ActState
from cards.selectors import search
from cards.services import acts as services
from cards.views import lists, pictures
from config.lib.errors import ServiceError
from config.lib.money import format_money
from config.lib.pagination import keyset
from config.lib.refusals import tell
from wallets.selectors import client_balances

READ = "Reports.ReadCardTransactions"
CAPTURE, VOID, REFUND = "CardPayments.Capture", "CardPayments.Void", "CardPayments.Refund"


def _own(request: ActorRequest) -> Client:
    """The client of whoever asks; staff of the gateway have none, and pages of their own."""
    if request.actor.client is None:
        raise Http404
    return request.actor.client


def _found(request: ActorRequest, public_id: UUID) -> CardPayment:
    _own(request)
    payment = search.one(request.actor, public_id)
    if payment is None:
        raise Http404
    return payment


@never_cache
@require_safe
@permission_required(READ)
def listing(request: ActorRequest) -> HttpResponseBase:
    """What was paid by card, and what waits to be captured."""
    _own(request)
    if elsewhere := lists.without_number(request):
        return elsewhere
    form = PaymentFilter(request.GET)
    wanted = form.wanted()
    page = keyset(search.listed(request.actor, wanted), cursor=request.GET.get("cursor", ""))
    context = {
        "wanted": wanted,
        "form": form,
        "page": page,
        "lines": lists.lines_of(list(page.items)),
        "groups": lists.GROUPS,
        "currencies": lists.CURRENCIES,
    }
    return render(request, "cards/list.html", context)


@never_cache
@require_safe
@permission_required(READ)
def export(request: ActorRequest) -> HttpResponseBase:
    """The rows of the list as a file."""
    _own(request)
    return lists.exported(request)


@never_cache
@require_safe
@permission_required(READ)
def payment(request: ActorRequest, public_id: UUID) -> HttpResponse:
    """Where one stands, and what may be done with it. The page's poll asks here too: 204 for nothing new."""
    found = _found(request, public_id)
    is_poll = bool(request.headers.get("HX-Request"))
    if is_poll and request.GET.get("v") == pictures.version_of(found):
        return HttpResponse(status=204)
    context = {"payment": found, "picture": pictures.of(found)}
    return render(request, "cards/_payment.html" if is_poll else "cards/payment.html", context)


# --- what is done with one ----------------------------------------------------------------------------------------


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(CAPTURE, CAPTURE)
def capture(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """Collect the amount or a part of it: said, read once more, done."""
    found = _found(request, public_id)
    if not pictures.of(found).can_capture:
        return _too_late(request, found)
    given = request.POST if request.method == "POST" else None
    form = CaptureForm(given, payment=found, most=found.amount, initial=_beginning(request, found.amount))
    if not form.is_valid():
        return _ask(request, "cards/capture.html", found, form)
    amount = form.cleaned_data["amount"]
    if not form.is_sure:
        fee = fees.fee_of(amount, found.currency)
        more = {"rest": found.amount - amount, "fee": fee, "net": amount - fee}
        return render(request, "cards/capture_sure.html", _to_be_sure(found, form) | more)

    def act(claim: Claim) -> CardAct:
        return services.capture(payment=found, amount=amount, actor=request.actor, reference=claim.reference)

    return _done(request, found, form, "page.card_capture", act)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(VOID, VOID)
def release(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """Let an authorised amount go: nothing is charged."""
    found = _found(request, public_id)
    if not pictures.of(found).can_release:
        return _too_late(request, found)
    if request.method != "POST":
        return render(request, "cards/release.html", {"payment": found})
    try:
        made = services.void(payment=found, actor=request.actor)
    except ServiceError as refusal:
        _say(request, refusal)
    else:
        _say_outcome(request, found, made.state, made.kind, made.amount, str(made.get_reason_display()))
    return redirect("company:card", public_id=public_id)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(REFUND, REFUND)
def refund(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """Give the captured amount or a part of it back: said, read once more, done."""
    found = _found(request, public_id)
    if not pictures.of(found).can_refund:
        return _too_late(request, found)
    given = request.POST if request.method == "POST" else None
    form = RefundForm(given, payment=found, most=found.refundable, initial=_beginning(request, found.refundable))
    available = _available(found)
    if not form.is_valid():
        return _ask(request, "cards/refund.html", found, form, available=available)
    said = form.cleaned_data
    if not form.is_sure:
        more = {"available": available, "left": found.refundable - said["amount"], "after": available - said["amount"]}
        return render(request, "cards/refund_sure.html", _to_be_sure(found, form) | more)

    def act(claim: Claim) -> CardAct:
        told = {"amount": said["amount"], "note": said["note"], "reference": claim.reference}
        return services.refund(payment=found, actor=request.actor, **told)

    return _done(request, found, form, "page.card_refund", act)


def _available(payment: CardPayment) -> Decimal:
    found = client_balances(payment.client, is_sandbox=payment.is_sandbox)
    return next((one.available for one in found if one.currency == payment.currency), Decimal(0))


def _beginning(request: ActorRequest, amount: Decimal) -> dict[str, str]:
    """A form as it is opened, or gone back to."""
    told = {"amount": request.GET.get("amount", "")[:24], "note": request.GET.get("note", "")[:200]}
    whole = f"{amount.normalize():f}" if amount == amount.to_integral_value() else f"{amount:.2f}"
    return {"amount": told["amount"] or whole, "note": told["note"], "key": secrets.token_urlsafe(18)}


def _ask(request: ActorRequest, template: str, found: CardPayment, form: Any, **more: Any) -> HttpResponse:
    context = {"payment": found, "form": form, **more}
    return render(request, template, context, status=422 if form.is_bound else 200)


def _to_be_sure(found: CardPayment, form: CaptureForm | RefundForm) -> dict[str, Any]:
    """Everything once more, and the amount that the last button stands for."""
    said = form.cleaned_data
    return {"payment": found, "said": said, "amount": said["amount"], "sure": f"{said['amount']:f}"}


def _done(
    request: ActorRequest,
    found: CardPayment,
    form: CaptureForm | RefundForm,
    operation: str,
    act: Callable[[Claim], CardAct],
) -> HttpResponseBase:
    """Do it once, however often the button is pressed, and say what became of it."""
    said = form.cleaned_data
    content = {"payment": str(found.public_id), "amount": f"{said['amount']:f}", "note": said.get("note", "")}

    def once(claim: Claim) -> dict[str, Any]:
        try:
            made = act(claim)
        except OutcomeUnknown:
            # It is on its way and asked about: pressed again, it must not become a second one.
            return {"state": ActState.IN_DOUBT, "kind": "", "reason": ""}
        return {"state": made.state, "kind": made.kind, "reason": str(made.get_reason_display())}

    try:
        told = idempotency.once_at_length(
            actor=request.actor, operation=operation, key=said["key"], content=content, act=once
        ).body
    except ServiceError as refusal:
        if refusal.fields:
            tell(form, refusal)
            return _again(request, found, form, operation)
        _say(request, refusal)
    else:
        _say_outcome(request, found, told["state"], told["kind"], said["amount"], told["reason"])
    return redirect("company:card", public_id=found.public_id)


def _again(request: ActorRequest, found: CardPayment, form: Any, operation: str) -> HttpResponse:
    template = "cards/capture.html" if operation == "page.card_capture" else "cards/refund.html"
    return _ask(request, template, found, form, available=_available(found))


def _say(request: ActorRequest, refusal: ServiceError) -> None:
    level = messages.warning if isinstance(refusal, OutcomeUnknown) else messages.error
    level(request, str(refusal.message))


_DONE_WORDS: dict[str, Callable[[], str]] = {
    "capture": lambda: _("%(amount)s captured. It is in your balance, less the fee."),
    "void": lambda: _("%(amount)s released to the holder. Nothing was charged."),
    "refund": lambda: _("%(amount)s given back to the holder."),
}


def _say_outcome(
    request: ActorRequest, found: CardPayment, state: str, kind: str, amount: Decimal, reason: str
) -> None:
    if state == ActState.DONE:
        sum_ = format_money(amount, found.currency)
        messages.success(request, _DONE_WORDS[kind]() % {"amount": sum_})
    elif state == ActState.FAILED:
        messages.error(request, _("The processor refused it. No money has moved. %(reason)s") % {"reason": reason})
    else:
        words = _("The processor has not answered yet. We ask until it is clear; do not do it again.")
        messages.warning(request, words)


def _too_late(request: ActorRequest, found: CardPayment) -> HttpResponseBase:
    messages.info(request, _("That is not possible any more: here is where the payment stands."))
    return redirect("company:card", public_id=found.public_id)
