"""Clients as staff see them: who waits, who there is, and everything about one."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import policy
from accounts.access.actors import Actor
from accounts.errors import NotFound
from accounts.forms.clients import ClientFilter, DeactivateForm, RejectForm
from accounts.models import Client, Role
from accounts.permissions import ActorRequest, permission_required, step_up_required
from accounts.selectors import api_users, clients, keys
from accounts.services import clients as services
from config.lib.errors import ServiceError
from config.lib.pagination import keyset
from config.lib.refusals import tell

_COMPANY = Role.COMPANY_ADMIN
STATUSES = [
    ("", gettext_lazy("Any state")),
    (Client.Status.PENDING, gettext_lazy("Waiting")),
    (Client.Status.ACTIVE, gettext_lazy("Active")),
    (Client.Status.REJECTED, gettext_lazy("Rejected")),
    (Client.Status.DEACTIVATED, gettext_lazy("Deactivated")),
]
KINDS = [
    ("", gettext_lazy("Both kinds")),
    (Client.Kind.COMPANY, gettext_lazy("Companies")),
    (Client.Kind.INDIVIDUAL, gettext_lazy("Individuals")),
]


@dataclass(frozen=True)
class Tab:
    """A part of a client's page; ``permission`` is what one must hold to see it."""

    name: str
    text: str | Promise
    permission: str


TABS = (
    Tab("profile", gettext_lazy("Profile"), "Clients.ReadOne"),
    Tab("people", gettext_lazy("People"), "PortalUsers.Read"),
    Tab("api-users", gettext_lazy("API users"), "ApiUsers.Read"),
    Tab("keys", gettext_lazy("Keys"), "ApiKeys.Read"),
    Tab("audit", gettext_lazy("Audit"), "Audit.ReadClient"),
)


def _staff(actor: Actor) -> Actor:
    """People of a client hold some of the same permissions; their desk is another one."""
    if not actor.is_gateway_staff:
        raise Http404
    return actor


def _seen(request: ActorRequest, client_id: UUID) -> Client:
    try:
        return clients.seen(_staff(request.actor), client_id)
    except NotFound:
        raise Http404 from None


@require_safe
@permission_required("Clients.Read")
def listing(request: ActorRequest) -> HttpResponse:
    """Every client, by state, kind and a few letters."""
    asked = ClientFilter(request.GET).asked()
    found = clients.listed(_staff(request.actor), status=asked["status"], kind=asked["kind"], search=asked["q"])
    context = {
        **asked,
        "page": keyset(found, cursor=request.GET.get("cursor", "")),
        "statuses": STATUSES,
        "kinds": KINDS,
        "waiting": clients.counts(request.actor).get(Client.Status.PENDING, 0),
    }
    return render(request, "accounts/clients/list.html", context)


@never_cache
@require_safe
@permission_required("Clients.ReadPending", look_only=_COMPANY)
def pending(request: ActorRequest) -> HttpResponse:
    """Who waits for approval, the longest first, with everything needed to decide."""
    waiting = clients.pending(_staff(request.actor))
    context = {"waiting": waiting[:50], "count": waiting.count(), "reject_form": RejectForm(auto_id=False)}
    return render(request, "accounts/clients/pending.html", context)


@never_cache
@require_safe
@permission_required("Clients.ReadOne")
def client(request: ActorRequest, client_id: UUID, tab: str = "profile") -> HttpResponse:
    """One client, in tabs."""
    found = _seen(request, client_id)
    tabs = [one for one in TABS if policy.allows(request.actor, one.permission)]
    if tab not in {one.name for one in tabs}:
        raise Http404
    context = {"client": found, "tabs": tabs, "tab": tab, **_of_tab(request, found, tab)}
    context["tab_template"] = f"accounts/clients/_{tab}.html"
    return render(request, "accounts/clients/client.html", context)


def _of_tab(request: ActorRequest, found: Client, tab: str) -> dict[str, Any]:
    cursor = request.GET.get("cursor", "")
    if tab == "people":
        return {"people": clients.people_of(found)}
    if tab == "api-users":
        return {"page": keyset(api_users.listed(request.actor).filter(client=found), cursor=cursor)}
    if tab == "keys":
        return {"page": keyset(keys.keys_of_client(request.actor, found), cursor=cursor)}
    return {"key_waits": clients.waits_for_key(found)} if tab == "profile" else {}


@require_POST
@permission_required("Clients.Approve", only=_COMPANY)
@step_up_required
def approve(request: ActorRequest, client_id: UUID) -> HttpResponseBase:
    found = _seen(request, client_id)
    try:
        done = services.approve(actor=request.actor, client=found)
    except ServiceError as refusal:
        messages.error(request, str(refusal.message))
    else:
        text = (
            _("%(name)s is approved. Its key is on the way by mail.")
            if done.api_user
            else _("%(name)s is approved. We have told it by mail.")
        )
        messages.success(request, text % {"name": found.name})
    return _back(request, found)


def _back(request: ActorRequest, found: Client) -> HttpResponseBase:
    """To the queue for whoever works it off, else to the client."""
    return redirect("staff:pending_clients") if request.POST.get("from") == "queue" else _to(found)


def _to(found: Client) -> HttpResponseBase:
    return redirect("staff:client", client_id=found.public_id)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("Clients.Reject", only=_COMPANY, look_only=_COMPANY)
def reject(request: ActorRequest, client_id: UUID) -> HttpResponseBase:
    """Turn a registration down, with the reason its client will read."""
    found = _seen(request, client_id)
    form = RejectForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.reject(actor=request.actor, client=found, **form.cleaned_data)
        except ServiceError as refusal:
            tell(form, refusal)
        else:
            messages.success(request, _("%(name)s is rejected. We have told it why by mail.") % {"name": found.name})
            return _back(request, found)
    context = {"client": found, "form": form, "came_from": request.POST.get("from", "")}
    return render(request, "accounts/clients/reject.html", context, status=400 if form.errors else 200)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("Clients.Deactivate", only=_COMPANY, look_only=_COMPANY)
@step_up_required
def deactivate(request: ActorRequest, client_id: UUID) -> HttpResponseBase:
    """Shut a client out, after reading what that does."""
    found = _seen(request, client_id)
    form = DeactivateForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.deactivate(actor=request.actor, client=found, **form.cleaned_data)
        except ServiceError as refusal:
            tell(form, refusal)
        else:
            messages.success(request, _("%(name)s is deactivated.") % {"name": found.name})
            return _to(found)
    context = {"client": found, "form": form, "effect": clients.effect_of_deactivation(found)}
    return render(request, "accounts/clients/deactivate.html", context, status=400 if form.errors else 200)


@require_POST
@permission_required("Clients.SendKeyAgain", only=_COMPANY)
@step_up_required
def send_key_again(request: ActorRequest, client_id: UUID) -> HttpResponseBase:
    """A new key by mail for an individual that never got its first."""
    found = _seen(request, client_id)
    try:
        services.send_key_again(actor=request.actor, client=found)
    except ServiceError as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("A new key is on the way to %(email)s.") % {"email": found.email})
    return _to(found)
