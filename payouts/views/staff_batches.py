"""Batches of all clients, as staff look them up; nothing is changed here."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.permissions import ActorRequest, permission_required
from config.lib.pagination import keyset
from payouts.errors import NotFound
from payouts.files import words_of
from payouts.forms.batches import SENT_FILTERS, ListFilter
from payouts.models import Batch
from payouts.models.states import BatchState, RowState
from payouts.selectors import batch_stories, batches
from payouts.views import progressing, shown
from payouts.views.batches import GROUPS, filtered

# As in the API: the report of all batches, and of one.
READ, READ_ONE = "Reports.ReadBatches", "Reports.ReadBatch"
_FILTERS = [*SENT_FILTERS, RowState.ERROR.value]
_SHOWS = [*progressing.SHOWS, (RowState.ERROR.value, _("Wrong"))]
# Seconds between two looks at one that something is happening to.
_PACE = 5
_MOVING = (BatchState.CHECKING, BatchState.APPROVED, BatchState.PROCESSING)


def _staff(request: ActorRequest) -> None:
    """People of clients hold these rights over their own, which they see elsewhere."""
    if not request.actor.is_gateway_staff:
        raise Http404


@never_cache
@require_safe
@permission_required(READ)
def listing(request: ActorRequest) -> HttpResponse:
    """Where is this batch? By name, file, reference, id or client."""
    _staff(request)
    words, group = ListFilter(request.GET).wanted()
    found = filtered(batches.listed(request.actor), words, group, by_client=True)
    context = {
        "page": keyset(found, cursor=request.GET.get("cursor", "")),
        "q": words,
        "group": group if group in GROUPS else "",
        "groups": [(name, text) for name, (text, _states) in GROUPS.items()],
    }
    return render(request, "staff/batches/list.html", context)


@never_cache
@require_safe
@permission_required(READ_ONE)
def batch(request: ActorRequest, public_id: UUID) -> HttpResponse:
    """Everything about one: facts, how far it is, where the money is, row by row. Its poll asks here too."""
    _staff(request)
    try:
        found = batches.seen(request.actor, public_id)
    except NotFound:
        raise Http404 from None
    if not request.headers.get("HX-Request"):
        return render(request, "staff/batches/batch.html", {**_facts(found), **_rows(request, found)})
    if request.GET.get("v") == str(found.version) and found.state != BatchState.PROCESSING:
        return HttpResponse(status=204)
    return render(request, "staff/batches/_batch.html", _facts(found))


def _facts(found: Batch) -> dict[str, Any]:
    context: dict[str, Any] = {
        "batch": found,
        "made_by": batch_stories.made_by(found),
        "approved_by": batch_stories.approved_by(found),
        "trouble": words_of(found.trouble) if found.trouble else "",
        "events": batch_stories.events_of(found),
        "every": _PACE if found.state in _MOVING else 0,
    }
    return context | (progressing.drawn(found, batches.progress(found)) if found.started_at else {})


def _rows(request: ActorRequest, found: Batch) -> dict[str, Any]:
    """One page of rows, by the filter in the address."""
    show = request.GET.get("show", "")
    show = show if show in _FILTERS else ""
    page = batches.rows(found, show, request.GET.get("cursor", ""))
    return {"page": page, "lines": shown.lines_of(page.items), "show": show, "shows": _SHOWS}
