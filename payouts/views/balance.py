"""What a client has, where it went, and putting more in."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import policy
from accounts.models import Client
from accounts.permissions import ActorRequest, permission_required
from config.lib.errors import ServiceError
from config.lib.pagination import keyset
from config.lib.refusals import tell
from payouts.errors import NotFound
from payouts.forms.funding import FundingForm, PlayForm
from payouts.models import Funding
from payouts.selectors import balances
from payouts.services import funding as services
from wallets import selectors as ledger
from wallets.export import csv_lines
from wallets.forms import DIRECTIONS, PeriodForm
from wallets.lines import Line, lines_of
from wallets.models import Account, Posting


def _own(request: ActorRequest) -> Client:
    """The client of whoever asks; staff of the gateway have none, and no desk here."""
    if request.actor.client is None:
        raise Http404
    return request.actor.client


@never_cache
@require_safe
@permission_required("Balance.Read")
def balance(request: ActorRequest) -> HttpResponse:
    """What is there, what is on its way, what was announced, and every line of the account."""
    client = _own(request)
    currency = _currency(request)
    form = PeriodForm(request.GET or None)
    account = _account(request, client, currency)
    context: dict[str, Any] = {
        "client": client,
        "standings": balances.standings(client, is_sandbox=_in_sandbox(request)),
        "currency": currency,
        "in_sandbox": _in_sandbox(request),
        "open_fundings": balances.fundings_of(client).filter(state__in=[Funding.State.ANNOUNCED, Funding.State.FOUND])[
            :20
        ],
        "can_fund": bool(services.currencies()),
        "play_form": PlayForm(),
        "form": form,
        "directions": DIRECTIONS,
        "direction": form.period().direction,
        "account": account,
    }
    if account is not None:
        found = ledger.statement(account, form.period(), cursor=request.GET.get("cursor", ""))
        context |= {"statement": found, "lines": _lines(request, account, found.page.items)}
    return render(request, "payouts/balance.html", context)


def _lines(request: ActorRequest, account: Account, postings: Sequence[Posting]) -> list[Line]:
    """Card payments have pages of their own, for those who may read them."""
    lines = lines_of(account, postings)
    if policy.allows(request.actor, "Reports.ReadCardTransactions"):
        return lines
    return [replace(line, url="") if line.moved.subject.startswith("card:") else line for line in lines]


@require_safe
@permission_required("Balance.Read")
def statement_csv(request: ActorRequest) -> StreamingHttpResponse:
    """The same lines as the page, all of them, for a spreadsheet."""
    form = PeriodForm(request.GET or None)
    account = _account(request, _own(request), _currency(request))
    postings = ledger.entries(account, form.period()) if account else Posting.objects.none()
    response = StreamingHttpResponse(csv_lines(account, postings), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="balance-{timezone.localdate():%Y-%m-%d}.csv"'
    return response


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("Balance.Read", "Balance.TopUp")
def top_up(request: ActorRequest) -> HttpResponseBase:
    """Announce a transfer; the next page says where to send it and what to write on it."""
    client = _own(request)
    currencies = services.currencies()
    form = FundingForm(request.POST or None, currencies=currencies, initial={"amount": request.GET.get("amount", "")})
    if request.method == "POST" and form.is_valid():
        try:
            made = services.announce(actor=request.actor, **form.cleaned_data)
        except ServiceError as refusal:
            tell(form, refusal)
        else:
            return redirect("company:funding", public_id=made.public_id)
    recent = keyset(balances.fundings_of(client), cursor=request.GET.get("cursor", ""))
    context = {"form": form, "page": recent, "currencies": currencies}
    return render(request, "payouts/top_up.html", context, status=400 if form.errors else 200)


@never_cache
@require_safe
@permission_required("Balance.Read")
def funding(request: ActorRequest, public_id: UUID) -> HttpResponse:
    """One top-up: where to send it, what to write on it, whether it has arrived. Looks again by itself while open."""
    found = _seen(request, public_id)
    is_open = found.state in (Funding.State.ANNOUNCED, Funding.State.FOUND)
    context = {"funding": found, "is_open": is_open, "bank_account": balances.bank_account(found.currency)}
    template = "payouts/funding.html#live" if request.headers.get("HX-Request") else "payouts/funding.html"
    return render(request, template, context)


@require_POST
@permission_required("Balance.Read", "Balance.TopUp")
def call_off(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """Take an announcement back."""
    found = _seen(request, public_id)
    try:
        services.call_off(actor=request.actor, funding=found)
    except ServiceError as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("The top-up is called off."))
    return redirect("company:funding", public_id=public_id)


@require_POST
@permission_required("Balance.Read", "Balance.TopUp")
def play(request: ActorRequest) -> HttpResponseBase:
    """Play money for the sandbox."""
    _own(request)
    form = PlayForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(str(words) for words in form.errors.get("amount", [])))
        return redirect("/company/balance/?sandbox=1")
    try:
        services.play(actor=request.actor, amount=form.cleaned_data["amount"])
    except ServiceError as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("The play money is in your sandbox balance."))
    return redirect("/company/balance/?sandbox=1")


def _seen(request: ActorRequest, public_id: UUID) -> Funding:
    _own(request)
    try:
        return balances.own_funding(request.actor, public_id)
    except NotFound:
        raise Http404 from None


def _in_sandbox(request: ActorRequest) -> bool:
    return request.GET.get("sandbox") == "1"


def _currency(request: ActorRequest) -> str:
    currency = request.GET.get("currency", balances.MAIN)
    if currency not in {"IDR", "SLE", "USD"}:
        raise Http404
    return currency


def _account(request: ActorRequest, client: Client, currency: str) -> Account | None:
    rows = Account.objects.filter(client=client, currency=currency, is_sandbox=_in_sandbox(request))
    return rows.first()
