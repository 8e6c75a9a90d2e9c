"""TeraPay contract, section Payment: the calls that pay many at once, without a code."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpResponse
from ninja import Router
from pydantic import Field

from accounts.api.base import Amount, ApiRequest, ApiSchema, Figure, operation
from accounts.api.repeatable import IDEMPOTENCY_KEY, answer_once
from accounts.services.idempotency import Body
from payouts.api.shapes import BANK_CODE, CALL, FEE, NARRATION, NUMBER, REFERENCE, STATUS, FlagOut, flags
from payouts.models import Payout
from payouts.models.states import State
from payouts.routing import Routes
from payouts.selectors import transfers as selectors
from payouts.services import calls, transfers
from payouts.services.calls import MOST_ENTRIES, MOST_NUMBERS, Entry
from payouts.wire import Status, wire_status

router = Router(tags=["Payment"])


class MobilePaymentEntry(ApiSchema):
    phone_number: Annotated[
        str, Field(min_length=1, max_length=30, examples=["+23276123456"], json_schema_extra={"format": "tel"})
    ]
    amount: Amount
    narration: str | None = Field(None, examples=["Wages for June"])


class BulkMobileIn(ApiSchema):
    payments: Annotated[list[MobilePaymentEntry], Field(min_length=1, max_length=MOST_NUMBERS)]


class ClientTransferEntry(ApiSchema):
    amount: Amount
    narration: str | None = Field(None, examples=["Wages for June"])


class ToClientIn(ApiSchema):
    destination_client_id: UUID
    entries: Annotated[list[ClientTransferEntry], Field(min_length=1, max_length=MOST_ENTRIES)]


class ClientBankIn(ToClientIn):
    account_number: Annotated[str, Field(min_length=3, max_length=34, examples=["003001014892010184"])]


class ClientMobileIn(ToClientIn):
    phone_number: Annotated[
        str, Field(min_length=1, max_length=30, examples=["+23276123456"], json_schema_extra={"format": "tel"})
    ]


class PaidEntryOut(ApiSchema):
    """``error`` says why it was rejected; the others were taken and go out, or are out already."""

    index: int
    amount: Figure
    fee: Figure = FEE
    narration: str = NARRATION
    status: Status = STATUS
    transaction_id: UUID
    reference_number: str = REFERENCE
    flags: list[FlagOut]
    error: str | None = Field(examples=[None])


class MobileEntryOut(PaidEntryOut):
    phone_number: str = NUMBER
    telco_code: str = Field(examples=["76"])
    telco: str = Field(examples=["Orange"])


class TotalsOut(ApiSchema):
    """``succeeded`` were taken: their money is set aside. ``rejected`` were stopped by a rule against fraud."""

    batch_reference: str = CALL
    total: int
    total_amount: Figure
    succeeded: int
    rejected: int


class BulkMobileOut(TotalsOut):
    results: list[MobileEntryOut]


class ClientBankOut(TotalsOut):
    destination_client_id: UUID
    receiver_bank_code: str = BANK_CODE
    results: list[PaidEntryOut]


class ClientMobileOut(TotalsOut):
    destination_client_id: UUID
    phone_number: str = NUMBER
    telco_code: str = Field(examples=["76"])
    results: list[PaidEntryOut]


@operation(router, "payment.bulk-mobile", answer=BulkMobileOut)
def bulk_mobile(
    request: ApiRequest, response: HttpResponse, payload: BulkMobileIn, idempotency_key: str | None = IDEMPOTENCY_KEY
) -> Any:
    """Pay out to many mobile-money numbers, each checked for fraud."""

    def pay() -> list[Payout]:
        entries = [Entry(one.amount, one.narration or "", one.phone_number) for one in payload.payments]
        return calls.bulk_mobile(actor=request.actor, entries=entries)

    def show(payouts: Sequence[Payout]) -> BulkMobileOut:
        routes = Routes()
        results = [
            MobileEntryOut(
                **_entry(index, payout),
                phone_number=_phone(payout),
                telco_code=_telco(payout),
                telco=routes.name_of(payout.receiver_code),
            )
            for index, payout in enumerate(payouts)
        ]
        return BulkMobileOut(**_totals(payouts), results=results)

    return _once(request, response, "payment.bulk-mobile", idempotency_key, payload, pay, show)


@operation(router, "payment.bulk-client-transfer", answer=ClientBankOut)
def bulk_client_transfer(
    request: ApiRequest, response: HttpResponse, payload: ClientBankIn, idempotency_key: str | None = IDEMPOTENCY_KEY
) -> Any:
    """Many bank transfers to one destination client's account."""

    def pay() -> list[Payout]:
        return calls.bulk_client_bank(
            actor=request.actor,
            destination_client=payload.destination_client_id,
            account_number=payload.account_number,
            entries=_entries(payload),
        )

    def show(payouts: Sequence[Payout]) -> ClientBankOut:
        return ClientBankOut(
            **_totals(payouts),
            destination_client_id=payload.destination_client_id,
            receiver_bank_code=payouts[0].receiver_code,
            results=[PaidEntryOut(**_entry(index, payout)) for index, payout in enumerate(payouts)],
        )

    return _once(request, response, "payment.bulk-client-transfer", idempotency_key, payload, pay, show)


