"""Changing what a client tells about itself: how it is reached by its own people, all of it by staff."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.errors import NotFound
from accounts.forms.clients import COUNTRIES, ProfileForm
from accounts.models import Client
from accounts.permissions import ActorRequest, permission_required, step_up_required
from accounts.selectors import clients
from accounts.services import clients as services
from config.lib.errors import ServiceError
from config.lib.refusals import tell


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("Clients.Update")
def own(request: ActorRequest) -> HttpResponseBase:
    """Whom we ask, where to call, where to write: what a client changes by itself."""
    if request.actor.client is None:
        raise Http404
    return _change(request, request.actor.client, reverse("company:profile"))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("Clients.Update")
def of_client(request: ActorRequest, client_id: UUID) -> HttpResponseBase:
    """The profile of a client, also what it was let in with."""
    if not request.actor.is_gateway_staff:
        raise Http404
    try:
        found = clients.seen(request.actor, client_id)
    except NotFound:
        raise Http404 from None
    return _proven(request, found, reverse("staff:client", args=[found.public_id]))


def _change(request: ActorRequest, client: Client, back: str) -> HttpResponse:
    columns = services.changeable_by(request.actor, client)
    form = ProfileForm(request.POST or None, client=client, columns=columns)
    if request.method == "POST" and form.is_valid():
        try:
            changed = services.change(actor=request.actor, client=client, **form.cleaned_data)
        except ServiceError as refusal:
            tell(form, refusal)
        else:
            messages.success(request, _("The profile of %(name)s is saved.") % {"name": changed.name})
            return HttpResponseRedirect(back)
    context = {"client": client, "form": form, "columns": columns, "back": back, "countries": COUNTRIES}
    return render(request, "accounts/clients/change.html", context, status=400 if form.errors else 200)


# Whoever changes where the key of a developer goes has just proved who they are.
_proven = step_up_required(_change)
