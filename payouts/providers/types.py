"""What the payouts app and a rail say to each other, whoever the rail is. Amounts are `Decimal`, times aware.

The one promise that everything rests on: under one reference a rail pays at most once. A reference that it rejected
may be sent again; one that it took answers with what became of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from config.lib.errors import ProviderError


class Outcome(StrEnum):
    """What a rail says of a reference."""

    PAID = "paid"
    # Taken; its end is still to come.
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    # Paid before, and sent back.
    RETURNED = "returned"
    # The rail has never seen it: it may be sent (again).
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Instruction:
    """Pay ``amount`` to ``receiver``. ``kind`` is BankTransfer or MobileMoney; ``code`` names the bank or operator."""

    reference: str
    kind: str
    code: str
    receiver: str
    name: str
    amount: Decimal
    currency: str
    narration: str


@dataclass(frozen=True, slots=True)
class Word:
    """What a rail said of one reference: ``reason`` as in payouts.models.states.Reason, ``message`` its own words."""

    reference: str
    outcome: Outcome
    rail_id: str = ""
    reason: str = ""
    message: str = ""
    amount: Decimal | None = None
    at: datetime | None = None
    currency: str = ""
    receiver: str = ""

    def is_about(self, amount: Decimal, currency: str, receiver: str) -> bool:
        """Whether it is that payment that it speaks of, as far as it says."""
        said = self.amount in (None, amount), self.currency in ("", currency), self.receiver in ("", receiver)
        return all(said)


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose account or number it is, as the bank says; ``name`` may be masked ("A** S****")."""

    found: bool
    name: str = ""


@dataclass(frozen=True, slots=True)
class Changes:
    """What happened after ``cursor``, oldest first; ``cursor`` to go on from."""

    words: Sequence[Word] = field(default_factory=tuple)
    cursor: str = ""


# For each reference a word, or why there is none: ``outcome_unknown`` decides whether it may have been paid.
Answer = Word | ProviderError


class PayoutRail(Protocol):
    """A way for money to leave. Thread-safe; every call ends within its time limits; nothing here knows our tables."""

    name: str

    def send(self, instructions: Sequence[Instruction]) -> list[Answer]:
        """Give instructions to the rail; one answer for each, in the same order, whatever happens. Raises nothing."""
        ...

    def ask(self, references: Sequence[str]) -> list[Answer]:
        """What became of them, in the same order. Raises nothing."""
        ...

    def holder_of(self, kind: str, code: str, receiver: str) -> Holder:
        """Whose account it is. Raises `ProviderError`."""
        ...

    def changes(self, after: str) -> Changes:
        """What happened since: ends of what was accepted, returns of what was paid. Raises `ProviderError`."""
        ...
