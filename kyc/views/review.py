"""The approvers' pages: the queue, one case beside its documents, and the decision that leads to the next case."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.access import policy
from accounts.permissions import ActorRequest, permission_required
from config.lib import clock
from config.lib.errors import Missing, ServiceError
from kyc.errors import ClaimLapsed, StaleDecision
from kyc.forms.review import VerdictForm
from kyc.models import KycCase
from kyc.selectors import cases, documents, nik, queue
from kyc.services import claims, decisions, review, submission

READ, REVIEW, FILE, LEAD = "KycAdmin.ReadPending", "KycAdmin.Review", "KycAdmin.ReadFile", queue.LEAD
_COMPARED = ("identity", "selfie")


@never_cache
@require_safe
@permission_required(READ)
def queue_page(request: ActorRequest) -> HttpResponse:
    """What waits, oldest first."""
    tab = request.GET.get("tab", "")
    tab = tab if tab in queue.TABS else "all"
    wanted = queue.Wanted(tab, request.GET.get("state", ""), request.GET.get("age", ""))
    counts = queue.counts(request.actor)
    context = {
        "tab": tab,
        "chosen": tab if tab != "all" else "",
        "tabs": _tabs(counts),
        "page": queue.page_of(request.actor, wanted, cursor=request.GET.get("cursor", "")),
        "wanted": wanted,
        "waiting": counts.all,
        "mine": counts.mine,
        "now": clock.now(),
    }
    return render(request, "kyc/review_queue.html", context)


def _tabs(counts: queue.Counts) -> list[tuple[str, str]]:
    words = {
        "all": _("All"),
        "mine": _("Mine"),
        "unclaimed": _("Free"),
        "second": _("Second review"),
        "flagged": _("Flagged"),
    }
    return [(name if name != "all" else "", f"{word} ({getattr(counts, name)})") for name, word in words.items()]


@require_POST
@permission_required(READ, REVIEW)
def start(request: ActorRequest) -> HttpResponse:
    """Open the next case."""
    return _next(request)


def _next(request: ActorRequest) -> HttpResponse:
    case = claims.start(actor=request.actor)
    if case is None:
        messages.info(request, _("Nothing waits for you right now."))
        return redirect("review:queue")
    return redirect("review:case", case_id=case.public_id)


@never_cache
@require_safe
@permission_required(READ)
def case_page(request: ActorRequest, case_id: UUID) -> HttpResponse:
    """Is this person who they say they are?"""
    case = _case(request, case_id)
    if _is_mine(request, case):
        claims.renew(actor=request.actor, case_id=case_id)
    return _page(request, _case(request, case_id))


def _case(request: ActorRequest, case_id: UUID) -> KycCase:
    case = cases.case_of(request.actor, case_id)
    if case is None:
        raise Http404
    return case


def _is_mine(request: ActorRequest, case: KycCase) -> bool:
    return queue.is_claimed(case) and case.claimed_by == request.user


def _page(
    request: ActorRequest,
    case: KycCase,
    *,
    forms: list[VerdictForm] | None = None,
    number: str | None = None,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    mine = _is_mine(request, case)
    waiting = case.state in queue.WAITING
    context = {
        "case": case,
        "customer": case.customer,
        "is_claimed": queue.is_claimed(case),
        "is_mine": mine,
        "is_waiting": waiting,
        "may_claim": waiting and policy.allows(request.actor, REVIEW) and cases.may_be_claimed(request.actor, case),
        "forms": (forms or _forms(case)) if mine or more.get("lapsed") else [],
        "number": number,
        **_attempts(request, case),
        "opinions": cases.opinions(case, request.actor),
        **_documents(request, case),
        **_doubts(case),
        **more,
    }
    return render(request, "kyc/review_case.html", context, status=status)


def _attempts(request: ActorRequest, case: KycCase) -> dict[str, Any]:
    """Every attempt, what changed since the one before this, and the documents of all beside each other."""
    attempts = cases.attempts(case)
    before = cases.before(case, attempts)
    return {
        "attempts": attempts,
        "previous": before,
        "changes": cases.changes(before, case) if before else [],
        "shelves": cases.shelves(attempts),
        "is_final": bool(attempts) and attempts[0] == case and documents.is_final(attempts),
    }


def _forms(case: KycCase, data: Any = None) -> list[VerdictForm]:
    given = cases.given_in_this_round(case)
    return [VerdictForm(row, data) for row in cases.waiting_in(case) if row.pk not in given]


def _documents(request: ActorRequest, case: KycCase) -> dict[str, Any]:
    """Which document the viewer shows (``?document=``, ``?page=``), or card and selfie together (``?compare=1``)."""
    rows = list(case.documents.all())
    chosen = next((row for row in rows if str(row.public_id) == request.GET.get("document", "")), None)
    current = chosen or next(iter(cases.waiting_in(case)), None) or next(iter(rows), None)
    text = request.GET.get("page", "1")
    page = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 1
    pair = [row for kind in _COMPARED for row in rows if row.kind == kind]
    may_compare = {row.kind for row in pair} == set(_COMPARED)
    return {
        "documents": rows,
        "current": current,
        "page_number": min(max(page, 1), current.pages if current else 1),
        "pair": pair if may_compare else [],
        "compare": may_compare and request.GET.get("compare") == "1",
    }


def _doubts(case: KycCase) -> dict[str, Any]:
    assessment = review.assess(case)
    read = nik.read(review.number_of(case), today=clock.now().astimezone(clock.JAKARTA).date())
    return {
        "flags": assessment.flags,
        "risk": assessment.risk,
        "flag_codes": {flag.code for flag in assessment.flags},
        "has_number": bool(case.identity_number),
        "nik": read,
    }


@require_POST
@permission_required(READ, REVIEW)
def claim(request: ActorRequest, case_id: UUID) -> HttpResponse:
    return _act(request, case_id, lambda: claims.claim(actor=request.actor, case_id=case_id))


@require_POST
@permission_required(READ, LEAD)
def take_over(request: ActorRequest, case_id: UUID) -> HttpResponse:
    """A lead takes a case out of another reviewer's hands."""
    return _act(request, case_id, lambda: claims.take_over(actor=request.actor, case_id=case_id))


