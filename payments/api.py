from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from ninja import Router
from pydantic import Field

from accounts.api.base import Amount, ApiRequest, ApiSchema, Figure, operation
from accounts.api.repeatable import IDEMPOTENCY_KEY, answer_once
from accounts.errors import NotAllowed
from accounts.models import Customer
from accounts.services.idempotency import Body
from payments import selectors, services
from payments.models import Deposit
from wallets.selectors import balance_in, entry_id
from wallets.services import wallet_of

router = Router(tags=["CustomerWallet"])

_TOP_UP = "customer-wallet.top-up"


class TopUpIn(ApiSchema):
    amount: Amount
    description: Annotated[str, Field(min_length=1, max_length=200)]
    bank: Annotated[str, Field(max_length=8, description="Where it will be paid: a channel code such as 702.")] = ""


class InstructionsOut(ApiSchema):
    """What the payer needs: exactly ``amount`` to ``virtualAccountNumber`` at ``bankName`` until ``expiresAt``."""

    method: Literal["virtual_account"] = "virtual_account"
    bank: str
    bank_name: str
    virtual_account_number: str
    amount: Figure
    expires_at: datetime


class TopUpOut(ApiSchema):
    """``instructions`` is null when there is nothing to pay, or the bank has not given its number yet: then repeat the
    call with the same Idempotency-Key, or look at ``pageUrl``."""

    entry_id: UUID
    type: Literal["credit"] = "credit"
    amount: Figure
    balance: Figure
    currency: str
    description: str
    created_at: datetime
    status: Deposit.State
    deposit_id: UUID
    page_url: str | None = None
    instructions: InstructionsOut | None = None


@operation(router, _TOP_UP, answer=TopUpOut, status=201)
def top_up(
    request: ApiRequest, response: HttpResponse, payload: TopUpIn, idempotency_key: str | None = IDEMPOTENCY_KEY
) -> Any:
    """Have the caller's wallet filled: by a deposit to be paid; in the sandbox at once."""
    customer = request.actor.customer
    if customer is None:
        raise NotAllowed
    steps = _in_sandbox if customer.is_sandbox else _by_deposit
    act, show = steps(request, customer, payload)
    return answer_once(request, response, operation=_TOP_UP, key=idempotency_key, payload=payload, act=act, show=show)


def _in_sandbox(request: ApiRequest, customer: Customer, payload: TopUpIn) -> Any:
    def act() -> Body:
        deposit = services.pay_in_sandbox(
            actor=request.actor,
            customer=customer,
            amount=payload.amount,
            bank=payload.bank or settings.CUSTOMER_WALLET_BANK,
            note=payload.description,
        )
        return {"deposit": str(deposit.public_id)}

    def show(body: Body) -> TopUpOut:
        return _shown(customer, selectors.deposits_of(customer).get(public_id=body["deposit"]))

    return act, show


def _by_deposit(request: ApiRequest, customer: Customer, payload: TopUpIn) -> Any:
    def act() -> Body:
        deposit = services.request_top_up(
            customer=customer,
            amount=payload.amount,
            bank=payload.bank or settings.CUSTOMER_WALLET_BANK,
            note=payload.description,
        )
        return {"deposit": str(deposit.public_id)}

    def show(body: Body) -> TopUpOut:
        # Also a repeated call asks for a number that is still missing, and sees the deposit as it is now.
        deposit = selectors.deposits_of(customer).get(public_id=body["deposit"])
        services.fetch_number(deposit)
        deposit.refresh_from_db()
        return _shown(customer, deposit)

    return act, show


def _shown(customer: Customer, deposit: Deposit) -> TopUpOut:
    return TopUpOut(
        entry_id=entry_id(deposit.reference, wallet_of(customer, deposit.currency).code),
        amount=deposit.amount,
        balance=balance_in(customer, deposit.currency),
        currency=deposit.currency,
        description=deposit.memo,
        created_at=deposit.created_at,
        status=Deposit.State(deposit.state),
        deposit_id=deposit.public_id,
        # Pages are for real money.
        page_url=None
        if customer.is_sandbox
        else settings.BASE_URL + reverse("payments:deposit", args=[deposit.public_id]),
        instructions=_instructions(deposit),
    )


def _instructions(deposit: Deposit) -> InstructionsOut | None:
    picture = selectors.picture_of(deposit)
    # By its link it may have been turned to a way that has no number.
    if picture.stage != "waiting" or not picture.number:
        return None
    return InstructionsOut(
        bank=deposit.bank,
        bank_name=deposit.bank_name,
        virtual_account_number=picture.number,
        amount=deposit.amount,
        expires_at=deposit.expires_at,
    )
