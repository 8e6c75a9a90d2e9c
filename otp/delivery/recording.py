"""Writing down what a turn brought: under the row's lock, and only while the lease that asked is still the order's."""

import logging
import uuid

from django.db import transaction
from django.db.models.functions import Now

from otp import news
from otp.delivery import buying, looking, pacing, replacing, wishes
from otp.delivery.answers import Answer
from otp.delivery.ending import end, move
from otp.models import ENDS, Order, Reason, State
from otp.providers.types import Snapshot

logger = logging.getLogger(__name__)

_SEEN = (
    *("state", "reason", "phone_number", "domain", "mail_address", "code_count", "withheld_count", "expires_at"),
    *("cancel_allowed_at", "cancel_requested_at", "cancel_next_at", "cancel_tries", "cancel_refused_at"),
    *("finish_requested_at", "resend_count", "resend_requested_at", "resend_locked_until", "resend_gate"),
    *("resend_refusal", "replace_requested_at", "replace_refusal"),
)
_WRITTEN = (
    *_SEEN,
    *("provider_order_id", "provider_cost", "charged", "charged_cost", "doubted_at", "activated_at", "captured_at"),
    *("finish_tries", "resend_tries", "resend_next_at", "replace_tries", "replace_next_at", "replace_doubted_at"),
    *("finished_at", "shown_until", "version", "next_poll_at", "poll_failures", "lease_token", "lease_until"),
)


def record(*, order_id: int, lease: uuid.UUID | None, answer: Answer) -> bool:
    """Write down what a turn brought and when the next one is due; give the lease back.

    False, and nothing written, when the lease has passed to somebody else or the order is over.
    """
    with transaction.atomic():
        order = _locked(order_id)
        if lease is None or order.lease_token != lease or order.state in ENDS:
            logger.warning("order %s: a late answer to %s was dropped", order.reference, answer.asked)
            return False
        was, codes_before, before = order.state, order.code_count, _seen(order)
        answer = buying.checked(order, answer)
        _digest(order, answer)
        pacing.plan(order, answer)
        order.lease_token = order.lease_until = None
        _write(order, was, codes_before, before)
    return True


def apply_snapshot(*, order_id: int, snapshot: Snapshot, lease: uuid.UUID | None) -> bool:
    """`record` for an order that was looked at."""
    return record(order_id=order_id, lease=lease, answer=Answer("check", snapshot))


def close_by_staff(*, order_id: int) -> Order | None:
    """Give the money of an order back although the supplier never said how it ended; whether that may be is for the
    caller to say. None when it is over or paid. An answer still under way is dropped when it comes."""
    with transaction.atomic():
        order = _locked(order_id)
        if order.state in ENDS or order.captured_at:
            return None
        was, before = order.state, _seen(order)
        end(order, State.FAILED, Reason.SETTLED_BY_STAFF)
        pacing.plan(order, Answer("check"))
        order.lease_token = order.lease_until = None
        _write(order, was, order.code_count, before)
    return order


def _locked(order_id: int) -> Order:
    return Order.objects.select_for_update(no_key=True).annotate(locked_at=Now()).get(pk=order_id)


def _write(order: Order, was: str, codes_before: int, before: tuple[object, ...]) -> None:
    changed = _seen(order) != before
    order.version += changed
    order.save(update_fields=_WRITTEN)
    if changed:
        news.changed(order, was=was, codes_before=codes_before)


def _seen(order: Order) -> tuple[object, ...]:
    return tuple(getattr(order, name) for name in _SEEN)


def _digest(order: Order, answer: Answer) -> None:
    if answer.asked == "create" and answer.error:
        buying.not_bought(order, answer.error)
    elif answer.busy:
        return
    elif answer.successor and order.state == State.PENDING:
        replacing.adopt(order, answer.successor)
    else:
        _digest_look(order, answer)


def _digest_look(order: Order, answer: Answer) -> None:
    asked, error = answer.asked, answer.error
    granted = asked == "resend" and wishes.one_more_was_granted(order, answer)
    count, messages = order.resend_count, order.message_count
    if asked == "cancel" and error is None:
        # The supplier cancelled this very number: no other one stands in its place.
        wishes.forget_replacing(order)
    if answer.snapshot:
        looking.apply(order, answer.snapshot)
    elif looking.is_long_over(order):
        move(order, State.SUCCESS)
    if order.code_count:
        wishes.forget_replacing(order)
    if asked == "cancel" and order.state == State.PENDING:
        wishes.after_cancel(order, error)
    elif asked == "finish" and order.state == State.OTP_RECEIVED:
        wishes.after_finish(order, error)
    elif asked == "resend" and order.is_live:
        wishes.after_one_more(order, answer, granted=granted, count=count, messages=messages)
    elif asked == "replace" and order.state == State.PENDING:
        wishes.after_replace(order, answer)
