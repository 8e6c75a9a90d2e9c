"""A batch that is being sent: pause, go on, call off the rest, try failed rows again; and what to take away from it."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts.permissions import ActorRequest, permission_required
from config.lib.errors import ServiceError
from payouts.models import Batch
from payouts.services import batches as services
from payouts.views.desk import RETRY, STEER, batch_of, say

Act = Callable[..., Batch]


def _steered(request: ActorRequest, public_id: UUID, act: Act, words: str) -> HttpResponseBase:
    found = batch_of(request, public_id)
    try:
        act(actor=request.actor, batch=found)
    except ServiceError as refusal:
        say(request, refusal)
    else:
        messages.success(request, words)
    return redirect("company:batch", public_id=found.public_id)


@require_POST
@permission_required(STEER)
def pause(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """Let nothing more leave, for now."""
    return _steered(request, public_id, services.pause, _("Paused. What has left already comes to its end."))


@require_POST
@permission_required(STEER)
def resume(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """Go on."""
    return _steered(request, public_id, services.resume, _("It goes on."))


@require_POST
@permission_required(STEER)
def cancel(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """Call off what has not left yet."""
    return _steered(request, public_id, services.cancel, _("What had not left is called off."))


@require_POST
@permission_required(RETRY)
def retry(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """Try all failed rows again, or those that are ticked."""
    found = batch_of(request, public_id)
    chosen = None if request.POST.get("rows") == "all" else _chosen(request)
    if chosen == []:
        messages.error(request, _("Tick the rows that should be tried again."))
        return redirect("company:batch", public_id=found.public_id)
    try:
        done = services.retry(actor=request.actor, batch=found, items=chosen)
    except ServiceError as refusal:
        say(request, refusal)
    else:
        _tell(request, done)
    return redirect("company:batch", public_id=found.public_id)


def _chosen(request: ActorRequest) -> list[UUID]:
    found = []
    for text in request.POST.getlist("row")[:1000]:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found


def _tell(request: ActorRequest, done: services.Retried) -> None:
    count = len(done.payouts)
    if count:
        words = ngettext("%(count)d row is tried again.", "%(count)d rows are tried again.", count)
        messages.success(request, words % {"count": count})
    for one in done.skipped[:5]:
        words = _("Row %(number)d is not tried again: %(reason)s")
        messages.warning(request, words % {"number": one.row.position, "reason": one.reason})
    if len(done.skipped) > 5:
        left = len(done.skipped) - 5
        words = ngettext("… and %(count)d row more.", "… and %(count)d rows more.", left)
        messages.warning(request, words % {"count": left})
