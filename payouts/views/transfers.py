"""Transfers of a client's people: what was sent, a new one, its code, and what became of it."""

import secrets
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import policy
from accounts.models import Client
from accounts.permissions import ActorRequest, permission_required
from accounts.services import audit, idempotency
from config.lib import sheets
from config.lib.errors import ServiceError
from config.lib.money import InvalidAmount, read_amount
from config.lib.pagination import keyset
from config.lib.refusals import tell
from payouts import proof as papers
from payouts.errors import PayoutBlocked
from payouts.forms.transfers import KINDS as KIND_WORDS
from payouts.forms.transfers import CodeForm, TransferFilter, TransferForm
from payouts.models import Payout
from payouts.models.states import Kind, State
from payouts.selectors import balances, search
from payouts.services import receivers
from payouts.services import transfers as services
from payouts.services.receivers import Outlook
from payouts.views import transfer_pictures as pictures

GROUPS = [
    ("", gettext_lazy("All")),
    ("code", gettext_lazy("Waiting for a code")),
    ("way", gettext_lazy("On the way")),
    ("paid", gettext_lazy("Paid")),
    ("unpaid", gettext_lazy("Not paid")),
]
KINDS = [("", gettext_lazy("Any kind")), *KIND_WORDS]
ROWS = [
    ("", gettext_lazy("Without batches")),
    (search.ROWS, gettext_lazy("Rows of batches")),
    (search.EVERYTHING, gettext_lazy("Both")),
]


def _own(request: ActorRequest) -> Client:
    """The client of whoever asks; staff of the gateway have none, and send nothing."""
    if request.actor.client is None:
        raise Http404
    return request.actor.client


def _found(request: ActorRequest, public_id: UUID) -> Payout:
    _own(request)
    payout = search.one(request.actor, public_id)
    if payout is None:
        raise Http404
    return payout


@never_cache
@require_safe
@permission_required("Payment.ReadRange")
def listing(request: ActorRequest) -> HttpResponse:
    """What was sent, and what waits."""
    client = _own(request)
    form = TransferFilter(request.GET)
    wanted = form.wanted()
    page = keyset(search.listed(request.actor, wanted), cursor=request.GET.get("cursor", ""))
    context = {
        "wanted": wanted,
        "form": form,
        "page": page,
        "lines": search.lines_of(list(page.items)),
        "groups": GROUPS,
        "kinds": KINDS,
        "rows": ROWS,
        "available": balances.available(client, is_sandbox=request.actor.is_sandbox),
        "currency": balances.MAIN,
    }
    return render(request, "payouts/transfers.html", context)


