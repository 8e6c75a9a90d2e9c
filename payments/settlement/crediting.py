"""Money that arrived becomes money in the wallet, once. The only place that moves a deposit to success."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from config.lib.money import InvalidAmount, check_amount
from payments.methods import METHODS
from payments.models import Deposit, PaymentAttempt, PaymentCase, ProviderMessage, Receipt
from payments.settlement.cases import open_case
from payments.settlement.rows import Locked
from wallets.services import credit_from_provider

Decision = ProviderMessage.Decision
Kind = PaymentCase.Kind

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Arrival:
    """What the provider says was paid. ``paid_at`` is the bank's time, None when it gave none that can be read."""

    amount: Decimal
    currency: str
    paid_at: datetime | None
    message: ProviderMessage | None = None


def credit(rows: Locked, arrival: Arrival) -> Decision:
    """Credit what arrived and close the deposit; say what was decided.

    A repeat changes nothing. What contradicts the books becomes a case for staff; money that surely came with it
    waits in suspense. Raises `wallets.errors.LedgerError`, which ends the surrounding transaction.
    """
    doubt = _contradiction(rows, arrival)
    if doubt:
        return _set_aside(rows, doubt, arrival)
    if rows.deposit.state == Deposit.State.SUCCESS:
        return Decision.REPEATED
    paid_at = _paid_at(rows, arrival)
    _post(rows.deposit, rows.attempt, arrival)
    _succeed(rows, arrival, paid_at)
    return Decision.CREDITED


def _post(deposit: Deposit, attempt: PaymentAttempt, arrival: Arrival) -> None:
    channel = METHODS[attempt.method].channel
    credit_from_provider(
        customer=deposit.customer,
        amount=arrival.amount,
        currency=arrival.currency,
        channel=channel,
        kind="deposit",
        reference=deposit.reference,
        subject=deposit.reference,
        memo=deposit.memo or memo_of(attempt),
    )
    receipt = Receipt(
        channel=channel,
        key=attempt.trx_id,
        amount=arrival.amount,
        currency=arrival.currency,
        place=Receipt.Place.WALLET,
        paid_at=arrival.paid_at,
        ledger_reference=deposit.reference,
        customer_id=deposit.customer_id,
        deposit=deposit,
        attempt=attempt,
        message=arrival.message,
    )
    # The ledger answers a repetition with what stands; so does this.
    Receipt.objects.bulk_create([receipt], ignore_conflicts=True)


def memo_of(attempt: PaymentAttempt) -> str:
    """What stands in the statement when the customer wrote nothing."""
    by_bank = f"Virtual account {attempt.bank_name}"
    return by_bank if attempt.method == "va" else f"Top up by {attempt.bank_name}"


def _contradiction(rows: Locked, arrival: Arrival) -> Kind | None:
    if arrival.currency != rows.deposit.currency:
        return Kind.WRONG_CURRENCY
    try:
        check_amount(arrival.amount, arrival.currency)
    except InvalidAmount:
        return Kind.ODD_AMOUNT
    if rows.deposit.state != Deposit.State.SUCCESS:
        return None
    if rows.attempt.state != PaymentAttempt.State.PAID:
        return Kind.PAID_TWICE
    credited = rows.attempt.receipts.filter(currency=arrival.currency).values_list("amount", flat=True)
    return None if arrival.amount in set(credited) else Kind.OTHER_AMOUNT


def _set_aside(rows: Locked, kind: Kind, arrival: Arrival) -> Decision:
    """A case for staff. Money of a second attempt, or in another currency, surely came: it waits in suspense."""
    flag(rows, kind)
    certain = kind in {Kind.PAID_TWICE, Kind.WRONG_CURRENCY}
    open_case(
        kind,
        key=f"{kind}:{rows.attempt.trx_id}:{arrival.amount}{arrival.currency}",
        channel=METHODS[rows.attempt.method].channel,
        deposit=rows.deposit,
        attempt=rows.attempt,
        message=arrival.message,
        amount=arrival.amount,
        currency=arrival.currency,
        paid_at=arrival.paid_at,
        receipt_key=rows.attempt.trx_id if certain else "",
    )
    if kind == Kind.PAID_TWICE:
        rows.attempt.state = PaymentAttempt.State.PAID
        rows.attempt.next_check_at = None
        rows.attempt.page_url = ""
        rows.save("state", "next_check_at", "page_url")
    return Decision.FLAGGED


def flag(rows: Locked, why: str) -> Decision:
    """Mark a deposit as one that staff must look at; no money moves."""
    logger.error("deposit %s needs attention: %s", rows.deposit.public_id, why)
    if rows.deposit.attention != why:
        rows.deposit.attention = why
        rows.touch("attention")
    return Decision.FLAGGED


def flag_case(rows: Locked, kind: Kind, *, message: ProviderMessage | None = None, note: str = "") -> Decision:
    """`flag`, and a case about it without any money."""
    open_case(
        kind,
        key=f"{kind}:{rows.attempt.trx_id}",
        channel=METHODS[rows.attempt.method].channel,
        deposit=rows.deposit,
        attempt=rows.attempt,
        message=message,
        amount=rows.deposit.received_amount or rows.deposit.amount,
        currency=rows.deposit.currency,
        note=note,
    )
    return flag(rows, kind)


def _succeed(rows: Locked, arrival: Arrival, paid_at: datetime) -> None:
    deposit = rows.deposit
    deposit.outcome = _outcome(rows, arrival, paid_at)
    deposit.state = Deposit.State.SUCCESS
    deposit.received_amount = arrival.amount
    deposit.paid_at = paid_at
    deposit.reason = ""
    deposit.ledger_reference = deposit.reference
    rows.touch("state", "outcome", "received_amount", "paid_at", "reason", "ledger_reference")
    rows.attempt.state = PaymentAttempt.State.PAID
    rows.attempt.next_check_at = None
    rows.attempt.page_url = ""
    rows.attempt.save(update_fields=["state", "next_check_at", "page_url"])


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
