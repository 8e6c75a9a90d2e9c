"""TeraPay contract, section Payment: one transfer and its code, and what there is to read. Many at once: many."""

from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from ninja import Query, Router
from pydantic import Field

from accounts.api import ranges
from accounts.api.base import Amount, ApiRequest, ApiSchema, Figure, operation, uuid_path
from accounts.api.paging import Paging, cut
from accounts.api.repeatable import IDEMPOTENCY_KEY, answer_once
from accounts.services.idempotency import Body
from config.lib.clock import now
from payouts import wire
from payouts.api.shapes import (
    BANK_CODE,
    BANK_NAME,
    FEE,
    NARRATION,
    REASON,
    REFERENCE,
    STATE,
    STATUS,
    FlagOut,
    TransactionOut,
    flags,
    transaction,
)
from payouts.errors import NotFound, PayoutBlocked
from payouts.models import Payout
from payouts.models.states import State
from payouts.routing import Routes
from payouts.selectors import transfers as selectors
from payouts.services import transfers
from payouts.services.codes import SANDBOX_CODE
from payouts.wire import Status

router = Router(tags=["Payment"])

_INITIATE = "payment.initiate"
PLAY_CODE: Any = Field(None, description="Of play money: no phone and no mailbox is needed to try it.", examples=[None])


class InitiateIn(ApiSchema):
    account_number: Annotated[
        str,
        Field(
            max_length=34,
            description="3 to 34 digits; the first three are the bank's code.",
            examples=["003001014892010184"],
        ),
    ]
    amount: Amount
    narration: str | None = Field(
        None, description="At most 200 characters; “Transfer to …” when not given.", examples=["Rent for June"]
    )
    receiver_name: str | None = Field(
        None, description="Told to the bank, which may compare it with the account.", examples=["Aminata Sesay"]
    )


class InitiatedOut(ApiSchema):
    transaction_id: UUID
    reference_number: str = REFERENCE
    status: Status = STATUS
    amount: Figure
    fee: Figure = FEE
    receiver_bank_code: str = BANK_CODE
    receiver_bank_name: str = BANK_NAME
    narration: str = NARRATION
    otp_required: bool
    otp_expires_at: datetime | None
    flags: list[FlagOut]
    sandbox_otp: str | None = PLAY_CODE


class AuthorizeIn(ApiSchema):
    transaction_id: UUID
    otp_code: Annotated[
        str, Field(min_length=6, max_length=6, description="The six digits of the code.", examples=["482913"])
    ]


class AuthorizedOut(ApiSchema):
    """``status`` Pending: it is on its way, and its end is not known yet. It needs nothing more; read it again."""

    transaction_id: UUID
    reference_number: str = REFERENCE
    status: Status = STATUS
    state: str = STATE
    reason: str | None = REASON
    completed_at: datetime | None


class ResendIn(ApiSchema):
    transaction_id: UUID


class ResentOut(ApiSchema):
    transaction_id: UUID
    otp_expires_at: datetime | None
    resends_left: int
    sandbox_otp: str | None = PLAY_CODE


@operation(router, _INITIATE, answer=InitiatedOut, status=201)
def initiate(
    request: ApiRequest, response: HttpResponse, payload: InitiateIn, idempotency_key: str | None = IDEMPOTENCY_KEY
) -> Any:
    """Start a bank transfer: fraud checks, a transaction, its code and flags."""

    def act() -> Body:
        try:
            payout = transfers.initiate(
                actor=request.actor,
                account_number=payload.account_number,
                amount=payload.amount,
                narration=payload.narration or "",
                receiver_name=payload.receiver_name or "",
            )
        except PayoutBlocked as error:
            # It is kept, so this is no refusal that undoes anything.
            payout = error.payout
        return {"transaction": str(payout.public_id)}

    def show(body: Body) -> InitiatedOut:
        payout = selectors.seen(request.actor).get(public_id=body["transaction"])
        if payout.state == State.REJECTED:
            raise PayoutBlocked(payout)
        return _initiated(payout)

    return answer_once(request, response, operation=_INITIATE, key=idempotency_key, payload=payload, act=act, show=show)


