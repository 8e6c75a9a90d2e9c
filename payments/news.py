"""Who is told of what became of a deposit, in the transaction of the change: the customer and its program."""

from functools import partial
from typing import Any

from django.utils import translation

from accounts.models import Customer
from notifications.services import emit, tell
from payments import wire
from payments.methods import METHODS, VA, VA_STATIC
from payments.models import Deposit
from wallets.selectors import balances

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
    facts = {"amount": f"{amount:f}", "currency": deposit.currency}
    tell(
        customer=customer,
        kind="deposit_credited" if is_paid else "deposit_ended",
        subject=deposit.reference,
        key=key,
        facts=facts | _how_paid(deposit, customer) if is_paid else facts,
    )


def _how_paid(deposit: Deposit, customer: Customer) -> dict[str, str]:
    """By what, under which name in the statement, and what stands in the wallet with it; all as of now.

    The way is a word of ours in English: it is read in the reader's language.
    """
    with translation.override("en"):
        way = str(METHODS[deposit.method].name)
    standing = {wallet.currency: f"{wallet.balance:f}" for wallet in balances(customer)}
    return {
        "way": way,
        "bank": deposit.bank_name if deposit.method in {VA, VA_STATIC} and deposit.bank else "",
        "reference": deposit.ledger_reference or deposit.reference,
        "balance": standing.get(deposit.currency, ""),
    }


def _object(deposit: Deposit) -> dict[str, Any]:
    """With its version: a late payment comes after the end, and the higher number is the later truth."""
    return {**wire.deposit_object(deposit), "version": deposit.version}
