"""Money that came to a permanent number becomes a deposit and a credit, once. What cannot be so becomes a case.

Named by number and paymentRequestId (Faspay contract 3.3, 4.2): the row of the payment is locked, and its receipt
can exist only once.
"""

import hashlib
import logging
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from config.lib.money import InvalidAmount, check_amount
from payments import news
from payments.methods import FASPAY_SNAP, METHODS, VA_STATIC
from payments.models import Deposit, PaymentCase, ProviderMessage, Receipt, StaticAccount, StaticPayment
from payments.settlement.cases import match, open_case, sheltered
from payments.settlement.crediting import Arrival
from wallets.errors import AccountFrozen
from wallets.services import credit_from_house, credit_from_provider

Decision = ProviderMessage.Decision
Kind = PaymentCase.Kind
State = StaticPayment.State
CURRENCY = "IDR"
CHANNEL = METHODS[VA_STATIC].channel
# A case refers to a payment by its key, and that has so much place.
_KEY_LENGTH = 64
_SLACK = timedelta(minutes=5)

logger = logging.getLogger(__name__)


def receipt_key(number: str, payment_request_id: str) -> str:
    """What the payment is called among the receipts of its channel: 64 characters at most."""
    plain = f"static:{number}:{payment_request_id}"
    if len(plain) <= _KEY_LENGTH:
        return plain
    return f"static:{number}:{hashlib.sha256(payment_request_id.encode()).hexdigest()[:28]}"


def key_of(payment: StaticPayment) -> str:
    """`receipt_key` of a row, its account loaded with it."""
    return receipt_key(payment.account.number, payment.payment_request_id)


def lock_payment(*, wait: bool = True, **named: object) -> StaticPayment | None:
    """Lock the one payment that is ``named``; its ``database_now`` is the time. None when there is none, or when
    somebody else has it and ``wait`` is false. Its deposit, if it has one, is locked first, as everywhere."""
    if wait:
        _lock_deposit(**named)
    return _locking(wait=wait).filter(**named).first()


def _lock_deposit(**named: object) -> None:
    deposits = Deposit.objects.filter(**{f"static_payments__{field}": value for field, value in named.items()})
    list(deposits.select_for_update(no_key=True, of=("self",)).values_list("pk"))


def _locking(*, wait: bool = True) -> QuerySet[StaticPayment]:
    rows = StaticPayment.objects.select_for_update(skip_locked=not wait, no_key=True, of=("self",))
    return rows.select_related("account__customer").annotate(database_now=Now())


def announce(account: StaticAccount, name: str, amount: Decimal, **more: object) -> tuple[StaticPayment, bool]:
    """The payment ``name`` to ``account``, locked, made if it was not there. Inside a transaction: of two that make
    it at once the second waits for the first."""
    row, is_new = StaticPayment.objects.get_or_create(
        account=account, payment_request_id=name, defaults={"amount": amount, "currency": CURRENCY, **more}
    )
    if row.deposit_id:
        _lock_deposit(pk=row.pk)
    return _locking().get(pk=row.pk), is_new


def now_of(payment: StaticPayment) -> datetime:
    """The database's time when the payment was locked."""
    now: datetime = payment.database_now  # type: ignore[attr-defined]
    return now


def doubt_about(arrival: Arrival) -> PaymentCase.Kind | None:
    """What makes money impossible to book as it was told of."""
    if arrival.currency != CURRENCY:
        return Kind.WRONG_CURRENCY
    try:
        check_amount(arrival.amount, CURRENCY)
    except InvalidAmount:
        return Kind.ODD_AMOUNT
    return None


def settle(payment: StaticPayment, arrival: Arrival) -> tuple[Decision, str]:
    """Book a locked payment of which the bank says that it was done; (decision, note).

    A repeat changes nothing. Another amount than was announced waits in suspense, as money for a closed wallet does;
    another one than was booked is a case without money. Raises `wallets.errors.LedgerError`.
    """
    if payment.deposit is None and (early := _came_early(payment, arrival)) is not None:
        _book_from_suspense(payment, arrival, early)
        return Decision.CREDITED, ""
    earlier = _receipt_of(payment)
    if earlier is not None and earlier.amount == arrival.amount:
        return Decision.REPEATED, ""
    if payment.deposit is not None:
        key = f"{Kind.OTHER_AMOUNT}:{key_of(payment)}:{arrival.amount}"
        flag_payment(payment, payment.deposit, Kind.OTHER_AMOUNT, key, arrival.message, arrival.amount)
        return Decision.FLAGGED, Kind.OTHER_AMOUNT
    if earlier is not None or arrival.amount != payment.amount:
        return _leave_to_staff(payment, Kind.OTHER_AMOUNT, arrival)
    try:
        with transaction.atomic():
            _book(payment, arrival)
    except AccountFrozen:
        logger.error("%s: its wallet is closed", payment)
        payment.refresh_from_db()
        return _leave_to_staff(payment, Kind.LEDGER_REFUSED, arrival)
    return Decision.CREDITED, ""


def _came_early(payment: StaticPayment, arrival: Arrival) -> PaymentCase | None:
    """The case of this very money, if it came before the number was known and still waits in suspense."""
    case = sheltered(CHANNEL, [key_of(payment)])
    receipt = case.receipt if case else None
    waits = receipt is not None and receipt.place == Receipt.Place.SUSPENSE
    return case if waits and receipt and receipt.amount == arrival.amount == payment.amount else None


