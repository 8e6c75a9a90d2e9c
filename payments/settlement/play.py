"""What a simulated bank does with deposits of clients that collect play money: it pays them all, at once."""

from datetime import datetime

from django.db import transaction

from payments.methods import METHODS, SANDBOX
from payments.models import Deposit
from payments.payees import payee_of
from payments.settlement.rows import lock_newest, touch

State = Deposit.State


def due(limit: int = 200) -> list[int]:
    """Deposits that wait for the simulated bank."""
    waiting = Deposit.objects.filter(state=State.PENDING, method=SANDBOX, client__isnull=False)
    return list(waiting.order_by("expires_at").values_list("pk", flat=True)[:limit])


@transaction.atomic
def pay(deposit_id: int) -> None:
    """Have all of it arrive, once. Quiet when it has ended."""
    deposit, moment = _locked(deposit_id)
    if deposit.state != State.PENDING:
        return
    _credit(deposit)
    deposit.state, deposit.received_amount = State.SUCCESS, deposit.amount
    deposit.paid_at, deposit.ledger_reference = moment, deposit.reference
    touch(deposit, moment, "state", "received_amount", "paid_at", "ledger_reference")


def _credit(deposit: Deposit) -> None:
    payee = payee_of(deposit)
    payee.credit(
        f"clearing:{METHODS[SANDBOX].channel}",
        {
            "amount": deposit.amount,
            "currency": deposit.currency,
            "kind": payee.kind,
            "reference": deposit.reference,
            "subject": deposit.reference,
            "memo": deposit.memo,
            "caused_by": None,
        },
    )


@transaction.atomic
def call_off(deposit_id: int) -> None:
    """End it unpaid. Quiet when it has ended."""
    deposit, moment = _locked(deposit_id)
    if deposit.state == State.PENDING:
        deposit.state = State.CANCELLED
        touch(deposit, moment, "state")


def _locked(deposit_id: int) -> tuple[Deposit, datetime]:
    deposit, _attempt = lock_newest(deposit_id)
    moment: datetime = deposit.database_now  # type: ignore[attr-defined]
    return deposit, moment
