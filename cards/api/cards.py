"""TeraPay contract, section CardPayments: a card is kept, charged, confirmed by its holder, and collected from."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpResponse
from django.views.decorators.debug import sensitive_variables
from ninja import Router
from pydantic import ConfigDict, Field, SecretStr

from accounts.access import policy
from accounts.api.base import Amount, ApiRequest, ApiSchema, Figure, operation
from accounts.api.repeatable import IDEMPOTENCY_KEY, answer_once_at_length
from accounts.services.idempotency import Body, Claim
from cards.errors import NoSuchCard, NoSuchPayment, OutcomeUnknown
from cards.models import CardAct, CardPayment
from cards.selectors import payments as selectors
from cards.services import acts, payments, tokens
from cards.wire import Status, wire_status

router = Router(tags=["CardPayments"])

_AUTHORIZE, _CAPTURE, _VERIFY = "card-payments.authorize", "card-payments.capture", "card-payments.verify-3ds"
TOKEN: Any = Field(min_length=1, max_length=64, examples=["tok_5f0c9d41e2b74a6c8d3f7a1b2c4e6f80"])
AUTHORIZATION: Any = Field(
    min_length=1, max_length=64, examples=["7b1f0c9e-5d3a-4c1b-9a2e-0d4f6b8c1e37"], description="Of the authorisation."
)
REASON: Any = Field(
    examples=[None],
    description="Why it was declined: declined, insufficient_funds, expired_card, wrong_code, lost_or_stolen, limit, "
    "not_confirmed, challenge_too_late, processing or never_arrived; null otherwise.",
)


class TokenizeIn(ApiSchema):
    """The number is kept encrypted, the security code not at all. Nothing of either is ever answered or logged."""

    model_config = ConfigDict(hide_input_in_errors=True)

    card_number: Annotated[
        SecretStr,
        Field(
            min_length=1,
            description="12 to 19 digits; spaces and hyphens do not matter.",
            examples=["4242424242424242"],
            json_schema_extra={"format": "credit-card"},
        ),
    ]
    expiry_month: int = Field(ge=1, le=12, examples=[12])
    expiry_year: int = Field(ge=2021, le=2100, examples=[2030])
    cvv: Annotated[
        SecretStr, Field(min_length=3, max_length=4, description="Checked, and kept nowhere.", examples=["123"])
    ]


class CardTokenOut(ApiSchema):
    """``token`` may be used again and again, by the same client in the same world."""

    token: str = TOKEN
    brand: str = Field(examples=["Visa"])
    last4: str = Field(examples=["4242"])
    expiry_month: int = Field(examples=[12])
    expiry_year: int = Field(examples=[2030])


class CardAuthorizeIn(ApiSchema):
    token: str = TOKEN
    amount: Amount
    currency: str = Field(min_length=1, max_length=3, examples=["SLE"], description="SLE or IDR.")
    order_id: str | None = Field(
        None,
        max_length=100,
        examples=["order-8841"],
        description="Your order: authorised once, as long as that is not declined, released or expired.",
    )


class CardAuthorizedOut(ApiSchema):
    """A decline is an answer, not an error. Requires3DS: lead the holder to ``acsUrl``, and hand over what comes
    back."""

    authorization_id: UUID
    status: Status
    amount: Figure
    currency: str = Field(examples=["SLE"])
    order_id: str | None = Field(examples=["order-8841"])
    requires_3ds: bool = Field(alias="requires3DS")
    acs_url: str | None = Field(examples=[None])
    pa_req: str | None = Field(examples=[None])
    decline_reason: str | None = REASON
    decline_message: str | None = Field(examples=[None], description="The same in words.")
    reference_number: str = Field(examples=["CP01KAJ0V9Y3ZJ8M4T6Q2X7W5R1D"])
    expires_at: datetime | None = Field(description="Until then it can be captured, or the challenge answered.")


class CaptureIn(ApiSchema):
    authorization_id: str = AUTHORIZATION
    amount: Amount


class CapturedOut(ApiSchema):
    capture_id: UUID
    authorization_id: UUID
    status: Status
    amount: Figure
    currency: str = Field(examples=["SLE"])
    fee: Figure = Field(examples=[3.5], description="Ours; the rest is on your balance.")
    captured_at: datetime | None


class VerifyIn(ApiSchema):
    authorization_id: str = AUTHORIZATION
    pa_res: str = Field(
        min_length=1, max_length=4000, description="What the holder's bank gave back, as it is.", examples=["eyJhdXRo…"]
    )


class VerifiedOut(ApiSchema):
    authorization_id: UUID
    status: Status
    verified: bool
    decline_reason: str | None = REASON


@operation(router, "card-payments.tokenize", answer=CardTokenOut, status=201, refuses=[503])
@sensitive_variables("payload")
def tokenize(request: ApiRequest, payload: TokenizeIn) -> CardTokenOut:
    """Swap a raw card for a reusable token."""
    card = tokens.tokenize(
        client=policy.own_client(request.actor),
        is_sandbox=request.actor.is_sandbox,
        number=payload.card_number.get_secret_value(),
        expiry_month=payload.expiry_month,
        expiry_year=payload.expiry_year,
        code=payload.cvv.get_secret_value(),
        api_user=request.actor.api_user,
    )
    return CardTokenOut(
        token=card.token,
        brand=card.brand,
        last4=card.last4,
        expiry_month=card.expiry_month,
        expiry_year=card.expiry_year,
    )


@operation(router, _AUTHORIZE, answer=CardAuthorizedOut, refuses=[503])
def authorize(
    request: ApiRequest, response: HttpResponse, payload: CardAuthorizeIn, idempotency_key: str | None = IDEMPOTENCY_KEY
) -> Any:
    """Authorise an amount on a token; may answer with a 3DS challenge."""

    # Whoever repeats a call has one more question asked; whoever has just waited for the processor does not wait again.
    now = payments.look

    def act(claim: Claim) -> Body:
        nonlocal now
        now = payments.known
        return {"payment": str(_authorize(request, payload, claim).public_id)}

    return answer_once_at_length(
        request,
        response,
        operation=_AUTHORIZE,
        key=idempotency_key,
        payload=payload,
        act=act,
        show=lambda body: _authorized(now(_one(request, body["payment"]))),
    )


def _authorize(request: ApiRequest, payload: CardAuthorizeIn, claim: Claim) -> CardPayment:
    client, is_sandbox = policy.own_client(request.actor), request.actor.is_sandbox
    card = tokens.token_of(client=client, is_sandbox=is_sandbox, token=payload.token)
    if card is None:
        raise NoSuchCard
    try:
        return payments.authorize(
            client=client,
            is_sandbox=is_sandbox,
            card=card,
            amount=payload.amount,
            currency=payload.currency,
            order_id=payload.order_id or "",
            api_user=request.actor.api_user,
            caused_by=request.actor.user,
            reference=_reference("CP", claim),
        )
    except OutcomeUnknown as error:
        # Kept as what was done: a repetition asks for the truth, and never charges again.
        return error.payment


def _authorized(payment: CardPayment) -> CardAuthorizedOut:
    status = wire_status(payment)
    waits = status == "Requires3DS"
    return CardAuthorizedOut(
        authorization_id=payment.public_id,
        status=status,
        amount=payment.amount,
        currency=payment.currency,
        order_id=payment.order_id or None,
        requires3DS=waits,
        acs_url=payment.acs_url if waits else None,
        pa_req=payment.pa_req if waits else None,
        decline_reason=payment.reason or None,
        decline_message=str(payment.get_reason_display()) or None,
        reference_number=payment.reference,
        expires_at=payment.challenge_until if waits else payment.expires_at,
    )


@operation(router, _CAPTURE, answer=CapturedOut, refuses=[503])
def capture(
    request: ApiRequest, response: HttpResponse, payload: CaptureIn, idempotency_key: str | None = IDEMPOTENCY_KEY
) -> Any:
    """Capture an authorised amount, once; the rest is released."""

    now = acts.look

    def act(claim: Claim) -> Body:
        nonlocal now
        now = acts.known
        payment, reference = _one(request, payload.authorization_id), _reference("CA", claim)
        try:
            done = acts.capture(payment=payment, amount=payload.amount, actor=request.actor, reference=reference)
        except OutcomeUnknown:
            done = CardAct.objects.get(reference=reference)
        return {"act": str(done.public_id)}

    def show(body: Body) -> CapturedOut:
        found = selectors.acts_seen(request.actor).get(public_id=body["act"])
        return _captured(acts.require_done(now(found)))

    return answer_once_at_length(
        request, response, operation=_CAPTURE, key=idempotency_key, payload=payload, act=act, show=show
    )


def _captured(act: CardAct) -> CapturedOut:
    return CapturedOut(
        capture_id=act.public_id,
        authorization_id=act.payment.public_id,
        status=wire_status(act.payment),
        amount=act.amount,
        currency=act.payment.currency,
        fee=act.payment.fee,
        captured_at=act.payment.captured_at,
    )


@operation(router, _VERIFY, answer=VerifiedOut, refuses=[503])
def verify(
    request: ApiRequest, response: HttpResponse, payload: VerifyIn, idempotency_key: str | None = IDEMPOTENCY_KEY
) -> Any:
    """Check the result of a 3DS challenge."""

    now = payments.look

    def act(claim: Claim) -> Body:
        nonlocal now
        now = payments.known
        payment = _one(request, payload.authorization_id)
        if not (claim.is_repeated and payment.challenge_used_at is not None):
            try:
                payments.verify(payment=payment, pa_res=payload.pa_res)
            except OutcomeUnknown as error:
                payment = error.payment
        return {"payment": str(payment.public_id)}

    return answer_once_at_length(
        request,
        response,
        operation=_VERIFY,
        key=idempotency_key,
        payload=payload,
        act=act,
        show=lambda body: _verified(now(_one(request, body["payment"]))),
    )


def _verified(payment: CardPayment) -> VerifiedOut:
    return VerifiedOut(
        authorization_id=payment.public_id,
        status=wire_status(payment),
        verified=payment.authorized_at is not None,
        decline_reason=payment.reason or None,
    )


def _one(request: ApiRequest, public_id: str) -> CardPayment:
    policy.own_client(request.actor)
    try:
        wanted = UUID(public_id)
    except ValueError:
        raise NoSuchPayment from None
    found = selectors.seen(request.actor).select_related("client", "card").filter(public_id=wanted).first()
    if found is None:
        raise NoSuchPayment
    return found


def _reference(prefix: str, claim: Claim) -> str:
    """The same for every repetition of a call."""
    return prefix + claim.reference.removeprefix("call-")
