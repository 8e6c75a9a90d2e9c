"""Deposits, as customers ask for them."""

from datetime import timedelta
from decimal import Decimal

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Q, Sum
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.models import Customer
from config.lib.clock import now
from config.lib.jobs import nudge
from config.lib.money import InvalidAmount, check_amount
from payments import methods, settlement, tasks
from payments.choices import limits_of
from payments.errors import (
    AmountRefused,
    AskedTooSoon,
    KeyReused,
    NotCancellable,
    TooManyOpen,
    UnknownBank,
    UnknownMethod,
)
from payments.methods import Method
from payments.models import Deposit, DepositRequest, PaymentAttempt
from payments.settlement.naming import new_reference_for
from payments.settlement.ovo import phone_to_pay_with
from wallets.services import check_room

CURRENCY = "IDR"
OPEN_LIMIT = 20
ASK_AGAIN_AFTER = timedelta(seconds=5)
# The sweep sends what the task did not; not at once, so that the two need not meet.
_TASK_LOST_AFTER = timedelta(seconds=4)
_SHOW_AGAIN_IN_DOUBT = timedelta(minutes=2)
_Attempt = PaymentAttempt.State


def request_deposit(
    *,
    customer: Customer,
    amount: Decimal,
    idempotency_key: str,
    method: str = methods.VA,
    bank: str = "",
    note: str = "",
    fresh: bool = False,
    phone: str = "",
    pay_type: str = "",
) -> Deposit:
    """Ask for a deposit of ``amount`` whole rupiah by ``method``; ``bank`` is a code of `payments.banks`, for virtual
    accounts only.

    An open invoice of the same amount and way is given again, unless it must be ``fresh``; the same key always gives
    the same deposit. A task makes it payable after the commit; a fresh one `fetch_number`, or the sweep. ``note``
    will stand in the statement; ``pay_type`` is OVO's purse. Raises `UnknownMethod`, `UnknownBank`, `AmountRefused`,
    `KeyReused`, `TooManyOpen`, `OvoNotLinked`, and `OverBalanceLimit` when the wallet would hold more than the
    customer's level allows.
    """
    way = check_way(method, bank)
    check_payable(way, amount)
    bank = bank if method == methods.VA else way.bank
    with transaction.atomic():
        # One request of a customer at a time: two of them must see each other's deposit.
        Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)
        asked = DepositRequest.objects.select_related("deposit").filter(
            customer=customer, idempotency_key=idempotency_key
        )
        if (before := asked.first()) is not None:
            if (before.amount, before.method, before.bank) != (amount, method, bank):
                raise KeyReused
            return before.deposit
        deposit = None if fresh else _still_open(customer, amount, way, bank)
        if deposit is None:
            deposit = _create(customer, amount, way, bank, note)
            attempt = new_attempt(deposit, way, bank, phone=phone, pay_type=pay_type)
            if not fresh:
                nudge(tasks.submit, attempt_id=attempt.pk)
        DepositRequest.objects.create(
            customer=customer, idempotency_key=idempotency_key, amount=amount, method=method, bank=bank, deposit=deposit
        )
    return deposit


def check_way(method: str, bank: str) -> Method:
    """The method, if it can be chosen here. Raises `UnknownMethod`, `UnknownBank`."""
    way = methods.on(method) if method in methods.CHOICES else None
    if way is None:
        raise UnknownMethod
    if method == methods.VA and not methods.is_bank(bank):
        raise UnknownBank
    return way


def check_payable(way: Method, amount: Decimal) -> None:
    """Raises `AmountRefused` for anything but whole rupiah within the limits of the method."""
    try:
        check_amount(amount, CURRENCY)
    except InvalidAmount as error:
        raise AmountRefused(_("Enter an amount in whole rupiah.")) from error
    if not way.minimum <= amount <= way.maximum:
        raise AmountRefused(limits_of(way))


