"""Who is told of what became of a deposit, in the transaction of the change: the customer and its program."""

from functools import partial
from typing import Any

from accounts.models import Customer
from notifications.services import emit, tell
from payments import wire
from payments.models import Deposit

_State = Deposit.State
# OTPZap knows no deposit that was called off: on the wire its time is over, see `payments.wire`.
_EVENTS = {
    _State.SUCCESS: "deposit.success",
    _State.EXPIRED: "deposit.expired",
    _State.CANCELLED: "deposit.expired",
    _State.FAILED: "deposit.failed",
}


def changed(deposit: Deposit) -> None:
    """Tell of ``deposit``, whose state has just been saved. Once for each state, however often it is called."""
    state, customer = _State(deposit.state), deposit.customer
    # What a client collects is told as what it was collected for.
    if state not in _EVENTS or customer is None:
        return
    key = f"{deposit.reference}:{state}"
    emit(
        customer=customer,
        event=_EVENTS[state],
        subject=wire.wire_id_of(deposit),
        key=key,
        data=partial(_object, deposit),
    )
    # Whoever called it off knows.
    if state != _State.CANCELLED:
        _tell(deposit, customer, key)


def _tell(deposit: Deposit, customer: Customer, key: str) -> None:
    is_paid = deposit.state == _State.SUCCESS
    amount = deposit.received_amount if is_paid and deposit.received_amount else deposit.amount
    tell(
        customer=customer,
        kind="deposit_credited" if is_paid else "deposit_ended",
        subject=deposit.reference,
        key=key,
        facts={"amount": f"{amount:f}", "currency": deposit.currency},
    )


def _object(deposit: Deposit) -> dict[str, Any]:
    """With its version: a late payment comes after the end, and the higher number is the later truth."""
    return {**wire.deposit_object(deposit), "version": deposit.version}
