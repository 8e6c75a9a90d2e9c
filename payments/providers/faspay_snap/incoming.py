"""What Faspay sends us: checked in a fixed order, read strictly, answered in SNAP's words.

Pure: no table, no clock of its own. Source: Faspay contract 1.2-1.5, 3.3, 4.2 and 7.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NoReturn

from payments.providers.faspay_snap import schemas, signing
from payments.providers.faspay_snap.adapter import flag_of
from payments.providers.types import Flag

# Signed as this path whatever prefix our address has (Faspay contract 1.3).
PAYMENT_PATH = "/v1.0/transfer-va/payment"
_SERVICE = "25"
BODY_LIMIT = 64 * 1024
_MANDATORY = ("X-TIMESTAMP", "X-SIGNATURE", "X-PARTNER-ID", "X-EXTERNAL-ID")
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_PRINTABLE = re.compile(r"[\x20-\x7e]*", re.ASCII)
_ECHOED = ("partnerServiceId", "customerNo", "virtualAccountNo", "virtualAccountName", "trxId", "paymentRequestId")

NOTIFICATION, PAYMENT_FLAG, LEGACY, UNKNOWN = "notification", "payment_flag", "legacy", "unknown"


class Refusal(Exception):
    """A message that is answered with an error: ``case`` is HTTP status and case code, as 40001."""

    def __init__(self, case: str, message: str) -> None:
        super().__init__(message)
        self.code = case[:3] + _SERVICE + case[3:]
        self.message = message

    @property
    def status(self) -> int:
        return int(self.code[:3])


@dataclass(frozen=True)
class Call:
    """An incoming request as it came: header names in capitals, body untouched."""

    method: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """What goes back: a SNAP code of seven digits and its JSON, plain ASCII."""

    code: str
    body: str

    @property
    def status(self) -> int:
        return int(self.code[:3])


@dataclass(frozen=True)
class Notification:
    """News of one virtual account. ``number`` is stripped; ``amount`` None when none was named."""

    trx_id: str
    number: str
    partner_service_id: str
    customer_no: str
    flag: Flag
    raw_flag: str
    amount: Decimal | None
    currency: str
    paid_at: datetime | None


@dataclass(frozen=True)
class Verified:
    """A message that Faspay signed."""

    external_id: str
    match: signing.Match
    payload: Mapping[str, Any] = field(default_factory=dict)


def check_method(method: str) -> None:
    if method != "POST":
        raise Refusal("40500", "Requested Function Is Not Supported")


def check_size(call: Call) -> None:
    """A notification is a few hundred bytes; what is far longer is not hashed and parsed for strangers."""
    if len(call.body) > BODY_LIMIT:
        raise Refusal("40000", "Bad Request")


def check_headers(call: Call, *, partner_id: str) -> None:
    """Everything about the headers that can be said without a key. CHANNEL-ID is recorded, never judged."""
    for name in _MANDATORY:
        if not call.headers.get(name, "").strip():
            raise Refusal("40002", f"Missing Mandatory Field {{{name}}}")
    if not _TIMESTAMP.fullmatch(call.headers["X-TIMESTAMP"]) or _moment(call) is None:
        raise Refusal("40001", "Invalid Field Format {X-TIMESTAMP}")
    external_id = call.headers["X-EXTERNAL-ID"]
    if len(external_id) > 36 or not _PRINTABLE.fullmatch(external_id):
        raise Refusal("40001", "Invalid Field Format {X-EXTERNAL-ID}")
    if call.headers["X-PARTNER-ID"].strip() != partner_id:
        raise Refusal("40100", "Unauthorized. [X-PARTNER-ID]")


def check_signature(
    call: Call, keys: Iterable[signing.PublicKey], *, now: datetime, tolerance: timedelta
) -> signing.Match:
    """Which key signed the raw bytes; refuses what none did, and what is too old or too new."""
    match = signing.verify(
        keys,
        method="POST",
        path=PAYMENT_PATH,
        body=call.body,
        timestamp=call.headers["X-TIMESTAMP"],
        signature=call.headers["X-SIGNATURE"],
    )
    if match is None:
        raise Refusal("40100", "Unauthorized Signature")
    sent = _moment(call)
    if sent is None or abs(now - sent) > tolerance:
        raise Refusal("40100", "Unauthorized. [X-TIMESTAMP]")
    return match


def _moment(call: Call) -> datetime | None:
    try:
        moment = datetime.fromisoformat(call.headers["X-TIMESTAMP"])
        return moment if moment.tzinfo and 2000 < moment.year < 9000 else None
    except ValueError:
        return None


def expected_text(call: Call) -> str:
    """The text that should have been signed: kept when a signature fails, to compare with Faspay."""
    timestamp = call.headers.get("X-TIMESTAMP", "")[:64].replace("\x00", "")
    return signing.string_to_sign("POST", PAYMENT_PATH, signing.minify(call.body), timestamp).decode("utf-8", "replace")


def parse(body: bytes) -> dict[str, Any]:
    """The JSON object in ``body``, strictly: no double names, no NaN. Refuses anything else."""
    try:
        value = json.loads(body, object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Refusal("40000", "Bad Request") from error
    if not isinstance(value, dict):
        raise Refusal("40000", "Bad Request")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def kind_of(payload: Mapping[str, Any]) -> str:
    """Three kinds of message share one path; the body tells them apart (Faspay contract 4.2)."""
    info = payload.get("additionalInfo")
    if isinstance(info, dict) and "latestTransactionStatus" in info:
        return NOTIFICATION
    if payload.get("request") == "Payment Notification" and "signature" in payload:
        return LEGACY
    return PAYMENT_FLAG if "trxDateTime" in payload else UNKNOWN


def read_notification(payload: Mapping[str, Any]) -> Notification:
    """The fields of a notification, by strict types. Refuses with the name of the first field that is wrong."""
    number = _digits(payload, "virtualAccountNo", 28)
    service, customer = _digits(payload, "partnerServiceId", 8), _digits(payload, "customerNo", 20)
    _text(payload, "paymentRequestId", 128)
    trx_id = _text(payload, "trxId", 32, mandatory=False)
    info: Mapping[str, Any] = payload["additionalInfo"]
    raw_flag = _text(info, "latestTransactionStatus", 2)
    amount, currency = _paid_amount(payload, paid=flag_of(raw_flag) is Flag.PAID)
    paid_at = schemas.read_time(info.get("paymentDate"))
    return Notification(
        trx_id.strip(), number, service, customer, flag_of(raw_flag), raw_flag, amount, currency, paid_at
    )


def _text(data: Mapping[str, Any], name: str, limit: int, *, mandatory: bool = True) -> str:
    value = data.get(name)
    if value is None and not mandatory:
        return ""
    if value is None or value == "":
        raise Refusal("40002", f"Missing Mandatory Field {{{name}}}")
    if not isinstance(value, str) or len(value) > limit or not _PRINTABLE.fullmatch(value):
        raise Refusal("40001", f"Invalid Field Format {{{name}}}")
    return value


def _digits(data: Mapping[str, Any], name: str, limit: int) -> str:
    value = _text(data, name, limit).strip(" ")
    if not re.fullmatch(r"[0-9]+", value):
        raise Refusal("40001", f"Invalid Field Format {{{name}}}")
    return value


def _paid_amount(payload: Mapping[str, Any], *, paid: bool) -> tuple[Decimal | None, str]:
    if payload.get("paidAmount") is None:
        return None, ""
    given = payload["paidAmount"]
    if not isinstance(given, dict):
        raise Refusal("40001", "Invalid Field Format {paidAmount}")
    value = _text(given, "value", 20)
    currency = _text(given, "currency", 3)
    amount = schemas.read_amount(value)
    if amount is None or (paid and amount == 0):
        raise Refusal("40413", "Invalid Amount")
    return amount, currency


def accepted(payload: Mapping[str, Any]) -> Answer:
    """The success answer: what came is echoed exactly as it came, blanks included."""
    data = {name: payload[name] for name in _ECHOED if isinstance(payload.get(name), str)}
    if isinstance(payload.get("paidAmount"), dict):
        echo = payload["paidAmount"]
        data["paidAmount"] = {name: echo[name] for name in ("value", "currency") if isinstance(echo.get(name), str)}
    return _answer(f"200{_SERVICE}00", "Successful", data)


def refused(refusal: Refusal) -> Answer:
    """An error answer."""
    return _answer(refusal.code, refusal.message, None)


def _answer(code: str, message: str, data: Mapping[str, Any] | None) -> Answer:
    body: dict[str, Any] = {"responseCode": code, "responseMessage": message}
    if data:
        body["virtualAccountData"] = data
    return Answer(code, json.dumps(body, ensure_ascii=True, separators=(",", ":")))
