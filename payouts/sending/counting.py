"""Counters of batches, and their ends: written together with the states they count (B8).

Lock order, everywhere: the batch, its payouts, the ledger's accounts.
"""

from collections.abc import Collection

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


def hold(batch_ids: Collection[int]) -> None:
    """Lock batches to the end of the transaction."""
    if batch_ids:
        locked = Batch.objects.filter(pk__in=batch_ids).order_by("pk").select_for_update(no_key=True)
        list(locked.values_list("pk", flat=True))
