"""Orders of numbers, Server 1 and 2 (OTPZap contract 6)."""

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import Query, Router

from accounts.api.base import ApiRequest
from accounts.api.compatible import IDEMPOTENCY_KEY, Whole, answer_once, customer_of, operation
from accounts.errors import BadField
from accounts.services.idempotency import Body, Claim
from otp import catalogue, services, wire
from otp.api_v1 import outcomes
from otp.api_v1.budget import spared
from otp.api_v1.schemas import CancelledOut, FinishedOut, OrderIn, OrderOut, OrderRef, ReplacedOut, ResentOut
from otp.models import Server
from otp.wanted import Wanted

router = Router(tags=["Numbers"])
ORDER_ID: Any = Query(..., description="The number of the order.")  # type: ignore[type-arg]


@operation(router, "POST", "/order/create", answer=OrderOut, trades=True)
def create(
    request: ApiRequest, response: HttpResponse, payload: OrderIn, idempotency_key: str | None = IDEMPOTENCY_KEY
) -> Body:
    """Buy a number.

    The price is reserved now, taken when a message has arrived, and given back when none does. The phone number is
    mostly in the answer; where it is null, look at the order again.
    """
    customer = customer_of(request)

    def act(claim: Claim) -> Body:
        wanted = _wanted(payload)
        with spared(customer):
            _check_name(payload, wanted)
            orders = services.buy(
                customer=customer, wanted=wanted, expected_price=None, idempotency_key=claim.reference, via="api"
            )
        order = outcomes.at_once(orders[0])
        outcomes.check_bought(order)
        return wire.sms_object(order)

    return answer_once(
        request, response, operation="order.create", key=idempotency_key, content=payload.model_dump(), act=act
    )


@operation(router, "GET", "/order/check", answer=OrderOut)
def check(request: ApiRequest, order_id: Whole = ORDER_ID) -> Body:
    """Look at a number and its codes.

    Every five seconds is often enough; a webhook tells you by itself.
    """
    return wire.sms_object(outcomes.number_of(customer_of(request), order_id))


@operation(router, "POST", "/order/cancel", answer=CancelledOut, trades=True)
def cancel(request: ApiRequest, payload: OrderRef) -> Body:
    """Give a number back while no code is there.

    Two minutes after the order at the earliest: before that 429 CANCEL_TOO_EARLY with Retry-After. 409 once a code is
    there or the order is over, 502 when the supplier refuses or has not confirmed.
    """
    customer = customer_of(request)
    order = outcomes.cancel(outcomes.number_of(customer, payload.order_id))
    return {
        "order_id": order.pk,
        "status": wire.status_of(order),
        "refund_amount": wire.refund_of(order)["refund_amount"],
        "balance": outcomes.balance_of(customer),
    }


@operation(router, "POST", "/order/finish", answer=FinishedOut, trades=True)
def finish(request: ApiRequest, payload: OrderRef) -> Body:
    """Say that a number is no longer needed.

    Once its code is there; 409 before. Repeating it changes nothing.
    """
    order = outcomes.finish(outcomes.number_of(customer_of(request), payload.order_id))
    return {"order_id": order.pk, "status": wire.status_of(order)}


@operation(router, "POST", "/order/resend", answer=ResentOut, trades=True)
def resend(request: ApiRequest, payload: OrderRef) -> Body:
    """Have one more message sent to the same number.

    Once for each message: 429 RESEND_LOCKED until the next one has come. 422 RESEND_NOT_SUPPORTED where the service
    has no such thing.
    """
    order = outcomes.number_of(customer_of(request), payload.order_id)
    order = outcomes.ask_again(services.request_resend(order=order))
    shown = wire.sms_object(order)
    return {name: shown[name] for name in ("order_id", "status", "resend_count", "resend_locked_until")}


@operation(router, "POST", "/order/replace", answer=ReplacedOut, trades=True)
def replace(
    request: ApiRequest, response: HttpResponse, payload: OrderRef, idempotency_key: str | None = IDEMPOTENCY_KEY
) -> Body:
    """Swap a number of Server 1 for a fresh one.

    Of the same product at the same price, in one step, by the rules of cancelling. It works with an empty balance.
    409 OUT_OF_STOCK leaves the old number as it was.
    """
    customer = customer_of(request)

    def act(claim: Claim) -> Body:
        old = outcomes.number_of(customer, payload.order_id)
        before = outcomes.successor_of(old) if claim.is_repeated else None
        new = before or outcomes.swap(old)
        flat = {"order_id": new.pk, "phone_number": new.phone_number or None}
        return {"old_order_id": old.pk, "order": wire.sms_object(new), **flat}

    return answer_once(
        request, response, operation="order.replace", key=idempotency_key, content=payload.model_dump(), act=act
    )


def _wanted(payload: OrderIn) -> Wanted:
    server = payload.server if payload.server is not None else (1 if payload.product_id else 2)
    if server == Server.PRODUCTS:
        return Wanted(product_id=_needed(payload.product_id, "product_id"))
    if server != Server.OPERATORS:
        raise BadField("server", _("Choose server 1 or 2; inboxes are ordered by /order/email-create."))
    service_id = _needed(payload.service_id, "service_id")
    if payload.country_id is None:
        return Wanted(server=server, service_id=service_id, is_special=True)
    return Wanted(
        server=server,
        service_id=service_id,
        country_id=payload.country_id,
        operator_id=payload.operator_id or catalogue.ANY_OPERATOR,
    )


def _needed(value: str | None, name: str) -> str:
    if value is None:
        raise BadField(name, _("This is missing."))
    return value


def _check_name(payload: OrderIn, wanted: Wanted) -> None:
    """A name that was sent along must be that of the id (OTPZap contract 6.1)."""
    if payload.service_name and catalogue.quote(wanted).service_name != payload.service_name:
        raise BadField("service_name", _("This is not the name of the service you chose."))
