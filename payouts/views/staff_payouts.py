"""Payouts of all clients, as staff look them up; and closing one that a rail never answered."""

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
from django.views.decorators.http import require_POST, require_safe

from accounts.access import policy
from accounts.permissions import ActorRequest, permission_required, step_up_required
from accounts.services import audit
from config.lib import clock, sheets
from config.lib.errors import ServiceError
from config.lib.pagination import keyset
from config.lib.states import look_of
from payouts.forms.staff import SettleForm
from payouts.forms.transfers import KINDS as KIND_WORDS
from payouts.forms.transfers import TransferFilter
from payouts.models import Payout
from payouts.models.states import State
from payouts.selectors import search
from payouts.services import settling
from payouts.views import transfer_pictures as pictures

NEEDS = [
    ("", gettext_lazy("All")),
    (search.DOUBT, gettext_lazy("Being checked")),
    (search.STUCK, gettext_lazy("For twelve hours")),
    (search.FLAGGED, gettext_lazy("Flagged")),
]
STATES = [("", gettext_lazy("Any state")), *[(state, look_of(f"payout:{state}").word) for state in State.values]]
KINDS = [("", gettext_lazy("Any kind")), *KIND_WORDS]


def _found(request: ActorRequest, public_id: UUID) -> Payout:
    """Staff only: people of clients may hold rights of the same name over nothing."""
    payout = search.one(request.actor, public_id) if request.actor.is_gateway_staff else None
    if payout is None:
        raise Http404
    return payout


def _wanted(request: ActorRequest) -> search.Wanted:
    """Staff look for anything, rows of batches too."""
    asked = request.GET.copy()
    asked["rows"] = search.EVERYTHING
    return TransferFilter(asked).wanted()


@never_cache
@require_safe
@permission_required("Payouts.Read")
def listing(request: ActorRequest) -> HttpResponse:
    """Where is this payment? By number, id, name, client or amount."""
    if not request.actor.is_gateway_staff:
        raise Http404
    wanted = _wanted(request)
    page = keyset(search.listed(request.actor, wanted), cursor=request.GET.get("cursor", ""))
    context = {
        "wanted": wanted,
        "page": page,
        "lines": search.lines_of(list(page.items)),
        "needs": NEEDS,
        "states": STATES,
        "kinds": KINDS,
    }
    return render(request, "staff/payouts/payouts.html", context)


@never_cache
@require_safe
@permission_required("Payouts.Read")
def export(request: ActorRequest) -> HttpResponseBase:
    """The rows of the list, all of them, for a spreadsheet. The export is on record."""
    if not request.actor.is_gateway_staff:
        raise Http404
    wanted = _wanted(request)
    found = search.listed(request.actor, wanted)
    rows = found[: search.MOST_ROWS + 1].count()
    if rows > search.MOST_ROWS:
        words = _("That is more than %(most)s rows. Narrow the list first.")
        messages.error(request, words % {"most": search.MOST_ROWS})
        return redirect(f"{request.path.removesuffix('export/')}?{request.GET.urlencode()}")
    filters = {name: str(value) for name, value in asdict(wanted).items() if value and name != "rows"}
    audit.record(request.actor, "payout.exported", after={"filters": filters, "rows": rows})
    head = search.csv_head(with_client=True)
    response = StreamingHttpResponse(sheets.lines(head, _rows(found)), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="payouts-{timezone.localtime():%Y-%m-%d-%H%M}.csv"'
    return response


def _rows(found: QuerySet[Payout]) -> Iterator[list[str]]:
    for payout in found[: search.MOST_ROWS].iterator(chunk_size=500):
        yield search.csv_row(payout, with_client=True)


@never_cache
@require_safe
@permission_required("Payouts.Read")
def payout(request: ActorRequest, public_id: UUID) -> HttpResponse:
    """Everything about one: facts, what happened, where the money is."""
    found = _found(request, public_id)
    if request.headers.get("HX-Request"):
        if request.GET.get("v") == pictures.version_of(found):
            return HttpResponse(status=204)
        return render(request, "staff/payouts/_payout.html", _context(request, found))
    return _page(request, found)


def _context(request: ActorRequest, found: Payout) -> dict[str, Any]:
    settle_from = search.settle_from(found)
    return {
        "payout": found,
        "picture": pictures.of(found, for_staff=True),
        "attempts": found.tries.order_by("number"),
        "settle_from": settle_from,
        "can_settle": bool(settle_from and settle_from <= clock.now())
        and policy.allows(request.actor, "Payouts.Settle"),
    }


def _page(request: ActorRequest, found: Payout, form: SettleForm | None = None, status: int = 200) -> HttpResponse:
    context = _context(request, found) | {"form": form or SettleForm(wanted=found.reference)}
    return render(request, "staff/payouts/payout.html", context, status=status)


@never_cache
@require_POST
@permission_required("Payouts.Read", "Payouts.Settle")
@step_up_required
def settle(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """Close one that the rail never answered."""
    found = _found(request, public_id)
    form = SettleForm(request.POST, wanted=found.reference)
    if not form.is_valid():
        return _page(request, found, form, status=422)
    said = form.cleaned_data
    try:
        settling.settle(
            actor=request.actor,
            payout=found,
            is_paid=form.is_paid,
            evidence=said["evidence"],
            reason=said["reason"],
        )
    except ServiceError as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("Closed. The client sees it now, and the record says why."))
    return redirect("staff:payout", public_id=public_id)
