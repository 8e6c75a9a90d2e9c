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
from config.lib import clock
from config.lib.errors import ServiceError
from payouts.selectors import batches, items
from reports import catalogue
from reports.catalogue import Report, Scope, Wanted
from reports.forms.views import ViewForm
from reports.selectors import kept
from reports.services import exports
from reports.views import shown, sums

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
        "exports": kept.exports_of(request.user, [report.slug for report in reports])[:3],
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
    context |= {"unheard": found.unheard(request.GET.dict()), "is_reversed": wanted.is_reversed}
    if not found.of_batch or context["batch"]:
        context |= _filters(found, scope, wanted) | _rows(found, scope, request.GET.get("cursor", ""))
    return render(request, "reports/report.html", context)


def _rows(report: Report, scope: Scope, cursor: str) -> dict[str, Any]:
    """The rows of a page and how many there are in all; that it takes too long, where it does."""
    try:
        with catalogue.too_slow():
            page = shown.page_of(report, scope, cursor)
    except catalogue.TooSlow:
        return {"is_slow": True, "counted": catalogue.Counted(None, clock.now(), is_all=False)}
    lines = shown.lines_of(report, scope, page)
    is_whole = not cursor and not page.next_cursor and not report.group_by and len(lines) <= settings.EXPORT_AT_ONCE
    counted = catalogue.Counted(len(lines), clock.now()) if is_whole else catalogue.counted(report, scope)
    return {"page": page, "lines": lines, "counted": counted, "is_beyond": bool(cursor) and not lines}


def _filters(report: Report, scope: Scope, wanted: Wanted) -> dict[str, Any]:
    return {
        "columns": shown.columns_of(report, scope),
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
    known: dict[str, Any] = {"batch": batch, "batch_counts": counts}
    return known | sums.of_batch(batch) if report.adds_up else known


@never_cache
@require_safe
@sign_in_required
def export(request: ActorRequest, slug: str) -> HttpResponseBase:
    """The rows of the page, all of them, as far as they are few."""
    found = report_of(request, slug)
    wanted = found.wanted(request.GET.dict())
    if answer := _refused(request, found):
        return answer
    scope = shown.scope_of(request, wanted)
    counted = catalogue.up_to(found, scope, settings.EXPORT_AT_ONCE)
    if counted.rows is None or not counted.is_all:
        messages.error(request, _("That is more than can be sent at once. Have the file prepared instead."))
        return redirect(_address(found, wanted.as_query()))
    sheet = exports.at_once(actor=request.actor, report=found, scope=scope, rows=counted.rows)
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
    if answer := _refused(request, found):
        return answer
    try:
        made = exports.ask(actor=request.actor, user=request.user, report=found, scope=scope)
    except ServiceError as refusal:
        messages.error(request, str(refusal.message))
        return redirect(_address(found, wanted.as_query()))
    return redirect("reports:export", public_id=made.public_id)


def _refused(request: ActorRequest, report: Report) -> HttpResponseBase | None:
    """No file of more than was meant: back to the page, which says what it did not understand."""
    if not report.unheard(request.GET.dict()) and not report.wanted(request.GET.dict()).is_reversed:
        return None
    return redirect(f"{reverse('reports:report', args=[report.slug])}?{request.GET.urlencode()}")


def _address(report: Report, query: str) -> str:
    return reverse("reports:report", args=[report.slug]) + (f"?{query}" if query else "")
