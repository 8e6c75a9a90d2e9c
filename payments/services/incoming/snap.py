"""Faspay's SNAP side calls us: inquiry, payment and notification of numbers, notification of a QR.

Check, keep, answer. Acting on it is a task's work. Source: Faspay contract 1.2-1.5, 3.2, 3.3, 4.2 and 7.
"""

import functools
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import transaction

from config.lib.clock import now
from payments.methods import FASPAY_SNAP
from payments.models import ProviderMessage, StaticAccount
from payments.providers.faspay_snap import client, incoming, letters, qris_incoming
from payments.providers.faspay_snap.codes import Case, case_of
from payments.providers.faspay_snap.incoming import Answer, Call, Door, Refusal
from payments.selectors import attempt_named
from payments.services import static_accounts
from payments.services.incoming import keeping, legacy
from payments.services.incoming.keeping import Record, Wanted
from payments.services.incoming.replies import Reply

Decision = ProviderMessage.Decision
Kind = ProviderMessage.Kind
_KINDS = {incoming.INQUIRY: Kind.INQUIRY, incoming.QR_NOTIFY: Kind.QR}

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sighting:
    """What a signed body is, before anything is done about it. ``wanted`` is what must be known to accept it."""

    kind: str
    answer: Answer
    decision: Decision
    reference: str = ""
    trx_id: str = ""
    number: str = ""
    refusal: Refusal | None = None
    flag: letters.PaymentFlag | None = None


def receive_snap(door: Door, call: Call) -> Reply:
    """Check, store and answer one call on one of Faspay's SNAP paths.

    Once this returns, a message that counts is stored for good and will be acted on.
    """
    try:
        answer = _receive(door, call)
    except _IsLegacy:
        return legacy.receive_legacy(call)
    except DatabaseError:
        logger.exception("a faspay message could not be kept, they will send it again")
        answer = incoming.refused(door, Refusal(Case.INTERNAL_ERROR))
    return Reply(answer.status, answer.body.encode("ascii"))


class _IsLegacy(Exception):
    """Their other kind of notification came to this door (Faspay contract 4.2)."""


def _receive(door: Door, call: Call) -> Answer:
    try:
        incoming.check_method(call.method)
        incoming.check_size(call)
        sent = incoming.check_headers(call, partner_id=settings.FASPAY_PARTNER_ID)
        match = incoming.check_signature(door, call, client.public_keys(), repad=settings.FASPAY_REPAD_BEFORE_HASHING)
        tolerance = timedelta(seconds=settings.FASPAY_TIMESTAMP_TOLERANCE_SECONDS)
        incoming.check_time(sent, now=now(), tolerance=tolerance)
    except Refusal as refusal:
        return _turn_away(door, call, refusal)
    return _take_in(door, call, f"{match.key_name} {match.form}")


def _turn_away(door: Door, call: Call, refusal: Refusal) -> Answer:
    """Answer a message that Faspay did not sign; keep a bounded part of it, without effect."""
    if door is incoming.PAYMENT and call.method == "POST" and legacy.is_legacy(call):
        raise _IsLegacy
    answer = incoming.refused(door, refusal)
    logger.warning("faspay message refused: %s", answer.code)
    if call.method == "POST":
        record = _record(door, call, Sighting(_kind_of(door, call), answer, Decision.REFUSED, refusal=refusal))
        signed = refusal.case is Case.UNAUTHORIZED and "X-SIGNATURE" in call.headers
        keeping.keep_unsigned(record, string_to_sign=incoming.expected_text(door, call) if signed else "")
    return answer


def _kind_of(door: Door, call: Call) -> str:
    if door in _KINDS:
        return _KINDS[door]
    try:
        incoming.check_size(call)
        return letters.kind_of(incoming.parse(call.body))
    except Refusal:
        return letters.UNKNOWN


def _record(door: Door, call: Call, sighting: Sighting, matched_key: str = "") -> Record:
    return Record(
        provider=FASPAY_SNAP,
        path=door.path,
        external_id=call.headers.get("X-EXTERNAL-ID", "")[:36],
        kind=sighting.kind,
        headers=call.headers,
        content=call.body,
        matched_key=matched_key,
        decision=sighting.decision,
        code=sighting.answer.code,
        body=sighting.answer.body,
        reference=sighting.reference,
        note=sighting.refusal.message if sighting.refusal else "",
        number=sighting.number,
    )


# --- what Faspay signed ---------------------------------------------------------------------------


def _take_in(door: Door, call: Call, matched_key: str) -> Answer:
    """Store a signed message once a day per X-EXTERNAL-ID, and answer it."""
    sighting = _see(door, call)
    record = _record(door, call, sighting, matched_key)
    if sighting.flag is not None:
        return _take_flag(door, call, sighting, record)
    unknown = _nobodys(door)
    wanted = Wanted(sighting.trx_id, unknown.code, unknown.body)
    kept = keeping.keep(record, wanted if sighting.decision is Decision.WAITING else None)
    return Answer(kept.code, kept.body) if kept else _again(door, sighting, record)


@functools.cache
def _nobodys(door: Door) -> Answer:
    case = Case.TRANSACTION_NOT_FOUND if door is incoming.QR_NOTIFY else Case.BILL_NOT_FOUND
    return incoming.refused(door, Refusal(case))


