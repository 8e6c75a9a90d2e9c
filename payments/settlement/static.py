"""Payments to permanent numbers: what news of them means, and the question when no news comes (Faspay contract 3.3,
3.4, 4.2)."""

import logging
import uuid
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from config.lib.errors import ProviderError
from payments.exchanges import recorded
from payments.methods import FASPAY_SNAP
from payments.models import Deposit, PaymentCase, ProviderMessage, StaticAccount, StaticPayment
from payments.providers.faspay_snap import adapter
from payments.providers.faspay_snap.letters import Notification
from payments.providers.types import Flag, NoSuchPayment, Ref, Status
from payments.settlement import pace
from payments.settlement.cases import open_case
from payments.settlement.crediting import Arrival
from payments.settlement.rows import is_taken, let_go, take, unleased
from payments.settlement.static_booking import (
    CHANNEL,
    CURRENCY,
    announce,
    doubt_about,
    flag_payment,
    key_of,
    lock_payment,
    now_of,
    receipt_key,
    set_aside,
    settle,
)
from wallets.errors import LedgerError

Decision = ProviderMessage.Decision
Kind = PaymentCase.Kind
State = StaticPayment.State
Decided = tuple[Decision, str]
UNDONE = frozenset({Flag.REFUNDED, Flag.CANCELLED, Flag.FAILED})
# So long we go on asking about a payment that nobody confirms; then it is for staff.
GIVE_UP = timedelta(hours=24)

logger = logging.getLogger(__name__)


def patience() -> timedelta:
    """How long a flagged payment may wait for its notification before we ask."""
    return timedelta(minutes=settings.FASPAY_FLAG_PATIENCE_MINUTES)


# --- news -------------------------------------------------------------------------------------------


def apply_news(message: ProviderMessage, news: Notification) -> Decided:
    """Act on a notification about a known permanent number, closed or not: (decision, note). Inside a transaction.

    Money is booked once for its name, whether it was announced or not. What contradicts the books becomes a case.
    """
    account = StaticAccount.objects.select_related("customer").get(number=news.number)
    message.static_account = account
    name = news.payment_request_id
    if name == news.number:
        return _nameless(account, news, message)
    if news.flag is Flag.PAID:
        return _paid(account, name, news, message)
    payment = lock_payment(account=account, payment_request_id=name)
    if news.flag in UNDONE:
        return _undone(account, name, payment, news, message)
    if payment is None or news.flag is Flag.PENDING or payment.state != State.FLAGGED:
        return Decision.ACKNOWLEDGED, news.raw_flag
    return _ask_now(payment, news.raw_flag)


def _nameless(account: StaticAccount, news: Notification, message: ProviderMessage) -> Decided:
    """It names the number instead of a payment, so nobody can tell which one it means, or whether it is a new one:
    all that is announced is asked about, and staff are told."""
    if news.flag is not Flag.PAID:
        return Decision.ACKNOWLEDGED, news.raw_flag
    account.payments.filter(state=State.FLAGGED, next_check_at__isnull=False).update(next_check_at=Now())
    open_case(
        Kind.UNKNOWN_REFERENCE,
        key=f"{Kind.UNKNOWN_REFERENCE}:message:{message.pk}",
        channel=CHANNEL,
        provider=FASPAY_SNAP,
        amount=news.amount,
        currency=news.currency,
        customer_id=account.customer_id,
        message=message,
        reference=(news.reference_no or news.number)[:64],
        note=f"permanent number {news.number}: the notification names no payment",
    )
    return Decision.FLAGGED, Kind.UNKNOWN_REFERENCE