def _still_open(customer: Customer, amount: Decimal, way: Method, bank: str) -> Deposit | None:
    """An invoice that can still be paid in peace; one that has been in doubt for long is not offered again."""
    enough = min(timedelta(minutes=10), way.lifetime / 2)
    enough_of_it = min(enough, way.window / 2) if way.window else enough
    fresh = Q(created_at__gt=Now() - _SHOW_AGAIN_IN_DOUBT)
    usable = PaymentAttempt.objects.filter(
        Q(state=_Attempt.OPEN) | Q(state__in=[_Attempt.SUBMITTING, _Attempt.IN_DOUBT]) & fresh, method=way.code
    ).filter(Q(expires_at__isnull=True) | Q(expires_at__gt=Now() + enough_of_it))
    waiting = Deposit.objects.filter(
        customer=customer,
        amount=amount,
        method=way.code,
        bank=bank,
        state=Deposit.State.PENDING,
        expires_at__gt=Now() + enough,
    )
    return waiting.filter(pk__in=usable.filter(deposit__customer=customer).values("deposit")).order_by("-id").first()


def _create(customer: Customer, amount: Decimal, way: Method, bank: str, note: str) -> Deposit:
    waiting = Deposit.objects.filter(customer=customer, state=Deposit.State.PENDING)
    found = waiting.aggregate(count=Count("pk"), total=Sum("amount"))
    if found["count"] >= OPEN_LIMIT:
        raise TooManyOpen
    if settings.CUSTOMER_WALLET_CURRENCY == CURRENCY:
        check_room(customer, amount, found["total"] or Decimal(0))
    begun = now()
    return Deposit.objects.create(
        customer=customer,
        amount=amount,
        currency=CURRENCY,
        method=way.code,
        bank=bank,
        memo=note,
        created_at=begun,
        expires_at=begun + way.lifetime,
    )


def new_attempt(deposit: Deposit, way: Method, bank: str, *, phone: str = "", pay_type: str = "") -> PaymentAttempt:
    """A fresh attempt to have ``deposit`` paid by ``way``, not sent yet; it ends with the deposit at the latest.

    By OVO ``phone`` pays, or the customer's linked account: raises `OvoNotLinked` when there is neither.
    """
    if way.code == methods.OVO and not phone and deposit.customer is not None:
        phone = phone_to_pay_with(deposit.customer)
    begun = now()
    return PaymentAttempt.objects.create(
        deposit=deposit,
        method=way.code,
        bank=bank,
        phone=phone,
        pay_type=pay_type,
        trx_id=new_reference_for(way.code),
        created_at=begun,
        expires_at=min(deposit.expires_at, begun + way.lifetime),
        next_check_at=begun + _TASK_LOST_AFTER,
    )


def check_now(*, deposit: Deposit) -> None:
    """Have the provider asked about a deposit right away. Raises `AskedTooSoon` within five seconds of a question."""
    askable = PaymentAttempt.objects.filter(
        deposit=deposit, state__in=[_Attempt.IN_DOUBT, _Attempt.OPEN, _Attempt.CLOSED]
    ).exclude(number="", provider_trx_id="", state=_Attempt.CLOSED)
    account = askable.order_by("-id").first()
    if account is None:
        return
    quiet = Q(asked_at__isnull=True) | Q(asked_at__lt=Now() - ASK_AGAIN_AFTER)
    with transaction.atomic():
        if not PaymentAttempt.objects.filter(quiet, pk=account.pk).update(next_check_at=Now()):
            raise AskedTooSoon
        nudge(tasks.ask, attempt_id=account.pk)


def cancel_deposit(*, deposit: Deposit) -> None:
    """Call off an unpaid deposit and have its number deleted. Quiet when it is cancelled already.

    Raises `NotCancellable` when it is paid, over, or its number is still being made. Money that comes all the same
    is credited.
    """
    account_id = deposit.attempts.order_by("-id").values_list("pk", flat=True).first()
    with transaction.atomic():
        if account_id is None or not settlement.cancel(account_id):
            raise NotCancellable
        nudge(tasks.close, attempt_id=account_id)
