"""The queue of identity cases: oldest first, what a reviewer may take, and how much of it there is."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet
from django.db.models.functions import Now
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.access import policy
from accounts.access.actors import Actor
from accounts.errors import NotAllowed
from accounts.models import User
from config.lib import clock
from config.lib.pagination import Page
from kyc.models import KycCase, KycDecision, KycDocument

WAITING = (KycCase.State.OPEN, KycCase.State.SECOND, KycCase.State.LEAD)
ROUNDS = {KycCase.State.OPEN: 1, KycCase.State.SECOND: 2, KycCase.State.LEAD: 3}
LEAD = "KycAdmin.TakeOver"
TABS = ("all", "mine", "unclaimed", "second", "flagged")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def reviewer(actor: Actor) -> User:
    """The person who reviews. Raises `NotAllowed` for keys and jobs: a decision is somebody's."""
    if actor.user is None:
        raise NotAllowed
    return actor.user


def is_lead(actor: Actor) -> bool:
    return policy.allows(actor, LEAD)


def cases_of_world(actor: Actor) -> QuerySet[KycCase]:
    """Every case in the world of ``actor``: real ones, or those of the sandbox."""
    return KycCase.objects.filter(customer__is_sandbox=actor.is_sandbox)


def cases_seen_by(actor: Actor) -> QuerySet[KycCase]:
    """What was sent for review, without the cases of the actor's own accounts: nobody looks after themselves."""
    return cases_of_world(actor).filter(submitted_at__isnull=False).exclude(customer__user=actor.user)


def waiting_for(actor: Actor) -> QuerySet[KycCase]:
    return cases_seen_by(actor).filter(state__in=WAITING)


# A claim that has run out is none. The condition stands in the queries, so nothing has to tidy up after anybody.
_FREE = Q(claimed_by__isnull=True) | Q(claimed_until__lte=Now())


def held_by(actor: Actor) -> QuerySet[KycCase]:
    """The cases ``actor`` has claimed and not yet lost."""
    return waiting_for(actor).filter(claimed_by=actor.user, claimed_until__gt=Now())


def open_to(actor: Actor) -> QuerySet[KycCase]:
    """The waiting cases on which ``actor`` may give a decision, claimed or not.

    Who gave one in an earlier round is out; a case on which two disagreed is for a lead.
    """
    judged = Exists(KycDecision.objects.filter(document__case=OuterRef("pk"), reviewer=actor.user))
    later = Q(state__in=[KycCase.State.SECOND, *([KycCase.State.LEAD] if is_lead(actor) else [])]) & ~Q(judged)
    return waiting_for(actor).filter(Q(state=KycCase.State.OPEN) | later)


def claimable_by(actor: Actor) -> QuerySet[KycCase]:
    """The free ones among `open_to`, oldest first."""
    return open_to(actor).filter(_FREE).order_by("submitted_at", "id")


@dataclass(frozen=True)
class Counts:
    all: int
    mine: int
    unclaimed: int
    second: int
    flagged: int


def counts(actor: Actor) -> Counts:
    """How many cases each tab holds: one query."""
    sums = {name: Count("pk", filter=_tab(actor, name)) for name in TABS}
    return Counts(**waiting_for(actor).aggregate(**sums))


def _tab(actor: Actor, name: str) -> Q:
    return {
        "mine": Q(claimed_by=actor.user, claimed_until__gt=Now()),
        "unclaimed": _FREE,
        "second": Q(state__in=[KycCase.State.SECOND, KycCase.State.LEAD]),
        "flagged": Q(risk__gt=0),
    }.get(name, Q())


_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
# (at least, less than): how long a case has waited.
AGES: dict[str, tuple[str | Promise, timedelta, timedelta]] = {
    "1h": (_("under 1 hour"), timedelta(0), _HOUR),
    "4h": (_("1 to 4 hours"), _HOUR, 4 * _HOUR),
    "1d": (_("4 to 24 hours"), 4 * _HOUR, _DAY),
    "3d": (_("1 to 3 days"), _DAY, 3 * _DAY),
    "over": (_("over 3 days"), 3 * _DAY, timedelta(days=36500)),
}


