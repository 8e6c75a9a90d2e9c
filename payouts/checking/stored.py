"""What the database says of the rows of a batch."""

from dataclasses import dataclass
from decimal import Decimal

from payouts.models import Batch


@dataclass(frozen=True, slots=True)
class BankTotal:
    """Good rows to one bank or operator. ``code`` is the first three characters of a receiver."""

    code: str
    kind: str
    name: str
    rows: int
    amount: Decimal
    fees: Decimal


def digest_of(batch: Batch) -> str:
    """What an approval binds: SHA-256 over every good row in its order (reference, receiver, amount, fee, name and
    narration), and whose money it is. 64 hex digits."""
    raise NotImplementedError


def totals_by_bank(batch: Batch) -> list[BankTotal]:
    """The good rows by where they go, the largest amount first."""
    raise NotImplementedError


def judge_again(batch: Batch) -> None:
    """Compare all good rows with what has been paid or submitted since they were read, and write what has changed,
    counters included. The caller holds the batch's lock; two batches of a client are compared one after the other."""
    raise NotImplementedError
