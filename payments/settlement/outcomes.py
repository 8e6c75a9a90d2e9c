"""What came of a stored message: decided, or not yet known whose it is."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from payments.models import ProviderMessage

Decision = ProviderMessage.Decision


class Outcome(NamedTuple):
    """A decision, a note of at most 80 characters, and the attempt about which to ask its provider now."""

    decision: Decision
    note: str = ""
    ask: int | None = None


@dataclass(frozen=True)
class Stray:
    """News of something that we do not know (yet). It is looked for again.

    With a ``key`` it tells of money: that payment's own name in its channel, the same that its receipt has once it is
    known whose it is (our trx id where there is one). ``amount`` is given when that much surely came.
    """

    channel: str = ""
    key: str = ""
    amount: Decimal | None = None
    currency: str = ""
    paid_at: datetime | None = None
    reference: str = ""
