"""Reading batches: lists, rows, progress, and what somebody looks at before saying yes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Sum

from accounts.access import policy
from accounts.access.actors import Actor
from accounts.models import Client
from config.lib import clock
from config.lib.pagination import Page, keyset
from payouts.errors import NotFound
from payouts.models import Batch, BatchRow, Payout
from payouts.models.states import GOOD_ROWS, IN_FLIGHT, BatchState, Problem, Reason, RowState, State
from wallets.models import Account
from wallets.selectors import client_balances

# How often a payout is given to its rail, the first time included (TeraPay contract 10).
MOST_ATTEMPTS = 3
UNPAID = (State.FAILED, State.REJECTED, State.EXPIRED)
# Rows that were sent, by a word for where they are.
SENT: dict[str, tuple[str, ...]] = {
    "paid": (State.COMPLETED,),
    "failed": UNPAID,
    "open": IN_FLIGHT,
    "cancelled": (State.CANCELLED,),
    "returned": (State.RETURNED,),
}
REPEATS = Q(problems__contains=Problem.SAME_IN_FILE) | Q(problems__contains=Problem.SAME_LATELY)
_LARGEST = 10
_LATELY = timedelta(seconds=30)
_COMPARE = """
WITH ours AS (
  SELECT receiver, sum(amount) AS amount FROM payouts_batchrow
  WHERE batch_id = %(batch)s AND state IN ('valid', 'warning') GROUP BY receiver
), theirs AS (
  SELECT receiver, sum(amount) AS amount FROM payouts_batchrow
  WHERE batch_id = %(last)s AND state IN ('valid', 'warning') GROUP BY receiver
)
SELECT count(*) FILTER (WHERE ours.amount = theirs.amount),
       count(*) FILTER (WHERE ours.amount <> theirs.amount),
       count(*) FILTER (WHERE theirs.receiver IS NULL),
       count(*) FILTER (WHERE ours.receiver IS NULL)
