"""What all departments of the simulated OTPZap share: accounts with their balance, settings, clock, and a log that
only grows.

Every API key opens an account of its own. Amounts are whole rupiah.
"""

import hashlib
import hmac
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from .state import WIB, Row, StateFile

# The samples of references are APIDEP-3-xxx and APIE-3-xxx (OTPZap contract 1).
FIRST_ACCOUNT = 3
OPENING_BALANCE = 25_000_000


class Refusal(Exception):
    """An error the caller gets in the envelope of section 11."""

    def __init__(self, status: int, code: str, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.retry_after = None if retry_after is None else max(1, math.ceil(retry_after))


@dataclass
class Settings:
    cancel_cooldown_seconds: float = 120.0
    window_seconds: float = 1200.0
    resend_lock_seconds: float = 60.0
    rate_per_minute: int = 300
    mail_window_seconds: float = 1200.0
    mail_cancel_cooldown_seconds: float = 0.0
    # What is not known of the real one (OTPZap contract 7.5): whether a reorder changes the reference.
    reorder_changes_ref: int = 0
    topup_seconds: float = 1800.0
    # Nor whether a failed order, paid back by itself, is told as order.cancelled (10.1).
    tell_failures: int = 0
    webhook_attempts: int = 3
    webhook_retry_seconds: float = 3.0
    webhook_answer_seconds: float = 10.0
    # After so many events that nobody took, nothing is sent until the webhook is updated; 0: never.
    webhook_off_after: int = 0
    # Nothing is told meanwhile.
    webhook_quiet: int = 0
    webhook_local: int = 0
    signature_header: str = "X-Webhook-Signature"
    signature_prefix: str = "sha256="
    signature_encoding: str = "hex"
    # Standard Webhooks headers beside the plain one.
    standard_headers: int = 0


@dataclass
class Account:
    number: int
    key_id: str
    balance: int = OPENING_BALANCE


def fingerprint(key: str) -> str:
    """What may be shown of a key."""
    return hashlib.sha256(key.encode()).hexdigest()[:12]


class House:
    """Every public method may be called from any thread."""

    def __init__(self, state: StateFile, keys: Sequence[str], now: Callable[[], float] = time.time) -> None:
        self.state, self.keys, self.now = state, tuple(keys), now
        self.lock = state.lock
        self.load()

    def load(self) -> None:
        kept = self.state.rows("settings").get("market", {})
        self.settings = Settings(
            **{name: value for name, value in kept.items() if name in Settings.__dataclass_fields__}
        )
        self.accounts: dict[int, Account] = {}
        for number, key in enumerate(self.keys, FIRST_ACCOUNT):
            row = self.state.rows("accounts").get(str(number), {})
            # Files of earlier versions kept one balance among the settings.
            balance: int = row["balance"] if row else kept.get("balance", OPENING_BALANCE)
            self.accounts[number] = Account(number, fingerprint(key), balance)

    def reset(self) -> None:
        self.state.clear("settings", "accounts", "events", "keys")
        self.load()

    def account_of_key(self, key: str) -> Account | None:
        found = None
        for number, known in enumerate(self.keys, FIRST_ACCOUNT):
            if hmac.compare_digest(key.encode(), known.encode()):
                found = self.accounts[number]
        return found

    def account(self, name: Any) -> Account | None:
        """By its number or by the beginning of its key's fingerprint."""
        for account in self.accounts.values():
            if str(account.number) == str(name) or (len(str(name)) >= 8 and account.key_id.startswith(str(name))):
                return account
        return None

    def pay(self, number: int, price: int) -> None:
        """Take a price off a balance. Refusal 402."""
        if self.accounts[number].balance < price:
            raise Refusal(402, "INSUFFICIENT_BALANCE", "Balance is too low")
        self.move(number, -price)

    def move(self, number: int, amount: int) -> None:
        account = self.accounts.get(number)
        if account is None:
            return  # of a key this process was not started with
        account.balance += amount
        self.keep_account(account)

    def keep_account(self, account: Account) -> None:
        self.state.put("accounts", account.number, asdict(account))

    def keep_settings(self) -> None:
        self.state.put("settings", "market", asdict(self.settings))

    def note(self, event: str, **details: Any) -> None:
        """One line of the log."""
        entry: Row = {"event": event, "at": clock_text(self.now()), **details}
        self.state.put("events", len(self.state.rows("events")) + 1, entry)


def clock_text(at: float) -> str:
    """The provider's own way to write a time (OTPZap contract 1)."""
    return datetime.fromtimestamp(at, WIB).strftime("%Y-%m-%d %H:%M:%S WIB")


def clock_or_none(at: float | None) -> str | None:
    return None if at is None else clock_text(at)
