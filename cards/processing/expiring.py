"""What waits in vain: authorisations that nobody captured, challenges that nobody answered."""

import logging
from collections.abc import Callable
from datetime import timedelta

from django.db import transaction

from cards.models import CardAct, CardPayment
from cards.models.states import ACT_OPEN, Act, Reason, State
from cards.processing import moving
from config.lib.clock import now

_MOST = 200
_WAITS = (State.AUTHORIZED, State.REQUIRES_3DS)
# An act is on its way: look again after so long.
_AGAIN = timedelta(seconds=60)

logger = logging.getLogger(__name__)


def expire_due() -> int:
    """End what has run out. Returns how many were looked at."""
    due = CardPayment.objects.filter(state__in=_WAITS, due_at__lte=now()).order_by("due_at")
    ids = list(due.values_list("pk", flat=True)[:_MOST])
    for one in ids:
        _safely(end, one)
    return len(ids)


def _safely(act: Callable[[int], object], payment_id: int) -> None:
    try:
        act(payment_id)
    except Exception:
        logger.exception("card payment %s could not be ended and stays due", payment_id)


@transaction.atomic
def end(payment_id: int) -> CardPayment:
    """End one payment whose time is over: an authorisation after seven days, a challenge after fifteen minutes.

    Not while it is being captured or released: the act decides then. Quiet when there is nothing to end.
    """
    held = moving.hold(payment_id)
    if held.state == State.REQUIRES_3DS and held.challenge_until is not None and held.challenge_until <= now():
        moving.decline(held, Reason.CHALLENGE_TOO_LATE)
    elif held.state == State.AUTHORIZED and held.expires_at is not None and held.expires_at <= now():
        if is_busy(held):
            moving.write(held, due_at=now() + _AGAIN)
        else:
            moving.expire(held)
    return held


def is_busy(held: CardPayment) -> bool:
    """Whether a capture or a release is on its way."""
    return CardAct.objects.filter(payment=held, kind__in=[Act.CAPTURE, Act.VOID], state__in=ACT_OPEN).exists()
