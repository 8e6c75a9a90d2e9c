"""What the simulated processor of cards knows: payments by reference, acts on them, and challenges for holders.

A number is looked at once, for what it does; afterwards only its first six and last four digits are known here.
"""

import base64
import hashlib
import hmac
import json
import secrets
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from .state import Row, StateFile

APPROVED, CHALLENGE, DECLINED = "approved", "challenge", "declined"
DONE, REFUSED = "done", "refused"
# What a number does, where it does anything but approve.
NUMBERS = {
    "4000000000003220": "challenge",
    "4000000000000002": "declined",
    "4000000000009995": "insufficient_funds",
    "4000000000000069": "expired_card",
    "4000000000000127": "wrong_code",
    "4000000000009987": "lost_or_stolen",
    "4000000000000119": "processing",
    "4000000000000341": "silent",
    "4000000000005126": "silent_capture",
    "4000000000007726": "no_refund",
}
DECLINES = {
    "declined",
    "insufficient_funds",
    "expired_card",
    "wrong_code",
    "lost_or_stolen",
    "processing",
}
WORDS = {
    "": "Approved",
    "declined": "Do not honour",
    "insufficient_funds": "Insufficient funds",
    "expired_card": "Expired card",
    "wrong_code": "CVV mismatch",
    "lost_or_stolen": "Pick up card",
    "limit": "Exceeds withdrawal limit",
    "processing": "Issuer unavailable",
    "not_confirmed": "Cardholder not authenticated",
    "challenge_too_late": "Authentication timed out",
    "refused": "Refused",
    "state": "Not possible in this state",
    "amount": "Amount exceeds what is left",
}


class Conflict(Exception):
    """The reference was used for something else."""


class Unanswerable(Exception):
    """A challenge that was answered before, or none at all; its text is the code of the refusal."""


@dataclass
class Rules:
    """Seconds a holder has; from which amounts on the processor itself asks, and finds a card's limit reached (0:
    never)."""

    challenge_seconds: float = 900.0
    ask_from: float = 0.0
    limit_from: float = 0.0


@dataclass
class Payment:
    reference: str
    amount: str
    currency: str
    order: str
    return_url: str
    first6: str
    last4: str
    does: str = ""
    # Year and month.
    expiry: tuple[int, int] = (9999, 12)
    id: str = ""
    status: str = ""
    code: str = ""
    at: str = ""
    challenge: str = ""
    challenge_until: float = 0.0
    challenge_used: bool = False
    captured: str = ""
    refunded: int = 0
    is_void: bool = False
    # By the reference of the act.
    acts: dict[str, Row] = field(default_factory=dict)

    @property
    def is_capturable(self) -> bool:
        return self.status == APPROVED and not self.captured and not self.is_void

    @property
    def is_overdue(self) -> bool:
        """The holder's time is over, and nobody has said so yet."""
        return self.status == CHALLENGE and time.time() > self.challenge_until


