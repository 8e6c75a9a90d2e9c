"""Most looks bring nothing new. Those are written down together, in one statement, without reading the rows again."""

from collections.abc import Sequence

from django.db import connection

from otp.delivery import pacing
from otp.delivery.answers import Answer
from otp.models import ACTIVE, NEVER, Order, Server, State
from otp.providers.types import Snapshot

# A wish, a note or another worker changes one of the things compared: then `record` has to look at it.
_WRITE = """
    UPDATE otp_order AS o
       SET next_poll_at = least(statement_timestamp() + v.gap * interval '1 second',
                                greatest(v.wish, statement_timestamp())),
           poll_failures = 0, lease_token = NULL, lease_until = NULL
      FROM unnest(%s::bigint[], %s::uuid[], %s::bigint[], %s::timestamptz[], %s::float8[], %s::timestamptz[])
           AS v(id, token, version, hinted, gap, wish)
     WHERE o.id = v.id AND o.lease_token = v.token AND o.version = v.version AND o.state = ANY(%s)
       AND o.hinted_at IS NOT DISTINCT FROM v.hinted
    RETURNING o.id
"""


def brings_nothing(order: Order, answer: Answer) -> bool:
    """Whether ``answer`` says what ``order``, as it was leased, says already."""
    snapshot = answer.snapshot
    if answer.asked != "check" or snapshot is None or answer.error or answer.successor or order.state not in ACTIVE:
        return False
    if order.withheld_count or order.finish_requested_at or order.is_replacing or _is_late(order):
        return False
    return _says_the_same(order, snapshot) and len(snapshot.messages) <= order.message_count


def _is_late(order: Order) -> bool:
    return order.expires_at is None or order.db_now >= order.expires_at


def _says_the_same(order: Order, snapshot: Snapshot) -> bool:
    words = {State.PENDING.value, ""}
    if order.state == State.OTP_RECEIVED:
        words |= {State.OTP_RECEIVED.value} | ({State.SUCCESS.value} if order.server == Server.OPERATORS else set())
    known = (order.phone_number or not snapshot.phone_number) and (order.mail_address or not snapshot.mail_address)
    later = snapshot.expires_at is not None and order.expires_at is not None and snapshot.expires_at > order.expires_at
    return bool(snapshot.status in words and known) and not later and (order.is_mail or _same_gate(order, snapshot))


def _same_gate(order: Order, snapshot: Snapshot) -> bool:
    same = snapshot.resend_locked_until == order.resend_locked_until
    return same and snapshot.resend_count <= order.resend_count


def record_quiet(orders: Sequence[Order]) -> set[int]:
    """Give the leases of ``orders`` back and plan their next look; the ids of those for which that was all.

    One that somebody wished something for meanwhile, or whose lease is another's by now, is left as it is.
    """
    if not orders:
        return set()
    rows, hinted = sorted(orders, key=lambda order: order.pk), pacing.notes_alive()
    values: list[list[object]] = [
        [order.pk for order in rows],
        [order.lease_token for order in rows],
        [order.version for order in rows],
        [order.hinted_at for order in rows],
        [pacing.gap(order, hinted=hinted).total_seconds() for order in rows],
        [pacing.next_wish(order) or NEVER for order in rows],
        list(ACTIVE),
    ]
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, values)
        return {pk for (pk,) in cursor.fetchall()}
