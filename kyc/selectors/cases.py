"""One case as its page shows it, and what a reviewer has done."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Case, IntegerField, Prefetch, QuerySet, Value, When

from accounts.access.actors import Actor
from kyc.models import KycCase, KycDecision, KycDocument
from kyc.selectors import queue

_ORDER = {kind: place for place, kind in enumerate(KycDocument.Kind.values)}


@dataclass(frozen=True)
class Opinion:
    """What two reviewers said about one document, for the lead who has to choose."""

    document: KycDocument
    decisions: Sequence[KycDecision]


def case_of(actor: Actor, public_id: UUID) -> KycCase | None:
    """The case with its people and documents (card and selfie first), or None: two queries."""
    documents = Prefetch("documents", queryset=_in_order(KycDocument.objects.all()))
    cases = queue.cases_seen_by(actor).select_related("customer__user", "claimed_by").prefetch_related(documents)
    return cases.filter(public_id=public_id).first()


def _in_order(documents: QuerySet[KycDocument]) -> QuerySet[KycDocument]:
    places = [When(kind=kind, then=Value(place)) for kind, place in _ORDER.items()]
    return documents.order_by(Case(*places, default=Value(9), output_field=IntegerField()), "id")


def may_be_claimed(actor: Actor, case: KycCase) -> bool:
    return queue.open_to(actor).filter(pk=case.pk).exists()


def waiting_in(case: KycCase) -> list[KycDocument]:
    """The documents of a case from `case_of` that nobody has finally decided."""
    return [row for row in case.documents.all() if row.status == KycDocument.Status.PENDING]


def given_in_this_round(case: KycCase) -> set[int]:
    """Documents (keys) that have their decision of this round already; they came by the API."""
    this_round = queue.ROUNDS.get(KycCase.State(case.state), 0)
    return set(KycDecision.objects.filter(document__case=case, round=this_round).values_list("document_id", flat=True))


def opinions(case: KycCase, actor: Actor) -> list[Opinion]:
    """Both decisions on each disputed document: for leads, once both were given. Before that nobody sees either."""
    if case.state != KycCase.State.LEAD or not queue.is_lead(actor):
        return []
    waiting = waiting_in(case)
    given = KycDecision.objects.filter(document__in=waiting).select_related("reviewer").order_by("round")
    rows: dict[int, list[KycDecision]] = {}
    for decision in given:
        rows.setdefault(decision.document_id, []).append(decision)
    return [Opinion(document, rows.get(document.pk, [])) for document in waiting]


def attempts(case: KycCase) -> list[KycCase]:
    """Every attempt of the customer, newest first, with documents and, where it is over, what reviewers said."""
    decisions = KycDecision.objects.filter(document__case__decided_at__isnull=False).select_related("reviewer")
    documents = _in_order(KycDocument.objects.all()).prefetch_related(
        Prefetch("decisions", queryset=decisions.order_by("round"))
    )
    rows = KycCase.objects.filter(customer=case.customer, submitted_at__isnull=False)
    return list(rows.prefetch_related(Prefetch("documents", queryset=documents)).order_by("-attempt")[:10])


def done_since(actor: Actor, moment: datetime, *, everybody: bool) -> QuerySet[KycDecision]:
    """Decisions given since ``moment``, newest first: the actor's own, or everybody's on cases that are over (what
    others said about a waiting case would spoil the second reviewer)."""
    rows = KycDecision.objects.filter(
        created_at__gte=moment, document__customer__is_sandbox=actor.is_sandbox
    ).select_related("document__case__customer__user", "reviewer")
    rows = rows.exclude(document__customer__user=actor.user)
    mine = rows.filter(reviewer=actor.user)
    return (mine | rows.filter(document__case__decided_at__isnull=False) if everybody else mine).order_by("-id")
