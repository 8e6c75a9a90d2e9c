"""The balances of clients: one for each currency, and play money in accounts of its own.

Idempotent by ``reference`` as everything here; amounts are positive `Decimal`s unless a leg is signed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from accounts.models import Client, User
from config.lib.money import check_amount
from wallets import ledger
from wallets.ledger import Posted
from wallets.models import Account
from wallets.services.movements import house_account_id


@dataclass(frozen=True)
class Purse:
    """A client's balance in ``currency``; ``is_sandbox`` names the one with play money."""

    client: Client
    currency: str
    is_sandbox: bool = False

    @property
    def code(self) -> str:
        """What the ledger calls it."""
        return f"client{'-test' if self.is_sandbox else ''}:{self.client.public_id}"


# Where a leg goes: a client's balance, or an account of the house by its code.
Place = Purse | str


def client_account(purse: Purse) -> Account:
    """The account of a client's balance, made on first use."""
    found = Account.objects.filter(client=purse.client, currency=purse.currency, is_sandbox=purse.is_sandbox).first()
    if found is not None:
        return found
    return Account.objects.get_or_create(
        client=purse.client, currency=purse.currency, is_sandbox=purse.is_sandbox, defaults={"code": purse.code}
    )[0]


def credit_client(
    *,
    purse: Purse,
    source: str,
    amount: Decimal,
    kind: str,
    reference: str,
    subject: str,
    memo: str,
    caused_by: User | None = None,
) -> Posted:
    """Money from an account of the house (``clearing:…``) goes to a client's balance.

    Raises `InvalidAmount`, `ReferenceConflict`, `AccountFrozen` (a closed balance takes nothing).
    """
    check_amount(amount, purse.currency)
    return post_legs(
        legs=[(source, -amount), (purse, amount)],
        currency=purse.currency,
        kind=kind,
        reference=reference,
        subject=subject,
        memo=memo,
        caused_by=caused_by,
    )


def pay_from_client(
    *,
    purse: Purse,
    target: str,
    amount: Decimal,
    kind: str,
    reference: str,
    subject: str,
    memo: str,
    caused_by: User | None = None,
) -> Posted:
    """Money of a client goes to an account of the house (``payable:…`` for what is on its way, ``revenue:…``).

    Raises `InsufficientFunds`, `InvalidAmount`, `AccountFrozen`, `ReferenceConflict`.
    """
    check_amount(amount, purse.currency)
    return post_legs(
        legs=[(purse, -amount), (target, amount)],
        currency=purse.currency,
        kind=kind,
        reference=reference,
        subject=subject,
        memo=memo,
        caused_by=caused_by,
    )


def post_legs(
    *,
    legs: Sequence[tuple[Place, Decimal]],
    currency: str,
    kind: str,
    reference: str,
    subject: str,
    memo: str,
    caused_by: User | None = None,
) -> Posted:
    """One transaction over several places, signed amounts that sum to zero, once under ``reference``.

    Legs of the same place are added up; what comes to nothing is left out. Raises `UnbalancedTransaction`,
    `InsufficientFunds`, `InvalidAmount`, `AccountFrozen`, `ReferenceConflict`.
    """
    known = _known_accounts([_code_of(place) for place, _amount in legs], currency)
    total: dict[int, Decimal] = {}
    for place, amount in legs:
        account = known.get(_code_of(place)) or _account_of(place, currency)
        total[account] = total.get(account, Decimal(0)) + amount
    return ledger.post(
        reference=reference,
        kind=kind,
        legs={account: amount for account, amount in total.items() if amount},
        subject=subject,
        memo=memo,
        caused_by_id=caused_by.pk if caused_by else None,
    )


def _known_accounts(codes: Sequence[str], currency: str) -> dict[str, int]:
    """Those of the accounts that are there already, by their codes."""
    found = Account.objects.filter(code__in=set(codes), currency=currency)
    return dict(found.values_list("code", "pk"))


def _code_of(place: Place) -> str:
    return place.code if isinstance(place, Purse) else place


def _account_of(place: Place, currency: str) -> int:
    return client_account(place).pk if isinstance(place, Purse) else house_account_id(place, currency)
