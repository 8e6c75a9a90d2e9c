"""Checkouts of all clients, as staff look them up; nothing is changed here."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.permissions import ActorRequest, permission_required
from checkout.forms.desk import SessionFilter
from checkout.models import Session, State
from checkout.selectors import desk, sessions, stories
from checkout.views.desk import CURRENCY_CHIPS, GROUPS, PACE, READ, READ_ONE, has_paid, version_of
from config.lib.pagination import keyset


def _staff(request: ActorRequest) -> None:
    """People of clients hold these rights over their own, which they see elsewhere."""
    if not request.actor.is_gateway_staff:
        raise Http404


@never_cache
@require_safe
@permission_required(READ)
def listing(request: ActorRequest) -> HttpResponse:
    """What became of this link? By reference, id, description, client or amount."""
    _staff(request)
    wanted = SessionFilter(request.GET).wanted()
    page = keyset(desk.listed(request.actor, wanted), cursor=request.GET.get("cursor", ""))
    context = {
        "wanted": wanted,
        "page": page,
        "lines": desk.lines_of(list(page.items)),
        "groups": GROUPS,
        "currencies": CURRENCY_CHIPS,
    }
    return render(request, "staff/checkouts/list.html", context)


@never_cache
@require_safe
@permission_required(READ_ONE)
def session(request: ActorRequest, public_id: UUID) -> HttpResponse:
    """Everything about one: facts, each way the payer tried, where the money is. Its poll asks here too."""
    _staff(request)
    found = desk.one(request.actor, public_id)
    if found is None:
        raise Http404
    is_poll = bool(request.headers.get("HX-Request"))
    if is_poll and request.GET.get("v") == version_of(found):
        return HttpResponse(status=204)
    template = "staff/checkouts/_session.html" if is_poll else "staff/checkouts/session.html"
    return render(request, template, _context(found))


def _context(found: Session) -> dict[str, Any]:
    tries = sessions.tries_of(found)
    return {
        "session": found,
        "state": desk.shown_state(found),
        "made_by": stories.made_by(found),
        "tries": [(attempt, stories.why(attempt)) for attempt in tries],
        "partly": any(attempt.reason == stories.UNDERPAID for attempt in tries),
        "paid_by": next((attempt for attempt in tries if has_paid(attempt, found)), None),
        "events": stories.events_of(found, tries, for_staff=True),
        "version": version_of(found),
        "every": PACE if found.state == State.OPEN else 0,
    }