@dataclass(frozen=True)
class Wanted:
    """What part of the queue is looked at; empty means all of it. ``age`` is a key of `AGES`."""

    tab: str = "all"
    state: str = ""
    age: str = ""

    @property
    def words(self) -> str:
        """The state and age chosen, as one reads them."""
        state = KycCase.State(self.state).label if self.state in WAITING else ""
        return " · ".join(str(one) for one in (state, AGES[self.age][0] if self.age in AGES else "") if one)


_ALL = Wanted()


def _narrowed(rows: QuerySet[KycCase], wanted: Wanted) -> QuerySet[KycCase]:
    if wanted.state in WAITING:
        rows = rows.filter(state=wanted.state)
    if wanted.age in AGES:
        now, (_label, least, most) = clock.now(), AGES[wanted.age]
        rows = rows.filter(submitted_at__lte=now - least, submitted_at__gt=now - most)
    return rows


def page_of(actor: Actor, wanted: Wanted = _ALL, *, cursor: str = "", size: int = 25) -> Page[KycCase]:
    """One page of the queue, oldest first, with customer, claimer and documents: two queries whatever its size."""
    documents = KycDocument.objects.order_by("id").only("id", "case_id", "kind", "status")
    rows = (
        _narrowed(waiting_for(actor), wanted)
        .filter(_tab(actor, wanted.tab))
        .select_related("customer__user", "claimed_by")
        .prefetch_related(Prefetch("documents", queryset=documents))
    )
    return _by_age(rows, cursor, size)


def _by_age(rows: QuerySet[KycCase], cursor: str, size: int) -> Page[KycCase]:
    """A keyset page by (submitted_at, id); the cursor reads ``n<microseconds>-<id>`` or ``p…``."""
    backwards, edge = cursor[:1] == "p", _edge(cursor)
    if edge is None:
        backwards, found = False, rows.order_by("submitted_at", "id")
    elif backwards:
        found = rows.filter(_before(*edge)).order_by("-submitted_at", "-id")
    else:
        found = rows.exclude(_before(*edge)).exclude(pk=edge[1]).order_by("submitted_at", "id")
    items = list(found[: size + 1])
    more, items = len(items) > size, items[:size]
    if backwards:
        items.reverse()
    if not items:
        return Page(items, None, None)
    has_next, has_previous = backwards or more, more if backwards else edge is not None
    return Page(
        items,
        f"n{_mark(items[-1])}" if has_next else None,
        f"p{_mark(items[0])}" if has_previous else None,
    )


def _before(moment: datetime, key: int) -> Q:
    return Q(submitted_at__lt=moment) | Q(submitted_at=moment, id__lt=key)


def _mark(case: KycCase) -> str:
    assert case.submitted_at is not None  # noqa: S101 - every case of the queue was sent
    return f"{(case.submitted_at - _EPOCH) // _MICROSECOND}-{case.pk}"


def _edge(cursor: str) -> tuple[datetime, int] | None:
    micros, _dash, key = cursor[1:].partition("-")
    if cursor[:1] not in {"n", "p"} or not all(part.isascii() and part.isdigit() for part in (micros, key)):
        return None
    if len(micros) > 17 or len(key) > 18:
        return None
    return _EPOCH + int(micros) * _MICROSECOND, int(key)


def is_claimed(case: KycCase) -> bool:
    """Whether somebody's claim on ``case`` still stands."""
    return bool(case.claimed_by_id and case.claimed_until and case.claimed_until > clock.now())


def waiting_documents(actor: Actor) -> QuerySet[KycDocument]:
    """The documents that wait for a decision, oldest first (TeraPay contract, kyc-admin.pending)."""
    return (
        KycDocument.objects.filter(
            status=KycDocument.Status.PENDING,
            case__submitted_at__isnull=False,
            customer__is_sandbox=actor.is_sandbox,
        )
        .exclude(customer__user=actor.user)
        .select_related("customer__user", "case")
        .order_by("id")
    )
