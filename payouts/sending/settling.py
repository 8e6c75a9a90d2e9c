"""Somebody of ours closes what the rail never ended."""

from django.db import transaction

from accounts.models import User
from payouts.errors import NotInDoubt
from payouts.models import Payout
from payouts.models.states import Reason, State
from payouts.selectors.search import for_a_person
from payouts.sending import claiming, counting, recording
from payouts.sending.verdicts import Verdict


@transaction.atomic
def settle(payout_id: int, *, is_paid: bool, message: str, caused_by: User | None) -> None:
    """End a payout that is in doubt and was sent more than twelve hours ago, or that the rail has accepted more than
    three days ago and never ended: paid, or failed with its money given back.

    ``message`` is what the rail's statement says, for staff. Raises `NotInDoubt`.
    """
    due = Payout.objects.filter(for_a_person(), pk=payout_id)
    counting.hold(list(due.filter(batch__isnull=False).values_list("batch_id", flat=True)))
    claimed = claiming.these_to_ask(due.values_list("pk", flat=True), (False, True))
    if not claimed:
        raise NotInDoubt
    end = State.COMPLETED if is_paid else State.FAILED
    reason = "" if is_paid else Reason.SETTLED_BY_STAFF.value
    recording.record_one(claimed[0], Verdict(end, reason=reason, message=message[:200]), caused_by=caused_by)