def _paid(account: StaticAccount, name: str, news: Notification, message: ProviderMessage) -> Decided:
    if news.amount is None:
        return _without_amount(account, name, news, message)
    arrival = Arrival(news.amount, news.currency, news.paid_at, message)
    if doubt := doubt_about(arrival):
        return set_aside(account, name, doubt, arrival)
    payment, _new = announce(account, name, news.amount, told_reference=news.reference_no[:32])
    if payment.undone_at and payment.state in {State.FLAGGED, State.FAILED}:
        return _ask_now(payment, "undone_before")
    if payment.deposit is not None and _is_another(payment, news):
        key = f"{Kind.PAID_TWICE}:{key_of(payment)}:{news.reference_no}"
        flag_payment(payment, payment.deposit, Kind.PAID_TWICE, key, message)
        return Decision.FLAGGED, Kind.PAID_TWICE
    if not payment.told_reference and news.reference_no:
        payment.told_reference = news.reference_no[:32]
        payment.save(update_fields=["told_reference"])
    return settle(payment, arrival)


def _is_another(payment: StaticPayment, news: Notification) -> bool:
    """Booked before, and told of now under another reference than then."""
    told = news.reference_no[:32]
    return bool(told and payment.told_reference and told != payment.told_reference)


def _without_amount(account: StaticAccount, name: str, news: Notification, message: ProviderMessage) -> Decided:
    """Nothing is booked before the bank has said how much (Faspay contract 4.2)."""
    payment = lock_payment(account=account, payment_request_id=name)
    if payment is not None:
        return (Decision.REPEATED, "") if payment.deposit_id else _ask_now(payment, "no_amount")
    open_case(
        Kind.NO_AMOUNT,
        key=f"{Kind.NO_AMOUNT}:{receipt_key(account.number, name)}",
        channel=CHANNEL,
        provider=FASPAY_SNAP,
        customer_id=account.customer_id,
        message=message,
        reference=receipt_key(account.number, name),
        note=f"permanent number {account.number}",
    )
    return Decision.FLAGGED, Kind.NO_AMOUNT


def _undone(
    account: StaticAccount, name: str, payment: StaticPayment | None, news: Notification, message: ProviderMessage
) -> Decided:
    """Taken back, called off or failed. Money in the wallet needs staff; of what is not booked the bank is asked."""
    if payment is None:
        if news.amount is None or doubt_about(Arrival(news.amount, news.currency, None)):
            return Decision.ACKNOWLEDGED, news.raw_flag
        payment, _new = announce(account, name, news.amount)
    if payment.state == State.BOOKED and payment.deposit is not None:
        kind = Kind.REFUNDED if news.flag is Flag.REFUNDED else Kind.CLOSED_AFTER_SUCCESS
        flag_payment(payment, payment.deposit, kind, f"{kind}:{key_of(payment)}", message)
        return Decision.FLAGGED, kind
    if payment.state != State.FLAGGED:
        return Decision.ACKNOWLEDGED, news.raw_flag
    payment.undone_at = payment.undone_at or now_of(payment)
    payment.save(update_fields=["undone_at"])
    return _ask_now(payment, news.raw_flag)


def _ask_now(payment: StaticPayment, note: str) -> Decided:
    payment.next_check_at = now_of(payment)
    payment.save(update_fields=["next_check_at"])
    return Decision.ASKED, note


# --- questions --------------------------------------------------------------------------------------


def due(limit: int = 50) -> list[int]:
    """Payments to ask about, longest due first."""
    waiting = StaticPayment.objects.filter(unleased(), next_check_at__lte=Now())
    return list(waiting.order_by("next_check_at").values_list("pk", flat=True)[:limit])


def ask(payment_id: int) -> None:
    """One status question, if one is due. Safe to call again at any time."""
    begun = _begin(payment_id)
    if begun is None:
        return
    ref, token = begun
    try:
        with recorded(FASPAY_SNAP, reference=ref.trx_id[:64]):
            status = adapter.ask_static(ref)
    except NoSuchPayment as error:
        _record_nothing(payment_id, token, error.code, denied=True)
    except ProviderError as error:
        _record_nothing(payment_id, token, error.code)
    else:
        _learn(payment_id, token, status)


def _learn(payment_id: int, token: uuid.UUID, status: Status) -> None:
    try:
        _record(payment_id, token, status)
    except LedgerError as error:
        logger.error("static payment %s: the ledger refused its money: %s", payment_id, error.code)
        _record_nothing(payment_id, token, status.code)


