"""What the cards app and a processor say to each other, whoever the processor is. Amounts are `Decimal`, times aware.

The one promise that everything rests on: under one reference a processor does a thing at most once, and it can be
asked what became of a reference.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol


class Outcome(StrEnum):
    """What a processor says of a reference."""

    APPROVED = "approved"
    CHALLENGE = "challenge"
    DECLINED = "declined"
    # Of acts: it is done, or it was refused.
    DONE = "done"
    REFUSED = "refused"
    # It has never seen it.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Plain:
    """A card in the clear, for as long as one call lasts. Its text shows nothing; it is never pickled or logged."""

    number: str
    expiry_month: int
    expiry_year: int
    # Only where a payer has just typed it; empty when a program pays with a token.
    code: str = ""

    def __repr__(self) -> str:
        return "Plain(•••)"

    __str__ = __repr__

    def __reduce__(self) -> tuple[type, tuple[str, ...]]:
        raise TypeError("A card in the clear is not stored.")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Authorise ``amount``; the holder comes back to ``return_url`` after a challenge, if that is a page of ours."""

    reference: str
    amount: Decimal
    currency: str
    order_id: str = ""
    return_url: str = ""
    # The amount wants the holder's word, whatever the processor thinks.
    ask_holder: bool = False


@dataclass(frozen=True, slots=True)
class Word:
    """What a processor said of a reference: ``reason`` as in cards.models.states.Reason, ``message`` its own words."""

    reference: str
    outcome: Outcome
    processor_id: str = ""
    reason: str = ""
    code: str = ""
    message: str = ""
    amount: Decimal | None = None
    currency: str = ""
    acs_url: str = ""
    pa_req: str = ""
    challenge_until: datetime | None = None
    at: datetime | None = None


class CardProcessor(Protocol):
    """Where cards are charged. Thread-safe; every call ends within its time limits; nothing here knows our tables.

    Every call raises `ProviderError`; its ``outcome_unknown`` says whether the processor may have done it.
    """

    name: str

    def authorize(self, wanted: Wanted, card: Plain) -> Word:
        """Approved, declined, or a challenge for the holder."""
        ...

    def could_be(self, reference: str, pa_res: str) -> bool:
        """Whether an answer to a challenge may be the processor's, by its form and signature; nobody is asked."""
        ...

    def verify(self, reference: str, pa_res: str) -> Word:
        """Hand over the answer to a challenge: approved or declined. Refuses one that it did not sign."""
        ...

    def capture(self, reference: str, act: str, amount: Decimal, currency: str) -> Word:
        """Collect ``amount`` of an authorisation, once, under the reference ``act``; what is left is released."""
        ...

    def void(self, reference: str, act: str) -> Word:
        """Release an authorisation that was not captured."""
        ...

    def refund(self, reference: str, act: str, amount: Decimal, currency: str) -> Word:
        """Give back a part of what was captured, or all."""
        ...

    def ask(self, reference: str, act: str = "") -> Word:
        """What became of an authorisation, or of an act on it."""
        ...