FROM ours FULL JOIN theirs USING (receiver)
"""


@dataclass(frozen=True, slots=True)
class Reasoned:
    """How many rows failed for a reason (a code of `Reason`), and their amount."""

    reason: str
    label: str
    count: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Progress:
    """Counts of good rows; they add up to ``good``. ``waiting`` have not left, ``doubtful`` are being checked.

    ``per_second`` is of the last half minute; ``time_left`` is None where nothing can be said.
    """

    good: int
    paid: int
    failed: int
    cancelled: int
    waiting: int
    sending: int
    doubtful: int
    per_second: float
    time_left: timedelta | None
    reasons: Sequence[Reasoned]
    retryable: int

    @property
    def ended(self) -> int:
        return self.paid + self.failed + self.cancelled

    @property
    def percent(self) -> int:
        return 100 * self.ended // self.good if self.good else 0


@dataclass(frozen=True, slots=True)
class Compared:
    """Against the client's last batch that was paid out: receivers with the same amount, with another one; receivers
    only in this one; only in the last one."""

    last: Batch
    same: int
    changed: int
    added: int
    gone: int


@dataclass(frozen=True, slots=True)
class BeforeApproval:
    """What the approver looks at. ``digest`` names the batch as it was then: every change of a row gives it another.

    Amounts in the batch's currency; ``after`` is the balance when everything is paid, ``short`` what is missing for
    that (zero: enough).
    """

    digest: str
    total: Decimal
    largest: Sequence[BatchRow]
    new_receivers: Sequence[BatchRow]
    new_receiver_count: int
    duplicate_count: int
    compared: Compared | None
    balance: Decimal
    after: Decimal
    short: Decimal


def listed(actor: Actor) -> QuerySet[Batch]:
    """The batches an actor sees, of its world, newest first."""
    return (
        Batch.objects.filter(client__in=policy.clients_seen_by(actor), is_sandbox=actor.is_sandbox)
        .select_related("client", "made_by", "made_by_api_user", "approved_by", "approved_by_api_user")
        .order_by("-id")
    )


def seen(actor: Actor, public_id: UUID) -> Batch:
    """One batch. Raises `NotFound`."""
    found = listed(actor).filter(public_id=public_id).first()
    if found is None:
        raise NotFound
    return found


def name_of(actor: Actor) -> str:
    """How ``makers`` name an actor: an API user is a person of its own; "" for what runs by itself."""
    if actor.api_user is not None:
        return f"api_user:{actor.api_user.pk}"
    return f"user:{actor.user.pk}" if actor.user is not None else ""


def to_approve(actor: Actor) -> QuerySet[Batch]:
    """Batches that wait for somebody like ``actor``, the longest waiting first; its own are left out, unless they are
    small enough for one person."""
    waiting = listed(actor).filter(state=BatchState.AWAITING_APPROVAL)
    own = Q(makers__contains=[name_of(actor)]) & Q(amount__gt=settings.PAYOUT_ONE_PERSON_UP_TO)
    return waiting.exclude(own).order_by("submitted_at", "pk")


def rows(batch: Batch, state: str = "", cursor: str = "", size: int = 50) -> Page[BatchRow]:
    """Rows in the order of the upload, each with its payout. ``state`` is "" (all), one of `RowState`, "problems"
    (wrong or with a warning), or of rows that were sent: "paid", "failed", "open", "cancelled", "returned"."""
    return keyset(rows_of(batch, state), order_by="position", cursor=cursor, size=size)


def rows_of(batch: Batch, state: str = "") -> QuerySet[BatchRow]:
    """All rows of ``batch`` in a state as `rows` names it; none where nobody knows that word."""
    every = BatchRow.objects.filter(batch=batch).select_related("payout").order_by("position")
    if state in SENT:
        return every.filter(payout__batch=batch, payout__state__in=SENT[state])
    if state == "problems":
        return every.filter(state__in=[RowState.ERROR, RowState.WARNING])
    return every.filter(state=state) if state else every


def row_seen(actor: Actor, public_id: UUID) -> BatchRow:
    """One row of a batch that ``actor`` sees. Raises `NotFound`."""
    found = (
        BatchRow.objects.filter(public_id=public_id, batch__in=listed(actor).order_by().values("pk"))
        .select_related("batch__client", "payout")
        .first()
    )
    if found is None:
        raise NotFound
    return found


def progress(batch: Batch) -> Progress:
    """How far it is. A constant number of queries."""
    if batch.started_at is None:
        return Progress(batch.good, 0, 0, 0, batch.good, 0, 0, 0.0, None, (), 0)
    counts = dict(_sent(batch).values_list("state").annotate(count=Count("pk")).order_by())
    failures = list(_failures(batch)) if any(counts.get(state) for state in UNPAID) else []
    speed = _per_second(batch)
    waiting, sending, doubtful = (counts.get(state, 0) for state in IN_FLIGHT)
    return Progress(
        good=batch.good,
        paid=counts.get(State.COMPLETED, 0) + counts.get(State.RETURNED, 0),
        failed=sum(counts.get(state, 0) for state in UNPAID),
        cancelled=counts.get(State.CANCELLED, 0),
        waiting=waiting,
        sending=sending,
        doubtful=doubtful,
        per_second=speed,
        time_left=_time_left(batch, waiting + sending, speed),
        reasons=[_reasoned(line) for line in failures],
        retryable=sum(line["retryable"] for line in failures) if may_be_retried(batch) else 0,
    )


def may_be_retried(batch: Batch) -> bool:
    """Failed rows go out again when everything else has ended (TeraPay contract 10), unless the rest was called off."""
    return batch.state == BatchState.PARTLY_COMPLETED and batch.cancel_requested_at is None


def retryable(batch: Batch) -> QuerySet[Payout]:
    """What failed and has been tried less than `MOST_ATTEMPTS` times."""
    return _sent(batch).filter(state=State.FAILED, attempts__lt=MOST_ATTEMPTS)


def _sent(batch: Batch) -> QuerySet[Payout]:
    return Payout.objects.filter(batch=batch)


def _failures(batch: Batch) -> Iterable[Mapping[str, Any]]:
    again = Q(state=State.FAILED, attempts__lt=MOST_ATTEMPTS)
    failed = _sent(batch).filter(state__in=UNPAID).values("reason")
    return failed.annotate(count=Count("pk"), amount=Sum("amount"), retryable=Count("pk", filter=again)).order_by(
        "-count", "reason"
    )


def _reasoned(line: Mapping[str, Any]) -> Reasoned:
    return Reasoned(line["reason"], str(Reason(line["reason"]).label), line["count"], line["amount"])


def _per_second(batch: Batch) -> float:
    """Of the last half minute, or since it began."""
    if batch.started_at is None or batch.finished_at is not None:
        return 0.0
    now = clock.now()
    since = max(now - _LATELY, batch.started_at)
    ended = _sent(batch).filter(closed_at__gt=since).count()
    return ended / max((now - since).total_seconds(), 1.0)


def _time_left(batch: Batch, left: int, speed: float) -> timedelta | None:
    if batch.state != BatchState.PROCESSING or not left or speed <= 0:
        return None
    return timedelta(seconds=round(left / speed))


def before_approval(batch: Batch) -> BeforeApproval:
    """What the approver sees. A constant number of queries."""
    good = BatchRow.objects.filter(batch=batch, state__in=GOOD_ROWS)
    largest = good.order_by("-amount", "position")
    fresh = Q(problems__contains=Problem.NEW_RECEIVER)
    counts = good.aggregate(fresh=Count("pk", filter=fresh), again=Count("pk", filter=REPEATS))
    balance, after = balance_of(batch), left_after(batch)
    return BeforeApproval(
        digest=str(batch.version),
        total=batch.total,
        largest=list(largest[:_LARGEST]),
        new_receivers=list(largest.filter(fresh)[:_LARGEST]),
        new_receiver_count=counts["fresh"],
        duplicate_count=counts["again"],
        compared=_compared(batch),
        balance=balance,
        after=after,
        short=max(-after, Decimal(0)),
    )


def _compared(batch: Batch) -> Compared | None:
    last = (
        Batch.objects.filter(client=batch.client, is_sandbox=batch.is_sandbox, currency=batch.currency)
        .filter(state__in=[BatchState.COMPLETED, BatchState.PARTLY_COMPLETED])
        .exclude(pk=batch.pk)
        .order_by("-id")
        .first()
    )
    if last is None:
        return None
    with connection.cursor() as cursor:
        cursor.execute(_COMPARE, {"batch": batch.pk, "last": last.pk})
        return Compared(last, *cursor.fetchone())


def balance_of(batch: Batch) -> Decimal:
    """What its client has at its disposal, in its currency."""
    balances = client_balances(batch.client, is_sandbox=batch.is_sandbox)
    return next((one.available for one in balances if one.currency == batch.currency), Decimal(0))


def left_after(batch: Batch) -> Decimal:
    """What would be left when it begins now; below zero, what is missing."""
    return balance_of(batch) - (batch.total if batch.started_at is None else Decimal(0))


def waiting_with_money() -> QuerySet[Batch]:
    """Approved batches of active clients that are not known to lack money, the longest waiting first."""
    balance = Account.objects.filter(
        client=OuterRef("client"), currency=OuterRef("currency"), is_sandbox=OuterRef("is_sandbox"), status="open"
    )
    available = Subquery(balance.values(left=F("balance") - F("held"))[:1])
    enough = Q(state=BatchState.APPROVED) | Q(available__gte=F("amount") + F("fees"))
    return (
        Batch.objects.filter(state__in=[BatchState.APPROVED, BatchState.AWAITING_FUNDS])
        .filter(client__status=Client.Status.ACTIVE)
        .annotate(available=available)
        .filter(enough)
        .order_by("approved_at", "pk")
    )
