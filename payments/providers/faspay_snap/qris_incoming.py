"""What Faspay tells of a QR: read strictly, answered in its words. Pure. Source: docs/qris.md, "Being told"."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from payments.providers.faspay_snap import incoming, schemas
from payments.providers.faspay_snap.adapter import flag_of
from payments.providers.faspay_snap.incoming import QR_NOTIFY, Answer, wrong_format
from payments.providers.faspay_snap.letters import amount_in, optional, text
from payments.providers.types import Flag

_SAID = "Request has been processed successfully"


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

    Status 00 with an amount that is unreadable or nothing is refused; without any amount it is taken and asked about.
    """
    ours = text(payload, "originalPartnerReferenceNo", 64).strip()
    theirs = optional(payload, "originalReferenceNo", 64).strip()
    raw = text(payload, "latestTransactionStatus", 2)
    if not (len(raw) == 2 and raw.isdigit()):
        raise wrong_format("latestTransactionStatus")
    amount, currency = amount_in(payload, "amount", paid=flag_of(raw) is Flag.PAID)
    return QrNews(ours, theirs, flag_of(raw), raw, amount, currency, _paid_at(payload))


def _paid_at(payload: Mapping[str, Any]) -> datetime | None:
    info = payload.get("additionalInfo")
    inner = (info.get("paymentDate") or info.get("paidTime")) if isinstance(info, dict) else None
    return schemas.read_time(inner or payload.get("paidTime"))


def accepted() -> Answer:
    """The success answer, whatever the status told."""
    return incoming.accepted(QR_NOTIFY, {}, message=_SAID)