@transaction.atomic
def _begin(payment_id: int) -> tuple[Ref, uuid.UUID] | None:
    payment = lock_payment(pk=payment_id, wait=False)
    if payment is None or payment.next_check_at is None or is_taken(payment, now_of(payment)):
        return None
    if payment.next_check_at > now_of(payment):
        return None
    token = take(payment, now_of(payment))
    payment.questions += 1
    payment.save(update_fields=["lease_token", "lease_until", "questions"])
    return _ref_of(payment), token


def _ref_of(payment: StaticPayment) -> Ref:
    account = payment.account
    return Ref(
        trx_id=payment.payment_request_id,
        bank=account.bank,
        partner_service_id=account.partner_service_id,
        customer_no=account.customer_no,
        number=account.number,
        amount=payment.amount,
        currency=payment.currency,
        created_at=payment.created_at,
    )


def _fenced(payment_id: int, token: uuid.UUID) -> StaticPayment | None:
    """Lock again after the call, free for the next; None when the lease went to somebody else meanwhile."""
    payment = lock_payment(pk=payment_id)
    if payment is None or payment.lease_token != token:
        return None
    let_go(payment)
    return payment


@transaction.atomic
def _record(payment_id: int, token: uuid.UUID, status: Status) -> None:
    payment = _fenced(payment_id, token)
    if payment is None:
        return
    _note(payment, status.code)
    if payment.state not in {State.FLAGGED, State.FAILED}:
        return
    if status.flag is Flag.PAID and status.amount is not None:
        _found(payment, Arrival(status.amount, status.currency or CURRENCY, status.paid_at))
    elif status.flag in UNDONE:
        _fail(payment)
    else:
        _later(payment, denied=status.flag is Flag.NOT_PAID)


def _found(payment: StaticPayment, arrival: Arrival) -> None:
    doubt = doubt_about(arrival)
    if doubt is None:
        settle(payment, arrival)
        return
    set_aside(payment.account, payment.payment_request_id, doubt, arrival)
    payment.next_check_at = None
    payment.save(update_fields=["next_check_at"])


@transaction.atomic
def _record_nothing(payment_id: int, token: uuid.UUID, code: str, *, denied: bool = False) -> None:
    payment = _fenced(payment_id, token)
    if payment is not None:
        _note(payment, code)
        _later(payment, denied=denied)


def _note(payment: StaticPayment, code: str) -> None:
    payment.last_code, payment.next_check_at = code[:12], None
    payment.save(update_fields=["last_code", "next_check_at", "lease_token", "lease_until"])


def _fail(payment: StaticPayment) -> None:
    """The bank itself says that nothing came of it."""
    payment.state, payment.settled_at = State.FAILED, now_of(payment)
    payment.save(update_fields=["state", "settled_at"])


def _later(payment: StaticPayment, *, denied: bool) -> None:
    """Ask again, or after a day leave it to staff; what the bank denies to the end has not come."""
    if payment.state not in {State.FLAGGED, State.FAILED}:
        return
    if now_of(payment) - payment.created_at < GIVE_UP:
        payment.next_check_at = pace.announced(payment.questions, now_of(payment))
        payment.save(update_fields=["next_check_at"])
        return
    if denied and payment.state == State.FLAGGED:
        _fail(payment)
    open_case(
        Kind.MISSING_THERE,
        key=f"{Kind.MISSING_THERE}:{key_of(payment)}",
        channel=CHANNEL,
        provider=FASPAY_SNAP,
        amount=payment.amount,
        currency=payment.currency,
        customer_id=payment.account.customer_id,
        reference=key_of(payment),
        note=f"permanent number {payment.account.number}: announced, never confirmed",
    )


# --- ends -------------------------------------------------------------------------------------------


@transaction.atomic
def mark_reversed(deposit: Deposit) -> None:
    """The money of a static deposit was taken out of the wallet again, by decision of two people. Quiet when it is
    marked already, or when the deposit is of another kind."""
    payment = lock_payment(deposit_id=deposit.pk)
    if payment is not None and payment.state == State.BOOKED:
        payment.state, payment.undone_at = State.REVERSED, payment.undone_at or now_of(payment)
        payment.save(update_fields=["state", "undone_at"])
