"""Who works on what: claims with a lease, fair between clients and, within a client, between batches.

Every claim is one statement that stands by itself: when it is there, references, states and leases are committed.
"""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from payouts.providers.types import Instruction
from payouts.rails import lanes

_FIELDS = (
    "id, reference, client_id, batch_id, is_sandbox, kind, receiver_code, receiver, receiver_name, amount, currency, "
    "narration, state, attempts, asked, in_doubt_since, rail_id"
)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A payout in somebody's hands. ``was_doubtful``: the rail may have seen this attempt before; ``rail_id``: it has
    seen this reference.

    ``age`` is how many seconds it has been in doubt; of one that is not in doubt, nothing.
    """

    id: int
    reference: str
    client_id: int
    batch_id: int | None
    is_sandbox: bool
    kind: str
    code: str
    receiver: str
    name: str
    amount: Decimal
    currency: str
    narration: str
    state: str
    attempts: int
    asked: int
    in_doubt_since: datetime | None
    rail_id: str
    was_doubtful: bool
    age: float
    lease: uuid.UUID

    def instruction(self) -> Instruction:
        """What the rail is to do."""
        return Instruction(
            reference=self.reference,
            kind=self.kind,
            code=self.code,
            receiver=self.receiver,
            name=self.name,
            amount=self.amount,
            currency=self.currency,
            narration=self.narration,
        )


# What may leave now. A payout without a batch may at any time; one of a batch while that is being sent. Of a batch
# that was called off, or a client that was deactivated, only what the rail may have seen: it must come to its end.
_CHOOSE = """
WITH RECURSIVE clients AS (
  (SELECT client_id FROM payouts_payout WHERE state = 'authorized' ORDER BY client_id LIMIT 1)
  UNION ALL
  SELECT (SELECT p.client_id FROM payouts_payout p WHERE p.state = 'authorized' AND p.client_id > c.client_id
           ORDER BY p.client_id LIMIT 1)
    FROM clients c WHERE c.client_id IS NOT NULL
), queues AS (
  SELECT c.client_id, NULL::bigint AS batch_id, a.status = 'Deactivated' AS is_over
    FROM clients c JOIN accounts_client a ON a.id = c.client_id
  UNION ALL
  SELECT b.client_id, b.id, b.cancel_requested_at IS NOT NULL OR a.status = 'Deactivated'
    FROM payouts_batch b JOIN accounts_client a ON a.id = b.client_id
   WHERE b.state = 'processing' OR (b.state = 'paused' AND b.cancel_requested_at IS NOT NULL)
), share AS (
  SELECT ceil(%(most)s * 2.0 / greatest(count(*), 1))::int AS most FROM queues
), singles AS (
  SELECT q.client_id, q.batch_id, o.* FROM queues q CROSS JOIN LATERAL (
    SELECT p.id, p.attempts, p.sent_at FROM payouts_payout p
     WHERE p.state = 'authorized' AND p.client_id = q.client_id AND p.batch_id IS NULL
       AND p.due_at <= statement_timestamp() AND p.is_sandbox = ANY (%(worlds)s)
       AND (NOT q.is_over OR p.sent_at IS NOT NULL)
     ORDER BY p.id LIMIT (SELECT most FROM share) FOR UPDATE SKIP LOCKED) o
   WHERE q.batch_id IS NULL
), rows AS (
  SELECT q.client_id, q.batch_id, o.* FROM queues q CROSS JOIN LATERAL (
    SELECT p.id, p.attempts, p.sent_at FROM payouts_payout p
     WHERE p.state = 'authorized' AND p.client_id = q.client_id AND p.batch_id = q.batch_id
       AND p.due_at <= statement_timestamp() AND p.is_sandbox = ANY (%(worlds)s)
       AND (NOT q.is_over OR p.sent_at IS NOT NULL)
     ORDER BY p.id LIMIT (SELECT most FROM share) FOR UPDATE SKIP LOCKED) o
   WHERE q.batch_id IS NOT NULL
), offers AS (
  SELECT o.*, row_number() OVER (PARTITION BY o.client_id, o.batch_id ORDER BY o.id) AS place
    FROM (SELECT * FROM singles UNION ALL SELECT * FROM rows) o
), chosen AS (
  SELECT id, attempts, sent_at FROM (
    SELECT o.*, row_number() OVER (PARTITION BY client_id ORDER BY place, batch_id NULLS FIRST) AS turn FROM offers o
  ) t ORDER BY turn, id LIMIT %(most)s
)
"""
# Of these very ones, what may leave now.
_CHOOSE_THESE = """
WITH chosen AS (
  SELECT p.id, p.attempts, p.sent_at FROM payouts_payout p LEFT JOIN payouts_batch b ON b.id = p.batch_id
    JOIN accounts_client a ON a.id = p.client_id
   WHERE p.id = ANY (%(ids)s) AND p.state = 'authorized' AND p.is_sandbox = ANY (%(worlds)s)
     AND (a.status <> 'Deactivated' OR p.sent_at IS NOT NULL)
     AND (b.id IS NULL OR (b.state = 'processing' AND (b.cancel_requested_at IS NULL OR p.sent_at IS NOT NULL)))
   ORDER BY p.id LIMIT %(most)s FOR UPDATE OF p SKIP LOCKED
)
"""
_TAKE = f"""
, taken AS (
  UPDATE payouts_payout p
     SET state = 'sending', attempts = greatest(p.attempts, 1), sent_at = coalesce(p.sent_at, statement_timestamp()),
         lease_token = %(lease)s, lease_until = statement_timestamp() + make_interval(secs => %(seconds)s),
         due_at = statement_timestamp() + make_interval(secs => %(seconds)s), version = p.version + 1
    FROM chosen c WHERE p.id = c.id AND p.state = 'authorized'
  RETURNING {", ".join("p." + name for name in _FIELDS.split(", "))}, c.sent_at IS NOT NULL AS was_doubtful,
            c.attempts = 0 AS is_first
), tries AS (
  INSERT INTO payouts_attempt (payout_id, public_id, number, result, reason, asked_by, started_at)
  SELECT id, gen_random_uuid(), 1, '', '', '', statement_timestamp() FROM taken WHERE is_first
)
SELECT {_FIELDS}, was_doubtful, 0.0 FROM taken ORDER BY id
"""
# Whoever held a payout and is gone may have given it to the rail: then it is in doubt, since it was taken.
_DUE = """
WITH due AS (
  SELECT p.id FROM payouts_payout p
   WHERE p.state IN ('sending', 'in_doubt') AND p.due_at <= statement_timestamp()
     AND (p.lease_until IS NULL OR p.lease_until <= statement_timestamp()) AND p.is_sandbox = ANY (%(worlds)s)
   ORDER BY p.due_at LIMIT %(most)s FOR UPDATE SKIP LOCKED
)
"""
_THESE = """
WITH due AS (
  SELECT p.id FROM payouts_payout p
   WHERE p.id = ANY (%(ids)s) AND p.state IN ('sending', 'in_doubt') AND p.is_sandbox = ANY (%(worlds)s)
     AND (p.lease_until IS NULL OR p.lease_until <= statement_timestamp())
   ORDER BY p.id LIMIT %(most)s FOR UPDATE SKIP LOCKED
)
"""
_ASK = f"""
, taken AS (
  UPDATE payouts_payout p
     SET state = CASE WHEN p.lease_token IS NULL THEN p.state ELSE 'in_doubt' END,
         in_doubt_since = CASE WHEN p.lease_token IS NULL THEN p.in_doubt_since
                               ELSE coalesce(p.in_doubt_since, p.lease_until - make_interval(secs => %(seconds)s)) END,
         lease_token = %(lease)s, lease_until = statement_timestamp() + make_interval(secs => %(seconds)s),
         due_at = statement_timestamp() + make_interval(secs => %(seconds)s), version = p.version + 1
    FROM due d WHERE p.id = d.id AND p.state IN ('sending', 'in_doubt')
  RETURNING {", ".join("p." + name for name in _FIELDS.split(", "))}
)
SELECT {_FIELDS}, true,
       coalesce(extract(epoch FROM statement_timestamp() - in_doubt_since), 0)::float8 FROM taken ORDER BY id
