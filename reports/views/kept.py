"""Views that a reader keeps of a report: save, rename, open with, delete."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.permissions import ActorRequest, sign_in_required
from config.lib.errors import ServiceError
from reports.forms.views import ViewForm
from reports.models import SavedView
from reports.selectors import kept
from reports.services import views as services
from reports.views.pages import report_of


@require_POST
@sign_in_required
def save(request: ActorRequest, slug: str) -> HttpResponseBase:
    """What the address asks for, under a name."""
    report, form = report_of(request, slug), ViewForm(request.POST)
    query = report.wanted(request.GET.dict()).as_query()
    if not form.is_valid():
        messages.error(request, _("Give the view a name of at most 60 characters."))
        return redirect(_address(slug, query))
    try:
        view = services.save(user=request.user, report=report, query=query, **form.cleaned_data)
    except ServiceError as refusal:
        messages.error(request, str(refusal.message))
        return redirect(_address(slug, query))
    messages.success(request, _("Kept as “%(name)s”.") % {"name": view.name})
    return redirect(_address(slug, query, view))


@require_POST
@sign_in_required
def change(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """Another name, or whether the report opens with it."""
    view, form = _own(request, public_id), ViewForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Give the view a name of at most 60 characters."))
    else:
        try:
            services.change(view=view, **form.cleaned_data)
        except ServiceError as refusal:
            messages.error(request, str(refusal.message))
        else:
            messages.success(request, _("Changed."))
    return redirect(_address(view.report, view.query, view))


@require_POST
@sign_in_required
def remove(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """It is gone; the report stays."""
    view = _own(request, public_id)
    services.remove(view=view)
    messages.success(request, _("The view “%(name)s” is deleted.") % {"name": view.name})
    return redirect(_address(view.report, "range=all"))


def _own(request: ActorRequest, public_id: UUID) -> SavedView:
    """Of a report that the reader may still see."""
    view = kept.view_of(request.user, public_id)
    if view is None:
        raise Http404
    report_of(request, view.report)
    return view


def _address(slug: str, query: str, view: SavedView | None = None) -> str:
    parts = [part for part in (query, f"view={view.public_id}" if view else "") if part]
    return reverse("reports:report", args=[slug]) + (f"?{'&'.join(parts)}" if parts else "?range=all")
