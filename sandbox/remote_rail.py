"""What the page of the sandbox asks of the simulated rail: what it paid, and its moods."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.conf import settings

from sandbox import remote

# Operation, mode and how often, by the word on the button.
MOODS = {
    "silent": ("payouts", "timeout_after_accept", 1),
    "lost": ("payouts", "reset_before_accept", 1),
    "busy": ("payouts", "429", 1),
    "down": ("*", "503", -1),
}


@dataclass(frozen=True)
class RailPayout:
    """One reference as the rail knows it; ``status`` is paid, accepted, rejected or returned."""

    reference: str
    account: str
    amount: Decimal
    currency: str
    status: str
    message: str
    attempts: int
    at: datetime


def payouts(most: int) -> list[RailPayout]:
    """The newest first. Raises ServiceError when the simulator does not answer, like all here."""
    found = remote.get(settings.SANDBOX_RAIL_URL, "payouts", limit=str(most))["payouts"]
    return [
        RailPayout(
            reference=row["reference"],
            account=row["account"],
            amount=Decimal(row["amount"]),
            currency=row["currency"],
            status=row["status"],
            message=row["message"],
            attempts=row["attempts"],
            at=datetime.fromisoformat(row["at"]),
        )
        for row in found
    ]


def moods() -> list[str]:
    """What is still going to go wrong, by the words on the buttons."""
    pending = remote.get(settings.SANDBOX_RAIL_URL, "misbehave")["pending"]
    known = {(operation, mode): word for word, (operation, mode, _times) in MOODS.items()}
    found = (known.get((rule["operation"], rule["mode"]), "") for rule in pending)
    return [word for word in dict.fromkeys(found) if word]


def end(*, reference: str, way: str) -> None:
    """What was paid comes back (``return``); what was accepted is paid or rejected (``pay``, ``reject``)."""
    if way == "return":
        remote.post(settings.SANDBOX_RAIL_URL, "return", {"reference": reference})
    else:
        status = "paid" if way == "pay" else "rejected"
        remote.post(settings.SANDBOX_RAIL_URL, "end", {"reference": reference, "status": status})


def misbehave(*, mood: str) -> None:
    operation, mode, times = MOODS[mood]
    remote.post(settings.SANDBOX_RAIL_URL, "misbehave", {"operation": operation, "mode": mode, "times": times})


def behave() -> None:
    remote.delete(settings.SANDBOX_RAIL_URL, "misbehave")
