"""What Faspay tells of a QR: read strictly, answered in its words. Pure. Source: docs/qris.md, "Being told"."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from payments.providers.faspay_snap import incoming, letters, schemas
from payments.providers.faspay_snap.adapter import flag_of
from payments.providers.faspay_snap.incoming import Answer
from payments.providers.types import Flag

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
    ours = letters.text(payload, "originalPartnerReferenceNo", 64).strip()
    theirs = letters.optional(payload, "originalReferenceNo", 64).strip()
    raw = letters.text(payload, "latestTransactionStatus", 2)
    if not _TWO_DIGITS.fullmatch(raw):
        raise incoming.wrong_format("latestTransactionStatus")
    amount, currency = letters.amount_in(payload, "amount", paid=flag_of(raw) is Flag.PAID)
    return QrNews(ours, theirs, flag_of(raw), raw, amount, currency, _paid_at(payload))


def _paid_at(payload: Mapping[str, Any]) -> datetime | None:
    info = payload.get("additionalInfo")
    inner = info.get("paymentDate") or info.get("paidTime") if isinstance(info, dict) else None
    return schemas.read_time(inner or payload.get("paidTime"))


def accepted() -> Answer:
    """The success answer, whatever the status told."""
    return incoming.accepted(incoming.QR_NOTIFY, {}, message="Request has been processed successfully")
