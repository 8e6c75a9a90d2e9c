"""What the pages of the sandbox ask of the simulators, by their control API."""

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import phonenumbers
from django.conf import settings
from django.utils.translation import gettext as _

from config.lib import http
from config.lib.clock import JAKARTA
from config.lib.errors import ServiceError

LISTED = "60"


@dataclass(frozen=True)
class VirtualAccount:
    trx_id: str
    number: str
    name: str
    bank: str
    amount: Decimal
    paid_amount: Decimal
    status: str
    expires_at: datetime

    @property
    def waits(self) -> bool:
        """Whether money is still expected on it."""
        return self.status == "pending"


@dataclass(frozen=True)
class RentedNumber:
    """``country`` is empty for a number that was set aside for one service."""

    order_id: int
    number: str
    service: str
    country: str
    messages: list[dict[str, Any]]
    expires_at: datetime


@dataclass(frozen=True)
class RentedInbox:
    """``subject`` and ``pattern`` are what the renter lets in."""

    ref: str
    email: str
    site: str
    subject: str
    pattern: str
    messages: list[dict[str, Any]]
    expires_at: datetime


def virtual_accounts() -> list[VirtualAccount]:
    """Newest first, of all customers. Raises ServiceError when the bank does not answer."""
    found = get(settings.SANDBOX_FASPAY_URL, "accounts")["accounts"]
    return [
        VirtualAccount(
            trx_id=row["trxId"],
            number=row["virtualAccountNo"],
            name=row["name"],
            bank=row["bank"],
            amount=Decimal(row["amount"]),
            paid_amount=Decimal(row["paidAmount"]),
            status=row["status"],
            expires_at=datetime.fromisoformat(row["expiredDate"]),
        )
        for row in found
    ]


def rented_numbers() -> list[RentedNumber]:
    """The live ones, newest first. Raises ServiceError when the phone network does not answer."""
    found = get(settings.SANDBOX_OTPZAP_URL, "activations", live="1")["activations"]
    return [
        RentedNumber(
            order_id=row["order_id"],
            number=_spaced(row["phone_number"]),
            service=row["service_name"],
            country=row["country_name"] or "",
            messages=row["otps"],
            expires_at=_provider_time(row["expires_at"]),
        )
        for row in found
    ]


def rented_inboxes() -> list[RentedInbox]:
    """The live ones, newest first. Raises ServiceError when the post office does not answer."""
    found = get(settings.SANDBOX_OTPZAP_URL, "mails", live="1")["mails"]
    return [
        RentedInbox(
            ref=row["ref"],
            email=row["email"],
            site=row["site"],
            subject=row["subject"],
            pattern=row["regex"],
            messages=row["messages"],
            expires_at=_provider_time(row["expires_at"]),
        )
        for row in found
    ]


def pay(*, trx_id: str, amount: Decimal | None = None, late: bool = False) -> VirtualAccount | None:
    """Pay into an account in full or another ``amount`` (rupiah); the portal is told within a moment."""
    wanted: dict[str, Any] = {"trxId": trx_id, "late": late}
    if amount is not None:
        wanted["amount"] = str(amount)
    post(settings.SANDBOX_FASPAY_URL, "pay", wanted)
    return next((account for account in virtual_accounts() if account.trx_id == trx_id), None)


def notify_again(*, trx_id: str) -> None:
    """Send the notification of the last payment once more, without paying."""
    post(settings.SANDBOX_FASPAY_URL, "notify", {"trxId": trx_id})


def expire_account(*, trx_id: str) -> None:
    """Let the bank's own time for an account end now."""
    post(settings.SANDBOX_FASPAY_URL, "expire", {"trxId": trx_id})


def deliver(*, order_id: int, code: str, message: str) -> str:
    """An SMS arrives; returns the number it went to."""
    wanted = {"order_id": order_id, "code": code or None, "message": message or None}
    return _spaced(post(settings.SANDBOX_OTPZAP_URL, "deliver", wanted)["phone_number"])


def end_number(*, order_id: int) -> str:
    """The time of a number ends now; returns the number."""
    return _spaced(post(settings.SANDBOX_OTPZAP_URL, "expire", {"order_id": order_id})["phone_number"])


def deliver_mail(*, ref: str, subject: str | None = None, text: str | None = None, **more: str | None) -> bool:
    """A mail arrives in an inbox; False when its renter's subject keeps it out. ``more``: sender, html, code."""
    wanted = {"ref": ref, "subject": subject, "text": text, **more}
    given = {name: value for name, value in wanted.items() if value is not None}
    return bool(post(settings.SANDBOX_OTPZAP_URL, "mail/deliver", given)["taken"])


def end_inbox(*, ref: str) -> str:
    """The time of an inbox ends now; returns its address."""
    return str(post(settings.SANDBOX_OTPZAP_URL, "mail/expire", {"ref": ref})["email"])


def get(base: str, path: str, **params: str) -> dict[str, Any]:
    """Look at something in a simulator's control API. Raises ServiceError when it does not answer."""
    return _ask("GET", base, path, params={"limit": LISTED, **params})


def post(base: str, path: str, wanted: dict[str, Any]) -> dict[str, Any]:
    """Do something by a simulator's control API. Raises ServiceError when it refuses or does not answer."""
    return _ask("POST", base, path, body=json.dumps(wanted).encode())


def delete(base: str, path: str) -> None:
    """Undo something by a simulator's control API. Raises ServiceError when it does not answer."""
    _ask("DELETE", base, path)


def _ask(
    method: str, base: str, path: str, *, body: bytes | None = None, params: dict[str, str] | None = None
) -> dict[str, Any]:
    url = f"{base}/_control/{path}"
    try:
        reply = http.send(method, url, headers={}, label="sandbox", body=body, params=params)
        answer = json.loads(reply.body)
    except (http.HttpError, ValueError) as error:
        raise ServiceError(_("The simulator does not answer."), code="simulator_down") from error
    if reply.status != 200:
        reason = answer.get("error", reply.status)
        raise ServiceError(_("The simulator refused: %(reason)s") % {"reason": reason}, code="simulator_refused")
    return dict(answer)


def _provider_time(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S WIB").replace(tzinfo=JAKARTA)


def _spaced(number: str) -> str:
    parsed = phonenumbers.parse(number)
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
