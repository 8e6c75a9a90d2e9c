"""Deposits of all customers, as staff look them up and look after them."""

from collections.abc import Iterator
from dataclasses import asdict
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import ActorRequest, permission_required
from accounts.services import audit
from config.lib import sheets
from config.lib.errors import ServiceError
from config.lib.pagination import keyset
from payments import services, wording
from payments.forms_cases import DepositFilter, ReasonForm
from payments.methods import METHODS, SANDBOX
from payments.models import Deposit, PaymentAttempt
from payments.overviews import deposits as overview
from payments.services import cases

STATES = [("", gettext_lazy("Any state")), *Deposit.State.choices]
METHOD_CHOICES = [
    ("", gettext_lazy("Any method")),
    *[(code, method.name) for code, method in METHODS.items() if code != SANDBOX],
]
OUTCOMES = [("", gettext_lazy("Any outcome")), *[one for one in Deposit.Outcome.choices if one[0]]]
NEEDS = [
    ("", gettext_lazy("All")),
    (overview.ATTENTION, gettext_lazy("Needs a look")),
    (overview.DOUBT, gettext_lazy("In doubt")),
]


def _found(request: ActorRequest, public_id: UUID) -> Deposit:
    """Staff only: people of clients may hold rights of the same name over nothing."""
    found = overview.one(public_id) if request.actor.is_gateway_staff else None
    if found is None:
        raise Http404
    return found


@never_cache
@require_safe
@permission_required("Deposits.Read")
def listing(request: ActorRequest) -> HttpResponse:
    """Where is this payment? By number, id, address or amount."""
    if not request.actor.is_gateway_staff:
        raise Http404
    wanted = DepositFilter(request.GET).wanted()
    page = keyset(overview.shown(overview.listed(wanted)), cursor=request.GET.get("cursor", ""))
    rows = [{"deposit": row, "attempt": overview.newest_attempt(row)} for row in page.items]
    context = {
        "wanted": wanted,
        "page": page,
        "rows": rows,
        "states": STATES,
        "methods": METHOD_CHOICES,
        "outcomes": OUTCOMES,
        "needs": NEEDS,
    }
    return render(request, "staff/payments/deposits.html", context)


@never_cache
@require_safe
@permission_required("Deposits.Read")
def export(request: ActorRequest) -> HttpResponseBase:
    """The rows of the list, all of them, for a spreadsheet. The export is on record."""
    if not request.actor.is_gateway_staff:
        raise Http404
    wanted = DepositFilter(request.GET).wanted()
    found = overview.listed(wanted).order_by("-id")
    rows = found[: overview.MOST_ROWS + 1].count()
    if rows > overview.MOST_ROWS:
        text = _("That is more than %(most)s rows. Narrow the list first.") % {"most": overview.MOST_ROWS}
        messages.error(request, text)
        return redirect(f"{request.path.removesuffix('export/')}?{request.GET.urlencode()}")
    lines = sheets.lines(overview.csv_head(), _rows(overview.shown(found)))
    # What was asked and counted, not whatever else stood in the address.
    filters = {name: str(value) for name, value in asdict(wanted).items() if value}
    audit.record(request.actor, "deposit.exported", after={"filters": filters, "rows": rows})
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="deposits-{timezone.localtime():%Y-%m-%d-%H%M}.csv"'
    return response


def _rows(found: QuerySet[Deposit]) -> Iterator[list[str]]:
    for deposit in found[: overview.MOST_ROWS].iterator(chunk_size=500):
        yield overview.csv_row(deposit)


@never_cache
@require_safe
@permission_required("Deposits.Read")
def deposit(request: ActorRequest, public_id: UUID) -> HttpResponse:
    """Everything about one: facts, what happened, where the money is, what can be done."""
    return _page(request, _found(request, public_id), ReasonForm())


def _page(request: ActorRequest, found: Deposit, form: ReasonForm, status: int = 200) -> HttpResponse:
    attempts = list(found.attempts.order_by("-pk"))
    context = {
        "deposit": found,
        "attempts": attempts,
        "receipts": found.receipts.select_related("customer__user").order_by("pk"),
        "cases": found.cases.order_by("-pk"),
        "events": overview.events_of(found),
        "told": _told(found),
        "may_ask": any(one.state in _ASKABLE for one in attempts),
        "in_doubt": [one for one in attempts if one.state in overview.UNSETTLED],
        "form": form,
    }
    return render(request, "staff/payments/deposit.html", context, status=status)


def _told(found: Deposit) -> list[str]:
    """What its customer reads about it; a client has no page of ours for it."""
    if found.customer is None:
        return []
    return [line for line in (wording.outcome_sentence(found), *wording.case_sentences(found)) if line]


_ASKABLE = {PaymentAttempt.State.IN_DOUBT, PaymentAttempt.State.OPEN, PaymentAttempt.State.CLOSED}


@require_POST
@permission_required("Deposits.Read", "PaymentCases.Propose")
def ask(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """Have the provider asked now."""
    found = _found(request, public_id)
    try:
        services.check_now(deposit=found)
    except ServiceError as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("The provider is being asked. Open the page again in a few seconds."))
    return redirect("staff:deposit", public_id=public_id)


@require_POST
@permission_required("Deposits.Read", "PaymentCases.Propose")
def correct(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """Open a case by hand."""
    found, form = _found(request, public_id), ReasonForm(request.POST)
    if not form.is_valid():
        return _page(request, found, form, status=422)
    try:
        case = cases.open_correction(actor=request.actor, deposit=found, note=form.cleaned_data["note"])
    except ServiceError as refusal:
        messages.error(request, str(refusal.message))
        return redirect("staff:deposit", public_id=public_id)
    return redirect("staff:case", public_id=case.public_id)
