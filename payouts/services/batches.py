"""What people and programs do with a batch: submit, approve, pause, call off, try again (TeraPay contract 10).

Each of these locks the batch, is quiet when it is done already, and notes who did it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from accounts.access.actors import Actor
from payouts.models import Batch, BatchRow, Payout


@dataclass(frozen=True, slots=True)
class Skipped:
    """A row that was not taken, and why in words."""

    row: BatchRow
    reason: str


@dataclass(frozen=True, slots=True)
class Retried:
    """Payouts that are tried again, as they are now, and rows that are not."""

    payouts: Sequence[Payout]
    skipped: Sequence[Skipped]


def submit(*, actor: Actor, batch: Batch, duplicates_reason: str = "") -> Batch:
    """Ask a second person to approve. Raises `NotReady` (wrong rows are left, or no good one), `ReasonNeeded` (rows
    repeat other payments and nobody said why), `WrongState`."""
    raise NotImplementedError


def withdraw(*, actor: Actor, batch: Batch) -> Batch:
    """Take it back, so that it can be changed; what was approved counts no more. Raises `WrongState`."""
    raise NotImplementedError


def send_back(*, actor: Actor, batch: Batch, reason: str) -> Batch:
    """The approver wants changes. Raises `ReasonNeeded`, `WrongState`."""
    raise NotImplementedError


def approve(*, actor: Actor, batch: Batch, digest: str = "", total: Decimal | None = None) -> Batch:
    """The second person's yes, bound to exactly these rows; it starts at once, or waits for money.

    ``digest`` and ``total`` (amounts and fees) are what the person has seen: raises `BatchChanged` when they are not
    those of the batch. Raises `SamePerson`, `NotReady`, `OverDailyLimit`, `BatchBusy`, `WrongState`.
    """
    raise NotImplementedError


def pause(*, actor: Actor, batch: Batch) -> Batch:
    """Rows that have not left stay. Raises `WrongState`."""
    raise NotImplementedError


def resume(*, actor: Actor, batch: Batch) -> Batch:
    """Go on after a pause. Raises `WrongState`."""
    raise NotImplementedError


def cancel(*, actor: Actor, batch: Batch) -> Batch:
    """Call off what has not left; what is on its way ends as it ends. Raises `WrongState`."""
    raise NotImplementedError


def retry(*, actor: Actor, batch: Batch, items: Sequence[UUID] | None = None) -> Retried:
    """Try failed rows again (by the public ids of rows; None: all), at most three times in all, under the same
    references. Raises `Invalid` (an id is not of this batch), `NotEnoughMoney`, `WrongState`."""
    raise NotImplementedError
