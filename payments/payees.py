"""Who is paid by a deposit, and who else wants to know that it was: asked inside the transaction that credits it."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TypedDict

from accounts.models import Client, Customer, User
from config.lib.money import check_amount
from payments.methods import SANDBOX
from payments.models import Deposit
from wallets.services import Purse, credit_from_house, pay_house, post_legs

Listener = Callable[[Deposit], None]
_listeners: list[Listener] = []


def on_settled(listener: Listener) -> None:
    """Have ``listener`` called with every deposit of a client that has become a success, inside the transaction that
    credited it and under the lock of its row; once for each deposit. What it raises undoes the credit, which is then
    tried again. Call this from `AppConfig.ready`.

    ``received_amount`` and ``outcome`` say what arrived: less, more or later than was asked counts as settled too.
    """
    if listener not in _listeners:
        _listeners.append(listener)


def settled(deposit: Deposit) -> None:
    """Tell those who asked; the caller has just saved the new state."""
    if deposit.client_id is not None and deposit.state == Deposit.State.SUCCESS:
        for listener in _listeners:
            listener(deposit)


class Move(TypedDict):
    """What is moved, and how the ledger calls it."""

    amount: Decimal
    currency: str
    kind: str
    reference: str
    subject: str
    memo: str
    caused_by: User | None


@dataclass(frozen=True)
class Payee:
    """Where the money of a deposit goes: a customer's wallet, or a client's balance in one of its two worlds."""

    customer: Customer | None = None
    client: Client | None = None
    is_sandbox: bool = False

    @property
    def name(self) -> str:
        """For staff."""
        return str(self.customer.user if self.customer is not None else self.client)

    @property
    def kind(self) -> str:
        """What the ledger calls money that was paid in."""
        return "deposit" if self.customer is not None else "collection"

    def credit(self, source: str, move: Move) -> None:
        """Money from the account ``source`` of the house. Raises `LedgerError`."""
        if self.customer is not None:
            credit_from_house(customer=self.customer, source=source, **move)
        else:
            self._post(source, self._purse(move["currency"]), move)

    def debit(self, target: str, move: Move) -> None:
        """Money back to the account ``target`` of the house. Raises `LedgerError`, as when it is there no more."""
        if self.customer is not None:
            pay_house(customer=self.customer, account=target, **move)
        else:
            self._post(self._purse(move["currency"]), target, move)

    def _post(self, source: Purse | str, target: Purse | str, move: Move) -> None:
        check_amount(move["amount"], move["currency"])
        post_legs(
            legs=[(source, -move["amount"]), (target, move["amount"])],
            currency=move["currency"],
            kind=move["kind"],
            reference=move["reference"],
            subject=move["subject"],
            memo=move["memo"],
            caused_by=move["caused_by"],
        )

    def _purse(self, currency: str) -> Purse:
        if self.client is None:
            raise ValueError("a deposit of nobody")
        return Purse(self.client, currency, self.is_sandbox)


def payee_of(deposit: Deposit) -> Payee:
    """Whose money it is that comes for ``deposit``."""
    if deposit.customer is not None:
        return Payee(deposit.customer)
    return Payee(client=deposit.client, is_sandbox=deposit.method == SANDBOX)
