"""When an order is looked at again."""

from datetime import datetime, timedelta

from django.core.cache import cache
from redis import RedisError

from config.lib import clock
from config.lib.errors import ProviderError
from otp.delivery.answers import Answer
from otp.models import ENDS, GRACE, LEASE, YOUNG, Order, Server, State

SHOWN_AFTER_END = timedelta(minutes=10)
POLL_EVERY = timedelta(seconds=5)
POLL_RELAXED = timedelta(seconds=10)
FIRST_POLL = timedelta(seconds=2.5)
# While the supplier's notes tell of messages, looking is only the safety net.
POLL_HINTED = timedelta(seconds=15)
POLL_HINTED_RELAXED = timedelta(seconds=30)
OVERDUE_EVERY = timedelta(seconds=60)
LONGEST_BACKOFF = 60.0

_NOTES_KEY, _NOTES_SECONDS = "otp:notes-alive", 10
_EVIDENCE_FROM = timedelta(minutes=30)
_EVIDENCE, _ENOUGH = 5, 3


def plan(order: Order, answer: Answer) -> None:
    """Set the next turn, or none when it is over. A turn that our own limit refused keeps its place."""
    if order.state in ENDS:
        order.next_poll_at = order.cancel_next_at = order.replace_next_at = order.resend_next_at = None
        order.resend_requested_at = order.replace_requested_at = None
        order.shown_until = order.db_now + SHOWN_AFTER_END
        return
    if order.state != State.PENDING:
        order.cancel_next_at = None
    if answer.busy:
        return
    order.poll_failures = min(order.poll_failures + 1, 1000) if answer.failed else 0
    due = order.db_now + gap(order, answer.error if answer.failed else None)
    if _was_hinted_meanwhile(order) or (order.finish_requested_at and answer.asked != "finish"):
        due = order.db_now
    wish = next_wish(order)
    order.next_poll_at = min(due, max(wish, order.db_now)) if wish else due


def next_wish(order: Order) -> datetime | None:
    """When the supplier is to be asked for something again."""
    wishes = (order.cancel_next_at, order.replace_next_at, order.resend_next_at)
    return min((moment for moment in wishes if moment), default=None)


def _was_hinted_meanwhile(order: Order) -> bool:
    """A note came while this turn was under way: what it tells of may be younger than what the turn saw."""
    if order.hinted_at is None or order.lease_until is None:
        return False
    return order.hinted_at >= order.lease_until - LEASE


def gap(order: Order, error: ProviderError | None = None, *, hinted: bool | None = None) -> timedelta:
    """How long an order may go unwatched, after a look or after a failure. ``hinted`` is what `notes_alive` says."""
    if error:
        return timedelta(seconds=max(backoff(order.poll_failures), min(error.retry_after or 0.0, 3600.0)))
    if order.activated_at == order.db_now:
        return FIRST_POLL
    if order.expires_at and order.db_now > order.expires_at + GRACE:
        return OVERDUE_EVERY
    awaiting = order.state == State.PENDING or order.message_count < order.resend_gate
    # No note tells of mails (OTPZap contract 7.8).
    if order.is_mail or not (notes_alive() if hinted is None else hinted):
        return POLL_EVERY if awaiting else POLL_RELAXED
    return POLL_HINTED if awaiting and _is_pressing(order) else POLL_HINTED_RELAXED


def _is_pressing(order: Order) -> bool:
    """Most codes come soon after the number, and the last minute must not be slept through."""
    last = order.expires_at is not None and order.expires_at - order.db_now < timedelta(minutes=1)
    return last or order.db_now - order.created_at < YOUNG


def backoff(failures: int) -> float:
    """Seconds to wait after so many failures in a row: 2, 4, 8 … up to a minute."""
    return min(LONGEST_BACKOFF, 2.0 ** min(failures, 10))


def notes_alive() -> bool:
    """Whether the supplier's notes can be relied on: of the last few numbers that got a code, all but one at most were
    told of by a note as well. Worked out anew every ten seconds."""
    try:
        known = cache.get(_NOTES_KEY)
        if known is None:
            known = _notes_came()
            cache.set(_NOTES_KEY, known, timeout=_NOTES_SECONDS)
    except RedisError:
        return False
    return bool(known)


def _notes_came() -> bool:
    delivered = Order.objects.filter(server__in=(Server.PRODUCTS, Server.OPERATORS), captured_at__isnull=False)
    recent = delivered.filter(activated_at__gt=clock.now() - _EVIDENCE_FROM).order_by("-activated_at")
    hints = list(recent.values_list("hinted_at", flat=True)[:_EVIDENCE])
    return len(hints) >= _ENOUGH and sum(hint is None for hint in hints) <= 1
