"""The bodies that Faspay's SNAP side sends: told apart, read by strict types, echoed as they came.

Everything here runs after the signature was checked. Pure. Source: Faspay contract 3.2, 3.3 and 4.2.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from payments.providers.faspay_snap import schemas
from payments.providers.faspay_snap.adapter import flag_of
from payments.providers.faspay_snap.codes import Case
from payments.providers.faspay_snap.incoming import Refusal, missing, wrong_format
from payments.providers.types import Flag

NOTIFICATION, PAYMENT_FLAG, LEGACY, UNKNOWN = "notification", "payment_flag", "legacy", "unknown"

_PRINTABLE = re.compile(r"[\x20-\x7e]*", re.ASCII)
_ECHOED = ("partnerServiceId", "customerNo", "virtualAccountNo", "virtualAccountName", "trxId", "paymentRequestId")


@dataclass(frozen=True)
class Naming:
    """How a number is named; ``number`` and the others without blanks."""

    number: str
    partner_service_id: str
    customer_no: str


@dataclass(frozen=True)
class Notification:
    """News of one virtual account. ``amount`` is None when none was named; a permanent number has no ``trx_id``."""

    trx_id: str
    number: str
    partner_service_id: str
    customer_no: str
    flag: Flag
    raw_flag: str
    amount: Decimal | None
    currency: str
    paid_at: datetime | None
    raw_time: str = ""
    payment_request_id: str = ""
    reference_no: str = ""


@dataclass(frozen=True)
class Inquiry:
    """A bank asks who stands behind a permanent number."""

    naming: Naming
    inquiry_request_id: str


@dataclass(frozen=True)
class PaymentFlag:
    """A bank asks whether it may take a payment to a permanent number. Amount in whole units of ``currency``."""

    naming: Naming
    payment_request_id: str
    reference_no: str
    trx_id: str
    amount: Decimal
    currency: str
    paid_at: datetime
    raw_time: str


def kind_of(payload: Mapping[str, Any]) -> str:
    """Three kinds of message share the payment path; the body tells them apart (Faspay contract 4.2)."""
    info = payload.get("additionalInfo")
    if isinstance(info, dict) and "latestTransactionStatus" in info:
        return NOTIFICATION
    if "signature" in payload and (
        "payment_status_code" in payload or payload.get("request") == "Payment Notification"
    ):
        return LEGACY
    return PAYMENT_FLAG if "trxDateTime" in payload else UNKNOWN


def read_notification(payload: Mapping[str, Any]) -> Notification:
    """The fields of a notification. Refuses with the name of the first field that is missing or wrong."""
    naming = _naming(payload)
    request_id = text(payload, "paymentRequestId", 128)
    trx_id = optional(payload, "trxId", 32)
    info: Mapping[str, Any] = payload["additionalInfo"]
    raw_flag = text(info, "latestTransactionStatus", 2)
    amount, currency = amount_in(payload, "paidAmount", paid=flag_of(raw_flag) is Flag.PAID)
    return Notification(
        trx_id=trx_id.strip(),
        number=naming.number,
        partner_service_id=naming.partner_service_id,
        customer_no=naming.customer_no,
        flag=flag_of(raw_flag),
        raw_flag=raw_flag,
        amount=amount,
        currency=currency,
        paid_at=schemas.read_time(info.get("paymentDate")),
        raw_time=schemas.text_of(info, "paymentDate", limit=40),
        payment_request_id=request_id.strip(),
        reference_no=optional(payload, "referenceNo", 64).strip(),
    )


def read_inquiry(payload: Mapping[str, Any]) -> Inquiry:
    """The fields of an inquiry; unknown ones are let be. Refuses as `read_notification` does."""
    return Inquiry(_naming(payload), text(payload, "inquiryRequestId", 128))


def read_flag(payload: Mapping[str, Any]) -> PaymentFlag:
    """The fields of a payment flag. Refuses as `read_notification` does, also an amount of nothing."""
    naming = _naming(payload)
    request_id = text(payload, "paymentRequestId", 128)
    if payload.get("paidAmount") is None:
        raise missing("paidAmount")
    amount, currency = amount_in(payload, "paidAmount", paid=True)
    raw_time = text(payload, "trxDateTime", 40)
    reference = text(payload, "referenceNo", 32)
    paid_at = schemas.read_time(raw_time)
    if amount is None or paid_at is None:
        raise wrong_format("trxDateTime")
    trx_id = optional(payload, "trxId", 32)
    return PaymentFlag(naming, request_id, reference.strip(), trx_id.strip(), amount, currency, paid_at, raw_time)


def read_nothing(payload: Mapping[str, Any]) -> Refusal:
    """Why a body on the payment path is neither a flag nor a notification: the first field that it lacks."""
    try:
        _naming(payload)
        text(payload, "paymentRequestId", 128)
    except Refusal as refusal:
        return refusal
    info = payload.get("additionalInfo")
    if info is not None and not isinstance(info, dict):
        return wrong_format("additionalInfo")
    return missing("trxDateTime" if info is None else "latestTransactionStatus")


def echo_of(payload: Mapping[str, Any]) -> dict[str, Any]:
    """What goes back of a payment: exactly as it came, blanks included."""
    data = {name: payload[name] for name in _ECHOED if isinstance(payload.get(name), str)}
    given = payload.get("paidAmount")
    if isinstance(given, dict):
        data["paidAmount"] = {name: given[name] for name in ("value", "currency") if isinstance(given.get(name), str)}
    return data


def inquired(
    payload: Mapping[str, Any], *, name: str, email: str, phone: str, amount: Decimal, currency: str
) -> dict[str, Any]:
    """What is said of a permanent number (Faspay contract 3.2); 0.00 where the payer may choose the amount."""
    echoed = ("partnerServiceId", "customerNo", "virtualAccountNo", "inquiryRequestId")
    return {
        **{field: payload[field] for field in echoed},
        "virtualAccountName": name_of(name),
        "virtualAccountEmail": email[:255],
        "virtualAccountPhone": schemas.clean_phone(phone),
        "totalAmount": {"value": schemas.amount_text(amount), "currency": currency},
    }


def name_of(name: str) -> str:
    """A customer's name as it may be said to a bank."""
    return schemas.clean_name(name, limit=50) or "Customer"


