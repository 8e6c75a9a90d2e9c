"""What payments look like on the wire, in every operation that answers with one (TeraPay contract 8 and 9)."""

from datetime import datetime
from typing import Any, Literal, cast
from uuid import UUID

from pydantic import Field

from accounts.api.base import ApiSchema, Figure
from payouts.models import Payout
from payouts.routing import Routes
from payouts.wire import Status, wire_status

Type = Literal["BankTransfer", "MobileMoney"]

# What the reference shows.
REFERENCE: Any = Field(examples=["TP20261121K7M2P9QXA3"])
CALL: Any = Field(examples=["TB202611214F8ZD0WN6C"])
ACCOUNT: Any = Field(examples=["003001014892010184"])
NUMBER: Any = Field(examples=["+23276123456"])
BANK_CODE: Any = Field(examples=["003"])
BANK_NAME: Any = Field(examples=["Sierra Leone Commercial Bank"])
NARRATION: Any = Field(examples=["Rent for June"])
FEE: Any = Field(examples=[2.5])
STATUS: Any = Field(description="Pending until its end is known; state says more finely where it stands.")
STATE: Any = Field(
    examples=["completed"],
    description="pending (waits for its code), authorized, sending, in_doubt (being checked), completed, returned "
    "(sent back after it was paid), failed, rejected, expired or cancelled.",
)
REASON: Any = Field(examples=[None], description="Why nothing was paid, in words; null otherwise.")


class FlagOut(ApiSchema):
    """What a rule against fraud said; ``severity`` is review (the payment went on) or block."""

    rule: str = Field(examples=["NewReceiverLarge"])
    severity: str = Field(examples=["review"])
    detail: str = Field(examples=["The first payment to this receiver, and more than SLE 5,000.00."])


class TransactionOut(ApiSchema):
    """``status`` Pending covers everything until its end; ``state`` says more finely where it stands: pending (waits
    for its code), authorized, sending, in_doubt (the bank has not answered yet and is asked), completed, returned
    (sent back after it was paid), failed, rejected, expired, cancelled. ``reason`` says why nothing was paid."""

    transaction_id: UUID
    reference_number: str = REFERENCE
    type: Type
    receiver_account: str = ACCOUNT
    receiver_bank_code: str = BANK_CODE
    receiver_bank_name: str = BANK_NAME
    receiver_name: str | None = Field(examples=["Aminata Sesay"])
    amount: Figure
    fee: Figure = FEE
    currency: str = Field(examples=["SLE"])
    narration: str = NARRATION
    status: Status = STATUS
    state: str = STATE
    reason: str | None = REASON
    is_flagged: bool
    flags: list[FlagOut]
    api_user_id: UUID | None
    client_id: UUID
    batch_reference: str | None = Field(examples=[None])
    created_at: datetime
    completed_at: datetime | None


def transaction(payout: Payout, routes: Routes) -> TransactionOut:
    """Select api_user and client with it."""
    return TransactionOut(
        transaction_id=payout.public_id,
        reference_number=payout.reference,
        type=cast(Type, payout.kind),
        receiver_account=payout.receiver,
        receiver_bank_code=payout.receiver_code,
        receiver_bank_name=routes.name_of(payout.receiver_code),
        receiver_name=payout.receiver_name or None,
        amount=payout.amount,
        fee=payout.fee,
        currency=payout.currency,
        narration=payout.narration,
        status=wire_status(payout),
        state=payout.state,
        reason=str(payout.get_reason_display()) or None,
        is_flagged=payout.is_flagged,
        flags=flags(payout),
        api_user_id=payout.api_user.public_id if payout.api_user else None,
        client_id=payout.client.public_id,
        batch_reference=payout.batch_reference or None,
        created_at=payout.created_at,
        completed_at=payout.completed_at,
    )


def flags(payout: Payout) -> list[FlagOut]:
    return [FlagOut(**flag) for flag in payout.flags]
