"""What a client has paid to these receivers, and what it is about to pay."""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings
from django.db import connection

from payouts.models import Batch
from payouts.models.states import GOOD_ROWS, UNPAID_ENDS, BatchState, State

# Submitted and not begun: its rows are no payouts yet, and will be.
_WAITING = (BatchState.AWAITING_APPROVAL, BatchState.APPROVED, BatchState.AWAITING_FUNDS)
_PAID = """
SELECT given FROM unnest(string_to_array(%(receivers)s, ',')) AS given
WHERE EXISTS (SELECT FROM payouts_payout
              WHERE client_id = %(client)s AND receiver = given AND is_sandbox = %(is_sandbox)s AND state = %(paid)s)
"""
_REPEATED = """
SELECT receiver, amount FROM payouts_payout
WHERE client_id = %(client)s AND receiver = ANY(string_to_array(%(receivers)s, ',')) AND is_sandbox = %(is_sandbox)s
  AND currency = %(currency)s AND created_at > now() - make_interval(days => %(days)s)
  AND state <> ALL(%(unpaid)s) AND batch_id IS DISTINCT FROM %(batch)s
UNION
SELECT payouts_batchrow.receiver, payouts_batchrow.amount
FROM payouts_batch JOIN payouts_batchrow ON payouts_batchrow.batch_id = payouts_batch.id
WHERE payouts_batch.client_id = %(client)s AND payouts_batch.is_sandbox = %(is_sandbox)s
  AND payouts_batch.currency = %(currency)s AND payouts_batch.state = ANY(%(waiting)s)
  AND payouts_batch.id <> %(batch)s AND payouts_batchrow.state = ANY(%(good)s)
  AND payouts_batchrow.receiver = ANY(string_to_array(%(receivers)s, ','))
"""


@dataclass(frozen=True, slots=True)
class Lately:
    """Receivers that were ever paid; receivers and amounts of the last days, or of batches that wait to be sent."""

    paid: set[str]
    repeated: set[tuple[str, Decimal]]


def lately(batch: Batch, receivers: Collection[str]) -> Lately:
    """What is known of ``receivers`` besides ``batch`` itself. Two queries, however many there are."""
    given = {
        # They are digits: one text is quicker than an array of thousands.
        "receivers": ",".join(receivers),
        "client": batch.client_id,
        "is_sandbox": batch.is_sandbox,
        "currency": batch.currency,
        "batch": batch.pk,
        "days": settings.PAYOUT_DUPLICATE_DAYS,
        "paid": State.COMPLETED.value,
        "unpaid": [state.value for state in UNPAID_ENDS],
        "waiting": [state.value for state in _WAITING],
        "good": [state.value for state in GOOD_ROWS],
    }
    with connection.cursor() as cursor:
        cursor.execute(_PAID, given)
        paid = {row[0] for row in cursor.fetchall()}
        cursor.execute(_REPEATED, given)
        return Lately(paid, {(row[0], row[1]) for row in cursor.fetchall()})
