"""Decisions on documents: one reviewer's, or two who did not see each other's, or a lead's where the two disagree."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from accounts.access.actors import Actor
from accounts.errors import BadField, NotFound
from accounts.services import audit
from config.lib import clock
from kyc.errors import (
    AlreadyDecided,
    AlreadyReviewed,
    ClaimedByAnother,
    ClaimLapsed,
    LeadNeeded,
    OwnCase,
    StaleDecision,
)
from kyc.models import KycCase, KycDecision, KycDocument
from kyc.reasons import REASONS, words_of
from kyc.selectors import flags, queue
from kyc.services import standing, verdict_mail
from kyc.services.review import assess

State = KycCase.State
Status = KycDocument.Status


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a reviewer thinks of one document. A refusal needs ``reason_code``, or ``reason`` in their own words,
    which the customer then reads as they are; ``note`` is for staff."""

    document_id: UUID
    verified: bool
    reason_code: str = ""
    reason: str = ""
    note: str = ""


@dataclass(frozen=True)
class Reviewed:
    """A document after a decision on it: still waiting if another reviewer has to agree."""

    document: KycDocument
    decision: KycDecision


@transaction.atomic
def decide(*, actor: Actor, case_id: UUID, verdicts: Sequence[Verdict], version: int) -> KycCase:
    """Store what ``actor`` thinks of documents of a case they have claimed, as they saw it at ``version``.

    Raises `ClaimLapsed` or `ClaimedByAnother` when the claim is over, `StaleDecision` when the case has changed,
    `AlreadyDecided`, `AlreadyReviewed`, `LeadNeeded`, `OwnCase`, and `BadField` for a refusal without a reason.
    """
    case = _locked(actor, case_id)
    if not queue.is_claimed(case):
        raise ClaimLapsed
    if case.version != version:
        raise StaleDecision
    return _store(actor, case, verdicts)


@transaction.atomic
def review_document(*, actor: Actor, verdict: Verdict) -> Reviewed:
    """Decide on one document without having claimed its case (TeraPay contract, kyc-admin.review).

    Refused with `ClaimedByAnother` while another reviewer works on the case; otherwise as `decide`.
    """
    worlds = KycDocument.objects.filter(customer__is_sandbox=actor.is_sandbox, case__submitted_at__isnull=False)
    document = worlds.select_related("case").filter(public_id=verdict.document_id).first()
    if document is None:
        raise NotFound
    _store(actor, _locked(actor, document.case.public_id), [verdict])
    document.refresh_from_db()
    return Reviewed(document, document.decisions.latest("round"))


def _locked(actor: Actor, case_id: UUID) -> KycCase:
    """The case under its locks (customer, then case), unless it is the actor's own or somebody else holds it."""
    cases = queue.cases_of_world(actor).filter(submitted_at__isnull=False)
    customer_id = cases.filter(public_id=case_id).values_list("customer_id", flat=True).first()
    if customer_id is None:
        raise NotFound
    standing.hold(customer_id)
    locked = cases.select_for_update(of=("self",), no_key=True).select_related("customer__user", "claimed_by")
    case = locked.get(public_id=case_id)
    if case.customer.user == actor.user:
        raise OwnCase
    if queue.is_claimed(case) and case.claimed_by != actor.user:
        raise ClaimedByAnother(str(case.claimed_by))
    return case


def _store(actor: Actor, case: KycCase, verdicts: Sequence[Verdict]) -> KycCase:
    this_round = _round_for(actor, case)
    waiting = {row.public_id: row for row in case.documents.filter(status=Status.PENDING)}
    if not waiting or not verdicts:
        raise AlreadyDecided
    for verdict in verdicts:
        _record(actor, case, this_round, waiting.get(verdict.document_id), verdict)
    final = _conclude(actor, case, list(waiting.values()))
    KycCase.objects.filter(pk=case.pk).update(version=F("version") + 1)
    case.refresh_from_db(fields=["state", "version", "decided_at", "claimed_by", "claimed_until"])
    standing.refresh(case.customer)
    if final:
        verdict_mail.send(case, final)
    return case


def _round_for(actor: Actor, case: KycCase) -> int:
    state = State(case.state)
    if state not in queue.ROUNDS:
        raise AlreadyDecided
    if state == State.LEAD and not queue.is_lead(actor):
        raise LeadNeeded
    this_round = queue.ROUNDS[state]
    if KycDecision.objects.filter(document__case=case, reviewer=actor.user, round__lt=this_round).exists():
        raise AlreadyReviewed
    return this_round


