"""Who works on what: rows are taken with a lease, and only whoever holds it writes down what came of it."""

import uuid
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from cards.models import CardAct, CardPayment
from cards.models.states import ACT_OPEN, ActState, State
from cards.processing import moving
from config.lib.clock import now

# Seconds beyond the longest call, until somebody else may look after a row.
_MARGIN = 15.0
_ASKED_ABOUT = (State.SENDING, State.IN_DOUBT)

Row = TypeVar("Row", CardPayment, CardAct)


def lease() -> dict[str, Any]:
    """The fields of a row that somebody works on from now on; it is due again when that time is over."""
    until = now() + timedelta(seconds=settings.CARD_TIMEOUT_SECONDS + _MARGIN)
    return {"lease_token": uuid.uuid4(), "lease_until": until, "due_at": until}


def due_payments(most: int) -> list[int]:
    """Payments that the processor is to be asked about, the longest due first."""
    return _due(CardPayment.objects.filter(state__in=_ASKED_ABOUT), most)


def due_acts(most: int) -> list[int]:
    """The same for acts."""
    return _due(CardAct.objects.filter(state__in=ACT_OPEN), most)


def _due(rows: QuerySet[Row], most: int) -> list[int]:
    due = rows.filter(due_at__lte=now()).filter(_free())
    return list(due.order_by("due_at").values_list("pk", flat=True)[:most])


@transaction.atomic
def take_payment(payment_id: int) -> CardPayment | None:
    """Take a payment to ask about it; None when it is in somebody's hands, or needs no question any more.

    What somebody held who is gone may have reached the processor: then it is in doubt, since it was sent.
    """
    rows = CardPayment.objects.select_related("client", "card").filter(_free(), state__in=_ASKED_ABOUT)
    held = rows.select_for_update(of=("self",), no_key=True, skip_locked=True).filter(pk=payment_id).first()
    if held is None:
        return None
    changes = lease()
    if held.state == State.SENDING:
        changes |= {"state": State.IN_DOUBT, "in_doubt_since": held.created_at}
    moving.write(held, **changes)
    return held


@transaction.atomic
def take_act(act_id: int) -> CardAct | None:
    """The same for an act."""
    rows = CardAct.objects.select_related("payment__client").filter(_free(), state__in=ACT_OPEN)
    held = rows.select_for_update(of=("self",), no_key=True, skip_locked=True).filter(pk=act_id).first()
    if held is None:
        return None
    changes = lease()
    if held.state == ActState.SENDING:
        changes |= {"state": ActState.IN_DOUBT, "in_doubt_since": held.in_doubt_since or held.created_at}
    for name, value in changes.items():
        setattr(held, name, value)
    held.save(update_fields=list(changes))
    return held


def _free(moment: datetime | None = None) -> Q:
    return Q(lease_until=None) | Q(lease_until__lte=moment or now())
