"""What the pages of the sandbox ask of the simulated OTPZap: our accounts there, its notes, and its moods."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings

from sandbox import remote

PLENTY, LITTLE = 25_000_000, 15_000
# Operation, mode and how often, by the word on the button.
MOODS = {
    "silent": ("order/create", "timeout_after_accept", 1),
    "refuses_cancel": ("order/cancel", "502", 1),
    "sold_out": ("order/create", "out_of_stock", 1),
    "down": ("*", "503", -1),
}
BALANCES = {"low": LITTLE, "empty": 0, "full": PLENTY}


@dataclass(frozen=True)
class SupplierAccount:
    """An account of ours at the supplier, one for each key; ``calls`` since it was started."""

    number: int
    key_id: str
    balance: Decimal
    calls: int


@dataclass(frozen=True)
class SupplierInvoice:
    """A deposit of ours at the supplier that waits to be paid."""

    order_id: str
    amount: Decimal
    total: Decimal


@dataclass(frozen=True)
class SentNote:
    """``answer`` is the status we answered last, None when nobody did."""

    id: int
    event: str
    about: str
    mode: str
    sent_at: datetime | None
    answer: int | None
    accepted: bool


def accounts() -> list[SupplierAccount]:
    """In the order of the keys. Raises ServiceError when the simulator does not answer, like all here."""
    found = remote.get(settings.SANDBOX_OTPZAP_URL, "accounts")["accounts"]
    return [SupplierAccount(row["account"], row["key_id"], Decimal(row["balance"]), row["calls"]) for row in found]


def invoices() -> list[SupplierInvoice]:
    """What we should pay, newest first."""
    found = remote.get(settings.SANDBOX_OTPZAP_URL, "topups")["topups"]
    return [
        SupplierInvoice(row["order_id"], Decimal(row["amount"]), Decimal(row["total_amount"]))
        for row in found
        if row["status"] == "pending"
    ]


def notes(most: int) -> list[SentNote]:
    """The newest first."""
    found = remote.get(settings.SANDBOX_OTPZAP_URL, "deliveries", limit=str(most))["deliveries"]
    return [_note(row) for row in found]


def _note(row: dict[str, Any]) -> SentNote:
    last = row["attempts"][-1] if row["attempts"] else {}
    sent_at = datetime.fromtimestamp(last["at"], UTC) if last else None
    return SentNote(
        row["id"], row["event"], row["about"], row["mode"], sent_at, last.get("status"), bool(row["accepted"])
    )


def moods() -> list[str]:
    """What is still going to go wrong, by the words on the buttons."""
    pending = remote.get(settings.SANDBOX_OTPZAP_URL, "misbehave")["pending"]
    known = {(operation, mode): word for word, (operation, mode, _times) in MOODS.items()}
    found = (known.get((rule["operation"], rule["mode"]), "") for rule in pending)
    return [word for word in dict.fromkeys(found) if word]


def set_balance(*, account: int, level: str) -> Decimal:
    """Our balance is ``low``, ``empty`` or ``full`` from now on; returns it in rupiah."""
    wanted = {"account": account, "balance": BALANCES[level]}
    return Decimal(remote.post(settings.SANDBOX_OTPZAP_URL, "account", wanted)["balance"])


def pay_invoice(*, order_id: str) -> Decimal:
    """Pay a deposit of ours; returns what is credited."""
    return Decimal(remote.post(settings.SANDBOX_OTPZAP_URL, "topup/pay", {"order_id": order_id})["amount"])


def send_again(*, number: int) -> None:
    """The very same note once more."""
    remote.post(settings.SANDBOX_OTPZAP_URL, "webhook/again", {"id": number})


def send_wrong(*, about: str, event: str, mode: str) -> None:
    """A note about the same order or deposit that must not be believed."""
    subject: dict[str, Any] = {"order_id": int(about)} if about.isdecimal() else {"topup": about}
    remote.post(settings.SANDBOX_OTPZAP_URL, "webhook/send", {**subject, "event": event, "mode": mode})


def misbehave(*, mood: str) -> None:
    operation, mode, times = MOODS[mood]
    wanted = {"operation": operation, "mode": mode, "times": times}
    remote.post(settings.SANDBOX_OTPZAP_URL, "misbehave", wanted)


def behave() -> None:
    remote.delete(settings.SANDBOX_OTPZAP_URL, "misbehave")
