"""Orders of mail inboxes, Server 3 (OTPZap contract 7)."""

import time
from collections.abc import Sequence
from typing import Annotated, Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import Query, Router
from pydantic import Field

from accounts.api.base import ApiRequest
from accounts.api.compatible import IDEMPOTENCY_KEY, answer_once, customer_of, operation
from accounts.errors import BadField
from accounts.services.idempotency import Body, Claim
from otp import mails, services, wire
from otp.api_v1 import outcomes
from otp.api_v1.budget import spared
from otp.api_v1.schemas import BRIEF, MailCancelledOut, MailFinishedOut, MailIn, MailOut, MailRef, MailsOut
from otp.models import Order, Server, State
from otp.wanted import Wanted

router = Router(tags=["Inboxes"])
REF: Any = Query(..., description="The ref of the order.")  # type: ignore[type-arg]


@operation(router, "POST", "/order/email-create", answer=MailsOut, trades=True)
def create(
    request: ApiRequest, response: HttpResponse, payload: MailIn, idempotency_key: str | None = IDEMPOTENCY_KEY
) -> Body:
    """Rent one or more inboxes to receive a mail from a site.

    Of several domains the first that can be had is taken and its price charged. The prices are reserved now, taken
    when a mail has arrived, and given back when none does within 20 minutes.
    """
    customer = customer_of(request)

    def act(claim: Claim) -> Body:
        wanted = _wanted(payload)
        with spared(customer):
            orders = services.buy(
                customer=customer,
                wanted=wanted,
                expected_price=None,
                idempotency_key=claim.reference,
                quantity=payload.qty,
                via="api",
            )
        return _bought(_at_once(orders))

    return answer_once(
        request, response, operation="email.create", key=idempotency_key, content=payload.model_dump(), act=act
    )


@operation(router, "GET", "/order/email-check", answer=MailOut)
def check(request: ApiRequest, ref: Annotated[str, Field(max_length=64)] = REF) -> Body:
    """Look at an inbox and its messages.

    Every five seconds is often enough; a webhook tells you by itself.
    """
    return wire.mail_object(outcomes.inbox_of(customer_of(request), ref))


@operation(router, "POST", "/order/email-reorder", answer=MailOut, trades=True)
def reorder(
    request: ApiRequest, response: HttpResponse, payload: MailRef, idempotency_key: str | None = IDEMPOTENCY_KEY
) -> Body:
    """Wait for one more mail in the same inbox.

    For another 20 minutes, at no cost. 409 before the first mail, or when the inbox is closed.
    """
    customer = customer_of(request)

    def act(claim: Claim) -> Body:
        order = outcomes.inbox_of(customer, payload.ref)
        if not (claim.is_repeated and wire.waits_again(order)):
            order = outcomes.ask_again(services.request_reorder(order=order))
        return wire.mail_object(order)

    return answer_once(
        request, response, operation="email.reorder", key=idempotency_key, content=payload.model_dump(), act=act
    )


@operation(router, "POST", "/order/email-cancel", answer=MailCancelledOut, trades=True)
def cancel(request: ApiRequest, payload: MailRef) -> Body:
    """Give an inbox back before its first mail.

    Its cancellation fee is kept. 409 once a mail is there.
    """
    customer = customer_of(request)
    order = outcomes.cancel(outcomes.inbox_of(customer, payload.ref))
    shown = wire.mail_object(order)
    told = {name: shown[name] for name in ("ref", "status", "refund_amount", "cancel_fee")}
    return {**told, "balance": outcomes.balance_of(customer)}


@operation(router, "POST", "/order/email-finish", answer=MailFinishedOut, trades=True)
def finish(request: ApiRequest, payload: MailRef) -> Body:
    """Close an inbox once its mail is there.

    Repeating it changes nothing. 409 before a mail.
    """
    order = outcomes.finish(outcomes.inbox_of(customer_of(request), payload.ref))
    return {"ref": wire.ref_of(order), "status": wire.status_of(order)}


def _wanted(payload: MailIn) -> Wanted:
    domains = payload.domains or ([payload.domain] if payload.domain else [])
    if not domains:
        raise BadField("domain", _("This is missing."))
    return Wanted(
        server=Server.MAIL,
        service_id=payload.site,
        domains=tuple(dict.fromkeys(domains)),
        subject=mails.check_subject(payload.subject),
        pattern=mails.check_pattern(payload.regex),
    )


def _at_once(orders: Sequence[Order]) -> list[Order]:
    """Each order after its turn, in the time that one would have."""
    until = time.monotonic() + outcomes.PATIENCE_SECONDS
    return [outcomes.at_once(order, max(0.0, until - time.monotonic())) for order in orders]


def _bought(orders: Sequence[Order]) -> Body:
    """What was bought; raises when none was (OTPZap contract 12.19)."""
    good = [order for order in orders if order.state != State.FAILED]
    if not good:
        outcomes.check_bought(orders[0])
    found = [{name: wire.mail_object(order)[name] for name in BRIEF} for order in good]
    flat = found[0] if len(orders) == 1 else {}
    return {**flat, "orders": found, "failed_count": len(orders) - len(good)}
