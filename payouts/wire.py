"""The words of the API for what we keep more finely (TeraPay contract 8)."""

from payouts.models import Payout
from payouts.models.states import IN_FLIGHT, State

PENDING, COMPLETED, FAILED, REJECTED, EXPIRED = "Pending", "Completed", "Failed", "Rejected", "Expired"

STATUS: dict[str, str] = {
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


def wire_status(payout: Payout) -> str:
    """Pending | Completed | Failed | Rejected | Expired. What is on its way, or in doubt, reads Pending."""
    return STATUS[payout.state]


def states_of(status: str) -> list[str]:
    """Our states behind one of those words."""
    return [state for state, word in STATUS.items() if word == status]
