"""A whole upload: from its file to rows and counters, in one transaction."""

from payouts.models import Batch


def read_so_far(batch: Batch) -> int:
    """How many rows of an upload that is being read have been looked at; 0 when nobody knows."""
    raise NotImplementedError
