"""What a look at an order changes: facts, messages, the state. What an older look lacks changes nothing."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from otp import limits, mails
from otp.delivery import money
from otp.delivery.ending import end, end_as_told, move
from otp.models import DELIVERED, ENDS, GRACE, UNDELIVERED_ENDS, UNSENT, Order, OrderCode, Reason, Server, State
from otp.providers.types import Message, Snapshot

WINDOW = timedelta(minutes=20)
COOLDOWN = timedelta(minutes=2)


def apply(order: Order, snapshot: Snapshot) -> None:
    """Take over what is newer in ``snapshot`` and pay for the first message that is shown."""
    _note_facts(order, snapshot)
    _append_messages(order, snapshot)
    if order.code_count and order.captured_at is None:
        money.capture(order)
    if order.captured_at is not None:
        move(order, State.SUCCESS if _is_over(order, snapshot) else State.OTP_RECEIVED)
    elif order.withheld_count:
        _only_withheld(order, snapshot)
    elif snapshot.status in UNDELIVERED_ENDS:
        _over_without_a_message(order, snapshot)
    else:
        move(order, State.PENDING)


def _is_over(order: Order, snapshot: Snapshot) -> bool:
    """Nothing more can come. Server 2 says success from the first message on, though the number lives."""
    lives_on = order.server == Server.OPERATORS and snapshot.status == State.SUCCESS
    return (snapshot.status in ENDS and not lives_on) or _window_is_over(order)


def _window_is_over(order: Order) -> bool:
    return order.expires_at is not None and order.db_now >= order.expires_at


def is_long_over(order: Order) -> bool:
    """Paid for, and over its time for so long that nothing more can come, whether or not the supplier still says so."""
    if order.captured_at is None or order.expires_at is None:
        return False
    return order.db_now > order.expires_at + GRACE


def _only_withheld(order: Order, snapshot: Snapshot) -> None:
    """Messages came, but none may be shown: nobody pays for that, and a proper one may still come."""
    if _is_over(order, snapshot):
        end(order, State.FAILED, Reason.WITHHELD)
    else:
        move(order, State.PENDING)


def _over_without_a_message(order: Order, snapshot: Snapshot) -> None:
    if order.replace_requested_at is None and order.replace_doubted_at is None:
        end_as_told(order, snapshot)
        return
    # Perhaps it is over because another number stands in its place: ask for that one before any money goes back.
    move(order, State.PENDING)
    if order.replace_requested_at is None:
        order.replace_requested_at = order.replace_next_at = order.db_now
        order.replace_tries = 0


# --- facts ---------------------------------------------------------------------------------------------------------


def _note_facts(order: Order, snapshot: Snapshot) -> None:
    if order.state in UNSENT:
        _note_activation(order, snapshot)
    elif snapshot.expires_at and order.expires_at:
        order.expires_at = max(order.expires_at, snapshot.expires_at)
    order.phone_number = order.phone_number or snapshot.phone_number
    order.domain = order.domain or snapshot.domain
    order.mail_address = order.mail_address or snapshot.mail_address
    if not order.is_mail:
        order.resend_count = max(order.resend_count, min(snapshot.resend_count, 1000))
        order.resend_locked_until = snapshot.resend_locked_until


def _note_activation(order: Order, snapshot: Snapshot) -> None:
    sent_at = order.sent_at or order.db_now
    order.provider_order_id, order.provider_cost = snapshot.order_id, snapshot.cost
    order.activated_at = order.db_now
    # No cooldown is known for inboxes (OTPZap contract 7.6).
    order.cancel_allowed_at = snapshot.cancel_allowed_at or (sent_at if order.is_mail else sent_at + COOLDOWN)
    order.expires_at = snapshot.expires_at or sent_at + WINDOW


# --- messages --------------------------------------------------------------------------------------------------------


def _append_messages(order: Order, snapshot: Snapshot) -> None:
    known = order.message_count
    heard = enumerate(_that_count(order, snapshot))
    fresh = [_code(order, position, message) for position, message in heard if position >= known]
    if not fresh:
        return
    OrderCode.objects.bulk_create(fresh)
    withheld = sum(code.withheld for code in fresh)
    order.withheld_count += withheld
    order.code_count += len(fresh) - withheld


def _that_count(order: Order, snapshot: Snapshot) -> Sequence[Message]:
    """The messages that make the order delivered. As long as the supplier waits on, mails that the customer's filters
    leave out do not; those that the supplier counts (and keeps our money for) do."""
    messages = snapshot.messages
    if not order.is_mail or snapshot.status in DELIVERED:
        return messages
    wanted = [place for place, message in enumerate(messages, 1) if _is_wanted(order, message)]
    return messages[: max([order.message_count, *wanted])]


def _is_wanted(order: Order, message: Message) -> bool:
    if not (order.subject_filter or order.pattern):
        return True
    return mails.read(message, subject=order.subject_filter, pattern=order.pattern).wanted


def _code(order: Order, position: int, message: Message) -> OrderCode:
    row = OrderCode(order=order, position=position, received_at=_arrival(order, message))
    if limits.withheld(message):
        row.withheld = True
    elif order.is_mail:
        read = mails.read(message, subject=order.subject_filter, pattern=order.pattern)
        row.code, row.message, row.link = read.code, read.text, read.link
        row.sender, row.subject = read.sender, read.subject
    else:
        row.code, row.message = message.code, message.text
        row.sender = message.sender
    return row


def _arrival(order: Order, message: Message) -> datetime:
    """The supplier's time, unless its clock is so far off that the code came before the order or has yet to come."""
    told = message.received_at or order.db_now
    return min(max(told, order.sent_at or told), order.db_now)