@operation(router, "payment.bulk-client-mobile-transfer", answer=ClientMobileOut)
def bulk_client_mobile_transfer(
    request: ApiRequest, response: HttpResponse, payload: ClientMobileIn, idempotency_key: str | None = IDEMPOTENCY_KEY
) -> Any:
    """Many mobile credits to one destination client's number."""

    def pay() -> list[Payout]:
        return calls.bulk_client_mobile(
            actor=request.actor,
            destination_client=payload.destination_client_id,
            phone=payload.phone_number,
            entries=_entries(payload),
        )

    def show(payouts: Sequence[Payout]) -> ClientMobileOut:
        return ClientMobileOut(
            **_totals(payouts),
            destination_client_id=payload.destination_client_id,
            phone_number=_phone(payouts[0]),
            telco_code=_telco(payouts[0]),
            results=[PaidEntryOut(**_entry(index, payout)) for index, payout in enumerate(payouts)],
        )

    return _once(request, response, "payment.bulk-client-mobile-transfer", idempotency_key, payload, pay, show)


def _once(
    request: ApiRequest,
    response: HttpResponse,
    operation: str,
    key: str | None,
    payload: ApiSchema,
    pay: Callable[[], list[Payout]],
    show: Callable[[Sequence[Payout]], Any],
) -> Any:
    """A repeated call pays nothing and tells how the payments of the first one stand now."""

    def act() -> Body:
        return {"call": pay()[0].batch_reference}

    def shown(body: Body) -> Any:
        rows = selectors.seen(request.actor).filter(batch_reference=body["call"]).order_by("id")
        transfers.wait_for([payout for payout in rows if payout.state == State.AUTHORIZED])
        return show(list(rows.all()))

    return answer_once(request, response, operation=operation, key=key, payload=payload, act=act, show=shown)


def _entries(payload: ToClientIn) -> list[Entry]:
    return [Entry(one.amount, one.narration or "") for one in payload.entries]


def _totals(payouts: Sequence[Payout]) -> dict[str, Any]:
    rejected = sum(payout.state == State.REJECTED for payout in payouts)
    return {
        "batch_reference": payouts[0].batch_reference,
        "total": len(payouts),
        "total_amount": sum(payout.amount for payout in payouts),
        "succeeded": len(payouts) - rejected,
        "rejected": rejected,
    }


def _entry(index: int, payout: Payout) -> dict[str, Any]:
    return {
        "index": index,
        "amount": payout.amount,
        "fee": payout.fee,
        "narration": payout.narration,
        "status": wire_status(payout),
        "transaction_id": payout.public_id,
        "reference_number": payout.reference,
        "flags": flags(payout),
        "error": str(payout.get_reason_display()) or None,
    }


def _phone(payout: Payout) -> str:
    return f"+232{payout.receiver[1:]}"


def _telco(payout: Payout) -> str:
    """The contract's codes of operators are their prefixes of two digits."""
    return payout.receiver_code[1:]
