"""A top-up asked for by a program: a deposit, and its number as soon as the bank gives one."""

from decimal import Decimal

from django.conf import settings
from django.db import transaction

from accounts.access.actors import Actor
from accounts.models import Customer
from config.lib.clock import now
from config.lib.ids import new_reference
from config.lib.lanes import lane
from payments import news, settlement
from payments.errors import NoTopUpHere
from payments.models import Deposit, PaymentAttempt
from payments.services.deposits import CURRENCY, request_deposit
from wallets.services import credit_in_sandbox

# Calls of the API that may wait for the provider at a time; the others leave it to the worker. A provider that hangs
# must not take all web processes with it.
LANES = 4


def request_top_up(*, customer: Customer, amount: Decimal, bank: str, note: str) -> Deposit:
    """A new deposit of ``amount`` whole rupiah by virtual account; ``note`` will stand in the statement.

    No open invoice is given again, as the page does: whoever repeats a call sends an Idempotency-Key. Call
    `fetch_number` after the commit. Raises as `request_deposit`, and `NoTopUpHere` when the customers' wallets are
    not in rupiah.
    """
    if settings.CUSTOMER_WALLET_CURRENCY != CURRENCY:
        raise NoTopUpHere
    return request_deposit(
        customer=customer, amount=amount, bank=bank, idempotency_key=new_reference("api-"), note=note, fresh=True
    )


@transaction.atomic
def pay_in_sandbox(*, actor: Actor, customer: Customer, amount: Decimal, bank: str, note: str) -> Deposit:
    """A deposit of a sandbox customer, paid by a simulated bank at once, in the currency of the customers' wallets.

    Raises `AmountRefused`, and `OverBalanceLimit` as a real top-up does.
    """
    moment = now()
    deposit = Deposit(
        customer=customer,
        method="sandbox",
        bank=bank,
        amount=amount,
        currency=settings.CUSTOMER_WALLET_CURRENCY,
        memo=note,
        state=Deposit.State.SUCCESS,
        received_amount=amount,
        created_at=moment,
        paid_at=moment,
        expires_at=moment,
    )
    deposit.ledger_reference = deposit.reference
    credit_in_sandbox(actor=actor, customer=customer, amount=amount, note=note, reference=deposit.reference)
    deposit.save(force_insert=True)
    news.changed(deposit)
    return deposit


def fetch_number(deposit: Deposit) -> None:
    """Have the number of ``deposit`` made now, by the step that the worker does, if nobody does it already.

    Takes as long as a call to the provider may take at most (``FASPAY_READ_TIMEOUT_SECONDS``); what comes of it is in
    the rows. Never inside a transaction that must not wait.
    """
    account = PaymentAttempt.objects.filter(deposit=deposit, state=PaymentAttempt.State.SUBMITTING).first()
    if account is None:
        return
    with lane("payments:topup", LANES) as there_is_room:
        if there_is_room:
            settlement.submit(account.pk)