def _naming(payload: Mapping[str, Any]) -> Naming:
    service, customer = _digits(payload, "partnerServiceId", 8), _digits(payload, "customerNo", 20)
    return Naming(_digits(payload, "virtualAccountNo", 28), service, customer)


def text(data: Mapping[str, Any], name: str, limit: int) -> str:
    """A mandatory text of plain characters. Refuses with its name."""
    value = data.get(name)
    if value is None or value == "":
        raise missing(name)
    if not isinstance(value, str) or len(value) > limit or not _PRINTABLE.fullmatch(value):
        raise wrong_format(name)
    return value


def optional(data: Mapping[str, Any], name: str, limit: int) -> str:
    """A text that may be missing, null or empty."""
    return "" if data.get(name) in (None, "") else text(data, name, limit)


def _digits(data: Mapping[str, Any], name: str, limit: int) -> str:
    value = text(data, name, limit).strip(" ")
    if not (value.isascii() and value.isdigit()):
        raise wrong_format(name)
    return value


def amount_in(payload: Mapping[str, Any], name: str, *, paid: bool) -> tuple[Decimal | None, str]:
    """(value, currency) of the amount called ``name``; (None, "") without one. What is paid is not nothing."""
    given = payload.get(name)
    if given is None:
        return None, ""
    if not isinstance(given, dict):
        raise wrong_format(name)
    value, currency = text(given, "value", 20), text(given, "currency", 3)
    amount = schemas.read_amount(value)
    if amount is None or (paid and amount == 0):
        raise Refusal(Case.INVALID_AMOUNT)
    return amount, currency
