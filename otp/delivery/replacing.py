"""Another number in an order's place: one step, one charge at most."""

import logging

from django.db import transaction

from otp import news
from otp.delivery import looking, pacing
from otp.delivery.answers import Answer
from otp.delivery.ending import end, move
from otp.models import Order, Reason, State
from otp.providers.types import Snapshot
from wallets import services as wallets
from wallets.errors import AccountFrozen

logger = logging.getLogger(__name__)

_TAKEN_OVER = (
    *("customer_id", "batch", "via", "server", "product_id", "product_name", "service_id", "service_name"),
    *("country_id", "country_name", "operator_id", "operator_name", "is_special"),
    *("cost", "price", "cancel_fee", "currency", "key_name"),
)


def adopt(order: Order, successor: Snapshot) -> None:
    """Make a row of the supplier's new order, move the held money to it and close the old one: all of it or nothing.

    The held amount never becomes free in between, so it works with an empty balance (OTPZap contract 6.7).
    """
    if Order.objects.filter(server=order.server, provider_order_id=successor.order_id).exists():
        _lose(order, "the supplier named an order that has a row already")
        return
    new = _row_for(order)
    if not _pass_hold_on(order, new):
        _lose(order, "the wallet is blocked")
        return
    new.save(force_insert=True)
    looking.apply(new, successor)
    pacing.plan(new, Answer("create", successor))
    new.version += 1
    new.save()
    order.reason = Reason.REPLACED
    move(order, State.CANCELLED)
    news.changed(new, was=State.SUBMITTING, codes_before=0)


def _row_for(order: Order) -> Order:
    new = Order(**{name: getattr(order, name) for name in _TAKEN_OVER})
    new.reference = order.replace_reference
    new.hold_reference = f"{new.reference}-hold"
    new.idempotency_key = f"replace.{new.reference}"
    new.replaces = order
    new.state = State.SUBMITTING
    new.created_at = new.sent_at = new.next_poll_at = order.db_now
    new.__dict__["locked_at"] = order.db_now
    return new


def _pass_hold_on(order: Order, new: Order) -> bool:
    try:
        with transaction.atomic():
            wallets.pass_hold_on(
                customer=order.customer,
                hold_reference=order.hold_reference,
                amount=order.price,
                currency=order.currency,
                reference=new.hold_reference,
                subject=new.subject,
                memo=new.title[:200],
            )
    except AccountFrozen:
        return False
    return True


def _lose(order: Order, why: str) -> None:
    """There is a new number that cannot be kept: the customer gets the money back, staff the case."""
    logger.error("order %s: its replacement is lost, %s", order.reference, why)
    end(order, State.CANCELLED, Reason.REPLACEMENT_LOST)
