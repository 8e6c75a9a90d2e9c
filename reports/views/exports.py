"""Files that were prepared for the reader: how far each is, and the file itself."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpResponse, HttpResponseBase, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.permissions import ActorRequest, sign_in_required
from config.lib.pagination import keyset
from config.lib.sealed_files import Lost
from reports import catalogue
from reports.catalogue import Report
from reports.models import Export
from reports.selectors import kept
from reports.services import exports as services


@never_cache
@require_safe
@sign_in_required
def listing(request: ActorRequest) -> HttpResponse:
    """The reader's of reports that it may still see, newest first."""
    reports = {report.slug: report for report in catalogue.listed(request.actor)}
    if not reports:
        raise Http404
    cursor = request.GET.get("cursor", "")
    page = keyset(kept.exports_of(request.user, reports), cursor=cursor)
    found = [(export, reports[export.report]) for export in page.items]
    context = {"page": page, "found": found, "is_beyond": bool(cursor) and not found}
    return render(request, "reports/exports.html", context)


@never_cache
@require_safe
@sign_in_required
def export(request: ActorRequest, public_id: UUID) -> HttpResponse:
    """One of them; the page's poll asks here too."""
    found, report = _own(request, public_id)
    context: dict[str, Any] = {"export": found, "report": report, "progress": kept.progress_of(found)}
    context |= {"is_too_long": kept.is_too_long(found), "most_rows": settings.EXPORT_MOST_ROWS}
    context["polls"] = found.state in (Export.State.WAITING, Export.State.RUNNING)
    context["asked"] = report.wanted(QueryDict(found.query).dict())
    template = "reports/_export.html" if request.headers.get("HX-Request") else "reports/export.html"
    return render(request, template, context)


@never_cache
@require_safe
@sign_in_required
def download(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """The file."""
    found, report = _own(request, public_id)
    if found.state != Export.State.READY:
        return redirect("reports:export", public_id=public_id)
    try:
        pieces = services.opened(found)
    except Lost as error:
        raise Http404 from error
    answer = StreamingHttpResponse(pieces, content_type="text/csv; charset=utf-8")
    # A file that breaks off is then seen to be short.
    answer["Content-Length"] = str(found.bytes)
    answer["Content-Disposition"] = f'attachment; filename="{services.file_name(report, found.as_of)}"'
    return answer


def _own(request: ActorRequest, public_id: UUID) -> tuple[Export, Report]:
    """The reader's own, of a report that it may still see."""
    found = kept.export_of(request.user, public_id)
    report = catalogue.seen(request.actor, found.report) if found is not None else None
    if found is None or report is None:
        raise Http404
    return found, report
