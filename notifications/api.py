"""TeraPay contract, section Sms."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from django.http import HttpResponse
from ninja import Router
from pydantic import Field

from accounts.access.actors import Actor
from accounts.api.base import ApiRequest, ApiSchema, Figure, operation
from accounts.api.repeatable import IDEMPOTENCY_KEY, answer_once
from accounts.services.idempotency import Body
from notifications.errors import GatewayRefused
from notifications.models import Sms
from notifications.selectors import sms as selectors
from notifications.services import sms as services

router = Router(tags=["Sms"])

Number = Annotated[
    str,
    Field(
        min_length=1, max_length=50, description="With its country code, with or without +.", examples=["+23276123456"]
    ),
]
Text = Annotated[
    str,
    Field(
        min_length=1,
        max_length=services.LONGEST_TEXT,
        description="160 letters of the GSM alphabet fit into one message, 70 of any other.",
    ),
]
Status = Literal["Queued", "Sent", "Failed"]


class SendIn(ApiSchema):
    phone_number: Number
    message: Text


class SendCustomIn(SendIn):
    sender_id: Annotated[
        str, Field(min_length=1, max_length=11, description="A name that was allowed to the caller's client.")
    ]


class SendBulkIn(ApiSchema):
    phone_numbers: (
        Annotated[
            list[Annotated[str, Field(max_length=50)]],
            Field(max_length=services.MOST_NUMBERS, examples=[["+23276123456", "+23276543210"]]),
        ]
        | None
    ) = None
    message: Annotated[str, Field(max_length=services.LONGEST_TEXT)] | None = None


class SmsOut(ApiSchema):
    """``state`` is our own word for how far it is; ``cost`` is in leones, 0 when it was given back."""

    message_id: UUID
    phone_number: str
    sender_id: str
    status: Status
    segments: int
    created_at: datetime
    state: str
    encoding: str
    cost: Figure

    @staticmethod
    def of(message: Sms) -> "SmsOut":
        return SmsOut(
            message_id=message.public_id,
            phone_number=message.recipient,
            sender_id=message.sender,
            status=wire_status(message),
            segments=message.segments,
            created_at=message.created_at,
            state=message.state,
            encoding=message.encoding,
            cost=Decimal(0) if message.state == Sms.State.FAILED else message.cost,
        )


class ResultOut(ApiSchema):
    phone_number: str
    status: Status
    message_id: UUID | None
    error: str | None


class SmsBulkOut(ApiSchema):
    """``sent`` numbers were taken to be sent, each once; ``failed`` ones were not, and cost nothing."""

    total: int
    sent: int
    failed: int
    results: list[ResultOut]


_STATUSES: dict[str, Status] = {Sms.State.QUEUED: "Queued", Sms.State.FAILED: "Failed", Sms.State.UNDELIVERED: "Failed"}


def wire_status(message: Sms) -> Status:
    """Queued, Sent (the gateway has it) or Failed."""
    return _STATUSES.get(message.state, "Sent")


@operation(router, "sms.send", answer=SmsOut)
def send(
    request: ApiRequest, response: HttpResponse, body: SendIn, idempotency_key: str | None = IDEMPOTENCY_KEY
) -> SmsOut:
    """Send one SMS."""
    return _send_one(request, response, "sms.send", body, "", idempotency_key)


@operation(router, "sms.send-custom", answer=SmsOut)
def send_custom(
    request: ApiRequest, response: HttpResponse, body: SendCustomIn, idempotency_key: str | None = IDEMPOTENCY_KEY
) -> SmsOut:
    """Send one SMS under a sender name of the caller's client."""
    return _send_one(request, response, "sms.send-custom", body, body.sender_id, idempotency_key)


def _send_one(
    request: ApiRequest, response: HttpResponse, name: str, body: SendIn, sender: str, key: str | None
) -> SmsOut:
    def act() -> Body:
        sent = services.send(actor=request.actor, to=body.phone_number, text=body.message, sender=sender)
        return {"id": str(sent.public_id)}

    answer: SmsOut = answer_once(
        request,
        response,
        operation=name,
        key=key,
        payload=body,
        act=act,
        show=lambda found: _handed_over(request.actor, UUID(found["id"])),
    )
    return answer


def _handed_over(actor: Actor, public_id: UUID) -> SmsOut:
    """What the gateway says at once; what it does not say now is found out later."""
    services.attend([public_id])
    message = selectors.seen(actor).get(public_id=public_id)
    if message.state == Sms.State.FAILED:
        raise GatewayRefused(message.get_reason_display())
    return SmsOut.of(message)


@operation(router, "sms.send-bulk", answer=SmsBulkOut)
def send_bulk(
    request: ApiRequest, response: HttpResponse, body: SendBulkIn, idempotency_key: str | None = IDEMPOTENCY_KEY
) -> SmsBulkOut:
    """Send one text to many numbers, each once. A bad number fails alone."""

    def act() -> Body:
        results = services.send_many(
            actor=request.actor, to=body.phone_numbers or [], text=body.message or "", sender=""
        )
        return SmsBulkOut(
            total=len(results),
            sent=sum(1 for one in results if one.message),
            failed=sum(1 for one in results if not one.message),
            results=[_result(one) for one in results],
        ).model_dump(mode="json")

    answer: SmsBulkOut = answer_once(
        request,
        response,
        operation="sms.send-bulk",
        key=idempotency_key,
        payload=body,
        act=act,
        show=SmsBulkOut.model_validate,
    )
    return answer


def _result(one: services.Sent) -> ResultOut:
    return ResultOut(
        phone_number=one.message.recipient if one.message else one.given,
        status="Queued" if one.message else "Failed",
        message_id=one.message.public_id if one.message else None,
        error=one.error or None,
    )
