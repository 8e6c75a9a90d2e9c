from config.lib import clock
from wallets import ledger
from wallets.errors import HoldClosed
from wallets.models import Hold


def expire_due_holds(limit: int = 500) -> int:
    """Release open holds whose ``expires_at`` has passed; returns how many. One captured meanwhile stays captured."""
    due = Hold.objects.filter(state=Hold.State.OPEN, expires_at__lte=clock.now()).order_by("expires_at")
    done = 0
    for reference in list(due.values_list("reference", flat=True)[:limit]):
        try:
            done += ledger.release(hold_reference=reference, expired=True)
        except HoldClosed:
            continue
    return done
