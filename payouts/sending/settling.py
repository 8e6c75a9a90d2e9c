"""Somebody of ours closes what the rail never answered."""

from accounts.models import User


def settle(payout_id: int, *, is_paid: bool, message: str, caused_by: User | None) -> None:
    """End a payout that is in doubt since more than twelve hours: paid, or failed with its money given back.

    ``message`` is what the rail's statement says, for staff. Own transaction. Raises `NotInDoubt`.
    """
    raise NotImplementedError
