"""What the supplier's answers do to an order and to the money. Nothing here talks to the supplier.

`record` is the only door; what it calls stands in a file per subject.
"""

from otp.delivery.answers import Answer
from otp.delivery.buying import DOUBT_PATIENCE, SUBMIT_PATIENCE
from otp.delivery.pacing import FIRST_POLL, POLL_EVERY, POLL_RELAXED, backoff, notes_alive
from otp.delivery.quiet import brings_nothing, record_quiet
from otp.delivery.recording import apply_snapshot, close_by_staff, record
from otp.delivery.wishes import CANCEL_TRIES, FINISH_TRIES, REPLACE_TRIES, RESEND_TRIES

__all__ = [
    "CANCEL_TRIES",
    "DOUBT_PATIENCE",
    "FINISH_TRIES",
    "FIRST_POLL",
    "POLL_EVERY",
    "POLL_RELAXED",
    "REPLACE_TRIES",
    "RESEND_TRIES",
    "SUBMIT_PATIENCE",
    "Answer",
    "apply_snapshot",
    "backoff",
    "brings_nothing",
    "close_by_staff",
    "notes_alive",
    "record",
    "record_quiet",
]
