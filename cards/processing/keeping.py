"""How long numbers stay: one that is for a single payment is given up, whatever has become of its request."""

from collections.abc import Sequence

from django.db import transaction

from cards.models import Card
from config.lib.clock import now

_MOST = 500


def forget(cards: Sequence[int]) -> int:
    """Give up the numbers of these cards (their ids); what was paid with them stays. Returns how many there were."""
    gone = {"sealed_number": None, "key_id": "", "removed_at": now()}
    return Card.objects.filter(pk__in=cards, removed_at=None).update(**gone)


@transaction.atomic
def forget_due() -> int:
    """Give up what was kept for one payment and no longer; a request that is still at it holds the number already."""
    due = Card.objects.filter(keep_until__lte=now(), removed_at=None).order_by("pk")
    held = due.select_for_update(skip_locked=True, no_key=True).values_list("pk", flat=True)
    return forget(list(held[:_MOST]))
