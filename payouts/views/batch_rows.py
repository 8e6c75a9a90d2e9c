"""Mending a batch before it is sent for approval: row by row in place, the wrong ones together, or leaving some out."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import ActorRequest, permission_required
from config.lib.errors import ServiceError
from config.lib.refusals import tell
from payouts.forms.batches import CorrectedForm, RowForm
from payouts.models import Batch, BatchRow
from payouts.models.states import BatchState, RowState
from payouts.services import rows as services
from payouts.views import shown
from payouts.views.batches import CSV, download, figures_of
from payouts.views.desk import MAKE, READ, batch_of, row_of, say


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(READ, MAKE)
def row(request: ActorRequest, public_id: UUID, row_id: UUID) -> HttpResponseBase:
    """One row: as it stands, with its fields to mend (``?fix=1``), or mended. A page of its own without JavaScript."""
    found = batch_of(request, public_id)
    line = row_of(request, found, row_id)
    if request.method == "POST":
        return _mended(request, found, line)
    form = _filled(line) if request.GET.get("fix") and found.state == BatchState.VALIDATED else None
    return _answer(request, found, line, form=form)


def _filled(row: BatchRow) -> RowForm:
    return RowForm(
        initial={
            "destination": row.destination,
            "amount": row.amount_text,
            "receiver_name": row.receiver_name,
            "narration": row.narration,
        },
        auto_id=f"row-{row.position}-%s",
    )


def _mended(request: ActorRequest, found: Batch, row: BatchRow) -> HttpResponseBase:
    form = RowForm(request.POST, auto_id=f"row-{row.position}-%s")
    if form.is_valid():
        try:
            row = services.edit(actor=request.actor, row=row, **form.cleaned_data)
        except ServiceError as refusal:
            tell(form, refusal)
    if form.errors:
        return _answer(request, found, row, form=form, status=422)
    found.refresh_from_db()
    if row.state == RowState.ERROR:
        # Still wrong: the fields stay open, with what was typed.
        return _answer(request, found, row, form=_filled(row), tried=True)
    if not request.headers.get("HX-Request"):
        return redirect("company:batch", public_id=found.public_id)
    return _answer(request, found, row, mended=True)


def _answer(
    request: ActorRequest, found: Batch, row: BatchRow, *, form: RowForm | None = None, status: int = 200, **more: Any
) -> HttpResponse:
    context: dict[str, Any] = {"line": shown.lines_of([row])[0], "form": form, "batch": found, "may_make": True, **more}
    context["is_editable"] = found.state == BatchState.VALIDATED
    if not request.headers.get("HX-Request"):
        return render(request, "payouts/batches/row.html", context, status=status)
    if more:
        context |= figures_of(found)
    return render(request, "payouts/batches/_row_answer.html", context, status=status)


@require_POST
@permission_required(MAKE)
def leave_out(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """Leave one row out, or all wrong ones, by an explicit choice."""
    return _moved(request, public_id, services.leave_out, "errors")


@require_POST
@permission_required(MAKE)
def put_back(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """Take rows that were left out in again; they are checked anew."""
    return _moved(request, public_id, services.put_back, "all")


def _moved(request: ActorRequest, public_id: UUID, act: Any, every: str) -> HttpResponseBase:
    found = batch_of(request, public_id)
    which = request.POST.get("rows", "")
    ids = _ids(request)
    try:
        if which == every:
            act(actor=request.actor, batch=found, rows=every)
        elif ids:
            act(actor=request.actor, batch=found, rows=ids)
    except ServiceError as refusal:
        say(request, refusal)
    if request.headers.get("HX-Request") and len(ids) == 1:
        return _one_moved(request, found, ids[0])
    return redirect(_back(request, found))


def _ids(request: ActorRequest) -> list[UUID]:
    found = []
    for text in request.POST.getlist("row")[:1000]:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found


def _one_moved(request: ActorRequest, found: Batch, row_id: UUID) -> HttpResponse:
    found.refresh_from_db()
    return _answer(request, found, row_of(request, found, row_id), moved=True)


def _back(request: ActorRequest, found: Batch) -> str:
    response = redirect("company:batch", public_id=found.public_id)
    show = request.POST.get("show", "")
    return f"{response.url}?show={show}" if show in RowState.values else response.url


@require_POST
@permission_required(MAKE)
def replace(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """Take the corrected file of wrong rows in, in their places."""
    found = batch_of(request, public_id)
    form = CorrectedForm(request.POST, request.FILES)
    if not form.is_valid():
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
    else:
        _replaced(request, found, form)
    return redirect("company:batch", public_id=found.public_id)


def _replaced(request: ActorRequest, found: Batch, form: CorrectedForm) -> None:
    try:
        done = services.replace(actor=request.actor, batch=found, file=form.cleaned_data["file"])
    except ServiceError as refusal:
        say(request, refusal)
        return
    words = ngettext("%(count)d row was replaced.", "%(count)d rows were replaced.", done.rows)
    messages.success(request, words % {"count": done.rows})
    if done.unknown:
        words = _("These lines of the file name no row of this batch: %(lines)s.")
        messages.warning(request, words % {"lines": ", ".join(str(line) for line in done.unknown[:20])})


@require_safe
@permission_required(READ)
def wrong_rows(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """Only the wrong rows, with what is wrong about each, to be mended and uploaded again."""
    found = batch_of(request, public_id)
    name = _("wrong-rows") + f"-{found.reference}.csv"
    return download(services.errors_file(found), CSV, name)
