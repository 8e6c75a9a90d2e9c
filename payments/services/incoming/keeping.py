"""Keep what came in: once, for good, in one statement."""

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from django.db.models import F

from config.lib import prepared
from config.lib.clock import JAKARTA, now
from config.lib.jobs import nudge_once
from config.lib.limits import TokenWindow
from payments import tasks
from payments.models import ProviderMessage

Decision = ProviderMessage.Decision
Kind = ProviderMessage.Kind
# What nobody signed is kept to be looked into, but never so much that it could fill the disk.
UNVERIFIED_A_MINUTE = 20
UNVERIFIED_BYTES = 4096
SHOWN_HEADERS = (
    "CONTENT-TYPE",
    "X-TIMESTAMP",
    "X-PARTNER-ID",
    "X-EXTERNAL-ID",
    "CHANNEL-ID",
    "ORIGIN",
    "USER-AGENT",
    "X-REQUEST-ID",
)
_MAY_WAIT = frozenset({Decision.WAITING, Decision.UNMATCHED})

logger = logging.getLogger(__name__)


def _today() -> date:
    """The day in Jakarta."""
    return now().astimezone(JAKARTA).date()


@dataclass(frozen=True)
class Record:
    """A message as it will be kept. ``code`` and ``body`` are what we answer."""

    provider: str
    path: str
    external_id: str
    kind: str
    headers: Mapping[str, str]
    content: bytes
    matched_key: str
    decision: Decision
    code: str
    body: str
    reference: str = ""
    note: str = ""
    # Of a virtual account, without blanks.
    number: str = ""
    # Looked up once, so that midnight does not come between an event and its repeat.
    day: date = field(default_factory=_today)

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True)
class Wanted:
    """What must be known for the message to be answered as it says; else ``code`` and ``body`` are answered.

    Any of: an attempt of this trx id, an attempt of the record's number, a permanent number.
    """

    trx_id: str
    code: str
    body: str


class Kept(NamedTuple):
    """The row, and what was answered."""

    id: int
    code: str
    body: str


# One statement, so that accepting needs no transaction: whoever has the answer knows that the row is on disk.
_KEEP = """
INSERT INTO payments_providermessage (
  provider, path, day, external_id, reference, headers, body, body_sha256, verified, matched_key, string_to_sign,
  kind, answer_code, answer_body, received_at, decision, note, times_received, tries, next_try_at, processed_at,
  static_account_id)
SELECT %(provider)s::text, %(path)s::text, %(day)s::date, %(external_id)s::text, %(reference)s::text,
  %(headers)s::jsonb, %(content)s::bytea, %(digest)s::text, true, %(matched_key)s::text, '',
  %(kind)s::text,
  CASE WHEN known THEN %(code)s::text ELSE %(unknown_code)s::text END,
  CASE WHEN known THEN %(body)s::text ELSE %(unknown_body)s::text END,
  statement_timestamp(),
  CASE WHEN known THEN %(decision)s::text ELSE 'unmatched' END,
  %(note)s::text, 1, 0,
  CASE WHEN %(acts)s::boolean THEN statement_timestamp() END,
  CASE WHEN %(acts)s::boolean THEN NULL ELSE statement_timestamp() END,
  (SELECT id FROM payments_staticaccount WHERE number = %(number)s::text)
FROM (SELECT %(certain)s::boolean
    OR EXISTS (SELECT FROM payments_paymentattempt WHERE trx_id = %(trx_id)s::text)
    OR EXISTS (SELECT FROM payments_paymentattempt WHERE number = %(number)s::text AND number <> '')
    OR EXISTS (SELECT FROM payments_staticaccount WHERE number = %(number)s::text) AS known) AS looked_up
ON CONFLICT DO NOTHING
RETURNING id, answer_code, answer_body
"""


def keep(record: Record, wanted: Wanted | None = None) -> Kept | None:
    """Store a signed message for good, and have it acted on; None when its event was stored before.

    An event is told by provider, day in Jakarta, path and external id.
    """
    acts = record.decision in _MAY_WAIT
    row = prepared.fetch_one(
        _KEEP,
        {
            "provider": record.provider,
            "path": record.path,
            "day": record.day,
            "external_id": record.external_id,
            "reference": record.reference[:64],
            "headers": json.dumps(shown(record.headers)),
            "content": record.content,
            "digest": record.digest,
            "matched_key": record.matched_key,
            "kind": record.kind,
            "code": record.code,
            "body": record.body,
            "decision": str(record.decision),
            "note": record.note[:80],
            "acts": acts,
            "certain": wanted is None,
            "trx_id": wanted.trx_id if wanted else "",
            "number": record.number,
            "unknown_code": wanted.code if wanted else "",
            "unknown_body": wanted.body if wanted else "",
        },
        # A second run of it meets its own event, unless nothing tells it from another.
        repeatable=record.external_id != "",
    )
    if row and acts:
        nudge_once(tasks.apply_messages)
    return Kept(*row) if row else None


def shown(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that are worth keeping and no secret, nothing too long for it."""
    return {name: headers[name][:200].replace("\x00", "") for name in SHOWN_HEADERS if name in headers}


def first_of(record: Record) -> ProviderMessage:
    """The stored message of the same event."""
    return ProviderMessage.objects.get(
        provider=record.provider,
        day=record.day,
        path=record.path,
        external_id=record.external_id,
        verified=True,
        repeat_of__isnull=True,
    )


def count_repeat(first: ProviderMessage) -> None:
    ProviderMessage.objects.filter(pk=first.pk).update(times_received=F("times_received") + 1)


def keep_conflict(record: Record, first: ProviderMessage, *, code: str, body: str) -> None:
    """Another message under an event id that is taken: kept beside the first, without effect."""
    ProviderMessage.objects.create(
        **_columns(record),
        verified=True,
        repeat_of=first,
        decision=Decision.CONFLICT,
        answer_code=code,
        answer_body=body,
        processed_at=now(),
    )


def keep_unsigned(record: Record, *, string_to_sign: str = "") -> None:
    """Keep a bounded part of what nobody signed, without effect; nothing at all when there is too much of it."""
    if not _may_keep():
        return
    columns = _columns(record) | {"body": record.content[:UNVERIFIED_BYTES]}
    if string_to_sign:
        # To be checked again once the sender's new key is here (services/reapply.py).
        signature = record.headers.get("X-SIGNATURE", "")[:1000].replace("\x00", "")
        columns["headers"] = {**shown(record.headers), "X-SIGNATURE": signature}
    ProviderMessage.objects.create(
        **columns,
        verified=False,
        string_to_sign=string_to_sign[:300],
        decision=record.decision,
        answer_code=record.code,
        answer_body=record.body,
        processed_at=now(),
    )


def _columns(record: Record) -> dict[str, object]:
    return {
        "provider": record.provider,
        "path": record.path,
        "day": record.day,
        "external_id": record.external_id[:64].replace("\x00", ""),
        "reference": record.reference[:64].replace("\x00", ""),
        "headers": shown(record.headers),
        "body": record.content,
        "body_sha256": record.digest,
        "matched_key": record.matched_key,
        "kind": record.kind,
        "note": record.note[:80],
    }


def _may_keep() -> bool:
    try:
        return TokenWindow("messages-unverified", limit=UNVERIFIED_A_MINUTE, seconds=60).take() == 0.0
    except Exception:
        logger.warning("no limit without Redis, so an unsigned message is not kept")
        return False
