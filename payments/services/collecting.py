"""Deposits of clients: one amount, by one way, collected for a client's balance from whoever pays."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from accounts.models import Client
from config.lib.clock import now
from config.lib.jobs import nudge
from payments import methods, tasks
from payments.errors import NotCancellable, NotPayable, UnknownBank, UnknownMethod
from payments.methods import METHODS, Method
from payments.models import Deposit
from payments.services.deposits import CURRENCY, cancel_deposit, check_payable, check_way, new_attempt
from payments.services.ovo import number_of
from payments.services.switching import LEAST_TIME
from payments.settlement import play

# Payers need an app or a bank for these, and nothing of ours.
_OFFERED = (methods.QRIS, methods.VA, methods.OVO)


def open_methods(*, is_sandbox: bool) -> list[str]:
    """Codes of the ways by which can be collected now, in the usual order: ``qris``, ``va``, ``ovo``."""
    return [code for code in _OFFERED if is_sandbox or methods.on(code)]


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
    """Begin to collect ``amount`` whole rupiah for ``client`` by ``method`` (``va`` with ``bank``, ``qris``, ``ovo``
    with ``phone``); a task makes it payable after the commit. What arrives goes to the client's balance in rupiah.

    Each call makes another deposit, which ends at ``expires_at`` or sooner, as its method wants. ``memo`` will stand in
    the statement. In the sandbox no provider is asked: a simulated bank pays it all a moment after the commit, with
    play money, and there is nothing to show to a payer. Whoever wants to know of the money registers with
    `payments.payees.on_settled`. Raises `UnknownMethod`, `UnknownBank`, `AmountRefused`, `UnusableOvoNumber`, and
    `NotPayable` when there is no time left.
    """
    way = _way(method, bank, is_sandbox)
    check_payable(way, amount)
    phone = number_of(phone) if method == methods.OVO else ""
    begun = now()
    if expires_at < begun + LEAST_TIME:
        raise NotPayable
    with transaction.atomic():
        deposit = Deposit.objects.create(
            client=client,
            amount=amount,
            currency=CURRENCY,
            method=methods.SANDBOX if is_sandbox else method,
            bank=bank if method == methods.VA else way.bank,
            memo=memo[:200],
            created_at=begun,
            expires_at=min(expires_at, begun + way.lifetime),
        )
        _start(deposit, way, phone)
    return deposit


def _way(method: str, bank: str, is_sandbox: bool) -> Method:
    if method not in _OFFERED:
        raise UnknownMethod
    if not is_sandbox:
        return check_way(method, bank)
    if method == methods.VA and not methods.is_bank(bank):
        raise UnknownBank
    return METHODS[method]


def _start(deposit: Deposit, way: Method, phone: str) -> None:
    if deposit.method == methods.SANDBOX:
        nudge(tasks.pay_in_sandbox, deposit_id=deposit.pk)
    else:
        attempt = new_attempt(deposit, way, deposit.bank, phone=phone)
        nudge(tasks.submit, attempt_id=attempt.pk)


def stop(*, deposit: Deposit) -> None:
    """Call an unpaid deposit of a client off, at its provider too. Quiet when it is over already, and when it cannot
    be called off now: while it is on its way to its provider, or while OVO waits for the payer. Money that comes all
    the same is credited.

    Waits for the deposit's row: whoever holds what a listener of `payments.payees` locks must not call this.
    """
    if deposit.method == methods.SANDBOX:
        play.call_off(deposit.pk)
        return
    try:
        cancel_deposit(deposit=deposit)
    except NotCancellable:
        return
