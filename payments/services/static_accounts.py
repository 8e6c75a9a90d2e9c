"""Permanent numbers: given, closed, and what banks are told about them (Faspay contract 3.2, 3.3)."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from accounts.models import Customer
from config.lib.money import InvalidAmount, check_amount
from payments import damm
from payments.errors import NoPermanentNumber, TooManyNumbers, UnknownBank
from payments.models import PaymentAttempt, ProviderMessage, StaticAccount, StaticPayment
from payments.providers.faspay_snap import schemas
from payments.settlement import static_booking
from payments.settlement.static import patience
from payments.static_numbers import announced_to, service_ids, shown_name
from wallets.errors import OverBalanceLimit
from wallets.services import check_room

CURRENCY = "IDR"
# Ten digits of ours: a random part that does not begin with a zero, and a check digit.
_RANDOM_DIGITS = 9
_TRIES = 5
# A number is used up for ever, so nobody may go on taking new ones.
NEW_NUMBERS, NEW_NUMBERS_WITHIN = 5, timedelta(days=30)
OPEN_AMOUNT = Decimal(0)

_Active = StaticAccount.State.ACTIVE


class StaticRefusal(Exception):
    """What a bank is answered instead of success: ``case`` is HTTP status and case code, as 40412."""

    def __init__(self, case: str, message: str) -> None:
        super().__init__(message)
        self.case = case
        self.message = message


@dataclass(frozen=True)
class InquiryAnswer:
    """Whom a bank shows to the payer. ``amount`` 0 means: any (Faspay contract 3.2)."""

    name: str
    email: str = field(repr=False)
    phone: str = field(repr=False)
    amount: Decimal
    currency: str


@dataclass(frozen=True)
class FlagAnswer:
    """The payment may be taken; ``name`` is whom it goes to."""

    name: str


# --- numbers of customers ---------------------------------------------------------------------------


@transaction.atomic
def open_number(*, customer: Customer, bank: str) -> StaticAccount:
    """The customer's permanent number at ``bank``: the one they have, or a new one, unlike every number before.

    Raises `UnknownBank` (none are given there), `NoPermanentNumber` (a sandbox customer), `TooManyNumbers`.
    """
    service_id = service_ids().get(bank)
    if service_id is None:
        raise UnknownBank
    if customer.is_sandbox:
        raise NoPermanentNumber
    # One request of a customer at a time: two of them must see each other's number.
    Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)
    of_bank = StaticAccount.objects.filter(customer=customer, bank=bank)
    held = of_bank.filter(state=_Active).first()
    if held is not None:
        return held
    if of_bank.filter(created_at__gt=Now() - NEW_NUMBERS_WITHIN).count() >= NEW_NUMBERS:
        raise TooManyNumbers
    return _allot(customer, bank, service_id)


def _allot(customer: Customer, bank: str, service_id: str) -> StaticAccount:
    """A number nobody ever had. The constraint of the table, not a look beforehand, keeps two from the same one."""
    for _try in range(_TRIES):
        customer_no = new_customer_no()
        number = service_id + customer_no
        if PaymentAttempt.objects.filter(number=number).exists():
            continue
        try:
            with transaction.atomic():
                return StaticAccount.objects.create(
                    customer=customer,
                    bank=bank,
                    partner_service_id=service_id,
                    customer_no=customer_no,
                    number=number,
                )
        except IntegrityError:
            continue
    raise TooManyNumbers


def new_customer_no() -> str:
    """Ten digits that say nothing of who has them, the last one a check digit: one mistyped digit, or two that
    changed places, never make another customer's number."""
    low = 10 ** (_RANDOM_DIGITS - 1)
    return damm.with_check_digit(str(low + secrets.randbelow(9 * low)))


