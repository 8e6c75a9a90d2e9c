"""The words of the API for what we keep more finely (TeraPay contract 11)."""

from datetime import datetime
from typing import Literal

from cards.models import CardPayment
from cards.models.states import State
from config.lib.clock import now

Status = Literal["Authorized", "Requires3DS", "Declined", "Captured", "Expired", "Voided", "Pending"]
PENDING: Status = "Pending"
DECLINED: Status = "Declined"
EXPIRED: Status = "Expired"

STATUS: dict[str, Status] = {
    # Being checked: only lists say it, a call is told that the outcome is not known.
    State.SENDING: PENDING,
    State.IN_DOUBT: PENDING,
    State.REQUIRES_3DS: "Requires3DS",
    State.AUTHORIZED: "Authorized",
    State.DECLINED: DECLINED,
    State.CAPTURED: "Captured",
    State.VOIDED: "Voided",
    State.EXPIRED: EXPIRED,
}


def wire_status(payment: CardPayment) -> Status:
    """Authorized | Requires3DS | Declined | Captured | Expired | Voided | Pending. What ran out reads so from that
    moment, whether or not it was swept."""
    if payment.state == State.REQUIRES_3DS and _is_past(payment.challenge_until):
        return DECLINED
    if payment.state == State.AUTHORIZED and _is_past(payment.expires_at):
        return EXPIRED
    return STATUS[payment.state]


def _is_past(moment: datetime | None) -> bool:
    return moment is not None and moment <= now()


def states_of(status: Status) -> list[str]:
    """Our states behind one of those words."""
    return [state for state, word in STATUS.items() if word == status]
