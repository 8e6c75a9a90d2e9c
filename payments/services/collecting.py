"""Deposits of clients: one amount, by one way, collected for a client's balance from whoever pays."""

from datetime import datetime
from decimal import Decimal

from accounts.models import Client
from payments.models import Deposit


def open_methods(*, is_sandbox: bool) -> list[str]:
    """Codes of the ways by which can be collected now, in the usual order: ``va``, ``qris``, ``ovo``."""
    raise NotImplementedError


def collect(
    *,
    client: Client,
    is_sandbox: bool,
    amount: Decimal,
    method: str,
    bank: str = "",
    phone: str = "",
    expires_at: datetime,
    memo: str,
) -> Deposit:
    """Begin to collect ``amount`` whole rupiah for ``client`` by ``method`` (``va`` with ``bank``, ``qris``, ``ovo`` with
    ``phone``); a task makes it payable after the commit. What arrives goes to the client's balance in rupiah.

    Each call makes another deposit. ``memo`` will stand in the statement. In the sandbox no provider is asked: a
    simulated bank pays it all a moment after the commit, with play money. Whoever wants to know of the money registers
    with `payments.payees.on_settled`. Raises `UnknownMethod`, `UnknownBank`, `AmountRefused`, `NotPayable` when there
    is no time left.
    """
    raise NotImplementedError


def stop(*, deposit: Deposit) -> None:
    """Call an unpaid deposit of a client off, at its provider too. Quiet when it is over already; money that comes
    all the same is credited."""
    raise NotImplementedError
