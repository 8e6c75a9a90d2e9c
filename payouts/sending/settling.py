"""Somebody of ours closes what the rail never answered."""

from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Now

from accounts.models import User
from payouts.errors import NotInDoubt
from payouts.models import Payout
from payouts.models.states import Reason, State
from payouts.sending import claiming, recording
from payouts.sending.verdicts import Verdict

# How long a rail may leave us in doubt before a person may decide.
PATIENCE = timedelta(hours=12)


@transaction.atomic
def settle(payout_id: int, *, is_paid: bool, message: str, caused_by: User | None) -> None:
    """End a payout that is in doubt since more than twelve hours: paid, or failed with its money given back.

    ``message`` is what the rail's statement says, for staff. Raises `NotInDoubt`.
    """
    due = Payout.objects.filter(pk=payout_id, state=State.IN_DOUBT, sent_at__lte=Now() - PATIENCE)
    claimed = claiming.these_to_ask(due.values_list("pk", flat=True), (False, True))
    if not claimed:
        raise NotInDoubt
    end = State.COMPLETED if is_paid else State.FAILED
    reason = "" if is_paid else Reason.SETTLED_BY_STAFF.value
    recording.record_one(claimed[0], Verdict(end, reason=reason, message=message[:200]), caused_by=caused_by)