def _initiated(payout: Payout) -> InitiatedOut:
    code = selectors.code_of(payout)
    return InitiatedOut(
        transaction_id=payout.public_id,
        reference_number=payout.reference,
        status=wire.wire_status(payout),
        amount=payout.amount,
        fee=payout.fee,
        receiver_bank_code=payout.receiver_code,
        receiver_bank_name=Routes().name_of(payout.receiver_code),
        narration=payout.narration,
        otp_required=code is not None,
        otp_expires_at=code.expires_at if code else None,
        flags=flags(payout),
        sandbox_otp=_play_code(payout),
    )


@operation(router, "payment.authorize", answer=AuthorizedOut)
def authorize(request: ApiRequest, payload: AuthorizeIn) -> AuthorizedOut:
    """Complete a pending transaction with its code."""
    payout = _one(request, payload.transaction_id)
    transfers.authorise(actor=request.actor, payout=payout, code=payload.otp_code)
    transfers.wait_for([payout])
    payout.refresh_from_db()
    return AuthorizedOut(
        transaction_id=payout.public_id,
        reference_number=payout.reference,
        status=wire.wire_status(payout),
        state=payout.state,
        reason=str(payout.get_reason_display()) or None,
        completed_at=payout.completed_at,
    )


@operation(router, "payment.resend-otp", answer=ResentOut)
def resend(request: ApiRequest, payload: ResendIn) -> ResentOut:
    """Send a new code for a pending transaction."""
    payout = transfers.resend(actor=request.actor, payout=_one(request, payload.transaction_id))
    code = selectors.code_of(payout)
    return ResentOut(
        transaction_id=payout.public_id,
        otp_expires_at=code.expires_at if code else None,
        resends_left=code.resends_left if code else 0,
        sandbox_otp=_play_code(payout),
    )


@operation(router, "payment.pending", answer=list[TransactionOut])
def pending(request: ApiRequest, response: HttpResponse, paging: Query[Paging]) -> list[TransactionOut]:
    """List pending transactions."""
    return _listed(_in_status(request, wire.PENDING), paging, response)


@operation(router, "payment.completed", answer=list[TransactionOut])
def completed(request: ApiRequest, response: HttpResponse, paging: Query[Paging]) -> list[TransactionOut]:
    """List completed transactions."""
    return _listed(_in_status(request, wire.COMPLETED), paging, response)


class RangeQuery(Paging):
    since: str = Field("", alias="from", description="From then on; 30 days before the end when not given.")
    until: str = Field("", alias="to", description="Until then; a date without time is the whole day. Now by default.")


@operation(router, "payment.range", answer=list[TransactionOut])
def in_range(request: ApiRequest, response: HttpResponse, query: Query[RangeQuery]) -> list[TransactionOut]:
    """List transactions in a date range."""
    last = ranges.moment(query.until, "to", at_end=True) or now()
    first = ranges.moment(query.since, "from") or max(last, ranges.EARLIEST + timedelta(days=30)) - timedelta(days=30)
    ranges.require_order(first, last)
    found = selectors.seen(request.actor).filter(created_at__gte=first, created_at__lte=last)
    return _listed(found, query, response)


@operation(router, "payment.get", answer=TransactionOut, path=uuid_path("payment.get", "id"))
def get(request: ApiRequest, id: UUID) -> TransactionOut:  # noqa: A002 - the contract's name
    """Read one transaction."""
    return transaction(_one(request, id), Routes())


def _one(request: ApiRequest, public_id: UUID) -> Payout:
    found = selectors.seen(request.actor).select_related("api_user", "client").filter(public_id=public_id).first()
    if found is None:
        raise NotFound
    return found


def _in_status(request: ApiRequest, status: Status) -> QuerySet[Payout]:
    return selectors.with_status(selectors.seen(request.actor), wire.states_of(status))


def _listed(payouts: QuerySet[Payout], paging: Paging, response: HttpResponse) -> list[TransactionOut]:
    routes = Routes()
    return [
        transaction(payout, routes) for payout in cut(payouts.select_related("api_user", "client"), paging, response)
    ]


def _play_code(payout: Payout) -> str | None:
    return SANDBOX_CODE if payout.is_sandbox and payout.state == State.PENDING else None
