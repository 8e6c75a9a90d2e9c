"""Payments, calls, cards and checkouts of a client, as if they had happened."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from accounts.models import ApiCall, ApiKey, Client
from cards.models import Card, CardPayment
from cards.models import State as CardState
from cards.models.states import OPEN
from checkout.models import Session
from checkout.models import State as CheckoutState
from config.lib.clock import now
from config.lib.ids import new_dated_reference


def noted(key: ApiKey, status: int = 200, *, milliseconds: int = 20, ago: timedelta = timedelta(0)) -> ApiCall:
    """A call with ``key``, as the log has it."""
    call = ApiCall.objects.create(
        key=key,
        api_user=key.api_user,
        is_sandbox=key.is_sandbox,
        method="GET",
        route="/api/banks",
        path="/api/banks",
        status=status,
        milliseconds=milliseconds,
        address="198.51.100.7",
        request_id="a-request-of-before",
    )
    ApiCall.objects.filter(pk=call.pk).update(created_at=now() - ago)
    return call


def card_of(client: Client, *, is_sandbox: bool = False) -> Card:
    return Card.objects.create(
        client=client,
        is_sandbox=is_sandbox,
        token=new_dated_reference("tok_"),
        brand="visa",
        first6="424242",
        last4="4242",
        expiry_month=12,
        expiry_year=2030,
        fingerprint="f" * 64,
        sealed_number=b"sealed",
    )


def charged(
    client: Client, state: str = CardState.CAPTURED, *, ago: timedelta = timedelta(0), **given: Any
) -> CardPayment:
    """A payment by card that was asked for ``ago``; captured in full unless told otherwise."""
    moment, amount = now() - ago, Decimal(given.pop("amount", 100))
    is_sandbox = given.get("is_sandbox", False)
    known: dict[str, Any] = {"created_at": moment}
    if state in (CardState.AUTHORIZED, CardState.CAPTURED, CardState.VOIDED, CardState.EXPIRED):
        known["authorized_at"] = moment
    if state == CardState.CAPTURED:
        known |= {"captured": amount, "captured_at": moment}
    known |= {"due_at": moment} if state in OPEN else {"closed_at": moment}
    return CardPayment.objects.create(
        reference=new_dated_reference("CP"),
        client=client,
        card=card_of(client, is_sandbox=is_sandbox),
        amount=amount,
        state=state,
        **{"currency": "SLE", **known, **given},
    )


def checkout(
    client: Client, state: str = CheckoutState.OPEN, *, ago: timedelta = timedelta(0), **given: Any
) -> Session:
    """A checkout that was made ``ago`` and is open for half an hour."""
    moment = now() - ago
    known: dict[str, Any] = {} if state == CheckoutState.OPEN else {"closed_at": moment}
    if state == CheckoutState.COMPLETED:
        known |= {"completed_at": moment, "payment_reference": "CP1"}
    return Session.objects.create(
        reference=new_dated_reference("CS"),
        client=client,
        state=state,
        return_url="https://shop.example/thanks",
        **{
            "amount": Decimal(50),
            "currency": "SLE",
            "created_at": moment,
            "expires_at": moment + timedelta(minutes=30),
            **known,
            **given,
        },
    )
