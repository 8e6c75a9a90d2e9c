"""Money that arrived becomes money in a wallet or a client's balance, once. The only place that moves a deposit to
success."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction

from accounts.models import User
from config.lib.money import InvalidAmount, check_amount
from payments import payees
from payments.methods import METHODS
from payments.models import Deposit, PaymentAttempt, PaymentCase, ProviderMessage, Receipt
from payments.selectors import SET_ASIDE
from payments.settlement import cases
from payments.settlement.cases import open_case
from payments.settlement.rows import Locked, stop_others
from wallets.errors import AccountFrozen, ReferenceConflict

Decision = ProviderMessage.Decision
Kind = PaymentCase.Kind
# Money of these surely came: of a second attempt, in another currency, for a wallet that is closed.
_CERTAIN = frozenset({Kind.PAID_TWICE, Kind.WRONG_CURRENCY, Kind.LEDGER_REFUSED})

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
    waits in suspense, also when the wallet is closed. Raises `wallets.errors.LedgerError`, which ends the surrounding
    transaction.
    """
    if rows.attempt.receipts.filter(amount=arrival.amount, currency=arrival.currency).exists():
        return Decision.REPEATED
    doubt = _contradiction(rows, arrival)
    if doubt:
        return _set_aside(rows, doubt, arrival)
    earlier = cases.sheltered(channel_of(rows.attempt), names_of(rows.attempt))
    if earlier is not None and earlier.receipt is not None:
        return _claim(rows, earlier, earlier.receipt, arrival)
    try:
        with transaction.atomic():
            post(rows.deposit, rows.attempt, arrival, reference=rows.deposit.reference)
    except AccountFrozen:
        return _set_aside(rows, Kind.LEDGER_REFUSED, arrival)
    succeed(rows, arrival, reference=rows.deposit.reference)
    return Decision.CREDITED


def names_of(attempt: PaymentAttempt) -> list[str]:
    """Under which names its money may have come before we knew it."""
    return [attempt.trx_id, attempt.provider_trx_id, attempt.number]


def channel_of(attempt: PaymentAttempt) -> str:
    """Through which clearing account the money of this attempt comes."""
    return METHODS[attempt.method].channel


def post(
    deposit: Deposit, attempt: PaymentAttempt, arrival: Arrival, *, reference: str, caused_by: User | None = None
) -> Receipt:
    """The receipt of an attempt's money, and the money where the deposit's goes. Raises `LedgerError`."""
    channel = channel_of(attempt)
    receipt, _new = Receipt.objects.get_or_create(
        channel=channel,
        key=attempt.trx_id,
        defaults={
            "amount": arrival.amount,
            "currency": arrival.currency,
            "place": Receipt.Place.WALLET,
            "paid_at": arrival.paid_at,
            "ledger_reference": reference,
            "customer_id": deposit.customer_id,
            "deposit": deposit,
            "attempt": attempt,
            "message": arrival.message,
        },
    )
    # As the ledger does: the same again is answered with what stands, anything else is refused and tried again later.
    if (receipt.ledger_reference, receipt.amount) != (reference, arrival.amount):
        raise ReferenceConflict(reference)
    _pay_in(deposit, attempt, f"clearing:{channel}", receipt, reference=reference, caused_by=caused_by)
    return receipt


def _pay_in(
    deposit: Deposit, attempt: PaymentAttempt, source: str, money: Receipt, *, reference: str, caused_by: User | None
) -> None:
    payee = payees.payee_of(deposit)
    payee.credit(
        source,
        {
            "amount": money.amount,
            "currency": money.currency,
            "kind": payee.kind,
            "reference": reference,
            "subject": deposit.reference,
            "memo": deposit.memo or memo_of(attempt),
            "caused_by": caused_by,
        },
    )


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
    if rows.attempt.receipts.filter(currency=arrival.currency).exists():
        return Kind.OTHER_AMOUNT
    return Kind.PAID_TWICE if rows.deposit.state == Deposit.State.SUCCESS else None


def _set_aside(rows: Locked, kind: Kind, arrival: Arrival) -> Decision:
    """A case for staff; once it is settled, the same news again is a repeat."""
    trx_id = rows.attempt.trx_id
    # The payment in another currency is another one than that in ours, should both be told.
    receipt_key = f"{trx_id}:{arrival.currency}" if kind == Kind.WRONG_CURRENCY else trx_id
    case = open_case(
        kind,
        key=f"{kind}:{trx_id}:{arrival.amount}{arrival.currency}",
        channel=channel_of(rows.attempt),
        deposit=rows.deposit,
        attempt=rows.attempt,
        message=arrival.message,
        amount=arrival.amount,
        currency=arrival.currency,
        paid_at=arrival.paid_at,
        receipt_key=receipt_key if kind in _CERTAIN else "",
    )
    if kind in {Kind.PAID_TWICE, Kind.LEDGER_REFUSED} and case.receipt is not None:
        _end_attempt(rows, SET_ASIDE)
    return Decision.REPEATED if case.state == PaymentCase.State.SETTLED else flag(rows, kind)