def _book_from_suspense(payment: StaticPayment, arrival: Arrival, case: PaymentCase) -> None:
    deposit = _deposit_of(payment, arrival)
    credit_from_house(
        customer=payment.account.customer,
        source=f"suspense:{CHANNEL}",
        amount=arrival.amount,
        currency=CURRENCY,
        kind="deposit",
        reference=deposit.reference,
        subject=deposit.reference,
        memo=f"Permanent number {payment.account.bank_name}",
        caused_by=None,
    )
    owner = {"customer": payment.account.customer, "deposit": deposit, "static_payment": payment}
    match(case, ledger_reference=deposit.reference, **owner)
    _booked(payment, deposit)


def _receipt_of(payment: StaticPayment) -> Receipt | None:
    """Its money, if it came before; staff who credit it by hand know it by Faspay's own names."""
    names = [name for name in (payment.reference_no, payment.payment_request_id) if name]
    by_hand = Q(key__in=names, customer_id=payment.account.customer_id)
    return Receipt.objects.filter(Q(key=key_of(payment)) | by_hand, channel=CHANNEL).first()


def _leave_to_staff(payment: StaticPayment, kind: PaymentCase.Kind, arrival: Arrival) -> tuple[Decision, str]:
    payment.next_check_at = None
    payment.save(update_fields=["next_check_at"])
    return set_aside(payment.account, payment.payment_request_id, kind, arrival, payment=payment)


def _book(payment: StaticPayment, arrival: Arrival) -> None:
    deposit = _deposit_of(payment, arrival)
    credit_from_provider(
        customer=payment.account.customer,
        amount=arrival.amount,
        currency=CURRENCY,
        channel=CHANNEL,
        kind="deposit",
        reference=deposit.reference,
        subject=deposit.reference,
        memo=f"Permanent number {payment.account.bank_name}",
    )
    Receipt.objects.create(
        channel=CHANNEL,
        key=key_of(payment),
        amount=arrival.amount,
        currency=CURRENCY,
        place=Receipt.Place.WALLET,
        paid_at=arrival.paid_at,
        ledger_reference=deposit.reference,
        customer_id=deposit.customer_id,
        deposit=deposit,
        static_payment=payment,
        message=arrival.message,
    )
    _booked(payment, deposit)


def _booked(payment: StaticPayment, deposit: Deposit) -> None:
    payment.state, payment.deposit, payment.next_check_at = State.BOOKED, deposit, None
    payment.paid_at, payment.settled_at = deposit.paid_at, now_of(payment)
    payment.save(update_fields=["state", "deposit", "next_check_at", "paid_at", "settled_at"])
    # With the money in the wallet: the customer is told what stands there now.
    news.changed(deposit)


def _deposit_of(payment: StaticPayment, arrival: Arrival) -> Deposit:
    """Nobody asked for it beforehand, so what was asked is what came."""
    now = now_of(payment)
    deposit = Deposit(
        customer=payment.account.customer,
        method=VA_STATIC,
        bank=payment.account.bank,
        amount=arrival.amount,
        currency=CURRENCY,
        state=Deposit.State.SUCCESS,
        received_amount=arrival.amount,
        created_at=now,
        updated_at=now,
        expires_at=now,
        paid_at=_paid_at(payment, arrival, now),
    )
    deposit.ledger_reference = deposit.reference
    deposit.save(force_insert=True)
    return deposit


def _paid_at(payment: StaticPayment, arrival: Arrival, now: datetime) -> datetime:
    """The bank's time if it can be true, otherwise the moment we were told."""
    told = arrival.paid_at or payment.paid_at
    return told if told and payment.account.created_at - _SLACK <= told <= now + _SLACK else now


def set_aside(
    account: StaticAccount,
    name: str,
    kind: PaymentCase.Kind,
    arrival: Arrival,
    *,
    payment: StaticPayment | None = None,
) -> tuple[Decision, str]:
    """A case about money that surely came and cannot be booked; it waits in suspense if the ledger has a place."""
    key = receipt_key(account.number, name)
    # The payment in another currency is another one than that in ours, should both be told.
    own_key = f"{key}:{arrival.currency}" if kind == Kind.WRONG_CURRENCY else key
    is_known = Receipt.objects.filter(channel=CHANNEL, key=own_key).exists()
    case = open_case(
        kind,
        key=f"{kind}:{key}:{arrival.amount}{arrival.currency}",
        channel=CHANNEL,
        provider=FASPAY_SNAP,
        amount=arrival.amount,
        currency=arrival.currency,
        paid_at=arrival.paid_at,
        customer_id=account.customer_id,
        message=arrival.message,
        reference=own_key[:64],
        note=f"permanent number {account.number}",
        receipt_key="" if is_known else own_key,
    )
    if payment is not None and case.receipt_id:
        Receipt.objects.filter(pk=case.receipt_id).update(static_payment=payment)
    return Decision.FLAGGED, kind


def flag_payment(
    payment: StaticPayment,
    deposit: Deposit,
    kind: PaymentCase.Kind,
    key: str,
    message: ProviderMessage | None = None,
    amount: Decimal | None = None,
) -> None:
    """A case about a booked payment, without any money; its deposit is marked for staff."""
    case = open_case(
        kind,
        key=key,
        channel=CHANNEL,
        provider=FASPAY_SNAP,
        deposit=deposit,
        receipt=deposit.receipts.first(),
        message=message,
        amount=amount or deposit.received_amount,
        currency=deposit.currency,
        reference=key_of(payment),
        note=f"permanent number {payment.account.number}",
    )
    if deposit.attention != kind and case.state != PaymentCase.State.SETTLED:
        Deposit.objects.filter(pk=deposit.pk).update(
            attention=kind, version=F("version") + 1, updated_at=now_of(payment)
        )
