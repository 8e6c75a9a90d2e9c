"""Reading batches: lists, rows, progress, and what somebody looks at before saying yes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import QuerySet

from accounts.access import policy
from accounts.access.actors import Actor
from config.lib.pagination import Page
from payouts.errors import NotFound
from payouts.models import Batch, BatchRow


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
    """Against the client's last batch that was paid out: receivers in both, of them with another amount; only in this
    one; only in the last one."""

    last: Batch
    same: int
    changed: int
    added: int
    gone: int


@dataclass(frozen=True, slots=True)
class BeforeApproval:
    """What the approver looks at. ``digest`` names exactly these rows; amounts in the batch's currency; ``after`` is
    the balance when everything is paid, ``short`` what is missing for that (zero: enough)."""

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


def to_approve(actor: Actor) -> QuerySet[Batch]:
    """Batches that wait for somebody like ``actor``, the longest waiting first; its own are left out."""
    raise NotImplementedError


def rows(batch: Batch, state: str = "", cursor: str = "", size: int = 50) -> Page[BatchRow]:
    """Rows in the order of the upload, each with its payout. ``state`` is "" (all), one of `RowState`, "problems"
    (wrong or with a warning), or of rows that were sent: "paid", "failed", "open", "cancelled", "returned"."""
    raise NotImplementedError


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
    raise NotImplementedError


def before_approval(batch: Batch) -> BeforeApproval:
    """What the approver sees. A constant number of queries."""
    raise NotImplementedError
