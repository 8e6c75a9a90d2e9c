"""Two people for a batch: the one who asks, and another one who looks at it and says yes."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import ActorRequest, permission_required, step_up_required
from config.lib.errors import ServiceError
from config.lib.pagination import keyset
from payouts import checking
from payouts.forms.batches import ApprovalForm, SendBackForm, SubmitForm
from payouts.models import Batch
from payouts.models.states import BatchState
from payouts.selectors import batches
from payouts.services import batches as services
from payouts.views import shown
from payouts.views.batches import may_decide
from payouts.views.desk import APPROVE, MAKE, batch_of, own_client, say


@never_cache
@require_safe
@permission_required(APPROVE)
def waiting(request: ActorRequest) -> HttpResponse:
    """What waits for a second person, the longest first; and what waits only for money."""
    own_client(request)
    listed, for_me = batches.listed(request.actor), batches.to_approve(request.actor)
    asked = listed.filter(state=BatchState.AWAITING_APPROVAL).exclude(pk__in=for_me.order_by().values("pk"))
    context = {
        "page": keyset(for_me, order_by="id", cursor=request.GET.get("cursor", "")),
        "mine": list(asked[:20]),
        "unfunded": list(listed.filter(state=BatchState.AWAITING_FUNDS)[:20]),
    }
    return render(request, "payouts/batches/approvals.html", context)


@require_POST
@permission_required(MAKE)
def submit(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """Ask a second person to approve."""
    found, form = batch_of(request, public_id), SubmitForm(request.POST)
    reason = form.cleaned_data["duplicates_reason"].strip() if form.is_valid() else ""
    return _done(
        request,
        found,
        lambda: services.submit(actor=request.actor, batch=found, duplicates_reason=reason),
        _("Sent for approval. Somebody else looks at it now."),
    )


@require_POST
@permission_required(MAKE)
def withdraw(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """Take a batch back to change it."""
    found = batch_of(request, public_id)
    return _done(
        request,
        found,
        lambda: services.withdraw(actor=request.actor, batch=found),
        _("Taken back. You can change it and send it for approval again."),
    )


@require_POST
@permission_required(MAKE)
def discard(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """Call a batch off of which nothing has been sent."""
    found = batch_of(request, public_id)
    if found.started_at is not None:
        messages.error(request, _("It has begun already."))
        return redirect("company:batch", public_id=found.public_id)
    act = lambda: services.cancel(actor=request.actor, batch=found)  # noqa: E731
    return _done(request, found, act, _("Called off. Nothing was sent."))


def _done(request: ActorRequest, found: Batch, act: Callable[[], object], words: str) -> HttpResponseBase:
    try:
        act()
    except ServiceError as refusal:
        say(request, refusal)
    else:
        messages.success(request, words)
    return redirect("company:batch", public_id=found.public_id)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(APPROVE)
@step_up_required
def approve(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """What is asked for, at a glance; then the second person's yes to exactly that."""
    found = batch_of(request, public_id)
    if found.state != BatchState.AWAITING_APPROVAL:
        return redirect("company:batch", public_id=found.public_id)
    if request.method != "POST":
        return _page(request, found, SendBackForm())
    form = ApprovalForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Please look at the batch again: it may have changed."))
        return redirect("company:batch_approve", public_id=found.public_id)
    return _approved(request, found, form)


def _approved(request: ActorRequest, found: Batch, form: ApprovalForm) -> HttpResponseBase:
    try:
        found = services.approve(actor=request.actor, batch=found, **form.cleaned_data)
    except ServiceError as refusal:
        say(request, refusal)
        return redirect("company:batch_approve", public_id=found.public_id)
    if found.state == BatchState.AWAITING_FUNDS:
        messages.warning(request, _("Approved. The balance is not enough yet: it starts by itself after a top-up."))
    else:
        messages.success(request, _("Approved. It is being sent now."))
    return redirect("company:batch", public_id=found.public_id)


def _page(request: ActorRequest, found: Batch, form: SendBackForm, status: int = 200) -> HttpResponse:
    before = batches.before_approval(found)
    context = {
        "batch": found,
        "before": before,
        "largest": shown.lines_of(before.largest),
        "newcomers": shown.lines_of(before.new_receivers),
        "banks": checking.totals_by_bank(found),
        "may_decide": may_decide(request, found),
        "form": form,
    }
    return render(request, "payouts/batches/approve.html", context, status=status)


@require_POST
@permission_required(APPROVE)
@step_up_required
def send_back(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """The approver wants changes, and says which."""
    found, form = batch_of(request, public_id), SendBackForm(request.POST)
    if not form.is_valid():
        if found.state != BatchState.AWAITING_APPROVAL:
            return redirect("company:batch", public_id=found.public_id)
        return _page(request, found, form, status=422)
    reason = form.cleaned_data["reason"]
    return _done(
        request,
        found,
        lambda: services.send_back(actor=request.actor, batch=found, reason=reason),
        _("Sent back. Whoever made it reads why."),
    )
