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
from config.lib.ids import new_trx_id
from config.lib.jobs import nudge
from config.lib.money import InvalidAmount, check_amount, format_money
from payments import settlement, tasks
from payments.banks import BANKS
from payments.errors import AmountRefused, AskedTooSoon, KeyReused, NotCancellable, TooManyOpen, UnknownBank
from payments.models import Deposit, DepositRequest, VirtualAccount
from wallets.services import check_room

CURRENCY = "IDR"
OPEN_LIMIT = 20
ASK_AGAIN_AFTER = timedelta(seconds=5)
# The sweep sends what the task did not; not at once, so that the two need not meet.
_TASK_LOST_AFTER = timedelta(seconds=4)
_SHOW_AGAIN_IN_DOUBT = timedelta(minutes=2)
_Account = VirtualAccount.State


def request_va_deposit(
    *, customer: Customer, amount: Decimal, bank: str, idempotency_key: str, note: str = "", fresh: bool = False
) -> Deposit:
    """Ask for a deposit of ``amount`` whole rupiah by virtual account at ``bank`` (a code of `payments.banks`).

    An open invoice of the same amount and bank is given again, unless it must be ``fresh``; the same key always gives
    the same deposit. The number is made by a task after the commit; for a fresh one by `fetch_number`, or the sweep.
    ``note`` will stand in the statement. Raises `UnknownBank`, `AmountRefused`, `KeyReused`, `TooManyOpen`, and
    `OverBalanceLimit` when the wallet would hold more than the customer's level allows.
    """
    _check(amount, bank)
    with transaction.atomic():
        # One request of a customer at a time: two of them must see each other's deposit.
        Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)
        asked = DepositRequest.objects.select_related("deposit").filter(
            customer=customer, idempotency_key=idempotency_key
        )
        if (before := asked.first()) is not None:
            if (before.amount, before.bank) != (amount, bank):
                raise KeyReused
            return before.deposit
        deposit = None if fresh else _still_open(customer, amount, bank)
        if deposit is None:
            deposit = _create(customer, amount, bank, note)
            if not fresh:
                nudge(tasks.submit_va, va_id=deposit.virtual_accounts.get().pk)
        DepositRequest.objects.create(
            customer=customer, idempotency_key=idempotency_key, amount=amount, bank=bank, deposit=deposit
        )
    return deposit


def _check(amount: Decimal, bank: str) -> None:
    if bank not in BANKS:
        raise UnknownBank
    try:
        check_amount(amount, CURRENCY)
    except InvalidAmount as error:
        raise AmountRefused(_("Enter an amount in whole rupiah.")) from error
    if not settings.DEPOSIT_MINIMUM <= amount <= settings.DEPOSIT_MAXIMUM:
        least = format_money(Decimal(settings.DEPOSIT_MINIMUM), CURRENCY)
        most = format_money(Decimal(settings.DEPOSIT_MAXIMUM), CURRENCY)
        raise AmountRefused(_("Enter an amount from %(least)s to %(most)s.") % {"least": least, "most": most})


def _still_open(customer: Customer, amount: Decimal, bank: str) -> Deposit | None:
    """An invoice that can still be paid in peace; one that has been in doubt for long is not offered again."""
    lifetime = timedelta(minutes=settings.DEPOSIT_LIFETIME_MINUTES)
    enough = min(timedelta(minutes=10), lifetime / 2)
    fresh = Q(created_at__gt=Now() - _SHOW_AGAIN_IN_DOUBT)
    usable = VirtualAccount.objects.filter(
        Q(state=_Account.OPEN) | Q(state__in=[_Account.SUBMITTING, _Account.IN_DOUBT]) & fresh
    )
    waiting = Deposit.objects.filter(
        customer=customer, amount=amount, bank=bank, state=Deposit.State.PENDING, expires_at__gt=Now() + enough
    )
    return waiting.filter(pk__in=usable.filter(deposit__customer=customer).values("deposit")).order_by("-id").first()


def _create(customer: Customer, amount: Decimal, bank: str, note: str) -> Deposit:
    waiting = Deposit.objects.filter(customer=customer, state=Deposit.State.PENDING)
    found = waiting.aggregate(count=Count("pk"), total=Sum("amount"))
    if found["count"] >= OPEN_LIMIT:
        raise TooManyOpen
    if settings.CUSTOMER_WALLET_CURRENCY == CURRENCY:
        check_room(customer, amount, found["total"] or Decimal(0))
    begun = now()
    deposit = Deposit.objects.create(
        customer=customer,
        amount=amount,
        currency=CURRENCY,
        bank=bank,
        memo=note,
        created_at=begun,
        expires_at=begun + timedelta(minutes=settings.DEPOSIT_LIFETIME_MINUTES),
    )
    VirtualAccount.objects.create(deposit=deposit, trx_id=new_trx_id(), next_check_at=begun + _TASK_LOST_AFTER)
    return deposit


def check_now(*, deposit: Deposit) -> None:
    """Have the provider asked about a deposit right away. Raises `AskedTooSoon` within five seconds of a question."""
    askable = VirtualAccount.objects.filter(
        deposit=deposit, state__in=[_Account.IN_DOUBT, _Account.OPEN, _Account.CLOSED]
    ).exclude(number="", state=_Account.CLOSED)
    account = askable.order_by("-id").first()
    if account is None:
        return
    quiet = Q(asked_at__isnull=True) | Q(asked_at__lt=Now() - ASK_AGAIN_AFTER)
    with transaction.atomic():
        if not VirtualAccount.objects.filter(quiet, pk=account.pk).update(next_check_at=Now()):
            raise AskedTooSoon
        nudge(tasks.ask_va, va_id=account.pk)


def cancel_deposit(*, deposit: Deposit) -> None:
    """Call off an unpaid deposit and have its number deleted. Quiet when it is cancelled already.

    Raises `NotCancellable` when it is paid, over, or its number is still being made. Money that comes all the same
    is credited.
    """
    account_id = deposit.virtual_accounts.order_by("-id").values_list("pk", flat=True).first()
    with transaction.atomic():
        if account_id is None or not settlement.cancel(account_id):
            raise NotCancellable
        nudge(tasks.close_va, va_id=account_id)
