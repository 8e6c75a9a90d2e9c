"""What the simulated rail knows: payouts by reference, every attempt, and the events it tells."""

import heapq
import secrets
import time
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from itertools import count
from typing import Any

from .state import Row, StateFile

PAID, ACCEPTED, REJECTED, RETURNED = "paid", "accepted", "rejected", "returned"
CODES = ("no_account", "account_closed", "name_mismatch", "limit", "refused")
WORDS = {
    "no_account": "Beneficiary account not found",
    "account_closed": "Beneficiary account is closed",
    "name_mismatch": "Beneficiary name does not match",
    "limit": "Beneficiary limit exceeded",
    "refused": "Declined by receiving institution",
    "": "",
}
# What happens to an account or a number by its last four digits.
_REFUSED = {"0000": "no_account", "1111": "account_closed"}
SLOW, SILENT, COMES_BACK, SECOND_TIME, TWICE, TURNS_BAD, STRANGER = (
    *("2222", "3333", "4444", "5555", "6666", "7777"),
    "8888",
)
WHAT = ("network", "institution", "account", "holder", "amount", "currency", "narration")


class Conflict(Exception):
    """The reference was used for something else."""


@dataclass
class Delays:
    """Seconds until what was accepted ends, and until what comes back does so."""

    accepted_seconds: float = 5.0
    returned_seconds: float = 10.0


@dataclass
class Payout:
    """`paid` counts how often money left under this reference: more than once would be the simulator's own fault."""

    reference: str
    network: str
    institution: str
    account: str
    holder: str
    amount: str
    currency: str
    narration: str
    id: str = ""
    status: str = ""
    code: str = ""
    message: str = ""
    at: str = ""
    attempts: int = 0
    paid: int = 0
    # What happens by itself, and when (seconds since 1970).
    next_status: str = ""
    next_code: str = ""
    next_at: float = 0.0

    @property
    def ending(self) -> str:
        return self.account[-4:]


NAMES = tuple(field.name for field in fields(Payout))


class Books:
    def __init__(self, state: StateFile) -> None:
        self.state, self.lock, self.delays = state, state.lock, Delays()
        self.read()

    def read(self) -> None:
        self.payouts = {key: Payout(**row) for key, row in self.state.rows("payouts").items()}
        self.events: list[Row] = [row for _, row in sorted(self.state.rows("events").items(), key=_number)]
        self.attempts: list[Row] = [row for _, row in sorted(self.state.rows("attempts").items(), key=_number)]
        self.order = count()
        self.timers: list[tuple[float, int, str]] = []
        for payout in self.payouts.values():
            if payout.next_status:
                heapq.heappush(self.timers, (payout.next_at, next(self.order), payout.reference))

    def reset(self) -> None:
        with self.lock:
            self.state.clear("payouts", "events", "attempts")
            self.delays = Delays()
            self.read()

    def take(self, wanted: Payout) -> tuple[Payout, bool]:
        """Carry an instruction out once; (the payout, whether this call did something)."""
        with self.lock:
            self.age()
            known = self.payouts.get(wanted.reference)
            if known is not None and any(getattr(known, name) != getattr(wanted, name) for name in WHAT):
                raise Conflict
            if known is not None and known.status != REJECTED:
                return known, False
            payout = known or wanted
            payout.id = payout.id or f"R{secrets.token_hex(8).upper()}"
            payout.attempts += 1
            self.decide(payout)
            self.payouts[payout.reference] = payout
            self.keep(payout)
            self.log(payout)
            return payout, True

    def decide(self, payout: Payout) -> None:
        ending = payout.ending
        if ending in _REFUSED:
            self.set(payout, REJECTED, _REFUSED[ending])
        elif ending == SECOND_TIME and payout.attempts == 1:
            self.set(payout, REJECTED, "refused")
        elif ending in (SLOW, TWICE, TURNS_BAD):
            self.set(payout, ACCEPTED)
            self.later(payout, REJECTED if ending == TURNS_BAD else PAID, "refused" if ending == TURNS_BAD else "")
        else:
            self.set(payout, PAID)
            if ending == COMES_BACK:
                self.later(payout, RETURNED, "account_closed", self.delays.returned_seconds)

    def later(self, payout: Payout, status: str, code: str = "", seconds: float | None = None) -> None:
        payout.next_status, payout.next_code = status, code
        payout.next_at = time.time() + (self.delays.accepted_seconds if seconds is None else seconds)
        heapq.heappush(self.timers, (payout.next_at, next(self.order), payout.reference))

    def set(self, payout: Payout, status: str, code: str = "") -> None:
        payout.status, payout.code, payout.message, payout.at = status, code, WORDS[code], stamp()
        payout.next_status, payout.next_code, payout.next_at = "", "", 0.0
        payout.paid += status == PAID

    def end(self, payout: Payout, status: str, code: str = "") -> None:
        """Give something accepted or paid its later end, and tell of it."""
        with self.lock:
            self.set(payout, status, code)
            self.keep(payout)
            for _ in range(2 if payout.ending == TWICE else 1):
                self.tell(payout)

    def age(self) -> None:
        """What was due to happen by itself happens."""
        with self.lock:
            while self.timers and self.timers[0][0] <= time.time():
                _, _, reference = heapq.heappop(self.timers)
                payout = self.payouts.get(reference)
                if payout is not None and payout.next_status and payout.next_at <= time.time():
                    self.end(payout, payout.next_status, payout.next_code)

    def keep(self, payout: Payout) -> None:
        self.state.put("payouts", payout.reference, asdict(payout))

    def log(self, payout: Payout) -> None:
        row = {name: getattr(payout, name) for name in ("reference", "status", "code", "amount", "attempts", "at")}
        self.attempts.append(row)
        self.state.put("attempts", len(self.attempts), row)

    def tell(self, payout: Payout) -> None:
        names = ("reference", "id", "status", "code", "message", "amount", "at")
        row = {"n": len(self.events) + 1, **{name: getattr(payout, name) for name in names}}
        self.events.append(row)
        self.state.put("events", row["n"], row)


def stamp() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _number(item: tuple[str, Any]) -> int:
    return int(item[0])
