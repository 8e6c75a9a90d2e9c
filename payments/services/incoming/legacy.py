"""Faspay's legacy notification, JSON or XML: at its own address, or at the one of SNAP (Faspay contract 4.1, 4.2)."""

import hashlib
import logging

from django.conf import settings
from django.db import Error as DatabaseError

from config.lib.clock import now
from payments.methods import FASPAY_OVO
from payments.models import ProviderMessage
from payments.providers.faspay_ovo import incoming
from payments.providers.faspay_ovo.incoming import Answer, Notice, Unreadable
from payments.providers.faspay_snap.incoming import Call
from payments.services.incoming import keeping
from payments.services.incoming.keeping import Record
from payments.services.incoming.replies import Reply

Decision = ProviderMessage.Decision
Kind = ProviderMessage.Kind
PATH = "/faspay/notification"
# The digest covers bill and status only, and the payer has seen one: no bill may fill our disk with variations. Each
# status has its own count, since whoever has the digest of one has not that of another.
KEPT_PER_BILL = 50
_LONGEST_ID = 64

logger = logging.getLogger(__name__)


def is_legacy(call: Call) -> bool:
    """Whether a message at the SNAP address is of this kind."""
    return incoming.is_legacy(call.body)


def receive_legacy(call: Call) -> Reply:
    """Check, store and answer one legacy notification, in the format it came in; repeats are answered 00.

    Once 00 is answered the message is stored for good and will be acted on.
    """
    if call.method != "POST":
        return _reply(405, incoming.unreadable(b"", now=now()))
    try:
        notice = incoming.read_notification(call.body)
    except Unreadable:
        answer = incoming.unreadable(call.body, now=now())
        return _turn_away(call, answer, 413 if len(call.body) > incoming.BODY_LIMIT else 400)
    refused = incoming.refused(notice, now=now())
    if not incoming.is_signed(notice, user_id=settings.FASPAY_OVO_USER_ID, password=settings.FASPAY_OVO_PASSWORD):
        return _turn_away(call, refused, 401, notice)
    try:
        return _take_in(call, notice)
    except DatabaseError:
        logger.exception("a legacy notification could not be kept, they will send it again")
        return _reply(500, refused)


def _turn_away(call: Call, answer: Answer, status: int, notice: Notice | None = None) -> Reply:
    logger.warning("legacy notification refused: HTTP %s", status)
    record = _record(call, notice, Decision.REFUSED, "01", answer)
    try:
        keeping.keep_unsigned(record)
    except DatabaseError:
        logger.exception("an unsigned message could not be kept")
    return _reply(status, answer)


def _take_in(call: Call, notice: Notice) -> Reply:
    answer = incoming.accepted(notice, now=now())
    record = _record(call, notice, Decision.WAITING, "00", answer)
    if _is_too_much(notice, record):
        logger.error("bill %s: too many different notifications", notice.bill_no)
        return _reply(429, incoming.refused(notice, now=now()))
    if keeping.keep(record) is None:
        keeping.count_repeat(keeping.first_of(record))
    return _reply(200, answer)


def _is_too_much(notice: Notice, record: Record) -> bool:
    """Whether a bill has had enough different messages of this status; a repeat is never too much."""
    same = ProviderMessage.objects.filter(
        kind=Kind.LEGACY, reference=notice.bill_no, verified=True, external_id__startswith=_beginning_of(notice)
    )
    if same.count() < KEPT_PER_BILL:
        return False
    return not same.filter(day=record.day, external_id=record.external_id).exists()


def _record(call: Call, notice: Notice | None, decision: Decision, code: str, answer: Answer) -> Record:
    return Record(
        provider=FASPAY_OVO,
        path=PATH,
        external_id=event_of(notice) if notice and decision is Decision.WAITING else "",
        kind=Kind.LEGACY,
        headers=call.headers,
        content=call.body,
        matched_key="password" if decision is Decision.WAITING else "",
        decision=decision,
        code=code,
        body=answer.body.decode("utf-8", "replace"),
        reference=notice.bill_no if notice else "",
    )


def event_of(notice: Notice) -> str:
    """What tells one event from another, since no id comes along: bill, status, Faspay's id and the amounts."""
    parts = (notice.trx_id, notice.merchant_id, notice.payment_total, notice.bill_total)
    beginning, rest = _beginning_of(notice), "|".join("" if part is None else str(part) for part in parts)
    room = _LONGEST_ID - len(beginning)
    return beginning + (rest if len(rest) <= room else hashlib.sha256(rest.encode()).hexdigest()[:room])


def _beginning_of(notice: Notice) -> str:
    return f"{notice.bill_no}|{notice.raw_status}|"


def _reply(status: int, answer: Answer) -> Reply:
    return Reply(status, answer.body, answer.content_type)
