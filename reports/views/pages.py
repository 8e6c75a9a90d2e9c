"""The list of reports, and each of them: on the page, and as the file of exactly that."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import ActorRequest, sign_in_required
from config.lib.errors import ServiceError
from payouts.selectors import batches, items
from reports import catalogue
from reports.catalogue import Report, Scope, Wanted
from reports.forms.views import ViewForm
from reports.selectors import kept
from reports.services import exports
from reports.views import shown

_BATCHES = 8


def report_of(request: ActorRequest, slug: str) -> Report:
    """A report that the reader may see; for everybody else there is no such page."""
    report = catalogue.seen(request.actor, slug)
    if report is None:
        raise Http404
    return report


@never_cache
@require_safe
@sign_in_required
def index(request: ActorRequest) -> HttpResponse:
    """Every report that the reader may see, with the views kept of it."""
    reports = catalogue.listed(request.actor)
    if not reports:
        raise Http404
    views: dict[str, list[Any]] = {}
    for view in kept.views_of(request.user):
        views.setdefault(view.report, []).append(view)
    sections = [
        (title, [(report, views.get(report.slug, [])) for report in reports if report.section == section])
        for section, title in catalogue.SECTIONS.items()
    ]
    context = {
        "sections": [(title, found) for title, found in sections if found],
        "exports": kept.exports_of(request.user)[:3],
    }
    return render(request, "reports/index.html", context)


@never_cache
@require_safe
@sign_in_required
def report(request: ActorRequest, slug: str) -> HttpResponseBase:
    """One of them. Opened without a question it asks that of the reader's default view."""
    found = report_of(request, slug)
    if not request.GET and (default := kept.default_view(request.user, slug)) and default.query:
        return redirect(f"{request.path}?{default.query}&view={default.public_id}")
    wanted = found.wanted(request.GET.dict())
    scope = shown.scope_of(request, wanted)
    context = {"report": found, "wanted": wanted, "scope": scope, "query": wanted.as_query()}
    context |= _kept(request, found, wanted.as_query()) | _batch(found, scope)
    if not found.of_batch or context["batch"]:
        context |= _rows(request, found, scope, wanted)
    return render(request, "reports/report.html", context)


def _rows(request: ActorRequest, report: Report, scope: Scope, wanted: Wanted) -> dict[str, Any]:
    page = shown.page_of(report, scope, request.GET.get("cursor", ""))
    counted = catalogue.counted(report, scope)
    return {
        "page": page,
        "columns": shown.columns_of(report, scope),
        "lines": shown.lines_of(report, scope, page),
        "counted": counted,
        "at_once": counted.rows <= settings.EXPORT_AT_ONCE,
        "presets": catalogue.PRESETS,
        "preset": _preset(wanted),
        "states": [("", _("Any state")), *report.states],
        "kinds": [("", _("Any kind") if report.kind == "kind" else _("Any method")), *report.kinds],
    }


def _preset(wanted: Wanted) -> str:
    """The chip that is chosen; none where days were typed."""
    return "" if wanted.first or wanted.last else wanted.preset or "all"


def _kept(request: ActorRequest, report: Report, query: str) -> dict[str, Any]:
    views = list(kept.views_of(request.user, report.slug))
    current = next((view for view in views if view.query == query), None)
    return {"views": views, "current": current, "form": ViewForm()}


def _batch(report: Report, scope: Scope) -> dict[str, Any]:
    """The one that it is about, or those to choose from."""
    if not report.of_batch:
        return {}
    batch = scope.batch()
    if batch is None:
        return {"batch": None, "batches": batches.listed(scope.actor)[:_BATCHES]}
    counts = [items.processed_count(batch), items.failed_count(batch), items.pending_count(batch)]
    return {"batch": batch, "batch_counts": counts}


@never_cache
@require_safe
@sign_in_required
def export(request: ActorRequest, slug: str) -> HttpResponseBase:
    """The rows of the page, all of them, as far as they are few."""
    found = report_of(request, slug)
    wanted = found.wanted(request.GET.dict())
    scope = shown.scope_of(request, wanted)
    rows = found.count(scope)
    if rows > settings.EXPORT_AT_ONCE:
        messages.error(request, _("That is more than can be sent at once. Have the file prepared instead."))
        return redirect(_address(found, wanted.as_query()))
    sheet = exports.at_once(actor=request.actor, report=found, scope=scope, rows=rows)
    # Not streamed: nobody gets the half of a file, and no slow reader holds a connection of the database.
    answer = HttpResponse(b"".join(sheet), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{exports.file_name(found)}"'
    return answer


@require_POST
@sign_in_required
def prepare(request: ActorRequest, slug: str) -> HttpResponseBase:
    """Have a worker prepare the file of what the page shows."""
    found = report_of(request, slug)
    wanted = found.wanted(request.GET.dict())
    scope = shown.scope_of(request, wanted)
    if found.of_batch and scope.batch() is None:
        raise Http404
    try:
        made = exports.ask(actor=request.actor, user=request.user, report=found, scope=scope)
    except ServiceError as refusal:
        messages.error(request, str(refusal.message))
        return redirect(_address(found, wanted.as_query()))
    return redirect("reports:export", public_id=made.public_id)


def _address(report: Report, query: str) -> str:
    return reverse("reports:report", args=[report.slug]) + (f"?{query}" if query else "")
