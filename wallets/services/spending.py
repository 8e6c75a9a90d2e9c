"""What customers do with their wallets themselves: send, pay, and fill a sandbox wallet.

In the currency of ``settings.CUSTOMER_WALLET_CURRENCY``, within the limits of the customer's level
(`accounts.levels`). Sandbox customers move sandbox money among themselves and nothing else.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.db import IntegrityError, transaction

from accounts.access.actors import Actor
from accounts.levels import Limits, limits_of
from accounts.models import Customer
from accounts.services import audit
from config.lib.money import InvalidAmount, check_amount
from wallets import selectors
from wallets.errors import (
    AlreadyPaid,
    AmountRefused,
    InsufficientFunds,
    OverBalanceLimit,
    OverDailyLimit,
    OverSingleLimit,
    ToYourself,
)
from wallets.ledger import Posted
from wallets.models import Payment, Posting
from wallets.selectors import Allowance
from wallets.services import movements

MERCHANTS = "payable:merchants"
_SANDBOX_MERCHANTS, _SANDBOX_BANK = "payable:sandbox", "sandbox"


@dataclass(frozen=True)
class Moved:
    """A line of a customer's wallet: ``id`` of the transfer or payment, ``entry_id`` of the line, ``balance`` after."""

    id: uuid.UUID
    entry_id: uuid.UUID
    amount: Decimal
    balance: Decimal
    created_at: datetime


def send_money(*, actor: Actor, sender: Customer, recipient: Customer, amount: Decimal, note: str) -> Moved:
    """Move ``amount`` to another customer's wallet; ``note`` stands in both statements.

    Raises `AmountRefused`, `ToYourself`, `OverSingleLimit`, `OverDailyLimit`, `InsufficientFunds`, `AccountFrozen`.
    """
    if sender.pk == recipient.pk:
        raise ToYourself
    number = uuid.uuid4()
    with _spending(sender, amount):
        posted = movements.transfer(
            sender=sender,
            recipient=recipient,
            amount=amount,
            currency=_currency(),
            reference=f"transfer:{number}",
            subject=f"transfer:{number}",
            memo=note,
            caused_by=actor.user,
        )
        moved = _moved(sender, number, posted)
        facts = {"transfer": number, "to": recipient.public_id, "amount": amount, "currency": _currency()}
        audit.record(actor, "money.sent", target=sender, after=facts)
    return moved


def pay_merchant(*, actor: Actor, payer: Customer, amount: Decimal, note: str, external_reference: str) -> Moved:
    """Pay ``amount`` for the merchant's ``external_reference``, once for ever, to what we owe merchants.

    Raises `AlreadyPaid`, and all that `send_money` raises about amounts.
    """
    with _spending(payer, amount):
        payment = _claim(payer, external_reference)
        posted = movements.pay_house(
            customer=payer,
            amount=amount,
            currency=_currency(),
            account=_SANDBOX_MERCHANTS if payer.is_sandbox else MERCHANTS,
            kind="payment",
            reference=payment.reference,
            subject=payment.reference,
            memo=note,
            caused_by=actor.user,
        )
        moved = _moved(payer, payment.public_id, posted)
        facts = {"payment": payment.public_id, "for": external_reference, "amount": amount, "currency": _currency()}
        audit.record(actor, "money.paid", target=payer, after=facts)
    return moved


def _claim(payer: Customer, external_reference: str) -> Payment:
    """The constraint of the table, not a look beforehand, keeps two at once from both paying."""
    try:
        with transaction.atomic():
            return Payment.objects.create(customer=payer, external_reference=external_reference)
    except IntegrityError as error:
        raise AlreadyPaid from error


@transaction.atomic
def credit_in_sandbox(*, actor: Actor, customer: Customer, amount: Decimal, note: str, reference: str) -> None:
    """Credit a sandbox wallet with what a simulated bank paid for the deposit ``reference``. No provider is asked.

    Raises `AmountRefused`, and `OverBalanceLimit` as a real top-up does.
    """
    if not customer.is_sandbox:
        raise ValueError("a real wallet is filled by a deposit")
    _check(amount)
    check_room(customer, amount)
    movements.credit_from_provider(
        customer=customer,
        amount=amount,
        currency=_currency(),
        channel=_SANDBOX_BANK,
        kind="deposit",
        reference=reference,
        subject=reference,
        memo=note,
        caused_by=actor.user,
    )


def check_room(customer: Customer, amount: Decimal, waiting: Decimal = Decimal(0)) -> None:
    """Raise `OverBalanceLimit` if ``amount`` more, beside what is ``waiting`` to come in, is more than the wallet of
    ``customer`` may hold. One request of a customer at a time: the caller's transaction keeps its row locked."""
    most = limits_of(_locked(customer)).balance
    room = most - selectors.balance_in(customer, _currency()) - waiting
    if amount > room:
        raise OverBalanceLimit(most, max(room, Decimal(0)), _currency())


def look_ahead(*, customer: Customer, amount: Decimal, external_reference: str = "") -> Allowance:
    """What sending or paying ``amount`` would raise now; what is allowed, if nothing. Moves and locks nothing."""
    _check(amount)
    allowance = selectors.allowance_of(customer)
    _within(allowance.limits, allowance.spent, amount)
    if amount > allowance.available:
        raise InsufficientFunds(allowance.available, amount)
    paid = Payment.objects.filter(customer=customer, external_reference=external_reference)
    if external_reference and paid.exists():
        raise AlreadyPaid
    return allowance


@contextmanager
def _spending(customer: Customer, amount: Decimal) -> Iterator[None]:
    """A transaction in which ``customer`` may part with ``amount``. Two at once count one after the other."""
    _check(amount)
    with transaction.atomic():
        limits = limits_of(_locked(customer))
        _within(limits, selectors.spent_today(customer, _currency()), amount)
        yield


def _within(limits: Limits, spent: Decimal, amount: Decimal) -> None:
    if amount > limits.single:
        raise OverSingleLimit(limits.single, _currency())
    left = limits.daily - spent
    if amount > left:
        raise OverDailyLimit(max(left, Decimal(0)), limits.daily, _currency())


def _locked(customer: Customer) -> Customer:
    return Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)


def _check(amount: Decimal) -> None:
    try:
        check_amount(amount, _currency())
    except InvalidAmount as error:
        raise AmountRefused(_currency()) from error


def _currency() -> str:
    currency: str = settings.CUSTOMER_WALLET_CURRENCY
    return currency


def _moved(customer: Customer, number: uuid.UUID, posted: Posted) -> Moved:
    line = Posting.objects.select_related("account").get(transaction=posted.transaction_id, account__customer=customer)
    return Moved(
        id=number,
        entry_id=selectors.entry_id(posted.reference, line.account.code),
        amount=abs(line.amount),
        balance=line.balance_after,
        created_at=line.created_at,
    )
