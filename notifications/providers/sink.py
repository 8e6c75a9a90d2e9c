"""Where messages of sandbox keys end: nothing leaves, and everything arrives at once."""

from collections.abc import Sequence

from notifications.providers.types import Outgoing, Status, Word


class Sink:
    name = "sink"
    repeats_safely = True
    can_be_asked = False

    def send(self, message: Outgoing) -> Word:
        return Word(Status.DELIVERED, message.reference, message.reference)

    def ask(self, messages: Sequence[tuple[str, str]]) -> list[Word]:
        return []
