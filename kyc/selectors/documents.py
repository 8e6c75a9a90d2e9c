"""What a customer has sent, what is still missing, and how much more they may send."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from statistics import median

from django.conf import settings
from django.db.models import Count, Min, Prefetch, QuerySet, Sum

from accounts.levels import Level, Limits, level_of, limits_at
from accounts.models import Customer
from config.lib import clock
from kyc.models import KycCase, KycDocument

DAY = timedelta(days=1)
_ENOUGH = 5
State, Status, Kind = KycCase.State, KycDocument.Status, KycDocument.Kind
WAITING = (State.OPEN, State.SECOND, State.LEAD)
DETAILS = ("full_name", "birth_date", "identity_number", "address")


@dataclass(frozen=True)
class Usage:
    """What a customer has used up: files of the last 24 hours, the time of the first of them, bytes of all files."""

    files: int
    since: datetime | None
    size: int

    def files_left(self) -> int:
        return max(0, int(settings.KYC_FILES_PER_DAY) - self.files)

    def space_left(self) -> int:
        return max(0, int(settings.KYC_BYTES_PER_CUSTOMER) - self.size)


@dataclass(frozen=True)
class LevelRow:
    level: Level
    limits: Limits
    is_current: bool


@dataclass(frozen=True)
class Picture:
    """A customer's identity at one glance. ``stage``: none, draft, waiting, verified, rejected, final."""

    stage: str
    levels: Sequence[LevelRow]
    case: KycCase | None
    history: Sequence[KycCase]
    missing: Sequence[KycDocument.Kind]
    typical_minutes: int | None


def documents_of(customer: Customer) -> QuerySet[KycDocument]:
    """The documents of ``customer``; those of everybody else are not there."""
    return KycDocument.objects.filter(customer=customer).select_related("case")


def open_case(customer: Customer) -> KycCase | None:
    """The attempt of ``customer`` that is not decided yet."""
    return KycCase.objects.filter(customer=customer, state__in=WAITING).first()


def history_of(customer: Customer) -> list[KycCase]:
    """Every attempt, newest first, with its documents: two queries."""
    documents = KycDocument.objects.order_by("id")
    cases = KycCase.objects.filter(customer=customer).order_by("-attempt")
    return list(cases.prefetch_related(Prefetch("documents", queryset=documents)))


def missing_documents(documents: Iterable[KycDocument]) -> list[KycDocument.Kind]:
    """The required kinds that are not among ``documents``."""
    sent = {document.kind for document in documents if document.status != Status.REJECTED}
    return [Kind(kind) for kind in settings.KYC_REQUIRED_DOCUMENTS if kind not in sent]


def missing_details(case: KycCase) -> list[str]:
    """The names of the fields of ``case`` that are empty."""
    return [name for name in DETAILS if not getattr(case, name)]


def is_final(cases: Sequence[KycCase]) -> bool:
    """Whether the newest of ``cases`` (newest first) was refused with the word that trying again does not help."""
    if not cases or cases[0].state != State.REJECTED:
        return False
    return any(row.status == Status.REJECTED and not row.may_retry for row in cases[0].documents.all())


def usage_of(customer: Customer) -> Usage:
    rows = KycDocument.objects.filter(customer=customer)
    recent = rows.filter(uploaded_at__gt=clock.now() - DAY).aggregate(files=Count("pk"), since=Min("uploaded_at"))
    size = rows.aggregate(size=Sum("size"))["size"] or 0
    return Usage(files=recent["files"], since=recent["since"], size=size)


def typical_minutes() -> int | None:
    """How long the last reviews took, from sending to answer, in steps of ten minutes: the middle one of up to fifty;
    None while there are too few to promise anything."""
    rows = KycCase.objects.filter(decided_at__isnull=False, submitted_at__isnull=False, customer__is_sandbox=False)
    times = rows.order_by("-id").values_list("submitted_at", "decided_at")[:50]
    minutes = [(decided - sent).total_seconds() / 60 for sent, decided in times if sent and decided]
    return 10 * ceil(median(minutes) / 10) or 10 if len(minutes) >= _ENOUGH else None


def picture_of(customer: Customer) -> Picture:
    """Everything the customer's identity page shows."""
    cases = history_of(customer)
    current = next((case for case in cases if case.state in WAITING), None)
    level = level_of(customer)
    return Picture(
        stage=_stage(customer, current, cases),
        levels=[LevelRow(each, limits_at(each), each == level) for each in Level],
        case=current,
        history=[case for case in cases if case.submitted_at],
        missing=missing_documents(current.documents.all() if current else ()),
        typical_minutes=typical_minutes(),
    )


def _stage(customer: Customer, current: KycCase | None, cases: Sequence[KycCase]) -> str:
    if current is not None and current.submitted_at:
        return "waiting"
    if level_of(customer) == Level.VERIFIED:
        return "verified"
    if current is not None:
        return "draft"
    if is_final(cases):
        return "final"
    return "rejected" if cases else "none"