class Books:
    def __init__(self, state: StateFile, challenge_key: str) -> None:
        self.state, self.lock, self.key, self.rules = state, state.lock, challenge_key.encode(), Rules()
        self.read()

    def read(self) -> None:
        self.payments = {key: Payment(**row) for key, row in self.state.rows("payments").items()}
        self.log: list[Row] = [row for _, row in sorted(self.state.rows("log").items(), key=lambda item: int(item[0]))]

    def reset(self) -> None:
        with self.lock:
            self.state.clear("payments", "log")
            self.rules = Rules()
            self.read()

    def authorize(self, wanted: Payment, ask_holder: bool) -> tuple[Payment, bool]:
        """Once under a reference; (the payment, whether this call did something)."""
        with self.lock:
            known = self.payments.get(wanted.reference)
            if known is not None:
                if (known.amount, known.currency) != (wanted.amount, wanted.currency):
                    raise Conflict
                return known, False
            wanted.id, wanted.at = f"C{secrets.token_hex(8).upper()}", stamp()
            self.decide(wanted, ask_holder)
            self.keep(wanted, "authorize", wanted.status, wanted.code, wanted.amount)
            return wanted, True

    def decide(self, payment: Payment, ask_holder: bool) -> None:
        code = self.why_declined(payment)
        if code:
            payment.status, payment.code = DECLINED, code
        elif ask_holder or payment.does == "challenge" or reached(self.rules.ask_from, payment.amount):
            payment.status, payment.challenge = CHALLENGE, secrets.token_urlsafe(24)
            payment.challenge_until = time.time() + self.rules.challenge_seconds
        else:
            payment.status = APPROVED

    def why_declined(self, payment: Payment) -> str:
        today = datetime.now(UTC)
        if payment.does in DECLINES:
            return payment.does
        if tuple(payment.expiry) < (today.year, today.month):
            return "expired_card"
        return "limit" if reached(self.rules.limit_from, payment.amount) else ""

    def answer_of(self, payment: Payment, status: str) -> str:
        """A signed answer to a challenge (PARes), as the holder's bank would give it."""
        body = {"authorizationId": payment.id, "reference": payment.reference, "status": status, "at": stamp()}
        text = json.dumps({**body, "nonce": secrets.token_hex(8)}, separators=(",", ":"))
        packed = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
        return f"{packed}.{self.signature_of(packed)}"

    def signature_of(self, packed: str) -> str:
        return hmac.new(self.key, packed.encode(), hashlib.sha256).hexdigest()

    def read_answer(self, text: str) -> Row | None:
        """What a signed answer says; None when it was not signed by us."""
        packed, _, signature = text.partition(".")
        if not text.isascii() or not hmac.compare_digest(signature, self.signature_of(packed)):
            return None
        try:
            found = json.loads(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))
        except ValueError:
            return None
        return found if isinstance(found, dict) else None

    def verify(self, payment: Payment, said: Row) -> None:
        """One answer to a challenge, ever. Raises Unanswerable."""
        with self.lock:
            if payment.challenge_used:
                raise Unanswerable("used")
            if payment.status != CHALLENGE:
                raise Unanswerable("no_challenge")
            payment.challenge_used = True
            if payment.is_overdue:
                payment.status, payment.code = DECLINED, "challenge_too_late"
            elif said.get("status") in ("Y", "A"):
                payment.status = APPROVED
            else:
                payment.status, payment.code = DECLINED, "not_confirmed"
            self.keep(payment, "verify", payment.status, payment.code, payment.amount)

    def close_if_overdue(self, payment: Payment) -> None:
        """A challenge that nobody answered is a decline for whoever asks about it."""
        with self.lock:
            if payment.is_overdue:
                payment.status, payment.code = DECLINED, "challenge_too_late"
                self.keep(payment, "challenge over", payment.status, payment.code, payment.amount)

    def act(self, payment: Payment, kind: str, reference: str, amount: str) -> tuple[Row, bool]:
        """A capture, a release or a refund, once under a reference of its own."""
        with self.lock:
            known = payment.acts.get(reference)
            if known is not None:
                if (known["kind"], known["amount"]) != (kind, amount):
                    raise Conflict
                return known, False
            code = self.do(payment, kind, amount)
            row = {
                "id": f"A{secrets.token_hex(8).upper()}",
                "reference": reference,
                "kind": kind,
                "amount": amount,
                "status": REFUSED if code else DONE,
                "code": code,
                "currency": payment.currency,
                "at": stamp(),
            }
            payment.acts[reference] = row
            self.keep(payment, kind, row["status"], code, amount, reference)
            return row, True

    def do(self, payment: Payment, kind: str, amount: str) -> str:
        """Why not, in one word; empty when it is done."""
        if kind == "refund":
            return self.give_back(payment, cents(amount))
        if not payment.is_capturable:
            return "state"
        if kind == "void":
            payment.is_void = True
            return ""
        if cents(amount) > cents(payment.amount):
            return "amount"
        payment.captured = amount
        return ""

    def give_back(self, payment: Payment, wanted: int) -> str:
        if not payment.captured:
            return "state"
        if payment.does == "no_refund":
            return "refused"
        if wanted > cents(payment.captured) - payment.refunded:
            return "amount"
        payment.refunded += wanted
        return ""

    def keep(self, payment: Payment, what: str, status: str, code: str, amount: str, act: str = "") -> None:
        self.payments[payment.reference] = payment
        self.state.put("payments", payment.reference, asdict(payment))
        row = {
            "reference": payment.reference,
            "act": act,
            "what": what,
            "status": status,
            "code": code,
            "amount": amount,
            "currency": payment.currency,
            "card": f"{payment.first6}••••{payment.last4}",
            "at": stamp(),
        }
        self.log.append(row)
        self.state.put("log", len(self.log), row)

    def challenged(self, token: str) -> Payment | None:
        with self.lock:
            return next((one for one in self.payments.values() if one.challenge and one.challenge == token), None)


def reached(limit: float, amount: str) -> bool:
    return 0 < limit <= float(amount)


def cents(amount: str) -> int:
    whole, _, part = amount.partition(".")
    return int(whole) * 100 + int(part)


def stamp(seconds: float | None = None) -> str:
    moment = datetime.now(UTC) if seconds is None else datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds")


def shown(payment: Payment, base: str) -> Row:
    """What the API answers about a payment."""
    row: dict[str, Any] = {
        "id": payment.id,
        "reference": payment.reference,
        "status": payment.status,
        "code": payment.code,
        "message": "Authentication required" if payment.status == CHALLENGE else WORDS[payment.code],
        "amount": payment.amount,
        "currency": payment.currency,
        "at": payment.at,
    }
    if payment.status == CHALLENGE:
        row["acsUrl"] = f"{base}/acs/{payment.challenge}"
        row["paReq"] = base64.urlsafe_b64encode(payment.id.encode()).decode()
        row["challengeUntil"] = stamp(payment.challenge_until)
    return row