@never_cache
@require_safe
@permission_required("Payment.ReadRange")
def export(request: ActorRequest) -> HttpResponseBase:
    """The rows of the list, all of them, for a spreadsheet. The export is on record."""
    _own(request)
    wanted = TransferFilter(request.GET).wanted()
    found = search.listed(request.actor, wanted)
    rows = found[: search.MOST_ROWS + 1].count()
    if rows > search.MOST_ROWS:
        messages.error(
            request, _("That is more than %(most)s rows. Narrow the list first.") % {"most": search.MOST_ROWS}
        )
        return redirect(f"{request.path.removesuffix('export/')}?{request.GET.urlencode()}")
    filters = {name: str(value) for name, value in asdict(wanted).items() if value}
    audit.record(request.actor, "payout.exported", after={"filters": filters, "rows": rows})
    response = StreamingHttpResponse(
        sheets.lines(search.csv_head(), _rows(found)), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="transfers-{timezone.localtime():%Y-%m-%d-%H%M}.csv"'
    return response


def _rows(found: QuerySet[Payout]) -> Iterator[list[str]]:
    for payout in found[: search.MOST_ROWS].iterator(chunk_size=500):
        yield search.csv_row(payout)


# --- a new one ------------------------------------------------------------------------------------------------


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("Payment.Initiate")
def new(request: ActorRequest) -> HttpResponseBase:
    """To whom, how much: nothing moves yet, a code is sent."""
    _own(request)
    if request.method != "POST":
        wished = {name: request.GET.get(name, "")[:120] for name in ("destination", "receiver_name", "amount")}
        form = TransferForm(initial={**wished, "key": secrets.token_urlsafe(18)})
        return _form_page(request, form, _look(request, request.GET), 200)
    form = TransferForm(request.POST)
    outlook = _look(request, request.POST)
    if form.is_valid() and _may_go_on(form, outlook):
        try:
            return redirect("company:transfer", public_id=_initiate(request, form.cleaned_data, outlook))
        except ServiceError as refusal:
            _tell(form, refusal)
    return _form_page(request, form, outlook, 422)


def _may_go_on(form: TransferForm, outlook: Outlook) -> bool:
    """What the bank says of the account is looked at by the person first."""
    if outlook.problem:
        form.add_error("destination", outlook.problem)
    elif outlook.unknown_account:
        form.add_error("destination", _("The bank or operator knows no such account or number."))
    elif outlook.fits is False and outlook.route and form.cleaned_data["sure"] != outlook.route.receiver:
        form.add_error("receiver_name", _("The bank has another name for this account. Look again before you go on."))
    return not form.errors


def _initiate(request: ActorRequest, said: dict[str, Any], outlook: Outlook) -> str:
    """Once, however often the button is pressed. What a rule stopped is kept, and shown as such."""
    content = {name: str(value) for name, value in said.items()}
    answer = idempotency.once_at_length(
        actor=request.actor,
        operation="page.transfer",
        key=said["key"],
        content=content,
        # Repeated after a crash it asks for a second payment, which without its code is none.
        act=lambda _claim: {"id": str(_ask(request, said, outlook).public_id)},
    )
    return str(answer.body["id"])


def _ask(request: ActorRequest, said: dict[str, Any], outlook: Outlook) -> Payout:
    is_bank = outlook.route is not None and outlook.route.kind == Kind.BANK
    try:
        return services.initiate(
            actor=request.actor,
            account_number=said["destination"] if is_bank else "",
            phone="" if is_bank else said["destination"],
            amount=said["amount"],
            narration=said["narration"],
            receiver_name=said["receiver_name"],
        )
    except PayoutBlocked as refusal:
        return refusal.payout


def _tell(form: TransferForm, refusal: ServiceError) -> None:
    """The page has one field for what the API calls two things."""
    for name in ("account_number", "phone"):
        if name in refusal.fields:
            refusal.fields = {"destination": refusal.fields[name]}
    tell(form, refusal)


def _look(request: ActorRequest, said: Any) -> Outlook:
    try:
        amount = read_amount(said.get("amount", "")[:24], balances.MAIN)
    except InvalidAmount:
        amount = None
    return receivers.look_ahead(
        actor=request.actor,
        destination=said.get("destination", "")[:60].replace("\0", ""),
        amount=amount,
        name=said.get("receiver_name", "")[:120].replace("\0", ""),
    )


def _form_page(request: ActorRequest, form: TransferForm, outlook: Outlook, status: int) -> HttpResponse:
    context = {
        "form": form,
        "outlook": outlook,
        "currency": balances.MAIN,
        "recent": search.recent_receivers(request.actor),
        "steps": pictures.STEPS,
    }
    return render(request, "payouts/transfer_new.html", context, status=status)


@never_cache
@require_POST
@permission_required("Payment.Initiate")
def look(request: ActorRequest) -> HttpResponse:
    """Whose account this is and what it would cost, as it is typed. Sent by POST: numbers stay out of logs."""
    _own(request)
    return render(request, "payouts/_look.html", {"outlook": _look(request, request.POST), "currency": balances.MAIN})


# --- one ------------------------------------------------------------------------------------------------------


@never_cache
@require_safe
@permission_required("Payment.ReadOne")
def transfer(request: ActorRequest, public_id: UUID) -> HttpResponse:
    """Where it stands; while it waits, the field for its code. The page's poll asks here too: 204 for nothing new."""
    payout = _found(request, public_id)
    if request.headers.get("HX-Request"):
        if request.GET.get("v") == pictures.version_of(payout):
            return HttpResponse(status=204)
        return render(request, "payouts/_transfer.html", _context(request, payout, CodeForm()))
    return _page(request, payout, CodeForm())


def _page(request: ActorRequest, payout: Payout, form: CodeForm, status: int = 200) -> HttpResponse:
    return render(request, "payouts/transfer.html", _context(request, payout, form), status=status)


def _context(request: ActorRequest, payout: Payout, form: CodeForm) -> dict[str, Any]:
    return {
        "payout": payout,
        "form": form,
        "picture": pictures.of(payout),
        "steps": pictures.STEPS,
        "may_pay": policy.allows(request.actor, "Payment.Authorize"),
        "may_ask": policy.allows(request.actor, "Payment.Initiate"),
        "may_resend": policy.allows(request.actor, "Payment.ResendOtp"),
    }


@sensitive_variables()
@sensitive_post_parameters("code")
@never_cache
@require_POST
@permission_required("Payment.ReadOne", "Payment.Authorize")
def authorise(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """Let it go with its code."""
    payout, form = _found(request, public_id), CodeForm(request.POST)
    if not form.is_valid():
        return _page(request, payout, form, 422)
    try:
        services.authorise(actor=request.actor, payout=payout, code=form.cleaned_data["code"])
    except ServiceError as refusal:
        again = _found(request, public_id)
        if again.state != State.PENDING:
            return redirect("company:transfer", public_id=public_id)
        form.add_error("code", str(refusal.message))
        return _page(request, again, form, 422)
    return redirect("company:transfer", public_id=public_id)


@require_POST
@permission_required("Payment.ReadOne", "Payment.ResendOtp")
def resend(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """Send a new code."""
    return _do(request, public_id, services.resend, _("A new code is on its way. The old one does not work any more."))


@require_POST
@permission_required("Payment.ReadOne", "Payment.Initiate")
def cancel(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """Call it off."""
    return _do(request, public_id, services.cancel, _("Called off. No money has moved."))


def _do(request: ActorRequest, public_id: UUID, act: Any, done: str) -> HttpResponseBase:
    payout = _found(request, public_id)
    try:
        act(actor=request.actor, payout=payout)
    except ServiceError as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, done)
    return redirect("company:transfer", public_id=public_id)


@never_cache
@require_safe
@permission_required("Payment.ReadOne")
def proof(request: ActorRequest, public_id: UUID) -> HttpResponse:
    """That it was paid, as a document to pass on."""
    payout = _found(request, public_id)
    if payout.state != State.COMPLETED:
        raise Http404
    response = HttpResponse(papers.pdf_of(payout), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{payout.reference}.pdf"'
    return response
