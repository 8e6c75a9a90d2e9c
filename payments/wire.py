"""Deposits in OTPZap's words, as our API answers them and our webhooks tell them (OTPZap contract 3.2 and 3.3)."""

from typing import Any

from django.conf import settings
from django.urls import reverse

from config.lib.clock import wib
from config.lib.ids import opaque_id
from payments.models import Deposit

ID_PREFIX = "APIDEP-"
_State = Deposit.State
# OTPZap knows no invoice that was called off; like one whose time is over it can still be paid late.
_STATUS = {_State.CANCELLED: "expired"}


def deposit_object(deposit: Deposit) -> dict[str, Any]:
    """The object of a deposit. ``amount`` is what is credited, once it is: mostly what was asked for."""
    received = deposit.received_amount
    return {
        "order_id": wire_id_of(deposit),
        "amount": int(deposit.amount if received is None else received),
        "requested_amount": int(deposit.amount),
        "total_amount": int(deposit.amount),
        "status": status_of(deposit),
        "payment_url": pay_url(deposit),
        "paid_at": wib(deposit.paid_at),
        "created_at": wib(deposit.created_at),
        "expired_at": wib(deposit.expires_at),
    }


def status_of(deposit: Deposit) -> str:
    """pending | success | expired | failed."""
    return _STATUS.get(_State(deposit.state), str(deposit.state))


def pay_url(deposit: Deposit) -> str:
    """The page where anybody who has the link pays it."""
    return f"{settings.BASE_URL}{reverse('pay:page', args=[deposit.public_id])}"


def wire_id_of(deposit: Deposit) -> str:
    """What a deposit is called on the wire; nobody can guess one."""
    return opaque_id(ID_PREFIX, deposit.public_id)
