"""A checkout in the words of the API (TeraPay contract 12)."""

from typing import Any, Literal

from django.conf import settings
from django.urls import reverse

from checkout import stages
from checkout.models import Session, State
from config.lib.money import as_json_number

Status = Literal["Open", "Completed", "Cancelled", "Expired", "Failed"]

STATUS: dict[str, Status] = {
    State.OPEN: "Open",
    State.COMPLETED: "Completed",
    State.CANCELLED: "Cancelled",
    State.EXPIRED: "Expired",
    State.FAILED: "Failed",
}


def wire_status(session: Session) -> Status:
    """Open | Completed | Cancelled | Expired | Failed. What is out of time reads Expired from that moment, unless
    money is on its way."""
    return "Expired" if stages.is_out_of_time(session) else STATUS[session.state]


def states_of(status: Status) -> list[str]:
    """Our states behind one of those words."""
    return [state for state, word in STATUS.items() if word == status]


def page_url(session: Session) -> str:
    """The whole address of the page to pay on."""
    return f"{settings.BASE_URL}{reverse('checkout:page', args=[session.public_id])}"


def wire_of(session: Session) -> dict[str, Any]:
    """What the API and webhooks tell of it, ready to be written as JSON: amounts are numbers, times RFC 3339 in UTC."""
    return {
        "sessionId": str(session.public_id),
        "sessionUrl": page_url(session),
        "reference": session.reference,
        "amount": as_json_number(session.amount),
        "currency": session.currency,
        "description": session.description,
        "returnUrl": session.return_url,
        "methods": list(session.methods),
        "status": wire_status(session),
        "paymentReference": session.payment_reference or None,
        "createdAt": session.created_at.isoformat(),
        "expiresAt": session.expires_at.isoformat(),
        "completedAt": session.completed_at.isoformat() if session.completed_at else None,
    }
