"""Batches of a client: the list, a new one, and one page for each, from its file to its end."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet, Sum
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import HttpResponseClientRefresh

from accounts.access import policy
from accounts.permissions import ActorRequest, permission_required
from config.lib.errors import ServiceError
from config.lib.pagination import keyset
from config.lib.refusals import tell
from payouts import checking
from payouts.files import words_of
from payouts.files.templates import csv_template, xlsx_template
from payouts.forms.batches import CHECK_FILTERS, PASTE_LENGTH, SENT_FILTERS, ListFilter, SubmitForm, UploadForm
from payouts.models import Batch, BatchRow
from payouts.models.states import GOOD_ROWS, BatchState, RowState
from payouts.selectors import batches
from payouts.services import rows as services
from payouts.views import progressing, shown
from payouts.views.desk import APPROVE, MAKE, READ, RETRY, batch_of, own_client

S = BatchState
# A payment of a batch has a page of its own, with its story and its proof.
LOOK = "Payment.ReadOne"
CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# Chips of the list: the states that a person sees as one.
GROUPS: dict[str, tuple[Any, tuple[BatchState, ...]]] = {
    "": (_("All"), ()),
    "unfinished": (_("To finish"), (S.CHECKING, S.VALIDATED)),
    "approval": (_("Waiting for approval"), (S.AWAITING_APPROVAL,)),
    "funds": (_("Waiting for a top-up"), (S.APPROVED, S.AWAITING_FUNDS)),
    "running": (_("Being sent"), (S.PROCESSING, S.PAUSED)),
    "partly": (_("With failed rows"), (S.PARTLY_COMPLETED,)),
    "done": (_("Completed"), (S.COMPLETED,)),
    "cancelled": (_("Cancelled"), (S.CANCELLED, S.UNREADABLE)),
}
# What the one page of a batch shows.
STAGES = {
    S.CHECKING: "reading",
    S.UNREADABLE: "unreadable",
    S.VALIDATED: "checked",
    S.AWAITING_APPROVAL: "waiting",
    S.APPROVED: "waiting",
    S.AWAITING_FUNDS: "waiting",
}


def stage_of(batch: Batch) -> str:
    """Which of its pages a batch shows; once it has begun, the live one to its end."""
    if batch.state == S.CANCELLED and batch.started_at is None:
        return "called_off"
    return STAGES.get(BatchState(batch.state), "live")


@never_cache
@require_safe
@permission_required(READ)
def listing(request: ActorRequest) -> HttpResponse:
    """Every batch, newest first."""
    own_client(request)
    words, group = ListFilter(request.GET).wanted()
    found = filtered(batches.listed(request.actor), words, group)
    context = {
        "page": keyset(found, cursor=request.GET.get("cursor", "")),
        "q": words,
        "group": group if group in GROUPS else "",
        "groups": [(name, text) for name, (text, _states) in GROUPS.items()],
    }
    return render(request, "payouts/batches/list.html", context)


def filtered(found: QuerySet[Batch], words: str, group: str, *, by_client: bool = False) -> QuerySet[Batch]:
    """Those of a group of states, with words in their name, file or reference; staff also look by client."""
    states = GROUPS.get(group, GROUPS[""])[1]
    if states:
        found = found.filter(state__in=states)
    if not words:
        return found
    match = Q(name__icontains=words) | Q(reference=words.upper()) | Q(file_name__icontains=words)
    if by_client:
        match |= Q(client__name__icontains=words)
        with suppress(ValueError):
            match |= Q(public_id=UUID(words))
    return found.filter(match)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(MAKE)
def new(request: ActorRequest) -> HttpResponseBase:
    """Give a file, or paste rows."""
    own_client(request)
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = _made(request, form)
        except ServiceError as refusal:
            tell(form, refusal)
        else:
            return redirect("company:batch", public_id=made.public_id)
    context = {"form": form, "most_bytes": settings.PAYOUT_FILE_BYTES, "most_rows": settings.PAYOUT_FILE_ROWS}
    context |= {"paste_length": PASTE_LENGTH, "pasted": bool(form.is_bound and form.data.get("text"))}
    return render(request, "payouts/batches/new.html", context, status=422 if form.errors else 200)


def _made(request: ActorRequest, form: UploadForm) -> Batch:
    given, name = form.cleaned_data["file"], form.cleaned_data["name"]
    if given:
        return services.upload(actor=request.actor, name=name, file=given)
    return services.paste(actor=request.actor, name=name, text=form.cleaned_data["text"])


@require_safe
@permission_required(MAKE)
def template_csv(request: ActorRequest) -> HttpResponseBase:
    """An empty list to fill in, as CSV."""
    own_client(request)
    return download(csv_template(), CSV, "gerbang-batch.csv")


@require_safe
@permission_required(MAKE)
def template_xlsx(request: ActorRequest) -> HttpResponseBase:
    """An empty sheet to fill in, with its instructions."""
    own_client(request)
    return download(xlsx_template(), XLSX, "gerbang-batch.xlsx")


def download(content: bytes | Iterable[str], kind: str, name: str) -> HttpResponseBase:
    """An answer that browsers save; piece by piece when it is not there as a whole."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    answer = HttpResponse if isinstance(content, bytes) else StreamingHttpResponse
    return answer(content, content_type=kind, headers=headers)


