"""One case as its page shows it, and what a reviewer has done."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Case, IntegerField, Prefetch, QuerySet, Value, When

from accounts.access.actors import Actor
from accounts.models import Customer
from config.lib import times
from kyc.models import KycCase, KycDecision, KycDocument
from kyc.reasons import title_of
from kyc.selectors import queue

# The moment a list of cases goes by; usually they are listed by when they were sent.
DECIDED = "decided"
_ORDER = {kind: place for place, kind in enumerate(KycDocument.Kind.values)}


@dataclass(frozen=True)
class Opinion:
    """What two reviewers said about one document, for the lead who has to choose."""

    document: KycDocument
    decisions: Sequence[KycDecision]


@dataclass(frozen=True)
class Change:
    """One thing the customer says about themselves: before, and now. Identity numbers come without a text."""

    field: str
    old: str | date | None
    new: str | date | None
    is_changed: bool


@dataclass(frozen=True)
class Exhibit:
    """A document of one attempt. ``is_same``: the very file that the attempt before had sent as this kind; None for
    the first attempt that has the kind."""

    attempt: KycCase
    document: KycDocument
    is_same: bool | None


@dataclass(frozen=True)
class Shelf:
    """The documents of one kind from every attempt, the newest attempt first."""

    kind: KycDocument.Kind
    exhibits: Sequence[Exhibit]


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


def latest_of(actor: Actor, customer: Customer) -> KycCase | None:
    """The last attempt of ``customer`` that was sent, if ``actor`` may see it."""
    return queue.cases_seen_by(actor).filter(customer=customer).order_by("-attempt").first()


def attempts(case: KycCase) -> list[KycCase]:
    """Every attempt of the customer, newest first, with documents and, where it is over, what reviewers said."""
    decisions = KycDecision.objects.filter(document__case__decided_at__isnull=False).select_related("reviewer")
    documents = _in_order(KycDocument.objects.all()).prefetch_related(
        Prefetch("decisions", queryset=decisions.order_by("round"))
    )
    rows = KycCase.objects.filter(customer=case.customer, submitted_at__isnull=False)
    return list(rows.prefetch_related(Prefetch("documents", queryset=documents)).order_by("-attempt")[:10])


def before(case: KycCase, attempts: Sequence[KycCase]) -> KycCase | None:
    """The attempt before ``case`` among ``attempts`` (newest first)."""
    return next((row for row in attempts if row.attempt < case.attempt), None)


def changes(old: KycCase, new: KycCase) -> list[Change]:
    """What the customer said about themselves in ``old`` and says in ``new``, changed or not."""
    rows = [
        Change(field, getattr(old, field), getattr(new, field), getattr(old, field) != getattr(new, field))
        for field in ("full_name", "birth_date", "address")
    ]
    return [*rows, Change("identity_number", None, None, old.identity_hash != new.identity_hash)]


def shelves(attempts: Sequence[KycCase]) -> list[Shelf]:
    """The documents of ``attempts`` (from `attempts`) by kind. The same file is known by the hash of what was sent."""
    return [shelf for kind in _ORDER if (shelf := _shelf(KycDocument.Kind(kind), attempts)).exhibits]


def _shelf(kind: KycDocument.Kind, attempts: Sequence[KycCase]) -> Shelf:
    exhibits: list[Exhibit] = []
    earlier: set[str] = set()
    for attempt in reversed(attempts):
        rows = [row for row in attempt.documents.all() if row.kind == kind]
        shown = [Exhibit(attempt, row, row.sha256 in earlier if earlier else None) for row in rows]
        exhibits = [*shown, *exhibits]
        earlier = {row.sha256 for row in rows} or earlier
    return Shelf(kind, exhibits)


@dataclass(frozen=True)
class Wanted:
    """Cases sent (or with ``by`` `DECIDED`: decided) on days of the reader's zone, inclusive. ``reason`` is the code
    of why a document was not accepted: it is then about documents, by when they were looked at."""

    by: str = ""
    reason: str = ""
    first: date | None = None
    last: date | None = None

    @property
    def is_set(self) -> bool:
        return self != Wanted()

    @property
    def words(self) -> str:
        return title_of(self.reason) if self.reason else ""


def listed(actor: Actor, wanted: Wanted) -> QuerySet[KycCase]:
    """The cases ``actor`` may see of what is wanted, newest first."""
    field = "decided_at" if wanted.by == DECIDED else "submitted_at"
    found = queue.cases_seen_by(actor).select_related("customer__user").order_by("-id")
    found = found.filter(decided_at__isnull=False) if wanted.by == DECIDED else found
    return times.within(found, wanted.first, wanted.last, field=field)


def refused(actor: Actor, wanted: Wanted) -> QuerySet[KycDocument]:
    """The documents that were not accepted for a reason, newest first, each with its case."""
    found = KycDocument.objects.filter(
        status=KycDocument.Status.REJECTED, reason_code=wanted.reason, case__in=queue.cases_seen_by(actor)
    )
    found = times.within(found, wanted.first, wanted.last, field="reviewed_at")
    return found.select_related("case__customer__user").order_by("-id")


def done_since(actor: Actor, moment: datetime, *, everybody: bool) -> QuerySet[KycDecision]:
    """Decisions given since ``moment``, newest first: the actor's own, or everybody's on cases that are over (what
    others said about a waiting case would spoil the second reviewer)."""
    rows = KycDecision.objects.filter(
        created_at__gte=moment, document__customer__is_sandbox=actor.is_sandbox
    ).select_related("document__case__customer__user", "reviewer")
    rows = rows.exclude(document__customer__user=actor.user)
    mine = rows.filter(reviewer=actor.user)
    return (mine | rows.filter(document__case__decided_at__isnull=False) if everybody else mine).order_by("-id")
