"""Take in what a provider sends: check, keep, answer. Acting on it is a task's work."""

import hashlib
import logging
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F

from config.lib.clock import JAKARTA, now
from config.lib.jobs import nudge
from config.lib.limits import TokenWindow
from payments import tasks
from payments.models import ProviderMessage
from payments.providers.faspay_snap import client, incoming
from payments.providers.faspay_snap.incoming import BODY_LIMIT, Answer, Call, Refusal
from payments.selectors import attempt_named

__all__ = ["BODY_LIMIT", "Answer", "Call", "receive_message"]

Decision = ProviderMessage.Decision
# What nobody signed is kept to be looked into, but never so much that it could fill the disk.
UNVERIFIED_A_MINUTE = 20
UNVERIFIED_BYTES = 4096
_SHOWN_HEADERS = ("CONTENT-TYPE", "X-TIMESTAMP", "X-PARTNER-ID", "X-EXTERNAL-ID", "CHANNEL-ID", "ORIGIN", "USER-AGENT")

logger = logging.getLogger(__name__)


def receive_message(call: Call) -> Answer:
    """Check, store and answer one call on Faspay's payment path (Faspay contract 1.2-1.5, 3.3, 4.2).

    Once this returns, a message that counts is stored for good and a task is queued for it.
    """
    try:
        incoming.check_method(call.method)
        incoming.check_size(call)
        incoming.check_headers(call, partner_id=settings.FASPAY_PARTNER_ID)
        tolerance = timedelta(seconds=settings.FASPAY_TIMESTAMP_TOLERANCE_SECONDS)
        match = incoming.check_signature(call, client.public_keys(), now=now(), tolerance=tolerance)
    except Refusal as refusal:
        return _turn_away(call, refusal)
    return _take_in(call, f"{match.key_name} {match.form}")


def _turn_away(call: Call, refusal: Refusal) -> Answer:
    """Answer a message that nobody signed; keep a bounded part of it, without effect."""
    kind = _kind_of_unsigned(call)
    if kind == incoming.LEGACY:
        refusal = _not_served(kind)
    answer = incoming.refused(refusal)
    logger.warning("faspay message refused: %s", answer.code)
    if call.method == "POST" and _may_keep():
        ProviderMessage.objects.create(
            **_as_received(call, UNVERIFIED_BYTES),
            verified=False,
            string_to_sign=incoming.expected_text(call),
            kind=kind,
            decision=Decision.REFUSED,
            note=refusal.message[:80],
            answer_code=answer.code,
            answer_body=answer.body,
            processed_at=now(),
        )
    return answer


def _kind_of_unsigned(call: Call) -> str:
    try:
        incoming.check_size(call)
        return incoming.kind_of(incoming.parse(call.body))
    except Refusal:
        return incoming.UNKNOWN


def _may_keep() -> bool:
    try:
        return TokenWindow("faspay-unverified", limit=UNVERIFIED_A_MINUTE, seconds=60).take() == 0.0
    except Exception:
        logger.warning("no limit without Redis, so an unsigned message is not kept")
        return False


def _not_served(kind: str) -> Refusal:
    return Refusal("40301", f"Feature Not Allowed [{kind}]")


def _as_received(call: Call, limit: int = BODY_LIMIT) -> dict[str, Any]:
    return {
        "path": incoming.PAYMENT_PATH,
        "day": now().astimezone(JAKARTA).date(),
        "external_id": call.headers.get("X-EXTERNAL-ID", "")[:36].replace("\x00", ""),
        "headers": {
            name: call.headers[name][:200].replace("\x00", "") for name in _SHOWN_HEADERS if name in call.headers
        },
        "body": call.body[:limit],
        "body_sha256": hashlib.sha256(call.body).hexdigest(),
    }


def _take_in(call: Call, matched_key: str) -> Answer:
    """Store a signed message once a day per X-EXTERNAL-ID, and answer it."""
    kind, answer, decision = _judge(call)
    received = _as_received(call)
    counts = decision in {Decision.WAITING, Decision.UNMATCHED}
    moment = now()
    try:
        with transaction.atomic():
            message = ProviderMessage.objects.create(
                **received,
                verified=True,
                matched_key=matched_key,
                kind=kind,
                answer_code=answer.code,
                answer_body=answer.body,
                decision=decision,
                received_at=moment,
                next_try_at=moment if counts else None,
                processed_at=None if counts else moment,
            )
            if counts:
                nudge(tasks.apply_message, message_id=message.pk)
    except IntegrityError:
        # The unique constraint is the judge, not a look beforehand: two of a kind may come at once.
        first = _first_with_the_id(received)
        if first is None:
            raise
        return _again(first, received, matched_key, kind, answer)
    return answer


def _first_with_the_id(received: dict[str, Any]) -> ProviderMessage | None:
    same = {name: received[name] for name in ("day", "path", "external_id")}
    return ProviderMessage.objects.filter(**same, verified=True, repeat_of__isnull=True).first()


def _judge(call: Call) -> tuple[str, Answer, Decision]:
    """(kind, answer, decision) of a signed message, before anything is done about it."""
    kind = incoming.UNKNOWN
    try:
        payload = incoming.parse(call.body)
        kind = incoming.kind_of(payload)
        if kind in {incoming.PAYMENT_FLAG, incoming.LEGACY}:
            raise _not_served(kind)
        if kind == incoming.UNKNOWN:
            raise Refusal("40002", "Missing Mandatory Field {additionalInfo}")
        news = incoming.read_notification(payload)
    except Refusal as refusal:
        return kind, incoming.refused(refusal), Decision.REFUSED
    if attempt_named(news.trx_id, news.number) is None:
        return kind, incoming.refused(Refusal("40412", "Bill not found")), Decision.UNMATCHED
    return kind, incoming.accepted(payload), Decision.WAITING


def _again(first: ProviderMessage, received: dict[str, Any], matched_key: str, kind: str, answer: Answer) -> Answer:
    """An X-EXTERNAL-ID seen before: the same body gets the same answer, another body is a conflict."""
    if first.body_sha256 == received["body_sha256"]:
        ProviderMessage.objects.filter(pk=first.pk).update(times_received=F("times_received") + 1)
        found_since = answer.code.startswith("200") and first.answer_code.startswith("404")
        return answer if found_since else Answer(first.answer_code, first.answer_body)
    conflict = incoming.refused(Refusal("40900", "Conflict"))
    ProviderMessage.objects.create(
        **received,
        verified=True,
        matched_key=matched_key,
        repeat_of=first,
        kind=kind,
        decision=Decision.CONFLICT,
        answer_code=conflict.code,
        answer_body=conflict.body,
        processed_at=now(),
    )
    return conflict
