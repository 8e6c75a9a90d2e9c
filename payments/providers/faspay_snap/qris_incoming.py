"""What Faspay tells of a QR: read strictly, answered in its words. Pure. Source: docs/qris.md, "Being told"."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from payments.providers.faspay_snap import schemas
from payments.providers.faspay_snap.adapter import flag_of
from payments.providers.faspay_snap.incoming import Answer, Refusal
from payments.providers.types import Flag

PATH = "/v1.0/qr/qr-mpm-notify"
SERVICE = "52"
_PRINTABLE = re.compile(r"[\x20-\x7e]+", re.ASCII)
_TWO_DIGITS = re.compile(r"\d{2}", re.ASCII)


@dataclass(frozen=True)
class QrNews:
    """News of one QR. ``trx_id`` is ours, ``provider_trx_id`` Faspay's; ``amount`` None when none was named."""

    trx_id: str
    provider_trx_id: str
    flag: Flag
    raw_flag: str
    amount: Decimal | None
    currency: str
    paid_at: datetime | None


def read_notification(payload: Mapping[str, Any]) -> QrNews:
    """The fields of a notification, by strict types. Raises `Refusal` with the name of the first that is wrong.

    Whoever pays is told "paid" by an amount: status 00 with an unreadable or zero amount is refused, without any amount
    it is taken and asked about.
    """
    ours = _text(payload, "originalPartnerReferenceNo", 64).strip()
    theirs = _text(payload, "originalReferenceNo", 64, mandatory=False).strip()
    raw = _text(payload, "latestTransactionStatus", 2)
    if not _TWO_DIGITS.fullmatch(raw):
        raise Refusal("40001", "Invalid Field Format {latestTransactionStatus}")
    amount, currency = _amount(payload, paid=flag_of(raw) is Flag.PAID)
    return QrNews(ours, theirs, flag_of(raw), raw, amount, currency, _paid_at(payload))


def _text(data: Mapping[str, Any], name: str, limit: int, *, mandatory: bool = True) -> str:
    value = data.get(name)
    if value is None and not mandatory:
        return ""
    if value is None or value == "":
        if mandatory:
            raise Refusal("40002", f"Missing Mandatory Field {{{name}}}")
        return ""
    if not isinstance(value, str) or len(value) > limit or not _PRINTABLE.fullmatch(value):
        raise Refusal("40001", f"Invalid Field Format {{{name}}}")
    return value


def _amount(payload: Mapping[str, Any], *, paid: bool) -> tuple[Decimal | None, str]:
    given = payload.get("amount")
    if given is None:
        return None, ""
    if not isinstance(given, dict):
        raise Refusal("40001", "Invalid Field Format {amount}")
    value, currency = _text(given, "value", 20), _text(given, "currency", 3)
    amount = schemas.read_amount(value)
    if amount is None or (paid and amount == 0):
        raise Refusal("40413", "Invalid Amount")
    return amount, currency


def _paid_at(payload: Mapping[str, Any]) -> datetime | None:
    info = payload.get("additionalInfo")
    inner = info.get("paymentDate") or info.get("paidTime") if isinstance(info, dict) else None
    return schemas.read_time(inner or payload.get("paidTime"))


def accepted(payload: Mapping[str, Any]) -> Answer:
    """The success answer, whatever the status told."""
    code = f"200{SERVICE}00"
    body = {"responseCode": code, "responseMessage": "Request has been processed successfully"}
    return Answer(code, json.dumps(body, separators=(",", ":")))
