"""The desk of a client's people: how the client stands, its API users, what it told us about itself."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import policy
from accounts.errors import NotFound
from accounts.forms.api_users import ApiUserForm
from accounts.models import ApiUser, Client
from accounts.permissions import ActorRequest, permission_required, step_up_required
from accounts.selectors import api_users, clients, keys
from accounts.services import api_users as services
from config.lib.errors import ServiceError
from config.lib.pagination import keyset
from config.lib.refusals import tell


def _own(request: ActorRequest) -> Client:
    """The client of whoever asks; staff of the gateway have none, and no desk here."""
    if request.actor.client is None:
        raise Http404
    return request.actor.client


@require_safe
@permission_required("Clients.ReadOne")
def profile(request: ActorRequest) -> HttpResponse:
    """What the client told us about itself."""
    return render(request, "accounts/company/profile.html", {"client": _own(request)})


@require_safe
@permission_required("ApiUsers.Read")
def listing(request: ActorRequest) -> HttpResponse:
    """The developers whose programs call the API."""
    client = _own(request)
    page = keyset(api_users.listed(request.actor), cursor=request.GET.get("cursor", ""))
    context = {"client": client, "page": page, "is_individual": client.client_type == Client.Kind.INDIVIDUAL}
    return render(request, "accounts/company/api_users.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("ApiUsers.Create")
@step_up_required
@sensitive_variables()
def new(request: ActorRequest) -> HttpResponseBase:
    """Make an API user; the answer shows its key, once."""
    client = _own(request)
    form = ApiUserForm(request.POST or None, roles=policy.assignable_to_api_users(request.actor))
    if request.method == "POST" and form.is_valid():
        try:
            issued = services.create(actor=request.actor, **form.cleaned_data)
        except ServiceError as refusal:
            tell(form, refusal)
        else:
            context = {
                "api_user": services.owner_of(issued),
                "issued": issued,
                "filename": f"{issued.api_key}.txt",
            }
            return render(request, "accounts/company/api_user_made.html", context)
    context = {"form": form, "client": client}
    return render(request, "accounts/company/api_user_new.html", context, status=400 if form.errors else 200)


def _seen(request: ActorRequest, api_user_id: UUID) -> ApiUser:
    _own(request)
    try:
        return api_users.seen(request.actor, api_user_id)
    except NotFound:
        raise Http404 from None


@never_cache
@require_safe
@permission_required("ApiUsers.ReadOne")
def api_user(request: ActorRequest, api_user_id: UUID) -> HttpResponse:
    """One API user: who, what it may do, its keys and last calls."""
    found = _seen(request, api_user_id)
    context: dict[str, Any] = {"api_user": found}
    if policy.allows(request.actor, "ApiKeys.Read"):
        context["keys"] = keys.keys_of_api_user(request.actor, found)[:20]
    if policy.allows(request.actor, "ApiCalls.Read"):
        context["calls"] = clients.last_calls(request.actor, api_user=found)
    return render(request, "accounts/company/api_user.html", context)


@require_POST
@permission_required("ApiUsers.Deactivate")
@step_up_required
def deactivate(request: ActorRequest, api_user_id: UUID) -> HttpResponseBase:
    """Switch an API user off, with all its keys."""
    found = _seen(request, api_user_id)
    try:
        services.deactivate(actor=request.actor, api_user=found)
    except ServiceError as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(
            request, _("%(name)s is switched off. Its keys do not work any more.") % {"name": found.developer_name}
        )
    return redirect("company:api_user", api_user_id=found.public_id)
