"""What providers say was paid against what arrived: days, breaks, and the reports that are taken in."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import ActorRequest, permission_required
from config.lib.clock import JAKARTA, now
from config.lib.errors import ServiceError
from config.lib.pagination import keyset
from config.lib.refusals import tell
from payments.forms_books import ColumnsForm, RunForm, TakeInForm, UploadForm
from payments.methods import PROVIDER_NAMES
from payments.models import SettlementFile, SettlementLine
from payments.overviews import reconciliation as overview
from payments.services import reconciliation as services
from payments.statements import columns as roles
from payments.statements.lines import ERRORS, WARNINGS

PROVIDERS = [("", gettext_lazy("All providers")), *PROVIDER_NAMES.items()]
READ, RUN = "Reconciliation.Read", "Reconciliation.Run"


def _staff(request: ActorRequest) -> None:
    if not request.actor.is_gateway_staff:
        raise Http404


def _today() -> date:
    return now().astimezone(JAKARTA).date()


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 2000 < found.year < 2100 else None


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(READ, RUN)
def reconciliation(request: ActorRequest) -> HttpResponseBase:
    """The last days of every provider; asking for a run of one."""
    _staff(request)
    form = RunForm(request.POST or None, initial={"day": _today() - timedelta(days=1)})
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        try:
            services.request_run(actor=request.actor, provider=asked["provider"], day=asked["day"])
        except ServiceError as refusal:
            tell(form, refusal)
        else:
            return redirect("staff:reconciliation_day", provider=asked["provider"], day=asked["day"].isoformat())
    return render(
        request, "staff/payments/reconciliation.html", _listed(request, form), status=422 if form.errors else 200
    )


def _listed(request: ActorRequest, form: RunForm) -> dict[str, Any]:
    today = _today()
    last = min(_day(request.GET.get("until", "")) or today, today)
    provider = request.GET.get("provider", "")
    provider = provider if provider in PROVIDER_NAMES else ""
    days = overview.days(last=last, provider=provider)
    return {
        "form": form,
        "days": days,
        "ages": overview.ages(),
        "provider": provider,
        "providers": PROVIDERS,
        "first": last - timedelta(days=overview.DAYS - 1),
        "last": last,
        "older": (last - timedelta(days=overview.DAYS)).isoformat(),
        "newer": min(last + timedelta(days=overview.DAYS), today).isoformat() if last < today else "",
        "running": any(one.is_running for one in days),
        "now": now(),
    }


@never_cache
@require_safe
@permission_required(READ)
def reconciliation_day(request: ActorRequest, provider: str, day: str) -> HttpResponse:
    """One day of one provider: both totals, every break, every line."""
    _staff(request)
    found = _day(day)
    if found is None or provider not in PROVIDER_NAMES:
        raise Http404
    show = request.GET.get("show", "")
    verdict = show if show in SettlementLine.Verdict.values else ""
    counts = overview.verdicts_of(provider, found)
    breaks = keyset(overview.breaks_of(provider, found), cursor=request.GET.get("breaks", ""))
    context = {
        "day": overview.day(provider, found),
        "breaks": [overview.as_break(case) for case in breaks.items],
        "breaks_page": breaks,
        "page": keyset(
            overview.lines_of(provider, found, verdict), order_by="id", cursor=request.GET.get("cursor", "")
        ),
        "show": verdict,
        "verdicts": [("", _("All lines")), *_counted(counts)],
        "lines": sum(counts.values()),
        "before": (found - timedelta(days=1)).isoformat(),
        "after": (found + timedelta(days=1)).isoformat() if found < _today() else "",
        "now": now(),
    }
    return render(request, "staff/payments/reconciliation_day.html", context)


def _counted(counts: dict[str, int]) -> list[tuple[str, str]]:
    words = SettlementLine.Verdict
    return [(one.value, f"{one.label} ({counts[one.value]})") for one in words if counts.get(one.value)]


# --- reports ------------------------------------------------------------------------------------------------


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(READ, RUN)
def settlement_files(request: ActorRequest) -> HttpResponseBase:
    """Every report, and taking a new one."""
    _staff(request)
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        answer = _upload(request, form)
        if answer is not None:
            return answer
    page = keyset(overview.all_files(), cursor=request.GET.get("cursor", ""))
    context = {"form": form, "page": page, "names": PROVIDER_NAMES}
    return render(request, "staff/payments/settlement_files.html", context, status=422 if form.errors else 200)


def _upload(request: ActorRequest, form: UploadForm) -> HttpResponseBase | None:
    given = form.cleaned_data["file"]
    try:
        file = services.upload(
            actor=request.actor, provider=form.cleaned_data["provider"], name=given.name, content=given.read()
        )
    except services.FileKnown as known:
        messages.warning(request, _("This very file was uploaded before. Here it is."))
        return redirect("staff:settlement_file", public_id=known.file.public_id)
    except ServiceError as refusal:
        tell(form, refusal)
        return None
    return redirect("staff:settlement_file", public_id=file.public_id)


def _file(request: ActorRequest, public_id: UUID) -> SettlementFile:
    _staff(request)
    found = overview.file(public_id)
    if found is None:
        raise Http404
    return found


@never_cache
@require_safe
@permission_required(READ)
def settlement_file(request: ActorRequest, public_id: UUID) -> HttpResponse:
    """One report: what reading it finds, being taken in, or what became of it."""
    return _shown(request, _file(request, public_id))


def _shown(
    request: ActorRequest,
    file: SettlementFile,
    columns: ColumnsForm | None = None,
    take: TakeInForm | None = None,
) -> HttpResponse:
    found = file.findings
    context: dict[str, Any] = {"file": file, "provider_name": PROVIDER_NAMES.get(file.provider, file.provider)}
    if file.state == SettlementFile.State.UPLOADED:
        context |= {
            "columns": columns or ColumnsForm(headers=found["headers"], columns=file.columns),
            "take": take or TakeInForm(channels=overview.channel_choices(file.provider), initial=_cover(file)),
            "missing": [roles.NAMES[role] for role in found["missing"]],
            "problems": [_problem(one) for one in found["problems"]],
            "samples": [{**one, "moment": datetime.fromisoformat(one["paid_at"])} for one in found["samples"]],
            "stranger": found["valid"] > 0 and found["known"] * 2 < found["valid"],
        }
    else:
        context["outcome"] = overview.outcome_of(file)
        context["whole_for"] = [overview.channel_name(channel) for channel in file.channels]
    status = 422 if (columns and columns.errors) or (take and take.errors) else 200
    return render(request, "staff/payments/settlement_file.html", context, status=status)


def _cover(file: SettlementFile) -> dict[str, Any]:
    return {"covers_from": file.covers_from, "covers_to": file.covers_to, "channels": file.channels}


def _problem(one: dict[str, Any]) -> dict[str, Any]:
    is_error = one["code"] in ERRORS
    words = ERRORS.get(one["code"]) or WARNINGS.get(one["code"]) or one["code"]
    return {"row": one["row"], "words": words, "value": one["value"], "is_error": is_error}


@require_POST
@permission_required(READ, RUN)
def settlement_columns(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """Read a report with other columns."""
    file = _file(request, public_id)
    form = ColumnsForm(request.POST, headers=file.findings["headers"], columns=file.columns)
    if form.is_valid():
        try:
            services.set_columns(actor=request.actor, file=file, columns=form.columns())
            return redirect("staff:settlement_file", public_id=file.public_id)
        except services.FileTaken as refusal:
            messages.error(request, str(refusal.message))
            return redirect("staff:settlement_file", public_id=file.public_id)
        except ServiceError as refusal:
            tell(form, refusal)
    return _shown(request, file, columns=form)


@require_POST
@permission_required(READ, RUN)
def settlement_take_in(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """Have a report that was looked at taken in."""
    file = _file(request, public_id)
    form = TakeInForm(request.POST, channels=overview.channel_choices(file.provider))
    if form.is_valid():
        try:
            services.take_in(actor=request.actor, file=file, **form.cleaned_data)
            return redirect("staff:settlement_file", public_id=file.public_id)
        except services.FileTaken as refusal:
            messages.error(request, str(refusal.message))
            return redirect("staff:settlement_file", public_id=file.public_id)
        except ServiceError as refusal:
            tell(form, refusal)
    return _shown(request, file, take=form)
