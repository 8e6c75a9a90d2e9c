"""What the page of the sandbox asks of the simulated processor of cards: its own book, challenges, and its moods."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.conf import settings

from sandbox import remote

# Operation, mode and how often, by the word on the button.
MOODS = {
    "silent": ("authorizations", "timeout_after_accept", 1),
    "lost": ("authorizations", "reset_before_accept", 1),
    "silent_capture": ("captures", "timeout_after_accept", 1),
    "down": ("*", "503", -1),
}


@dataclass(frozen=True)
class CardPayment:
    """One reference as the processor knows it; ``status`` is approved, challenge, declined, captured or released."""

    reference: str
    card: str
    order: str
    amount: Decimal
    currency: str
    captured: Decimal
    refunded: Decimal
    status: str
    code: str
    at: datetime


def payments(most: int) -> list[CardPayment]:
    """The newest first. Raises ServiceError when the simulator does not answer, like all here."""
    found = remote.get(settings.SANDBOX_CARDS_URL, "payments", limit=str(most))["payments"]
    return [
        CardPayment(
            reference=row["reference"],
            card=f"{row['first6']}••••{row['last4']}",
            order=row["order"],
            amount=Decimal(row["amount"]),
            currency=row["currency"],
            captured=Decimal(row["captured"] or 0),
            refunded=Decimal(row["refunded"]) / 100,
            status=_status(row["status"], is_captured=bool(row["captured"]), is_void=row["is_void"]),
            code=row["code"].replace("_", " "),
            at=datetime.fromisoformat(row["at"]),
        )
        for row in found
    ]


def _status(said: str, *, is_captured: bool, is_void: bool) -> str:
    if is_captured:
        return "captured"
    return "released" if is_void else said


def moods() -> list[str]:
    """What is still going to go wrong, by the words on the buttons."""
    pending = remote.get(settings.SANDBOX_CARDS_URL, "misbehave")["pending"]
    known = {(operation, mode): word for word, (operation, mode, _times) in MOODS.items()}
    found = (known.get((rule["operation"], rule["mode"]), "") for rule in pending)
    return [word for word in dict.fromkeys(found) if word]


def answer(*, reference: str, way: str) -> str:
    """What the holder's bank gives the shop to hand in (PARes): confirmed (Y) or refused (N)."""
    return str(remote.post(settings.SANDBOX_CARDS_URL, "challenge", {"reference": reference, "status": way})["paRes"])


def misbehave(*, mood: str) -> None:
    operation, mode, times = MOODS[mood]
    remote.post(settings.SANDBOX_CARDS_URL, "misbehave", {"operation": operation, "mode": mode, "times": times})


def behave() -> None:
    remote.delete(settings.SANDBOX_CARDS_URL, "misbehave")
