"""Balance and deposits in the OTPZap-compatible API (OTPZap contract 3)."""

from contextlib import suppress
from decimal import Decimal
from typing import Annotated, Any, Literal

from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from ninja import Query, Router
from pydantic import ConfigDict, Field

from accounts.api.base import ApiRequest
from accounts.api.compatible import (
    IDEMPOTENCY_KEY,
    CompatibleSchema,
    Whole,
    answer_once,
    customer_of,
    operation,
)
from accounts.errors import NotFound
from accounts.models import Customer
from accounts.services.idempotency import Body, Claim
from config.lib.ids import read_opaque_id
from payments import methods, selectors, services, wire
from payments.errors import AskedTooSoon
from payments.models import Deposit
from payments.services.deposits import CURRENCY
from wallets.selectors import balances

router = Router(tags=["Account"])
# OTPZap contract 3.2; what the way to pay allows may be less.
SMALLEST = 5_000
ORDER_ID: Any = Query(..., description="The order_id of the deposit.")  # type: ignore[type-arg]


class BalanceOut(CompatibleSchema):
    model_config = ConfigDict(json_schema_extra={"example": {"balance": 100000, "currency": "IDR"}})

    balance: int = Field(description="What can be spent; what is held for open orders is not in it.")
    currency: Literal["IDR"] = "IDR"


class TopUpIn(CompatibleSchema):
    model_config = ConfigDict(json_schema_extra={"example": {"amount": 50000}})

    amount: Annotated[Whole, Field(ge=SMALLEST, description="Whole rupiah, at least 5000.")]


class TopUpOut(CompatibleSchema):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "order_id": "APIDEP-0198F3C26E5A4C0F9D552A7C1E9F4B10",
                "amount": 50000,
                "total_amount": 50000,
                "payment_url": "https://portal.example/pay/0198f3c2-6e5a-4c0f-9d55-2a7c1e9f4b10",
                "expired_at": "2026-11-21 10:00:00 WIB",
            }
        }
    )

    order_id: str
    amount: int
    total_amount: int = Field(description="What is paid by QRIS.")
    payment_url: str = Field(description="Send the payer here.")
    expired_at: str


class DepositOut(CompatibleSchema):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "order_id": "APIDEP-0198F3C26E5A4C0F9D552A7C1E9F4B10",
                "amount": 50000,
                "status": "success",
                "paid_at": "2026-11-21 09:34:10 WIB",
                "created_at": "2026-11-21 09:30:00 WIB",
                "expired_at": "2026-11-21 10:00:00 WIB",
                "requested_amount": 50000,
                "total_amount": 50000,
                "payment_url": "https://portal.example/pay/0198f3c2-6e5a-4c0f-9d55-2a7c1e9f4b10",
            }
        }
    )

    order_id: str
    amount: int = Field(description="What is asked for; once paid, what was credited.")
    status: Literal["pending", "success", "expired", "failed"]
    paid_at: str | None
    created_at: str
    expired_at: str
    requested_amount: int
    total_amount: int
    payment_url: str


@operation(router, "GET", "/balance", answer=BalanceOut)
def balance(request: ApiRequest) -> Body:
    """What the wallet has."""
    found = (one.available for one in balances(customer_of(request)) if one.currency == CURRENCY)
    return {"balance": int(next(found, Decimal(0))), "currency": CURRENCY}


@operation(router, "POST", "/topup/create", answer=TopUpOut, trades=True)
def create(
    request: ApiRequest, response: HttpResponse, payload: TopUpIn, idempotency_key: str | None = IDEMPOTENCY_KEY
) -> Body:
    """Make an invoice that is paid by QRIS.

    Send the payer to ``payment_url``. The wallet is filled by itself when it is paid; look at ``expired_at`` for how
    long it can be.
    """
    customer = customer_of(request)

    def act(claim: Claim) -> Body:
        deposit = services.request_deposit(
            customer=customer,
            amount=Decimal(payload.amount),
            method=methods.QRIS,
            idempotency_key=claim.reference,
            fresh=True,
        )
        services.fetch_number(deposit)
        shown = wire.deposit_object(deposit)
        return {name: shown[name] for name in TopUpOut.model_fields}

    return answer_once(
        request, response, operation="topup.create", key=idempotency_key, content=payload.model_dump(), act=act
    )


@operation(router, "GET", "/topup/check", answer=DepositOut)
def check(request: ApiRequest, order_id: Annotated[str, Field(max_length=64)] = ORDER_ID) -> Body:
    """Look at a deposit.

    Asking also makes us look for the payment.
    """
    deposit = _deposit(customer_of(request), order_id)
    with suppress(AskedTooSoon):
        services.check_now(deposit=deposit)
    return wire.deposit_object(deposit)


def _deposit(customer: Customer, order_id: str) -> Deposit:
    public_id = read_opaque_id(wire.ID_PREFIX, order_id)
    deposit = selectors.deposits_of(customer).filter(public_id=public_id).first() if public_id else None
    if deposit is None or deposit.currency != CURRENCY:
        raise NotFound(_("There is no such deposit."))
    return deposit
