"""Payments by card: authorised, and confirmed by the holder (TeraPay contract 11)."""

from decimal import Decimal

from accounts.models import ApiUser, Client, User
from cards.models import Card, CardPayment


def authorize(
    *,
    client: Client,
    is_sandbox: bool,
    card: Card,
    amount: Decimal,
    currency: str,
    order_id: str = "",
    code: str = "",
    return_url: str = "",
    origin: str = "",
    api_user: ApiUser | None = None,
    caused_by: User | None = None,
    reference: str = "",
) -> CardPayment:
    """Ask the processor for ``amount``; the state tells: authorized, requires_3ds or declined.

    Call it outside any transaction. Raises `CardsClosed`, `NoSuchCard`, `BadField`, `OrderTaken`; `OutcomeUnknown` with
    ``.payment``, which is in doubt then.
    """
    raise NotImplementedError


def verify(*, payment: CardPayment, pa_res: str) -> CardPayment:
    """Hand over the answer to the challenge of ``payment``; the state tells: authorized or declined.

    Call it outside any transaction. Raises `BadAnswer`, `NotInState`, `CardsClosed`, `OutcomeUnknown`.
    """
    raise NotImplementedError
