"""What Faspay's SNAP side sends us: checked in a fixed order, and how it is answered.

Pure: no table, no clock of its own. Source: Faspay contract 1.2-1.5 and 7; the bodies are read in letters.py.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NoReturn

from payments.providers.faspay_snap import codes, signing
from payments.providers.faspay_snap.codes import Case

# A message is a few hundred bytes; what is far longer is not hashed and parsed for strangers.
BODY_LIMIT = 64 * 1024
_MANDATORY = ("X-TIMESTAMP", "X-SIGNATURE", "X-PARTNER-ID", "X-EXTERNAL-ID")
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_PRINTABLE = re.compile(r"[\x20-\x7e]*", re.ASCII)


@dataclass(frozen=True)
class Door:
    """One service that Faspay calls. ``path`` is what is signed, whatever prefix our address has (contract 1.3)."""

    path: str
    service: str


INQUIRY = Door("/v1.0/transfer-va/inquiry", codes.INQUIRY)
PAYMENT = Door("/v1.0/transfer-va/payment", codes.PAYMENT)
QR_NOTIFY = Door("/v1.0/qr/qr-mpm-notify", codes.QR_NOTIFY)


class Refusal(Exception):
    """A message that is answered with an error. ``detail`` is added to the words of the case."""

    def __init__(self, case: Case, detail: str = "", *, message: str = "") -> None:
        self.case = case
        self.message = message or f"{case.said} {detail}".strip()
        super().__init__(self.message)


def missing(name: str) -> Refusal:
    return Refusal(Case.MISSING_FIELD, f"{{{name}}}")


def wrong_format(name: str) -> Refusal:
    return Refusal(Case.INVALID_FORMAT, f"{{{name}}}")


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


def check_method(method: str) -> None:
    if method != "POST":
        raise Refusal(Case.NOT_SUPPORTED)


def check_size(call: Call) -> None:
    if len(call.body) > BODY_LIMIT:
        raise Refusal(Case.BAD_REQUEST)


def check_headers(call: Call, *, partner_id: str) -> datetime:
    """Everything about the headers that can be said without a key; returns X-TIMESTAMP.

    CHANNEL-ID is recorded, never judged; a bearer token is ignored (Faspay contract 1.1).
    """
    for name in _MANDATORY:
        if not call.headers.get(name, "").strip():
            raise missing(name)
    moment = _moment(call.headers["X-TIMESTAMP"])
    if moment is None:
        raise wrong_format("X-TIMESTAMP")
    external_id = call.headers["X-EXTERNAL-ID"]
    if len(external_id) > 36 or not _PRINTABLE.fullmatch(external_id):
        raise wrong_format("X-EXTERNAL-ID")
    if call.headers["X-PARTNER-ID"].strip() != partner_id:
        raise Refusal(Case.UNAUTHORIZED, message="Unauthorized. [X-PARTNER-ID]")
    return moment


def _moment(text: str) -> datetime | None:
    if not _TIMESTAMP.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    # A year at either end of the calendar would overflow.
    return moment if 2000 < moment.year < 9000 else None


def check_signature(door: Door, call: Call, keys: Iterable[signing.PublicKey], *, repad: bool) -> signing.Match:
    """Which key signed the raw bytes, in which form. Refuses what none did."""
    match = signing.verify(
        keys,
        method="POST",
        path=door.path,
        body=call.body,
        timestamp=call.headers["X-TIMESTAMP"],
        signature=call.headers["X-SIGNATURE"],
        repad=repad,
    )
    if match is None:
        raise Refusal(Case.UNAUTHORIZED, "Signature")
    return match


def check_time(sent: datetime, *, now: datetime, tolerance: timedelta) -> None:
    """Refuses what was signed too long ago, or is ahead of us."""
    if abs(now - sent) > tolerance:
        raise Refusal(Case.UNAUTHORIZED, message="Unauthorized. [X-TIMESTAMP]")


def expected_text(door: Door, call: Call) -> str:
    """The text that should have been signed: kept when a signature fails, to compare with Faspay."""
    timestamp = call.headers.get("X-TIMESTAMP", "")[:64].replace("\x00", "")
    return signing.string_to_sign("POST", door.path, signing.minify(call.body), timestamp).decode("utf-8", "replace")


def parse(body: bytes) -> dict[str, Any]:
    """The JSON object in ``body``, strictly: UTF-8, no double names, no NaN. Refuses anything else."""
    try:
        value = json.loads(body.decode(), object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Refusal(Case.BAD_REQUEST) from error
    if not isinstance(value, dict):
        raise Refusal(Case.BAD_REQUEST)
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def accepted(door: Door, data: Mapping[str, Any], *, message: str = "") -> Answer:
    """The success answer with its ``virtualAccountData``, where the service has one."""
    return _answer(Case.SUCCESSFUL.code(door.service), message or Case.SUCCESSFUL.said, data)


def refused(door: Door, refusal: Refusal) -> Answer:
    """An error answer."""
    return _answer(refusal.case.code(door.service), refusal.message, {})


def _answer(code: str, message: str, data: Mapping[str, Any]) -> Answer:
    body: dict[str, Any] = {"responseCode": code, "responseMessage": message}
    if data:
        body["virtualAccountData"] = data
    return Answer(code, json.dumps(body, ensure_ascii=True, separators=(",", ":")))
