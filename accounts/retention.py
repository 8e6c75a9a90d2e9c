"""What is kept for a time only, and goes when that is over."""

from datetime import timedelta

from django.conf import settings

from accounts.models import ApiCall
from config.lib.clock import now

_BATCH = 5000


def forget_old_calls(*, batch: int = _BATCH) -> int:
    """Delete calls older than ``API_CALLS_KEPT_DAYS``, a batch at a time so that nobody waits for it. Returns how many.

    Safe to run twice at once and to be stopped at any moment.
    """
    edge, gone = now() - timedelta(days=settings.API_CALLS_KEPT_DAYS), 0
    while True:
        old = ApiCall.objects.filter(created_at__lt=edge).order_by("created_at").values("pk")[:batch]
        count, _each = ApiCall.objects.filter(pk__in=old).delete()
        gone += count
        if count < batch:
            return gone
