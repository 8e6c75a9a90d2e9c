"""What the page of the sandbox asks of the simulated SMS gateway: every phone's messages, and its moods."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from sandbox import remote

# Operation, mode and how often, by the word on the button.
MOODS = {
    "silent": ("send", "timeout_after_accept", 1),
    "lost": ("send", "reset_before_accept", 1),
    "refuse": ("send", "refused", 1),
    "down": ("*", "503", -1),
}


@dataclass(frozen=True)
class PhoneMessage:
    """A message as the phone has it; ``status`` is accepted, delivered, undelivered or rejected."""

    reference: str
    to: str
    sender: str
    text: str
    status: str
    times: int
    at: datetime

    @property
    def is_on_its_way(self) -> bool:
        return self.status == "accepted"

    @property
    def has_come(self) -> bool:
        return self.status == "delivered"


def messages(most: int, to: str = "") -> list[PhoneMessage]:
    """The newest first. Raises ServiceError when the simulator does not answer, like all here."""
    found = remote.get(settings.SANDBOX_SMS_URL, "messages", limit=str(most), to=to)["messages"]
    return [
        PhoneMessage(
            reference=row["reference"],
            to=row["to"],
            sender=row["sender"],
            text=row["text"],
            status=row["status"],
            times=row["times"],
            at=datetime.fromisoformat(row["at"]),
        )
        for row in found
    ]


def moods() -> list[str]:
    """What is still going to go wrong, by the words on the buttons."""
    pending = remote.get(settings.SANDBOX_SMS_URL, "misbehave")["pending"]
    known = {(operation, mode): word for word, (operation, mode, _times) in MOODS.items()}
    found = (known.get((rule["operation"], rule["mode"]), "") for rule in pending)
    return [word for word in dict.fromkeys(found) if word]


def end(*, reference: str, way: str) -> None:
    """What is on its way is delivered, undelivered or rejected now."""
    remote.post(settings.SANDBOX_SMS_URL, "end", {"reference": reference, "status": way})


def misbehave(*, mood: str) -> None:
    operation, mode, times = MOODS[mood]
    remote.post(settings.SANDBOX_SMS_URL, "misbehave", {"operation": operation, "mode": mode, "times": times})


def behave() -> None:
    remote.delete(settings.SANDBOX_SMS_URL, "misbehave")
