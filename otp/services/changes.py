"""What can be asked of an order that lives. Each is written down here and done by a worker's next turn.

The caller has made sure whose order it is. Asking again for what is under way changes nothing.
"""

import time
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from config.lib import clock
from config.lib.ids import new_reference
from config.lib.jobs import nudge
from otp import polling, tasks
from otp.errors import CodeArrived, NotNow, NotPossible, OrderOver, ResendLocked, TooEarly
from otp.models import DELIVERED, ENDS, UNSENT, Order, Refusal, Server, State

_LOOK_EVERY = 0.15


@transaction.atomic
def request_cancel(*, order: Order, queue: bool = True) -> Order:
    """Have a number or an inbox cancelled as soon as the supplier allows.

    Money comes back when the supplier confirms, and not if a message is there first; of an inbox its cancellation fee
    is kept. With ``queue`` a cancellation that comes too early waits, without it raises `TooEarly`. Raises
    `CodeArrived`, `OrderOver`, `NotNow` (there is no number yet, or it is being replaced).
    """
    order = _locked(order)
    _check_no_code(order)
    if order.is_replacing:
        raise NotNow(_("This number is being replaced. Cancel the new one if you do not want it."))
    if order.cancel_requested_at:
        return order
    now = clock.now()
    if not queue:
        _check_cooldown(order, now)
    order.cancel_requested_at, order.cancel_refused_at, order.cancel_tries = now, None, 0
    order.cancel_next_at = max(now, order.cancel_allowed_at or now)
    return _ask_for(
        order, order.cancel_next_at, "cancel_requested_at", "cancel_refused_at", "cancel_tries", "cancel_next_at"
    )


@transaction.atomic
def finish_order(*, order: Order) -> Order:
    """Say that the number or inbox is no longer needed. Raises `NotNow` before a message, `OrderOver`."""
    order = _locked(order)
    if order.state == State.SUCCESS or order.finish_requested_at:
        return order
    if order.state != State.OTP_RECEIVED:
        raise OrderOver if order.state in ENDS else NotNow(_("Finish it once a code has arrived."))
    order.finish_requested_at, order.finish_tries = clock.now(), 0
    return _ask_for(order, order.finish_requested_at, "finish_requested_at", "finish_tries")


@transaction.atomic
def request_resend(*, order: Order) -> Order:
    """Have one more message sent to the same number; it costs nothing (OTPZap contract 6.6).

    Raises `NotPossible` for an inbox, `OrderOver`, `NotNow` (no number yet, or it is being given up), `ResendLocked`
    until the message of the last one has come.
    """
    order = _locked(order)
    if order.is_mail:
        raise NotPossible(_("A message to an inbox cannot be sent again. Order one more instead."))
    if order.state in ENDS:
        raise OrderOver
    if order.state in UNSENT:
        raise NotNow(_("The number is still being bought."))
    if order.cancel_requested_at or order.is_replacing or order.finish_requested_at:
        raise NotNow(_("This number is being given up already."))
    return _ask_for_one_more(order)


@transaction.atomic
def request_reorder(*, order: Order) -> Order:
    """Wait for one more message in the same inbox, for another 20 minutes; it costs nothing (OTPZap contract 7.5).

    Raises `NotPossible` for a number, `OrderOver`, `NotNow` before the first message, `ResendLocked` while another
    one is awaited.
    """
    order = _locked(order)
    if not order.is_mail:
        raise NotPossible(_("A number is not ordered again. Ask for the message to be sent again instead."))
    if order.state in ENDS:
        raise OrderOver
    if order.state != State.OTP_RECEIVED:
        raise NotNow(_("Order another message once the first one has arrived."))
    if order.finish_requested_at:
        raise NotNow(_("This inbox is being given up already."))
    return _ask_for_one_more(order)


def _ask_for_one_more(order: Order) -> Order:
    if order.resend_requested_at:
        return order
    now = clock.now()
    if order.resend_free_at(now) > now:
        raise ResendLocked((order.resend_free_at(now) - now).total_seconds())
    order.resend_requested_at = order.resend_next_at = now
    order.resend_tries, order.resend_refusal = 0, Refusal.NONE
    return _ask_for(order, now, "resend_requested_at", "resend_next_at", "resend_tries", "resend_refusal")


@transaction.atomic
def request_replace(*, order: Order) -> Order:
    """Have a number of Server 1 swapped for a fresh one of the same offer at the same price, in one step.

    Returns the old order; ``replaced_by`` leads to the new one when the supplier has answered. Works with an empty
    balance (OTPZap contract 6.7). Raises `NotPossible` for other servers, `CodeArrived`, `OrderOver`, `NotNow`,
    `TooEarly` within the supplier's cooldown.
    """
    order = _locked(order)
    if order.server != Server.PRODUCTS:
        raise NotPossible(_("Only numbers of Server 1 can be replaced. Cancel this one and buy another."))
    _check_no_code(order)
    if order.is_replacing:
        return order
    if order.cancel_requested_at:
        raise NotNow(_("This number is being cancelled already."))
    if order.withheld_count:
        raise NotNow(_("A message has come to this number, so the supplier does not replace it."))
    now = clock.now()
    _check_cooldown(order, now)
    order.replace_requested_at = order.replace_next_at = now
    if order.replace_doubted_at is None:
        # Committed before the call: it is the Idempotency-Key of it, and becomes the reference of the new order. As
        # long as an earlier one may have done its work, no other is sent.
        order.replace_reference = new_reference("OTP")
    order.replace_tries = 0
    order.replace_refusal = Refusal.NONE
    names = ("replace_requested_at", "replace_next_at", "replace_reference", "replace_tries", "replace_refusal")
    return _ask_for(order, now, *names)


def place_now(*, order: Order, seconds: float) -> Order:
    """Do here and now what is due for ``order``: buy it, cancel it, replace it and so on; then read it anew.

    For callers whose own callers wait for the outcome. Gives up waiting after about ``seconds`` (one call at the
    supplier may outlast them); the workers go on by themselves. Not for use inside a transaction.
    """
    until = time.monotonic() + seconds
    while True:
        # By the database's clock: ours may be ahead, and each turn is a call.
        if Order.objects.due().filter(pk=order.pk).exists():
            polling.attend(order.pk)
        order = Order.objects.select_related("customer").get(pk=order.pk)
        if not order.is_awaiting_supplier(clock.now()) or time.monotonic() >= until:
            return order
        time.sleep(_LOOK_EVERY)


def _check_no_code(order: Order) -> None:
    if order.state in DELIVERED:
        raise CodeArrived(order.captured_at)
    if order.state in ENDS:
        raise OrderOver
    if order.state in UNSENT:
        raise NotNow(_("The number is still being bought. You can cancel as soon as it is there."))


def _check_cooldown(order: Order, now: datetime) -> None:
    if order.cancel_allowed_at and order.cancel_allowed_at > now:
        raise TooEarly((order.cancel_allowed_at - now).total_seconds())


def _ask_for(order: Order, when: datetime, *names: str) -> Order:
    """Write the wish down and bring the order's next turn forward to ``when``."""
    now = clock.now()
    order.next_poll_at = min(order.next_poll_at or now, when)
    order.version += 1
    order.save(update_fields=["next_poll_at", "version", *names])
    if when <= now:
        nudge(tasks.poll, order_id=order.pk)
    return order


def _locked(order: Order) -> Order:
    return Order.objects.select_for_update(no_key=True).get(pk=order.pk)