def _claim(rows: Locked, case: PaymentCase, receipt: Receipt, arrival: Arrival) -> Decision:
    """This money had come before we knew whose it is: it waits in suspense, or staff have decided about it."""
    deposit = rows.deposit
    if (receipt.amount, receipt.currency) != (arrival.amount, arrival.currency):
        return _set_aside(rows, Kind.OTHER_AMOUNT, arrival)
    owner = {"deposit": deposit, "attempt": rows.attempt}
    if receipt.place == Receipt.Place.SUSPENSE:
        try:
            with transaction.atomic():
                _out_of_suspense(deposit, rows.attempt, receipt)
        except AccountFrozen:
            cases.assign(case, receipt, deposit, rows.attempt)
            _end_attempt(rows, SET_ASIDE)
            return flag(rows, case.kind)
        cases.match(case, ledger_reference=deposit.reference, customer=deposit.customer, **owner)
        succeed(rows, arrival, reference=deposit.reference)
        return Decision.CREDITED
    cases.name_owner(receipt, **owner)
    if receipt.place == Receipt.Place.WALLET and is_of(receipt, deposit):
        succeed(rows, arrival, reference=case.ledger_reference)
        return Decision.CREDITED
    _end_attempt(rows)
    if receipt.place == Receipt.Place.RETURNED:
        return Decision.REPEATED
    # Decided before anybody knew whose it is: somebody else has it, or the house.
    return flag_case(rows, Kind.CORRECTION, message=arrival.message, note=f"decided before: {case.public_id}")


def _out_of_suspense(deposit: Deposit, attempt: PaymentAttempt, receipt: Receipt) -> None:
    source = f"suspense:{receipt.channel}"
    _pay_in(deposit, attempt, source, receipt, reference=deposit.reference, caused_by=None)


def is_of(receipt: Receipt, deposit: Deposit) -> bool:
    """Whether money in a wallet or balance is where that of ``deposit`` belongs."""
    if deposit.customer_id is not None:
        return receipt.customer_id == deposit.customer_id
    return receipt.customer_id is None and receipt.deposit_id == deposit.pk


def flag(rows: Locked, why: str) -> Decision:
    """Mark a deposit as one that staff must look at; no money moves."""
    logger.error("deposit %s needs attention: %s", rows.deposit.public_id, why)
    if rows.deposit.attention != why:
        rows.deposit.attention = why
        rows.touch("attention")
    return Decision.FLAGGED


def flag_case(
    rows: Locked, kind: Kind, *, message: ProviderMessage | None = None, note: str = "", name: str = ""
) -> Decision:
    """`flag`, and a case about it that moves no money; once it is settled, the same news again is a repeat.

    ``name`` tells one piece of such news from another, where there can be several."""
    about_received = kind in {Kind.REFUNDED, Kind.CLOSED_AFTER_SUCCESS}
    receipt = rows.attempt.receipts.filter(currency=rows.deposit.currency).first() if about_received else None
    case = open_case(
        kind,
        key=f"{kind}:{rows.attempt.trx_id}:{name}" if name else f"{kind}:{rows.attempt.trx_id}",
        channel=channel_of(rows.attempt),
        deposit=rows.deposit,
        attempt=rows.attempt,
        message=message,
        amount=receipt.amount if receipt else rows.deposit.received_amount or rows.deposit.amount,
        currency=rows.deposit.currency,
        note=note,
        receipt=receipt,
    )
    return Decision.REPEATED if case.state == PaymentCase.State.SETTLED else flag(rows, kind)


def succeed(rows: Locked, arrival: Arrival, *, reference: str) -> None:
    """The deposit is paid by what arrived; ``reference`` is the ledger transaction that credited it."""
    deposit, paid_at = rows.deposit, _paid_at(rows, arrival)
    deposit.outcome = _outcome(rows, arrival, paid_at)
    deposit.state = Deposit.State.SUCCESS
    deposit.received_amount = arrival.amount
    deposit.paid_at = paid_at
    deposit.reason = ""
    deposit.ledger_reference = reference
    rows.touch("state", "outcome", "received_amount", "paid_at", "reason", "ledger_reference")
    _end_attempt(rows)
    stop_others(rows)


def _end_attempt(rows: Locked, reason: str = "") -> None:
    rows.attempt.state = PaymentAttempt.State.PAID
    rows.attempt.next_check_at = None
    rows.attempt.page_url = ""
    rows.attempt.reason = reason
    rows.save("state", "next_check_at", "page_url", "reason")


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