def _see(door: Door, call: Call) -> Sighting:
    """Read a signed body; what cannot be taken is a refusal with its name."""
    kind = _KINDS.get(door, Kind.UNKNOWN)
    try:
        payload = incoming.parse(call.body)
        if door is incoming.INQUIRY:
            return _see_inquiry(payload)
        if door is incoming.QR_NOTIFY:
            return _see_qr(payload)
        kind = Kind(letters.kind_of(payload))
        if kind is Kind.LEGACY:
            raise _IsLegacy
        if kind is Kind.UNKNOWN:
            raise letters.read_nothing(payload)
        return _see_notification(payload) if kind is Kind.NOTIFICATION else _see_flag(payload)
    except Refusal as refusal:
        return Sighting(kind, incoming.refused(door, refusal), Decision.REFUSED, refusal=refusal)


def _see_notification(payload: Mapping[str, Any]) -> Sighting:
    news = letters.read_notification(payload)
    answer = incoming.accepted(incoming.PAYMENT, letters.echo_of(payload))
    return Sighting(Kind.NOTIFICATION, answer, Decision.WAITING, news.number, news.trx_id, news.number)


def _see_qr(payload: Mapping[str, Any]) -> Sighting:
    news = qris_incoming.read_notification(payload)
    return Sighting(Kind.QR, qris_incoming.accepted(), Decision.WAITING, news.trx_id, news.trx_id)


def _see_inquiry(payload: Mapping[str, Any]) -> Sighting:
    """Who stands behind a permanent number. Nothing follows from an inquiry, so nothing waits."""
    asked = letters.read_inquiry(payload)
    refusal = None
    try:
        who = static_accounts.answer_inquiry(asked.naming.number, asked.inquiry_request_id)
        told = letters.inquired(
            payload, name=who.name, email=who.email, phone=who.phone, amount=who.amount, currency=who.currency
        )
        # The one answer whose wording their acceptance sheet gives.
        answer = incoming.accepted(incoming.INQUIRY, told, message="success")
    except static_accounts.StaticRefusal as error:
        refusal = _said(error)
        answer = incoming.refused(incoming.INQUIRY, refusal)
    decision = Decision.REFUSED if refusal else Decision.ACKNOWLEDGED
    number = asked.naming.number
    return Sighting(Kind.INQUIRY, answer, decision, number, number=number, refusal=refusal)


def _see_flag(payload: Mapping[str, Any]) -> Sighting:
    flag = letters.read_flag(payload)
    number = flag.naming.number
    answer = incoming.accepted(incoming.PAYMENT, letters.echo_of(payload))
    return Sighting(Kind.PAYMENT_FLAG, answer, Decision.ACKNOWLEDGED, number, number=number, flag=flag)


def _said(error: static_accounts.StaticRefusal) -> Refusal:
    return Refusal(case_of(error.case), message=str(error.message))


class _SeenBefore(Exception):
    """The event was stored before: what was begun for it is undone."""


def _take_flag(door: Door, call: Call, sighting: Sighting, record: Record) -> Answer:
    """May the bank take this payment? Announcement and message are stored together, or neither."""
    payload = incoming.parse(call.body)
    try:
        with transaction.atomic():
            answer = _flag(payload, sighting)
            kept = keeping.keep(_answered(record, answer))
            if kept is None:
                raise _SeenBefore
    except static_accounts.StaticRefusal as error:
        refusal = _said(error)
        answer = incoming.refused(door, refusal)
        kept = keeping.keep(_answered(record, answer, refusal))
        return answer if kept else _again(door, sighting, record)
    except _SeenBefore:
        return _again(door, sighting, record)
    return answer


def _flag(payload: Mapping[str, Any], sighting: Sighting) -> Answer:
    flag = sighting.flag
    assert flag is not None  # noqa: S101 - only called with one
    taken = static_accounts.take_flag(
        number=flag.naming.number,
        payment_request_id=flag.payment_request_id,
        reference_no=flag.reference_no,
        amount=flag.amount,
        currency=flag.currency,
        paid_at=flag.paid_at,
        raw_time=flag.raw_time,
        message=None,
    )
    name = {"virtualAccountName": letters.name_of(taken.name)}
    return incoming.accepted(incoming.PAYMENT, letters.echo_of(payload) | name)


def _answered(record: Record, answer: Answer, refusal: Refusal | None = None) -> Record:
    if refusal is None:
        return replace(record, code=answer.code, body=answer.body)
    return replace(record, code=answer.code, body=answer.body, decision=Decision.REFUSED, note=refusal.message)


# --- what came before -----------------------------------------------------------------------------


def _again(door: Door, sighting: Sighting, record: Record) -> Answer:
    """An X-EXTERNAL-ID seen before: the same body gets the same answer, another body is a conflict (contract 3.3)."""
    first = keeping.first_of(record)
    conflict = incoming.refused(door, Refusal(Case.CONFLICT))
    if first.body_sha256 != record.digest:
        keeping.keep_conflict(record, first, code=conflict.code, body=conflict.body)
        return conflict
    keeping.count_repeat(first)
    if settings.FASPAY_STRICT_EXTERNAL_ID:
        return conflict
    if first.decision != Decision.UNMATCHED and first.answer_code.startswith("404") and _is_known(sighting):
        return sighting.answer
    return Answer(first.answer_code, first.answer_body)


def _is_known(sighting: Sighting) -> bool:
    """Whether a repeat can hear better news than the first: its row came meanwhile."""
    if sighting.decision is not Decision.WAITING:
        return False
    known = attempt_named(sighting.trx_id, sighting.number) is not None
    return known or StaticAccount.objects.filter(number=sighting.number).exists()
