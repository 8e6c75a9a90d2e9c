"""What became of a wish that did not plainly come true: cancel, finish, one more message, another number."""

from datetime import datetime, timedelta

from config.lib.errors import ProviderError
from otp.delivery.answers import Answer
from otp.delivery.buying import KEY_TROUBLE, SAME_KEY
from otp.delivery.ending import end, end_as_told, move
from otp.models import RESEND_PATIENCE, UNDELIVERED_ENDS, Order, Reason, Refusal, State

CANCEL_TRIES = 5
FINISH_TRIES = 5
RESEND_TRIES = 4
REPLACE_TRIES = 5
# A wish that could not even be sent for so long is dropped; nothing has happened then.
WISH_PATIENCE = timedelta(minutes=2)


def _soon(error: ProviderError) -> timedelta:
    return timedelta(seconds=min(30.0, error.retry_after or 5))


def _later(tries: int) -> timedelta:
    return timedelta(seconds=min(60.0, 2.0 ** min(tries, 10)))


def _was_not_sent(error: ProviderError) -> bool:
    return error.code in ("busy", "unreachable", "RATE_LIMIT_EXCEEDED")


# --- cancel and finish ---------------------------------------------------------------------------------------------


def after_cancel(order: Order, error: ProviderError | None) -> None:
    """The order still waits for its message although it was to be cancelled."""
    if order.withheld_count and error is None:
        # The supplier was told that we are done: it counts the withheld message as delivered.
        end(order, State.CANCELLED, Reason.WITHHELD)
    elif error and error.status == 429:
        order.cancel_next_at = order.db_now + timedelta(seconds=error.retry_after or 5)
        if error.code != "RATE_LIMIT_EXCEEDED":
            order.cancel_allowed_at = order.cancel_next_at
    elif error and _was_not_sent(error):
        order.cancel_next_at = order.db_now + _soon(error)
    else:
        _cancel_again(order)


def _cancel_again(order: Order) -> None:
    order.cancel_tries += 1
    if order.cancel_tries < CANCEL_TRIES:
        order.cancel_next_at = order.db_now + timedelta(seconds=5 * 2**order.cancel_tries)
    else:
        order.cancel_refused_at = order.db_now
        order.cancel_requested_at = order.cancel_next_at = None


def after_finish(order: Order, error: ProviderError | None) -> None:
    if error is None:
        move(order, State.SUCCESS)
        return
    order.finish_tries += 1
    if not error.retryable or order.finish_tries >= FINISH_TRIES:
        # It ends by itself with its window; the customer loses nothing.
        order.finish_requested_at = None


# --- one more message ----------------------------------------------------------------------------------------------


def one_more_was_granted(order: Order, answer: Answer) -> bool:
    """Whether ``answer`` shows that one more message is on its way; ``order`` as it was before that answer."""
    error, seen = answer.error, answer.snapshot
    if error is None:
        return True
    if error.status == 429 and not _was_not_sent(error) and order.resend_tries:
        return True  # the gate that is shut now was shut by our own earlier try
    if seen is None or _was_not_sent(error):
        return False
    # A mailbox that has its mail and waits again does so because of us.
    waits_again = order.is_mail and order.code_count > 0 and seen.status == State.PENDING
    return waits_again or (not order.is_mail and seen.resend_count > order.resend_count)


def after_one_more(order: Order, answer: Answer, *, granted: bool, count: int, messages: int) -> None:
    """``count`` and ``messages`` are what the order had before the answer."""
    error = answer.error
    if granted or error is None:
        order.resend_count = max(order.resend_count, count + 1)
        _close_gate(order, messages)
    elif _was_not_sent(error):
        _ask_again_or_drop(order, order.db_now + _soon(error))
    elif error.status == 429:
        locked = timedelta(seconds=error.retry_after) if error.retry_after else RESEND_PATIENCE
        order.resend_locked_until = order.resend_locked_until or order.db_now + locked
        _close_gate(order, messages)
    elif error.retryable or error.outcome_unknown:
        order.resend_tries += 1
        _ask_again_or_drop(order, order.db_now + _later(order.resend_tries))
    else:
        _drop_one_more(order, Refusal.UNSUPPORTED if error.status == 422 else Refusal.REFUSED)


def _close_gate(order: Order, messages: int) -> None:
    order.resend_gate = messages + 1
    order.resend_requested_at = order.resend_next_at = None


def _ask_again_or_drop(order: Order, when: datetime) -> None:
    late = order.resend_requested_at and order.db_now > order.resend_requested_at + WISH_PATIENCE
    if late or order.resend_tries >= RESEND_TRIES:
        _drop_one_more(order, Refusal.UNREACHABLE)
    else:
        order.resend_next_at = when


def _drop_one_more(order: Order, why: Refusal) -> None:
    order.resend_requested_at = order.resend_next_at = None
    order.resend_refusal = why


# --- another number ------------------------------------------------------------------------------------------------


def forget_replacing(order: Order) -> None:
    """It is certain that no other number stands in this one's place."""
    order.replace_requested_at = order.replace_next_at = order.replace_doubted_at = None


def after_replace(order: Order, answer: Answer) -> None:
    """No new order came back; the old one still waits as far as we have seen."""
    error, seen = answer.error, answer.snapshot
    if error is None:
        return
    if _was_not_sent(error):
        order.replace_next_at = order.db_now + _soon(error)
        _drop_when_late(order)
    elif error.status == 429:
        order.replace_next_at = order.db_now + timedelta(seconds=error.retry_after or 5)
        order.cancel_allowed_at = order.replace_next_at
    elif error.outcome_unknown or error.code in SAME_KEY:
        order.replace_doubted_at = order.replace_doubted_at or order.db_now
        _replace_again(order, over=seen is not None and seen.status in UNDELIVERED_ENDS)
    elif seen is None or (order.replace_doubted_at and error.code in KEY_TROUBLE):
        _replace_again(order, over=True)
    elif seen.status in UNDELIVERED_ENDS:
        end_as_told(order, seen)
    else:
        _refuse_replacing(order, Refusal.OUT_OF_STOCK if error.code == "OUT_OF_STOCK" else Refusal.REFUSED)


def _replace_again(order: Order, *, over: bool) -> None:
    """Ask again under the same reference, so no second number can come of it. Of an order that is over there, nothing
    else tells us whether another one took its place."""
    order.replace_tries = min(order.replace_tries + 1, 1000)
    if over or order.replace_tries < REPLACE_TRIES:
        order.replace_next_at = order.db_now + _later(order.replace_tries)
        return
    # The number goes on. The doubt stays: should it end with no word of why, we ask once more before money goes back.
    order.replace_requested_at = order.replace_next_at = None
    order.replace_refusal = Refusal.UNREACHABLE


def _drop_when_late(order: Order) -> None:
    asked = order.replace_requested_at
    if asked and order.db_now > asked + WISH_PATIENCE and order.replace_doubted_at is None:
        _refuse_replacing(order, Refusal.UNREACHABLE)


def _refuse_replacing(order: Order, why: Refusal) -> None:
    forget_replacing(order)
    order.replace_refusal = why
