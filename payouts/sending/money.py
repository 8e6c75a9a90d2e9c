"""The postings of payouts: to the way, to the rail, back to the client. One posting in a transaction, never two.

The ledger locks the accounts of a posting in one order; a second posting after it would lock against that order.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from accounts.models import Client, User
from payouts import books
from payouts.errors import NotEnoughMoney
from payouts.models.states import State
from wallets.errors import InsufficientFunds
from wallets.services import Purse, post_legs
from wallets.services.clients import Place

# What the ledger calls them; the check of payouts counts all of them, and no other.
SENT, BACK, PAID, RETURNED = "payout", "payout_back", "payout_paid", "payout_return"
KINDS = (SENT, BACK, PAID, RETURNED)


@dataclass(frozen=True, slots=True)
class Sum:
    """What several payouts of one client, rail and end come to."""

    client_id: int
    client: UUID
    is_sandbox: bool
    currency: str
    rail: str
    state: str
    amount: Decimal
    fee: Decimal

    @property
    def purse(self) -> Purse:
        return purse_of(self.client_id, self.client, self.currency, self.is_sandbox)


def purse_of(client_id: int, public_id: UUID, currency: str, is_sandbox: bool) -> Purse:
    """The balance of a client of whom nothing else is needed."""
    return Purse(Client(pk=client_id, public_id=public_id), currency, is_sandbox)


def set_aside(purse: Purse, amount: Decimal, *, subject: str, memo: str, caused_by: User | None) -> None:
    """Money of a client is on its way from now on. Raises `NotEnoughMoney`, `AccountFrozen`."""
    legs: list[tuple[Place, Decimal]] = [(purse, -amount), (books.in_flight(purse.is_sandbox), amount)]
    try:
        _post(legs, purse.currency, SENT, subject, memo, caused_by)
    except InsufficientFunds as error:
        raise NotEnoughMoney from error


def post_ends(sums: Iterable[Sum], *, subject: str, memo: str, caused_by: User | None = None) -> None:
    """Money on its way arrives: at the rail and as our fee, or back at its client. All in one currency."""
    legs: list[tuple[Place, Decimal]] = []
    kind, currency = PAID, ""
    for one in sums:
        currency = one.currency
        legs.append((books.in_flight(one.is_sandbox), -one.amount - one.fee))
        if one.state == State.COMPLETED:
            legs += [(books.clearing(one.rail, one.is_sandbox), one.amount), (books.fees(one.is_sandbox), one.fee)]
        else:
            kind = BACK
            legs.append((one.purse, one.amount + one.fee))
    if legs:
        _post(legs, currency, kind, subject, memo, caused_by)


def post_return(one: Sum, *, subject: str, memo: str) -> None:
    """What was paid came back: the amount goes to the client, the fee stays ours."""
    legs: list[tuple[Place, Decimal]] = [
        (books.clearing(one.rail, one.is_sandbox), -one.amount),
        (one.purse, one.amount),
    ]
    _post(legs, one.currency, RETURNED, subject, memo, None)


def _post(
    legs: list[tuple[Place, Decimal]], currency: str, kind: str, subject: str, memo: str, caused_by: User | None
) -> None:
    # The states that change in the same transaction let it happen once; the reference only has to be new.
    post_legs(
        legs=legs,
        currency=currency,
        kind=kind,
        reference=f"{kind}:{uuid.uuid4()}",
        subject=subject,
        memo=memo[:200],
        caused_by=caused_by,
    )