"""


def to_send(worlds: Sequence[bool], most: int) -> list[Claimed]:
    """Take up to ``most`` payouts that may leave now: in turn one of each client, of each of its batches."""
    return _claim(_CHOOSE + _TAKE, worlds=worlds, most=most)


def these_to_send(ids: Collection[int], worlds: Sequence[bool]) -> list[Claimed]:
    """Take those of ``ids`` that may leave now."""
    return _claim(_CHOOSE_THESE + _TAKE, worlds=worlds, most=len(ids), ids=list(ids))


def to_ask(worlds: Sequence[bool], most: int) -> list[Claimed]:
    """Take up to ``most`` payouts whose end is to be asked for, the longest due first."""
    return _claim(_DUE + _ASK, worlds=worlds, most=most)


def these_to_ask(ids: Collection[int], worlds: Sequence[bool]) -> list[Claimed]:
    """Take those of ``ids`` that are with the rail and in nobody's hands, due or not."""
    return _claim(_THESE + _ASK, worlds=worlds, most=len(ids), ids=list(ids))


def _claim(sql: str, **values: Any) -> list[Claimed]:
    lease = uuid.uuid4()
    values |= {"worlds": list(values["worlds"]), "lease": lease, "seconds": lanes.seconds()}
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return [Claimed(*(*row, lease)) for row in cursor.fetchall()]