def _record(actor: Actor, case: KycCase, this_round: int, document: KycDocument | None, verdict: Verdict) -> None:
    if document is None or document.decisions.filter(round=this_round).exists():
        raise AlreadyDecided
    _check_reason(verdict)
    decision = KycDecision.objects.create(
        document=document,
        reviewer=queue.reviewer(actor),
        round=this_round,
        verified=verdict.verified,
        reason_code="" if verdict.verified else verdict.reason_code or "other",
        reason="" if verdict.verified else _words(verdict, case.customer.user.language),
        note=verdict.note,
        seconds=_seconds(case),
    )
    seen = {"round": this_round, "verified": verdict.verified, "reason_code": decision.reason_code}
    audit.record(actor, "kyc_document.judged", target=document, after=seen)


def _check_reason(verdict: Verdict) -> None:
    if verdict.verified:
        return
    if verdict.reason_code and verdict.reason_code not in REASONS:
        raise BadField("reason", _("Choose a reason from the list."))
    if not verdict.reason_code and not verdict.reason.strip():
        raise BadField("reason", _("Say why: the customer has to know what to do."))


def _words(verdict: Verdict, language: str) -> str:
    return verdict.reason.strip() or words_of(REASONS[verdict.reason_code], language)


def _seconds(case: KycCase) -> int | None:
    """How long the claim has lasted; None for a decision without one."""
    if case.claimed_at is None or not queue.is_claimed(case):
        return None
    return int((clock.now() - case.claimed_at).total_seconds())


def _conclude(actor: Actor, case: KycCase, waiting: Sequence[KycDocument]) -> list[KycDocument]:
    """Draw the conclusion from the decisions of this round; the documents that are now finally decided."""
    given = _given(waiting, queue.ROUNDS[State(case.state)])
    if case.state == State.SECOND:
        final, open_state = _compared(waiting, given), State.LEAD
    elif case.state == State.OPEN and flags.needs_second_reviewer(case, assess(case).risk):
        final, open_state = {}, State.SECOND
    else:
        final, open_state = given, None
    decided = [_settle(actor, document, final[document.pk]) for document in waiting if document.pk in final]
    if len(decided) == len(waiting):
        _close(actor, case)
    elif open_state and len(given) == len(waiting):
        _pass_on(actor, case, open_state)
    return decided


def _given(waiting: Sequence[KycDocument], this_round: int) -> dict[int, KycDecision]:
    return {row.document_id: row for row in KycDecision.objects.filter(document__in=waiting, round=this_round)}


def _compared(waiting: Sequence[KycDocument], second: dict[int, KycDecision]) -> dict[int, KycDecision]:
    """What both reviewers say, once the second has said everything. Where both refuse, the second's words count."""
    if len(second) < len(waiting):
        return {}
    first = _given(waiting, 1)
    return {
        key: decision for key, decision in second.items() if key in first and first[key].verified == decision.verified
    }


def _settle(actor: Actor, document: KycDocument, decision: KycDecision) -> KycDocument:
    document.status = Status.VERIFIED if decision.verified else Status.REJECTED
    document.reason_code, document.reason = decision.reason_code, decision.reason
    document.may_retry = decision.verified or REASONS[decision.reason_code].may_retry
    document.reviewed_at, document.reviewed_by = clock.now(), decision.reviewer
    document.save(update_fields=["status", "reason_code", "reason", "may_retry", "reviewed_at", "reviewed_by"])
    after = {"status": document.status, "reason_code": document.reason_code}
    audit.record(
        actor, f"kyc_document.{document.status.lower()}", target=document, before={"status": "Pending"}, after=after
    )
    return document


def _close(actor: Actor, case: KycCase) -> None:
    refused = case.documents.filter(status=Status.REJECTED).exists()
    _move(case, State.REJECTED if refused else State.VERIFIED, decided_at=clock.now())
    audit.record(actor, f"kyc_case.{case.state}", target=case)


def _pass_on(actor: Actor, case: KycCase, state: KycCase.State) -> None:
    before = case.state
    _move(case, state)
    audit.record(actor, "kyc_case.passed_on", target=case, before={"state": before}, after={"state": case.state})


def _move(case: KycCase, state: KycCase.State, **more: datetime) -> None:
    KycCase.objects.filter(pk=case.pk).update(state=state, claimed_by=None, claimed_at=None, claimed_until=None, **more)
    case.state = state
