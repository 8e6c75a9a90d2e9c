"""The words of the API for what we keep more finely (TeraPay contract 8)."""

from typing import Literal

from config.lib.clock import now
from payouts.models import Payout
from payouts.models.states import IN_FLIGHT, State

Status = Literal["Pending", "Completed", "Failed", "Rejected", "Expired"]
PENDING: Status = "Pending"
COMPLETED: Status = "Completed"
FAILED: Status = "Failed"
REJECTED: Status = "Rejected"
EXPIRED: Status = "Expired"

STATUS: dict[str, Status] = {
    State.PENDING: PENDING,
    **dict.fromkeys(IN_FLIGHT, PENDING),
    State.COMPLETED: COMPLETED,
    # Paid, and the money came back: the receiver has nothing.
    State.RETURNED: FAILED,
    State.FAILED: FAILED,
    State.CANCELLED: FAILED,
    State.REJECTED: REJECTED,
    State.EXPIRED: EXPIRED,
}


def wire_status(payout: Payout) -> Status:
    """Pending | Completed | Failed | Rejected | Expired. What is on its way, or in doubt, reads Pending; what waited
    for its code in vain is expired whether or not it was swept."""
    return EXPIRED if is_overdue(payout) else STATUS[payout.state]


def is_overdue(payout: Payout) -> bool:
    """Its code can come no more."""
    return payout.state == State.PENDING and payout.expires_at is not None and payout.expires_at <= now()


def states_of(status: Status) -> list[str]:
    """Our states behind one of those words."""
    return [state for state, word in STATUS.items() if word == status]
