"""What we and an SMS gateway say to each other, whoever the gateway is. Times are aware, numbers E.164."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class Status(StrEnum):
    """What a gateway says of a message."""

    # Taken; whether it arrives is still to come.
    TAKEN = "taken"
    DELIVERED = "delivered"
    # It went out and did not arrive: the gateway charges for it all the same.
    UNDELIVERED = "undelivered"
    # Refused after all: it never went out.
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message. ``reference`` is ours and the same for every attempt; the text is in no representation of it."""

    reference: str
    recipient: str
    sender: str
    text: str = field(repr=False)
    encoding: str


@dataclass(frozen=True, slots=True)
class Word:
    """What a gateway said of one message; ``code`` is one of `notifications.models.Sms.Reason`, or nothing."""

    status: Status
    reference: str = ""
    gateway_id: str = ""
    code: str = ""


class SmsGateway(Protocol):
    """A way for messages to leave. Thread-safe; every call ends within its time limits; it knows none of our tables.

    ``repeats_safely``: one reference is sent once, however often it is given, so that doubt is cleared by giving it
    again. ``can_be_asked``: it answers what became of messages.
    """

    name: str

    @property
    def repeats_safely(self) -> bool: ...

    @property
    def can_be_asked(self) -> bool: ...

    def send(self, message: Outgoing) -> Word:
        """Hand one message over. Raises `ProviderError` with one of the reasons as its ``code`` when it was refused."""
        ...

    def ask(self, messages: Sequence[tuple[str, str]]) -> list[Word]:
        """What became of these (reference, the gateway's id), in any order; what it does not know is left out.

        Raises `ProviderError`.
        """
        ...