@require_POST
@permission_required(READ, LEAD)
def allow_retry(request: ActorRequest, case_id: UUID) -> HttpResponse:
    """A lead takes back that the refusal of this case was final."""
    case = _case(request, case_id)
    if submission.allow_retry(actor=request.actor, customer=case.customer):
        messages.success(request, _("Taken back. The customer was told that they may send their documents again."))
    else:
        messages.info(request, _("Nothing of this customer is refused for good."))
    return redirect("review:case", case_id=case_id)


@require_POST
@permission_required(READ, REVIEW)
def release(request: ActorRequest, case_id: UUID) -> HttpResponse:
    try:
        claims.release(actor=request.actor, case_id=case_id)
    except Missing as error:
        raise Http404 from error
    messages.success(request, _("The case is back in the queue."))
    return redirect("review:queue")


def _act(request: ActorRequest, case_id: UUID, step: Callable[[], object]) -> HttpResponse:
    try:
        step()
    except Missing as error:
        raise Http404 from error
    except ServiceError as error:
        messages.error(request, str(error.message))
    return redirect("review:case", case_id=case_id)


@never_cache
@require_POST
@permission_required(READ, REVIEW)
def renew(request: ActorRequest, case_id: UUID) -> HttpResponse:
    """A sign of life from the page; answers with the time that is left."""
    try:
        until = claims.renew(actor=request.actor, case_id=case_id)
    except ClaimLapsed:
        return render(request, "kyc/_review_lease.html", {"is_lost": True}, status=409)
    return render(request, "kyc/_review_lease.html", {"until": until, "case_id": case_id})


@never_cache
@require_POST
@permission_required(READ, FILE)
def number(request: ActorRequest, case_id: UUID) -> HttpResponse:
    """Show the identity number, once, to somebody whose name is then in the record."""
    try:
        text = review.show_number(actor=request.actor, case_id=case_id)
    except Missing as error:
        raise Http404 from error
    if request.headers.get("HX-Request"):
        return render(request, "kyc/_review_number.html", {"number": text})
    return _page(request, _case(request, case_id), number=text)


@never_cache
@require_safe
@permission_required(FILE)
def file(request: ActorRequest, document_id: UUID) -> HttpResponse:
    """One page of a document as a picture, or (``?size=small``) its first page in small. Each view is recorded."""
    text = request.GET.get("page", "1")
    page = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
    try:
        if request.GET.get("size") == "small":
            return review.show_thumbnail(actor=request.actor, document_id=document_id)
        return review.show_page(actor=request.actor, document_id=document_id, page=page)
    except Missing as error:
        raise Http404 from error


@never_cache
@require_POST
@permission_required(READ, REVIEW)
def decide(request: ActorRequest, case_id: UUID) -> HttpResponse:
    """Store the decision on every waiting document, then open the next case."""
    case = _case(request, case_id)
    forms = _forms(case, request.POST)
    wanted = request.POST.get("then", "")
    if wanted == "preview":
        return _page(request, case, forms=forms, previewed=True)
    complete = [form.is_valid() for form in forms]
    if not complete or not all(complete):
        return _page(request, case, forms=forms, status=422, refused=_("Some decisions are not complete."))
    try:
        _send(request, case, forms)
    except Missing as error:
        raise Http404 from error
    except ServiceError as error:
        return _refused(request, case_id, forms, error)
    return _done(request, case_id, wanted)


def _send(request: ActorRequest, case: KycCase, forms: list[VerdictForm]) -> None:
    version = _version(request)
    if request.POST.get("retake"):
        # Nobody had the case in between, or its version would be another: what was filled in still stands.
        taken = claims.claim(actor=request.actor, case_id=case.public_id)
        if taken.version not in {version, version + 1}:
            raise StaleDecision
        version = taken.version
    verdicts = [form.verdict() for form in forms]
    decisions.decide(actor=request.actor, case_id=case.public_id, verdicts=verdicts, version=version)


def _version(request: ActorRequest) -> int:
    text = request.POST.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _refused(request: ActorRequest, case_id: UUID, forms: list[VerdictForm], error: ServiceError) -> HttpResponse:
    """Say why nothing was stored; what was filled in stays where it still means something."""
    case = _case(request, case_id)
    lapsed = isinstance(error, ClaimLapsed) and case.version == _version(request)
    fresh = _forms(case, request.POST) if _is_mine(request, case) or lapsed else None
    return _page(request, case, forms=fresh, status=409, refused=str(error.message), lapsed=lapsed)


def _done(request: ActorRequest, case_id: UUID, wanted: str) -> HttpResponse:
    state = KycCase.objects.values_list("state", flat=True).get(public_id=case_id)
    messages.success(request, _after(KycCase.State(state)))
    return redirect("review:queue") if wanted == "stop" else _next(request)


def _after(state: KycCase.State) -> str:
    if state == KycCase.State.SECOND:
        return _("Stored. A second reviewer looks at this case before the customer hears anything.")
    if state == KycCase.State.LEAD:
        return _("Stored. You and the first reviewer disagree, so a lead decides.")
    if state == KycCase.State.OPEN:
        return _("Stored. Other documents of this case still wait.")
    return _("Stored, and the customer has been told.")
