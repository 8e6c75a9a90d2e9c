"""Counters of batches, and their ends: written together with the states they count (B8).

Lock order, everywhere: the batch, its payouts, the ledger's accounts.
"""

from collections.abc import Collection

from django.db import connection

from payouts.models import Batch
from payouts.models.states import BATCH_ENDS

ENDED = tuple(str(state) for state in BATCH_ENDS)

# What is said of batches `b` by `d` (batch_id, paid, failed, cancelled, paid_amount, failed_amount). A batch ends with
# its last row: called off when rows were, partly completed when rows failed.
_OPEN = "b.valid + b.warning - b.paid - d.paid - b.failed - d.failed - b.cancelled - d.cancelled"
_ENDS = f"b.state IN ('processing', 'paused') AND {_OPEN} = 0"
COUNT = f"""
UPDATE payouts_batch b
   SET paid = b.paid + d.paid, failed = b.failed + d.failed, cancelled = b.cancelled + d.cancelled,
       paid_amount = b.paid_amount + d.paid_amount, failed_amount = b.failed_amount + d.failed_amount,
       state = CASE WHEN NOT ({_ENDS}) THEN b.state
                    WHEN b.cancelled + d.cancelled > 0 THEN 'cancelled'
                    WHEN b.failed + d.failed > 0 THEN 'partly_completed' ELSE 'completed' END,
       finished_at = CASE WHEN {_ENDS} THEN statement_timestamp() ELSE b.finished_at END,
       updated_at = statement_timestamp(), version = b.version + 1
"""
_NOTHING = "(SELECT b.id AS batch_id, 0 AS paid, 0 AS failed, 0 AS cancelled, 0 AS paid_amount, 0 AS failed_amount"


def hold(batch_ids: Collection[int]) -> None:
    """Lock batches to the end of the transaction."""
    if batch_ids:
        locked = Batch.objects.filter(pk__in=batch_ids).order_by("pk").select_for_update(no_key=True)
        list(locked.values_list("pk", flat=True))


def judge_ends(batch_ids: Collection[int]) -> list[int]:
    """End the batches of which nothing is on its way any more. Returns those that have ended now."""
    if not batch_ids:
        return []
    nothing = f"{_NOTHING} FROM payouts_batch b WHERE b.id = ANY (%s)) d"
    with connection.cursor() as cursor:
        cursor.execute(
            f"{COUNT} FROM {nothing} WHERE b.id = d.batch_id AND {_ENDS} RETURNING b.id",
            [sorted(batch_ids)],
        )
        return [row[0] for row in cursor.fetchall()]
