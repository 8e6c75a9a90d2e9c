"""TeraPay contract, section Checkout."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpResponse
from ninja import Router
from pydantic import Field

from accounts.access import policy
from accounts.api.base import Amount, ApiRequest, ApiSchema, Figure, operation, uuid_path
from accounts.api.repeatable import IDEMPOTENCY_KEY, answer_once
from accounts.services.idempotency import Body
from checkout.errors import NoSuchSession
from checkout.models import Session
from checkout.selectors import sessions as selectors
from checkout.services import sessions
from checkout.wire import Status, wire_of

router = Router(tags=["Checkout"])

_CREATE = "checkout.create"


class CheckoutIn(ApiSchema):
    amount: Amount
    currency: Annotated[
        str, Field(min_length=3, max_length=3, description="SLE or IDR, in capital letters.", examples=["SLE"])
    ]
    return_url: Annotated[
        str,
        Field(
            min_length=1,
            max_length=2000,
            description="Where the payer goes back to: absolute and https, without credentials and fragment; "
            "http://localhost with a sandbox key. `sessionId` and `status` are added to its query.",
            examples=["https://shop.example/thanks?order=1042"],
        ),
    ]
    description: Annotated[
        str, Field(max_length=200, description="What it is for; the payer reads it.", examples=["Order 1042"])
    ] = ""


class SessionOut(ApiSchema):
    """``status`` is the truth; what the return address is told is only a hint."""

    session_id: UUID
    session_url: str = Field(description="The page to send the payer to.")
    reference: str
    amount: Figure
    currency: str
    description: str
    return_url: str
    methods: list[str] = Field(description="Ways to pay on the page: card, va, qris, ovo.")
    status: Status
    payment_reference: str | None = Field(
        description="What paid it: the reference of a card payment, or the id of a deposit."
    )
    created_at: datetime
    expires_at: datetime
    completed_at: datetime | None


@operation(router, _CREATE, answer=SessionOut, status=201)
def create(
    request: ApiRequest, response: HttpResponse, payload: CheckoutIn, idempotency_key: str | None = IDEMPOTENCY_KEY
) -> Any:
    """Open a hosted-checkout session and answer its URL."""

    def act() -> Body:
        session = sessions.create(
            client=policy.own_client(request.actor),
            is_sandbox=request.actor.is_sandbox,
            amount=payload.amount,
            currency=payload.currency,
            return_url=payload.return_url,
            description=payload.description,
            api_user=request.actor.api_user,
            created_by=request.actor.user,
            actor=request.actor,
        )
        return {"session": str(session.public_id)}

    def show(body: Body) -> SessionOut:
        return _shown(selectors.seen(request.actor).get(public_id=body["session"]))

    return answer_once(request, response, operation=_CREATE, key=idempotency_key, payload=payload, act=act, show=show)


@operation(router, "checkout.get", answer=SessionOut, path=uuid_path("checkout.get", "sessionId"))
def get(request: ApiRequest, sessionId: UUID) -> SessionOut:
    """Read one checkout session."""
    session = selectors.seen(request.actor).filter(public_id=sessionId).first()
    if session is None:
        raise NoSuchSession
    return _shown(session)


def _shown(session: Session) -> SessionOut:
    return SessionOut.model_validate(wire_of(session))
