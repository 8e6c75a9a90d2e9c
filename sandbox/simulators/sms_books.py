"""The messages that the simulated SMS gateway has taken: it stands in for the phones, so texts can be read here."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from .state import Row, StateFile

TABLE = "sms_messages"
ACCEPTED, DELIVERED, UNDELIVERED, REJECTED = "accepted", "delivered", "undelivered", "rejected"
ENDS = (DELIVERED, UNDELIVERED, REJECTED)
# The last four digits of a number say what becomes of a message to it; to any other number it is delivered.
NOBODY, OFF, BARRED, SILENT, LOST = "0000", "1111", "2222", "3333", "4444"
ENDINGS = {OFF: (UNDELIVERED, "unreachable"), BARRED: (REJECTED, "bad_sender")}
WHAT = ("to", "sender", "text", "encoding")


class Conflict(Exception):
    """The reference belongs to a message with other content."""


@dataclass
class Delays:
    """Seconds from taking a message to its end, and where ends are told (nowhere)."""

    delivery_seconds: float = 1.0
    report_url: str = ""


@dataclass
class Message:
    reference: str
    to: str
    sender: str
    text: str
    encoding: str
    id: str = ""
    status: str = ACCEPTED
    code: str = ""
    at: float = 0.0
    ends_at: float = 0.0
    # How often it was handed over; the phone has it once.
    times: int = 1

    @property
    def ending(self) -> str:
        return self.to[-4:]

    @property
    def moment(self) -> str:
        return datetime.fromtimestamp(self.at, UTC).isoformat(timespec="milliseconds")


class Books:
    """Every public method may be called from any thread. Ends are handed to ``tell``."""

    def __init__(self, state: StateFile, now: Callable[[], float] = time.time) -> None:
        self.state, self.now, self.lock = state, now, state.lock
        self.delays = Delays()
        self.tell: Callable[[Message], Any] = lambda message: None
        self.load()

    def load(self) -> None:
        self.messages = {key: Message(**row) for key, row in self.state.rows(TABLE).items()}

    def reset(self) -> None:
        with self.lock:
            self.state.clear(TABLE)
            self.load()
            self.delays.delivery_seconds = Delays().delivery_seconds

    def take(self, wanted: Message) -> tuple[Message, bool]:
        """The message under this reference, and whether it is new. Raises `Conflict`."""
        with self.lock:
            self.age()
            known = self.messages.get(wanted.reference)
            if known is None:
                wanted.id = f"sim-{len(self.messages) + 1:06}"
                wanted.at = self.now()
                wanted.ends_at = wanted.at + self.delays.delivery_seconds
                self.messages[wanted.reference] = wanted
                self.keep(wanted)
                return wanted, True
            if any(getattr(known, name) != getattr(wanted, name) for name in WHAT):
                raise Conflict
            known.times += 1
            self.keep(known)
            return known, False

    def end(self, message: Message, status: str, code: str) -> None:
        with self.lock:
            message.status, message.code = status, code
            self.keep(message)
        self.tell(message)

    def age(self) -> None:
        """End what has been on its way long enough."""
        with self.lock:
            due = [one for one in self.messages.values() if one.status == ACCEPTED and one.ends_at <= self.now()]
        for one in due:
            if one.ending != LOST:
                self.end(one, *ENDINGS.get(one.ending, (DELIVERED, "")))

    def newest_first(self) -> list[Message]:
        with self.lock:
            self.age()
            return list(self.messages.values())[::-1]

    def keep(self, message: Message) -> None:
        self.state.put(TABLE, message.reference, asdict(message))


def shown(message: Message) -> Row:
    """How the gateway speaks of a message: without its text."""
    return {
        "id": message.id,
        "reference": message.reference,
        "status": message.status,
        "code": message.code,
        "at": message.moment,
    }
