"""What Faspay's legacy side sends us: the activation callback and the payment notification, and how it is answered.

Pure: no table, no clock, no settings. Source: Faspay contract 4.1, 5.3 and 5.5.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from config.lib.clock import JAKARTA
from payments.providers.faspay_ovo import repair, schemas, signing
from payments.providers.faspay_ovo.repair import JSON, XML, Unreadable

__all__ = ["JSON", "XML", "Unreadable"]

BODY_LIMIT = 64 * 1024
_TYPES = {JSON: "application/json", XML: "application/xml"}


class Status(StrEnum):
    """What a payment_status_code means."""

    UNPROCESSED = "0"
    IN_PROCESS = "1"
    SUCCESS = "2"
    FAILED = "3"
    REVERSAL = "4"
    NO_BILLS = "5"
    EXPIRED = "7"
    CANCELLED = "8"
    UNKNOWN = "9"


@dataclass(frozen=True)
class LinkHint:
    """Somebody says that an activation ended. It is not signed: ask for the balance before believing it."""

    phone: str = field(repr=False)
    code: str

    @property
    def success(self) -> bool:
        return self.code == "00"


@dataclass(frozen=True)
class Notice:
    """News of one bill. The signature covers ``bill_no`` and ``raw_status`` only: compare the amounts, and confirm.

    Amounts in rupiah, None when missing or unreadable; ``paid_at`` in UTC. ``form`` is how it came.
    """

    form: str
    trx_id: str
    merchant_id: str
    bill_no: str
    reference: str
    status: Status
    raw_status: str
    bill_total: Decimal | None
    payment_total: Decimal | None
    channel: str
    paid_at: datetime | None
    signature: str = field(repr=False)


@dataclass(frozen=True)
class Answer:
    content_type: str
    body: bytes


def read_link_callback(query: Mapping[str, str], body: bytes) -> LinkHint:
    """The activation callback, by GET or POST: out of the query first, else out of a JSON or XML body.

    Raises `Unreadable`, also for a phone number that is none.
    """
    tree: Mapping[str, object] = query
    if "phone_number" not in query and "phone_no" not in query:
        tree = _tree(body)
    given = schemas.text_of(tree, "phone_number", limit=20) or schemas.text_of(tree, "phone_no", limit=20)
    try:
        return LinkHint(schemas.phone_of(given), repair.code_of(tree.get("response_code")))
    except schemas.UnusablePhone as error:
        raise Unreadable("no phone number") from error


def _tree(body: bytes) -> repair.Tree:
    if len(body) > BODY_LIMIT:
        raise Unreadable("too long")
    return repair.read_xml(body) if repair.format_of(body) == XML else repair.read_json(body)


def is_legacy(body: bytes) -> bool:
    """Whether ``body`` is a legacy notification: it may come to the SNAP address too (Faspay contract 4.2)."""
    try:
        tree = _tree(body)
    except Unreadable:
        return False
    return "signature" in tree and "payment_status_code" in tree


def read_notification(body: bytes) -> Notice:
    """The fields of a payment notification, its signature not yet checked.

    Raises `Unreadable` when it is too long, no JSON or XML, or when a field that is needed to know the bill is not
    there. Older forms have ``amount`` for both totals (Faspay contract 4.1).
    """
    tree = _tree(body)
    raw_status = schemas.text_of(tree, "payment_status_code", limit=2)
    bill_no, signature = schemas.text_of(tree, "bill_no", limit=32), schemas.text_of(tree, "signature", limit=40)
    if not (raw_status and bill_no and signature):
        raise Unreadable("a field is missing")
    reference = schemas.text_of(tree, "payment_reff", limit=32)
    return Notice(
        form=repair.format_of(body),
        trx_id=schemas.text_of(tree, "trx_id", limit=32),
        merchant_id=schemas.text_of(tree, "merchant_id", limit=16),
        bill_no=bill_no,
        reference="" if reference == "null" else reference,
        status=Status(raw_status) if raw_status in set(Status) else Status.UNKNOWN,
        raw_status=raw_status,
        bill_total=schemas.read_amount(tree.get("bill_total", tree.get("amount"))),
        payment_total=schemas.read_amount(tree.get("payment_total", tree.get("amount"))),
        channel=schemas.text_of(tree, "payment_channel_uid", limit=16),
        paid_at=schemas.read_time(tree.get("payment_date")),
        signature=signature,
    )


def is_signed(notice: Notice, *, user_id: str, password: str) -> bool:
    """Whether Faspay's digest fits; compared in constant time. Never without a password."""
    if not (user_id and password):
        return False
    wanted = signing.notification_signature(user_id, password, notice.bill_no, notice.raw_status)
    return signing.same(notice.signature, wanted)


def accepted(notice: Notice, *, now: datetime) -> Answer:
    """Code 00, in the format the notification came in; the same for a repetition."""
    return _answer(notice.form, notice, "00", "Success", now)


def refused(notice: Notice, *, now: datetime) -> Answer:
    """Code 01 for a notification that was read and is not taken: Faspay will send it again."""
    return _answer(notice.form, notice, "01", "Failed", now)


def unreadable(body: bytes, *, now: datetime) -> Answer:
    """Code 01 for what could not be read; nothing of it is echoed."""
    return _answer(repair.format_of(body), None, "01", "Failed", now)


def _answer(form: str, notice: Notice | None, code: str, words: str, now: datetime) -> Answer:
    fields = {
        "response": "Payment Notification",
        "trx_id": notice.trx_id if notice else "",
        "merchant_id": notice.merchant_id if notice else "",
        "bill_no": notice.bill_no if notice else "",
        "response_code": code,
        "response_desc": words,
        "response_date": now.astimezone(JAKARTA).strftime("%Y-%m-%d %H:%M:%S"),
    }
    return Answer(_TYPES[form], schemas.render(form, fields))
