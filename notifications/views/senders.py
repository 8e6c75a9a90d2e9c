"""Sender names: clients ask for them, staff decide."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import ActorRequest, permission_required
from config.lib.errors import ServiceError
from config.lib.pagination import keyset
from config.lib.refusals import tell
from config.lib.states import look_of
from notifications.forms.sms import STATES as SMS_STATES
from notifications.forms.sms import AskForm, ListForm, RefuseForm
from notifications.models import SmsSender
from notifications.selectors import sms as selectors
from notifications.services import senders as services
from notifications.views.sms import own_client

_STATES = [("all", gettext_lazy("All")), *((state.value, look_of(f"sender:{state}").word) for state in SmsSender.State)]


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("Sms.Read", "SenderIds.Request")
def own(request: ActorRequest) -> HttpResponseBase:
    """The names of a client, and asking for another one."""
    own_client(request)
    form = AskForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            asked = services.ask(
                actor=request.actor, name=form.cleaned_data["sender_id"], purpose=form.cleaned_data["purpose"]
            )
        except ServiceError as refusal:
            tell(form, refusal)
        else:
            messages.success(request, _("“%(name)s” waits for us. We look at it soon.") % {"name": asked.name})
            return redirect("company:sms_senders")
    context = {"form": form, "senders": selectors.senders_seen(request.actor).order_by("-id")[:100]}
    return render(request, "notifications/sms/senders.html", context, status=422 if form.errors else 200)


@require_POST
@permission_required("SenderIds.Request")
def withdraw(request: ActorRequest, sender_id: UUID) -> HttpResponse:
    """Give a name up."""
    own_client(request)
    return _done(request, lambda sender: services.withdraw(actor=request.actor, sender=sender), sender_id, "company")


@never_cache
@require_safe
@permission_required("Sms.Read")
def waiting(request: ActorRequest) -> HttpResponse:
    """Names that clients ask for; those that wait come first."""
    _staff(request)
    state = request.GET.get("state", SmsSender.State.ASKED)
    found = selectors.senders_seen(request.actor)
    if state in SmsSender.State.values:
        found = found.filter(state=state)
    page = keyset(found, cursor=request.GET.get("cursor", ""))
    taken = selectors.namesakes(page.items)
    context: dict[str, Any] = {
        "page": page,
        "rows": [(one, taken[one.public_id]) for one in page.items],
        "states": _STATES,
        "state": state,
    }
    return render(request, "notifications/sms/staff_senders.html", context)


@require_POST
@permission_required("SenderIds.Decide")
def allow(request: ActorRequest, sender_id: UUID) -> HttpResponse:
    """Let a client send under a name."""
    _staff(request)
    return _done(request, lambda sender: services.allow(actor=request.actor, sender=sender), sender_id, "staff")


@require_POST
@permission_required("SenderIds.Decide")
def refuse(request: ActorRequest, sender_id: UUID) -> HttpResponse:
    """Refuse a name, or take it back; the client reads why."""
    _staff(request)
    form = RefuseForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    return _done(
        request, lambda sender: services.refuse(actor=request.actor, sender=sender, reason=reason), sender_id, "staff"
    )


@never_cache
@require_safe
@permission_required("Sms.Read")
def sent(request: ActorRequest) -> HttpResponse:
    """All messages of clients, for staff who are asked where one is."""
    _staff(request)
    wanted = ListForm(request.GET).wanted()
    found = selectors.listed(request.actor, state=wanted["state"], search=wanted["q"])
    context = {
        "page": keyset(found, cursor=request.GET.get("cursor", "")),
        "wanted": wanted,
        "is_narrowed": any(wanted.values()),
        "states": SMS_STATES,
    }
    return render(request, "notifications/sms/staff_list.html", context)


def _staff(request: ActorRequest) -> None:
    """People of a client have pages of their own."""
    if not request.actor.is_gateway_staff:
        raise Http404


def _done(request: ActorRequest, act: Any, sender_id: UUID, side: str) -> HttpResponse:
    sender = selectors.senders_seen(request.actor).filter(public_id=sender_id).first()
    if sender is None:
        raise Http404
    try:
        changed = act(sender)
    except ServiceError as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(
            request,
            _("“%(name)s”: %(state)s.") % {"name": changed.name, "state": changed.get_state_display()},
        )
    return redirect(f"{side}:sms_senders")
