"""The first page of a client's people: figures of several apps on one page."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import policy
from accounts.access.actors import Actor
from accounts.permissions import ActorRequest, permission_required
from accounts.selectors import api_users, clients
from payouts.models.states import BatchState
from payouts.selectors import balances, batches, transfers
from reports.overviews import companies

_SHOWN = 5


@never_cache
@require_safe
@permission_required("Clients.ReadOne")
def overview(request: ActorRequest) -> HttpResponse:
    """What there is, what waits for somebody, what happened last. Open while the client waits, and after a refusal."""
    client = request.actor.client
    if client is None:
        raise Http404
    context: dict[str, Any] = {"client": client}
    if client.is_active:
        context |= {"first_steps": clients.first_steps(client), "calls": clients.last_calls(request.actor)}
        days = companies.days_of(request.GET.get("days", ""))
        context |= _money(request.actor) | companies.home(request.actor, days) | {"ranges": companies.ranges()}
        if policy.allows(request.actor, "ApiUsers.Read"):
            context["api_users"] = api_users.listed(request.actor).order_by("-pk")[:_SHOWN]
    return render(request, "accounts/company/overview.html", context)


def _money(actor: Actor) -> dict[str, Any]:
    """As far as this person may see it."""
    found: dict[str, Any] = {}
    if policy.allows(actor, "Balance.Read"):
        found["standings"] = balances.standings(policy.own_client(actor))
    if policy.allows(actor, "Batches.Approve"):
        found["to_approve"] = batches.to_approve(actor)[:_SHOWN]
    if policy.allows(actor, "BulkDisbursement.ReadStatus"):
        found["short"] = batches.listed(actor).filter(state=BatchState.AWAITING_FUNDS)[:_SHOWN]
    if policy.allows(actor, "Payment.ReadOne"):
        found["transfers"] = transfers.seen(actor).filter(batch=None).order_by("-id")[:_SHOWN]
    return found
