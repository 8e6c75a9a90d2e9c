"""Who works on a case: taken from the queue for a while, kept by working on it, given back or taken over."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from accounts.access.actors import Actor
from accounts.errors import NotFound
from accounts.models import User
from accounts.services import audit
from kyc.errors import AlreadyDecided, AlreadyReviewed, ClaimedByAnother, ClaimLapsed, LeadNeeded
from kyc.models import KycCase
from kyc.selectors import queue
from kyc.services.review import assess


def lease() -> timedelta:
    """How long a claim lasts without a sign of life (settings.KYC_CLAIM_MINUTES)."""
    return timedelta(minutes=settings.KYC_CLAIM_MINUTES)


@transaction.atomic
def start(*, actor: Actor) -> KycCase | None:
    """Claim the oldest case that waits for somebody like ``actor``; the one they hold already comes first.

    Two who press Start at once never get the same case: rows that another is taking are skipped. None: nothing waits.
    """
    _one_at_a_time(actor)
    held = queue.held_by(actor).order_by("submitted_at", "id").first()
    if held is not None:
        return _kept(held)
    case = queue.claimable_by(actor).select_for_update(of=("self",), skip_locked=True).first()
    return _taken(actor, case, "kyc_case.claimed") if case is not None else None


@transaction.atomic
def claim(*, actor: Actor, case_id: UUID) -> KycCase:
    """Claim this very case. Raises `ClaimedByAnother`, and what `_check_open` does."""
    case = _locked(actor, case_id)
    if _holder(case) == actor.user:
        return _kept(case)
    _check_open(actor, case)
    if queue.is_claimed(case):
        raise ClaimedByAnother(str(case.claimed_by))
    return _taken(actor, case, "kyc_case.claimed")


def renew(*, actor: Actor, case_id: UUID) -> datetime:
    """A sign of life: the claim of ``actor`` runs for its full time again. Raises `ClaimLapsed` if there is none."""
    mine = queue.held_by(actor).filter(public_id=case_id)
    mine.update(claimed_until=Now() + lease())
    until = mine.values_list("claimed_until", flat=True).first()
    if until is None:
        raise ClaimLapsed
    return until


@transaction.atomic
def release(*, actor: Actor, case_id: UUID) -> None:
    """Give the case back to the queue; quiet when it is not held any more."""
    case = _locked(actor, case_id)
    if _holder(case) != actor.user:
        return
    KycCase.objects.filter(pk=case.pk).update(
        claimed_by=None, claimed_at=None, claimed_until=None, version=F("version") + 1
    )
    audit.record(actor, "kyc_case.released", target=case)


@transaction.atomic
def take_over(*, actor: Actor, case_id: UUID) -> KycCase:
    """Take a case out of another reviewer's hands: for who holds KycAdmin.TakeOver. What the other one had on the
    screen is stale from then on."""
    case = _locked(actor, case_id)
    if not queue.is_lead(actor):
        raise LeadNeeded
    before = _holder(case)
    if before == actor.user:
        return _kept(case)
    _check_open(actor, case)
    return _taken(actor, case, "kyc_case.taken_over", before={"claimed_by": before.email if before else ""})


def _one_at_a_time(actor: Actor) -> None:
    """Pressing Start twice at once gives one case."""
    User.objects.select_for_update(no_key=True).select_related(None).get(pk=queue.reviewer(actor).pk)


def _locked(actor: Actor, case_id: UUID) -> KycCase:
    cases: QuerySet[KycCase] = queue.cases_seen_by(actor).select_related("claimed_by", "customer")
    case = cases.select_for_update(of=("self",), no_key=True).filter(public_id=case_id).first()
    if case is None:
        raise NotFound
    return case


def _holder(case: KycCase) -> User | None:
    return case.claimed_by if queue.is_claimed(case) else None


def _check_open(actor: Actor, case: KycCase) -> None:
    """Raise `AlreadyDecided`, `LeadNeeded` or `AlreadyReviewed` unless ``actor`` may decide on ``case``."""
    if case.state not in queue.WAITING:
        raise AlreadyDecided
    if case.state == KycCase.State.LEAD and not queue.is_lead(actor):
        raise LeadNeeded
    if not queue.open_to(actor).filter(pk=case.pk).exists():
        raise AlreadyReviewed


def _kept(case: KycCase) -> KycCase:
    KycCase.objects.filter(pk=case.pk).update(claimed_until=Now() + lease())
    case.refresh_from_db(fields=["claimed_until"])
    return case


def _taken(actor: Actor, case: KycCase, action: str, *, before: dict[str, str] | None = None) -> KycCase:
    KycCase.objects.filter(pk=case.pk).filter(Q(state__in=queue.WAITING)).update(
        claimed_by=queue.reviewer(actor),
        claimed_at=Now(),
        claimed_until=Now() + lease(),
        version=F("version") + 1,
        # Somebody else may have sent the same papers since.
        risk=assess(case).risk,
    )
    case.refresh_from_db(fields=["claimed_by", "claimed_at", "claimed_until", "version", "risk"])
    audit.record(actor, action, target=case, before=before, after={"claimed_until": case.claimed_until})
    return case