@transaction.atomic
def close_number(*, account: StaticAccount) -> None:
    """Have banks refuse the number from now on, for good. Quiet when it is closed already.

    What was announced before, or comes all the same, still goes to its owner's wallet.
    """
    row = StaticAccount.objects.select_for_update(no_key=True).get(pk=account.pk)
    if row.state == _Active:
        StaticAccount.objects.filter(pk=row.pk).update(state=StaticAccount.State.CLOSED, closed_at=Now())


# --- what banks ask ---------------------------------------------------------------------------------


def answer_inquiry(number: str, inquiry_request_id: str) -> InquiryAnswer:
    """Who stands behind a permanent number; any amount may be paid to it (Faspay contract 3.2).

    ``inquiry_request_id`` names the payment that may follow; nothing is kept of it before that. Raises
    `StaticRefusal`: 40412 unknown or suspended, 40419 closed.
    """
    account = _payable(number)
    user = account.customer.user
    return InquiryAnswer(
        name=shown_name(account.customer),
        email=user.email,
        phone=schemas.clean_phone(account.customer.phone),
        amount=OPEN_AMOUNT,
        currency=CURRENCY,
    )


@transaction.atomic
def take_flag(
    *,
    number: str,
    payment_request_id: str,
    reference_no: str,
    amount: Decimal,
    currency: str,
    paid_at: datetime | None,
    raw_time: str,
    message: ProviderMessage | None = None,
) -> FlagAnswer:
    """A bank asks whether it may take a payment. It is written down for good before we say yes; no money moves yet.

    The same again is answered the same. Raises `StaticRefusal`: 40412 unknown or suspended, 40419 closed, 40413 not
    whole rupiah or more than the wallet may still take, 40418 the same payment with other facts. Source: Faspay
    contract 3.3.
    """
    name = payment_request_id.strip()
    known = static_booking.lock_payment(account__number=number, payment_request_id=name)
    if known is None:
        account = _payable(number, lock=True)
        _check_amount(account, amount, currency)
        known, _is_new = static_booking.announce(
            account,
            name,
            amount,
            reference_no=reference_no[:32],
            paid_at=paid_at,
            raw_time=raw_time[:40],
        )
    if message is not None:
        message.static_account = known.account
    _check_same(known, reference_no, amount, currency)
    _watch(known)
    return FlagAnswer(shown_name(known.account.customer))


def _payable(number: str, *, lock: bool = False) -> StaticAccount:
    """The open account of ``number``, whose owner may be paid; nobody closes a locked one meanwhile."""
    accounts = StaticAccount.objects.select_related("customer__user")
    if lock:
        accounts = accounts.select_for_update(no_key=True, of=("self",))
    account = accounts.filter(number=number).first()
    if account is None:
        raise StaticRefusal("40412", "Bill not found")
    if account.state != _Active:
        raise StaticRefusal("40419", "Bill expired")
    if not account.customer.user.is_active:
        raise StaticRefusal("40412", "Invalid Bill/Virtual Account [Suspended]")
    return account


def _check_amount(account: StaticAccount, amount: Decimal, currency: str) -> None:
    """Before money moves it can still be declined; what has been paid is taken in any case."""
    refusal = StaticRefusal("40413", "Invalid Amount")
    if currency != CURRENCY:
        raise refusal
    try:
        check_amount(amount, CURRENCY)
        if settings.CUSTOMER_WALLET_CURRENCY == CURRENCY:
            check_room(account.customer, amount, announced_to(account.customer))
    except (InvalidAmount, OverBalanceLimit) as error:
        raise refusal from error


def _check_same(known: StaticPayment, reference_no: str, amount: Decimal, currency: str) -> None:
    same = (known.amount, known.currency) == (amount, currency)
    if not same or (known.reference_no and reference_no and known.reference_no != reference_no[:32]):
        raise StaticRefusal("40418", "Inconsistent Request")


def _watch(payment: StaticPayment) -> None:
    """Unless it is booked, its notification is due; after a while without one we ask."""
    if payment.deposit_id is None and payment.next_check_at is None:
        payment.next_check_at = static_booking.now_of(payment) + patience()
        payment.save(update_fields=["next_check_at"])