@never_cache
@require_safe
@permission_required(READ)
def batch(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """One batch, as it is now. Its page polls here: 204 while nothing has changed, all of it anew at a new stage."""
    found = batch_of(request, public_id)
    stage = stage_of(found)
    if not request.headers.get("HX-Request"):
        return render(request, "payouts/batches/batch.html", page_of(request, found))
    if request.GET.get("part") == "rows":
        return _rows_again(request, found)
    if request.GET.get("v") == str(found.version) and found.state != S.PROCESSING:
        return HttpResponse(status=204)
    if request.GET.get("stage") != stage or request.GET.get("s", found.state) != found.state:
        return HttpResponseClientRefresh()
    return render(request, f"payouts/batches/_{stage}.html", page_of(request, found))


def may_decide(request: ActorRequest, found: Batch) -> bool:
    """Whether it waits for whoever asks, and not for somebody else."""
    if found.state != S.AWAITING_APPROVAL or not policy.allows(request.actor, APPROVE):
        return False
    return batches.to_approve(request.actor).filter(pk=found.pk).exists()


def page_of(request: ActorRequest, found: Batch, **more: Any) -> dict[str, Any]:
    """What the page of a batch needs at its stage."""
    stage = stage_of(found)
    context: dict[str, Any] = {"batch": found, "stage": stage, "total": found.total}
    context["may_decide"] = may_decide(request, found)
    about = {
        "reading": _reading,
        "unreadable": _unreadable,
        "checked": _checked,
        "waiting": _waiting,
        "live": _live,
    }.get(stage)
    if about is not None:
        context |= about(request, found)
    return context | more


def _reading(request: ActorRequest, found: Batch) -> dict[str, Any]:
    return {"read": checking.read_so_far(found)}


def _unreadable(request: ActorRequest, found: Batch) -> dict[str, Any]:
    return {"trouble": words_of(found.trouble)}


def _checked(request: ActorRequest, found: Batch) -> dict[str, Any]:
    may_make = policy.allows(request.actor, MAKE)
    return figures_of(found) | _rows(request, found, CHECK_FILTERS) | {"may_make": may_make}


def _rows(request: ActorRequest, found: Batch, filters: Sequence[str]) -> dict[str, Any]:
    """One page of rows, by the filter in the address."""
    show = request.GET.get("show", "")
    show = show if show in filters else ""
    page = batches.rows(found, show, request.GET.get("cursor", ""))
    return {"page": page, "lines": shown.lines_of(page.items), "show": show}


def figures_of(found: Batch) -> dict[str, Any]:
    """Counters, totals, and what is to be done next: they change with every row that is mended."""
    return {
        "batch": found,
        "total": found.total,
        "banks": checking.totals_by_bank(found),
        "repeats": _good(found).filter(batches.REPEATS).count(),
        "twin": services.same_file(found),
        "error_amount": _sum_of_wrong(found),
        "submit_form": SubmitForm(),
    }


def _good(found: Batch) -> QuerySet[BatchRow]:
    return BatchRow.objects.filter(batch=found, state__in=GOOD_ROWS)


def _sum_of_wrong(found: Batch) -> Decimal:
    """As far as their amounts can be read."""
    wrong = BatchRow.objects.filter(batch=found, state=RowState.ERROR)
    return wrong.aggregate(sum=Sum("amount"))["sum"] or Decimal(0)


def _waiting(request: ActorRequest, found: Batch) -> dict[str, Any]:
    context: dict[str, Any] = {"banks": checking.totals_by_bank(found)}
    if found.state == S.AWAITING_FUNDS:
        context["before"] = batches.before_approval(found)
    if not request.headers.get("HX-Request"):
        context |= _rows(request, found, CHECK_FILTERS)
    return context


def _live(request: ActorRequest, found: Batch) -> dict[str, Any]:
    context = progressing.drawn(found, batches.progress(found))
    return context if request.headers.get("HX-Request") else context | _sent(request, found)


def _sent(request: ActorRequest, found: Batch) -> dict[str, Any]:
    context = _rows(request, found, SENT_FILTERS) | {"shows": progressing.SHOWS}
    may_retry = found.state == S.PARTLY_COMPLETED and policy.allows(request.actor, RETRY)
    context["may_look"] = policy.allows(request.actor, LOOK)
    return context | {"may_pick": may_retry and any(line.can_retry for line in context["lines"])}


def _rows_again(request: ActorRequest, found: Batch) -> HttpResponse:
    """The rows of a batch that is being sent, for the poll of their own; its links lead to the whole page."""
    asked = request.GET.copy()
    del asked["part"]
    request.GET = asked  # type: ignore[assignment]
    return render(request, "payouts/batches/_sent_rows.html", {"batch": found, **_sent(request, found)})
