"""Money that arrived becomes money in the wallet, once. The only place that moves a deposit to success."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from config.lib.money import InvalidAmount, check_amount
from payments.banks import name_of
from payments.models import Deposit, ProviderMessage, VirtualAccount
from payments.settlement.rows import Locked
from wallets.services import credit_from_provider

CHANNEL = "faspay_va"
Decision = ProviderMessage.Decision

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Arrival:
    """What the provider says was paid. ``paid_at`` is the bank's time, None when it gave none that can be read."""

    amount: Decimal
    currency: str
    paid_at: datetime | None


def credit(rows: Locked, arrival: Arrival) -> Decision:
    """Credit what arrived and close the deposit; say what was decided.

    A repeat changes nothing; anything that contradicts what is known changes no money and is shown to staff.
    Raises `wallets.errors.LedgerError`, which ends the surrounding transaction.
    """
    doubt = _contradiction(rows, arrival)
    if doubt:
        return flag(rows, doubt)
    if rows.deposit.state == Deposit.State.SUCCESS:
        return Decision.REPEATED
    deposit = rows.deposit
    credit_from_provider(
        customer=deposit.customer,
        amount=arrival.amount,
        currency=arrival.currency,
        channel=CHANNEL,
        kind="deposit",
        reference=deposit.reference,
        subject=deposit.reference,
        memo=deposit.memo or f"Virtual account {name_of(deposit.bank)}",
    )
    _succeed(rows, arrival)
    return Decision.CREDITED


def _contradiction(rows: Locked, arrival: Arrival) -> str:
    if arrival.currency != rows.deposit.currency:
        return "wrong_currency"
    try:
        check_amount(arrival.amount, arrival.currency)
    except InvalidAmount:
        return "odd_amount"
    if rows.deposit.state != Deposit.State.SUCCESS:
        return ""
    if rows.va.state != VirtualAccount.State.PAID:
        return "paid_twice"
    return "other_amount" if arrival.amount != rows.deposit.received_amount else ""


def flag(rows: Locked, why: str) -> Decision:
    """Put a deposit on the desk of staff; no money moves."""
    logger.error("deposit %s needs attention: %s", rows.deposit.public_id, why)
    if rows.deposit.attention != why:
        rows.deposit.attention = why
        rows.touch("attention")
    return Decision.FLAGGED


def _succeed(rows: Locked, arrival: Arrival) -> None:
    deposit, paid_at = rows.deposit, _paid_at(rows, arrival)
    deposit.outcome = _outcome(rows, arrival, paid_at)
    deposit.state = Deposit.State.SUCCESS
    deposit.received_amount = arrival.amount
    deposit.paid_at = paid_at
    deposit.reason = ""
    deposit.ledger_reference = deposit.reference
    rows.touch("state", "outcome", "received_amount", "paid_at", "reason", "ledger_reference")
    rows.va.state = VirtualAccount.State.PAID
    rows.va.next_check_at = None
    rows.va.save(update_fields=["state", "next_check_at"])


def _paid_at(rows: Locked, arrival: Arrival) -> datetime:
    """The bank's time if it can be true, otherwise the moment we were told."""
    slack = timedelta(minutes=5)
    told = arrival.paid_at
    return told if told and rows.deposit.created_at - slack <= told <= rows.now + slack else rows.now


def _outcome(rows: Locked, arrival: Arrival, paid_at: datetime) -> Deposit.Outcome:
    if arrival.amount < rows.deposit.amount:
        return Deposit.Outcome.UNDERPAID
    if arrival.amount > rows.deposit.amount:
        return Deposit.Outcome.OVERPAID
    ended = rows.deposit.state in {Deposit.State.FAILED, Deposit.State.CANCELLED}
    return Deposit.Outcome.PAID_LATE if ended or paid_at > rows.deposit.expires_at else Deposit.Outcome.AS_ASKED
