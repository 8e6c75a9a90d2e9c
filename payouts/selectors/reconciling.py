"""What the rows of a batch add up to, beside the payments that were made for them (TeraPay contract 15)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Q, Sum
from django.db.models.functions import Coalesce

from config.lib.money import as_json_number
from payouts.models import Batch, BatchRow, Payout
from payouts.models.states import RowState
from payouts.selectors.batches import rows_of
from payouts.selectors.items import FAILED, PENDING, PROCESSED, amount_of, item_status, status_of

# In which a payment has to be as the row that it was made from.
COMPARED = ("amount", "fee", "receiver", "reference")
_MOST_SHOWN = 50
_NOTHING = Decimal(0)


@dataclass
class Figure:
    count: int = 0
    amount: Decimal = _NOTHING

    def add(self, amount: Decimal, count: int = 1) -> None:
        self.count += count
        self.amount += amount

    def as_json(self) -> dict[str, Any]:
        return {"count": self.count, "amount": as_json_number(self.amount)}


@dataclass(frozen=True)
class Mismatch:
    """A row whose payment has something else in a field of `COMPARED`."""

    row: BatchRow
    field: str

    @property
    def asked(self) -> Any:
        return getattr(self.row, self.field)

    @property
    def made(self) -> Any:
        return getattr(self.row.payout, self.field)


@dataclass
class Sums:
    """What the items of a batch add up to. ``difference`` is zero when nothing is missing and nothing is twice."""

    submitted: Figure = field(default_factory=Figure)
    by_status: dict[str, Figure] = field(
        default_factory=lambda: {PROCESSED: Figure(), FAILED: Figure(), PENDING: Figure()}
    )
    left_out: Figure = field(default_factory=Figure)
    fees: Decimal = _NOTHING
    mismatches: list[Mismatch] = field(default_factory=list)
    # Rows that differ; `mismatches` may be of the first ones only.
    different: int = 0

    @property
    def processed(self) -> Figure:
        return self.by_status[PROCESSED]

    @property
    def failed(self) -> Figure:
        return self.by_status[FAILED]

    @property
    def pending(self) -> Figure:
        return self.by_status[PENDING]

    @property
    def difference(self) -> Decimal:
        return self.submitted.amount - sum((figure.amount for figure in self.by_status.values()), _NOTHING)

    def add(self, row: BatchRow) -> None:
        payout = row.payout
        fee = payout.fee if payout is not None and payout.completed_at else _NOTHING
        self.add_group(row.state, item_status(row), Figure(1, amount_of(row)), fee)
        if payout is not None:
            self.compare(row, payout)

    def add_group(self, state: str, status: str, figure: Figure, fees: Decimal) -> None:
        """Rows in ``state`` that all read as ``status``; ``fees`` of those that were paid."""
        wholes = [self.submitted, self.by_status[status]]
        for whole in [*wholes, self.left_out] if state == RowState.EXCLUDED else wholes:
            whole.add(figure.amount, figure.count)
        self.fees += fees

    def compare(self, row: BatchRow, payout: Payout) -> None:
        found = [Mismatch(row, name) for name in COMPARED if getattr(row, name) != getattr(payout, name)]
        self.mismatches += found
        self.different += bool(found)

    def as_json(self) -> dict[str, Any]:
        return {
            "submitted": self.submitted.as_json(),
            "processed": self.processed.as_json(),
            "failed": self.failed.as_json(),
            "pending": self.pending.as_json(),
            "difference": as_json_number(self.difference),
            "leftOut": self.left_out.as_json(),
            "fees": as_json_number(self.fees),
            "mismatches": [{"itemId": str(one.row.public_id), "field": one.field} for one in self.mismatches],
        }


def sums_of(batch: Batch) -> Sums:
    """The same, added up by the database; of the rows that differ the first ones. Three queries at most."""
    sums, rows = Sums(), rows_of(batch)
    for state, payout_state, count, amount, fees in _groups(batch):
        sums.add_group(state, status_of(state, payout_state), Figure(count, amount), fees)
    differ = Q()
    for name in COMPARED:
        differ |= ~Q(**{name: F(f"payout__{name}")})
    odd = rows.filter(differ, payout__isnull=False)
    for row in odd[:_MOST_SHOWN]:
        if row.payout is not None:
            sums.compare(row, row.payout)
    if sums.different == _MOST_SHOWN:
        sums.different = odd.count()
    return sums


def _groups(batch: Batch) -> Iterator[tuple[str, str | None, int, Decimal, Decimal]]:
    """States of row and payment; how many rows, their amounts, and the fees that were taken."""
    paid = Q(payout__completed_at__isnull=False)
    counted = (
        rows_of(batch)
        .order_by()
        .values_list("state", "payout__state")
        .annotate(
            rows=Count("pk"),
            together=Coalesce(Sum("amount"), _NOTHING),
            fees=Coalesce(Sum("payout__fee", filter=paid), _NOTHING),
        )
    )
    return iter(counted)
