"""Who did what: the whole record for the gateway's staff, a client's own for its people, one's own for everybody."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import policy
from accounts.access.actors import Actor
from accounts.forms.audit import AuditForm
from accounts.models import AuditEntry
from accounts.permissions import ActorRequest, permission_required, sign_in_required
from accounts.selectors import audit as selectors
from accounts.services import audit as services
from config.lib import sheets
from config.lib.pagination import keyset


@require_safe
@permission_required("Audit.Read")
def everything(request: ActorRequest) -> HttpResponse:
    """All of it, searched, with the state of its chain."""
    _staff_only(request.actor)
    context = _search(request) | {"check": selectors.last_check(), "page_url": reverse("staff:audit")}
    context["may_export"] = policy.allows(request.actor, "Audit.Export")
    return render(request, "accounts/audit/list.html", context)


@require_safe
@permission_required("Audit.ReadClient")
def of_client(request: ActorRequest) -> HttpResponse:
    """What was done in the name of the reader's own client, and to it."""
    if request.actor.client is None:
        raise Http404
    return render(request, "accounts/audit/list.html", _search(request) | {"page_url": reverse("company:audit")})


@require_safe
@permission_required("Audit.Export")
def export(request: ActorRequest) -> HttpResponse | StreamingHttpResponse:
    """The lines of the page, all of them and no later ones, for a spreadsheet. The export is on record itself."""
    _staff_only(request.actor)
    form = AuditForm(request.GET)
    if not form.is_valid():
        raise Http404
    wanted = form.wanted()
    wanted = replace(wanted, until=wanted.until or selectors.newest())
    found = selectors.entries(request.actor, wanted).order_by("-id")
    rows = selectors.count(found)
    if rows > selectors.MOST_ROWS:
        context = _search(request) | {"page_url": reverse("staff:audit"), "too_many": True}
        return render(request, "accounts/audit/list.html", context, status=422)
    lines = sheets.lines(selectors.csv_head(), _rows(found, rows, request.actor))
    services.note_export(actor=request.actor, filters=wanted.as_given(), rows=rows)
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="audit-{timezone.localtime():%Y-%m-%d-%H%M}.csv"'
    return response


@require_safe
@sign_in_required
def own(request: ActorRequest) -> HttpResponse:
    """What the reader did: a line one does not remember is a warning."""
    page = keyset(selectors.by_person(request.user), cursor=request.GET.get("cursor", ""), size=50)
    context = {"page": page, "lines": [selectors.line_of(entry, request.actor) for entry in page.items]}
    return render(request, "accounts/audit/own.html", context)


def _staff_only(actor: Actor) -> None:
    if not actor.is_gateway_staff:
        raise Http404


def _search(request: HttpRequest) -> dict[str, Any]:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    form = AuditForm(request.GET)
    wanted = form.wanted()
    page = selectors.page(actor, wanted, cursor=request.GET.get("cursor", ""))
    return {
        "form": form,
        "wanted": wanted,
        "page": page,
        "lines": [selectors.line_of(entry, actor) for entry in page.items],
        "count": selectors.count(selectors.entries(actor, wanted)),
        "most": selectors.MOST_ROWS,
        "about": selectors.found_by(wanted.about) if actor.is_gateway_staff else None,
        "until": selectors.newest(),
    }


def _rows(found: QuerySet[AuditEntry], most: int, actor: Actor) -> Iterator[list[str]]:
    entries: Iterator[AuditEntry] = found[:most].iterator(chunk_size=500)
    for entry in entries:
        yield selectors.csv_row(entry, actor)
