"""What is done with an authorised payment: captured, released, given back (TeraPay contract 11)."""

from decimal import Decimal

from accounts.models import User
from cards.models import CardAct, CardPayment


def capture(
    *, payment: CardPayment, amount: Decimal, asked_by: str, caused_by: User | None = None, reference: str = ""
) -> CardAct:
    """Collect ``amount`` of an authorised payment, once; the rest is released.

    Call it outside any transaction. The act's state tells: done or failed. Raises `TooMuch`, `NotInState`,
    `CardsClosed`; `OutcomeUnknown` when the processor did not answer.
    """
    raise NotImplementedError


def void(*, payment: CardPayment, asked_by: str, caused_by: User | None = None) -> CardAct:
    """Release an authorised payment. As `capture` otherwise."""
    raise NotImplementedError


def refund(
    *, payment: CardPayment, amount: Decimal, note: str, asked_by: str, caused_by: User | None = None
) -> CardAct:
    """Give back a part of what was captured, or all. Raises `NotEnoughMoney` besides what `capture` raises."""
    raise NotImplementedError
