"""Answers are written down: states, attempts, counters and money together, in one short transaction for each group.

A group is what one posting can speak of: the rows of a batch, single payouts that need no word on a statement, and
each single payout whose money goes back. Whoever has lost the lease writes nothing.
"""

import logging
from collections.abc import Hashable, Sequence
from typing import Any

from django.db import OperationalError, connection, transaction

from accounts.models import User
from payouts import news
from payouts.models import Contradiction
from payouts.models.states import State
from payouts.providers.types import Word
from payouts.sending import counting, money
from payouts.sending.claiming import Claimed
from payouts.sending.verdicts import Verdict

Turn = tuple[Claimed, Verdict]

logger = logging.getLogger(__name__)

_RECORD = f"""
WITH said AS (
  SELECT * FROM unnest(%(ids)s::bigint[], %(leases)s::uuid[], %(states)s::text[], %(reasons)s::text[],
                       %(messages)s::text[], %(rail_ids)s::text[], %(waits)s::float8[], %(asked)s::int[],
                       %(untouched)s::bool[])
    AS s (id, lease, state, reason, message, rail_id, wait, asked, is_untouched)
), done AS (
  UPDATE payouts_payout p
     SET state = s.state, reason = s.reason, rail_message = s.message, asked = s.asked, lease_token = NULL,
         rail_id = CASE s.rail_id WHEN '' THEN p.rail_id ELSE s.rail_id END, lease_until = NULL,
         is_reserved = s.state NOT IN ('completed', 'failed'),
         completed_at = CASE s.state WHEN 'completed' THEN statement_timestamp() END,
         closed_at = CASE WHEN s.state IN ('completed', 'failed') THEN statement_timestamp() END,
         due_at = CASE WHEN s.state NOT IN ('completed', 'failed')
                       THEN statement_timestamp() + make_interval(secs => s.wait) END,
         in_doubt_since = CASE s.state WHEN 'in_doubt' THEN coalesce(p.in_doubt_since, statement_timestamp()) END,
         sent_at = CASE WHEN s.is_untouched THEN NULL ELSE p.sent_at END, version = p.version + 1
    FROM said s WHERE p.id = s.id AND p.lease_token = s.lease AND p.state IN ('sending', 'in_doubt')
     -- Said twice, so that however many are on their way only these are looked at.
     AND p.id = ANY (%(ids)s::bigint[])
  RETURNING p.id, p.public_id, p.reference, p.client_id, p.batch_id, p.is_sandbox, p.currency, p.rail, p.state,
            p.reason, p.attempts, p.amount, p.fee
), tries AS (
  UPDATE payouts_attempt a
     SET result = CASE d.state WHEN 'completed' THEN 'paid' ELSE 'failed' END, reason = d.reason,
         ended_at = statement_timestamp()
    FROM done d
   WHERE a.payout_id = d.id AND a.number = d.attempts AND d.state IN ('completed', 'failed') AND a.ended_at IS NULL
     AND a.payout_id = ANY (%(ids)s::bigint[])
), counted AS (
  {counting.COUNT}
    FROM (SELECT batch_id, count(*) FILTER (WHERE state = 'completed') AS paid,
                 count(*) FILTER (WHERE state = 'failed') AS failed, 0 AS cancelled,
                 coalesce(sum(amount) FILTER (WHERE state = 'completed'), 0) AS paid_amount,
                 coalesce(sum(amount) FILTER (WHERE state = 'failed'), 0) AS failed_amount
            FROM done WHERE batch_id IS NOT NULL GROUP BY 1) d
   WHERE b.id = d.batch_id
  RETURNING b.id, b.state
)
SELECT d.client_id, c.public_id, d.is_sandbox, d.currency, d.rail, d.state, coalesce(sum(d.amount), 0),
       coalesce(sum(d.fee), 0), count(*), min(d.public_id::text), min(d.reference), min(b.public_id::text),
       min(b.name), (SELECT id FROM counted WHERE state = ANY (%(ended)s) LIMIT 1)
  FROM done d JOIN accounts_client c ON c.id = d.client_id LEFT JOIN payouts_batch b ON b.id = d.batch_id
 GROUP BY d.client_id, c.public_id, d.is_sandbox, d.currency, d.rail, d.state
"""
_RETURN = """
WITH done AS (
  UPDATE payouts_payout p
     SET state = 'returned', reason = 'returned', rail_message = %(message)s, closed_at = statement_timestamp(),
         version = p.version + 1
   WHERE p.id = %(id)s AND p.state = 'completed'
  RETURNING p.id, p.public_id, p.reference, p.client_id, p.batch_id, p.is_sandbox, p.currency, p.rail, p.state,
            p.amount, p.fee
), counted AS (
  UPDATE payouts_batch b SET returned = b.returned + 1, updated_at = statement_timestamp(), version = b.version + 1
    FROM done WHERE b.id = done.batch_id
)
SELECT d.client_id, c.public_id, d.is_sandbox, d.currency, d.rail, d.state, d.amount, d.fee, d.public_id, d.reference
  FROM done d JOIN accounts_client c ON c.id = d.client_id
"""


def record(turns: Sequence[Turn]) -> list[int]:
    """Write down what came of ``turns``. Returns the batches that have ended with it.

    A group that cannot be written is tried one by one; what still cannot keeps its lease until that runs out, and is
    asked about then.
    """
    groups: dict[Hashable, list[Turn]] = {}
    for claimed, verdict in turns:
        groups.setdefault(_group_of(claimed, verdict), []).append((claimed, verdict))
    ended: list[int] = []
    for group in groups.values():
        ended += _record_safely(group)
    for claimed, verdict in turns:
        if verdict.is_returned:
            _return_safely(claimed.id, verdict.message)
        if verdict.odd is not None:
            note_contradiction(claimed.id, verdict.odd)
    return ended


def _group_of(claimed: Claimed, verdict: Verdict) -> Hashable:
    if claimed.batch_id is not None:
        return "batch", claimed.batch_id
    goes_back = verdict.state == State.FAILED
    return ("single", claimed.id) if goes_back else ("rest", claimed.is_sandbox, claimed.currency)


def _record_safely(group: list[Turn]) -> list[int]:
    try:
        return _record_group(group)
    except OperationalError:
        # Somebody holds the batch for long: one by one each of them would wait as long.
        return _record_once_more(group)
    except Exception:
        logger.exception("%s answers could not be recorded together", len(group))
    ended = []
    for turn in group if len(group) > 1 else []:
        try:
            ended += _record_group([turn])
        except Exception:
            logger.exception("payout %s: the answer could not be recorded", turn[0].reference)
    return ended


def _record_once_more(group: list[Turn]) -> list[int]:
    try:
        return _record_group(group)
    except Exception:
        logger.exception("%s answers could not be recorded", len(group))
        return []


def record_one(claimed: Claimed, verdict: Verdict, *, caused_by: User | None) -> list[int]:
    """Write down what a person has found out. Raises whatever keeps it from being written."""
    return _record_group([(claimed, verdict)], caused_by)


@transaction.atomic
def _record_group(group: Sequence[Turn], caused_by: User | None = None) -> list[int]:
    batch_id = group[0][0].batch_id
    counting.hold([batch_id] if batch_id is not None else [])
    with connection.cursor() as cursor:
        cursor.execute(_RECORD, _values(group))
        rows = cursor.fetchall()
    over = [row for row in rows if row[5] in (State.COMPLETED, State.FAILED)]
    subject, memo = _about(over, batch_id)
    money.post_ends([money.Sum(*row[:8]) for row in over], subject=subject, memo=memo, caused_by=caused_by)
    ended = sorted({row[13] for row in rows if row[13] is not None})
    if batch_id is None:
        news.ended([claimed.id for claimed, _verdict in group])
    news.batches_ended(ended)
    return ended


def _values(group: Sequence[Turn]) -> dict[str, Any]:
    verdicts = [verdict for _claimed, verdict in group]
    return {
        "ids": [claimed.id for claimed, _verdict in group],
        "leases": [claimed.lease for claimed, _verdict in group],
        "states": [str(verdict.state) for verdict in verdicts],
        "reasons": [str(verdict.reason) for verdict in verdicts],
        "messages": [_clean(verdict.message) for verdict in verdicts],
        "rail_ids": [_clean(verdict.rail_id) for verdict in verdicts],
        "waits": [verdict.wait for verdict in verdicts],
        "asked": [verdict.asked for verdict in verdicts],
        "untouched": [verdict.is_untouched for verdict in verdicts],
        "ended": list(counting.ENDED),
    }


def _clean(text: str) -> str:
    return text.replace("\0", "")


def _about(rows: Sequence[tuple[Any, ...]], batch_id: int | None) -> tuple[str, str]:
    if batch_id is not None:
        return (f"batch:{rows[0][11]}", rows[0][12]) if rows else ("", "")
    if len(rows) == 1 and rows[0][8] == 1:
        return f"payout:{rows[0][9]}", rows[0][10]
    return "", ""


def _return_safely(payout_id: int, message: str) -> None:
    try:
        record_return(payout_id, message)
    except Exception:
        logger.exception("payout %s: what came back could not be recorded", payout_id)


@transaction.atomic
def record_return(payout_id: int, message: str) -> bool:
    """Money that was paid came back: a movement of its own, nothing of the first one changes (B7). Quiet when known."""
    counting.hold(_batch_of(payout_id))
    with connection.cursor() as cursor:
        cursor.execute(_RETURN, {"id": payout_id, "message": _clean(message)})
        row = cursor.fetchone()
    if row is None:
        return False
    money.post_return(money.Sum(*row[:8]), subject=f"payout:{row[8]}", memo=row[9])
    news.ended([payout_id])
    return True


def _batch_of(payout_id: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT batch_id FROM payouts_payout WHERE id = %s AND batch_id IS NOT NULL", [payout_id])
        return [row[0] for row in cursor.fetchall()]


def note_contradiction(payout_id: int, word: Word) -> None:
    """Keep what a rail says against our books: nothing moves, the ledger check names it."""
    logger.error("payout %s is %s by the rail, which cannot be", payout_id, word.outcome)
    row = Contradiction(
        payout_id=payout_id,
        outcome=str(word.outcome),
        amount=word.amount,
        message=_clean(word.message),
    )
    Contradiction.objects.bulk_create([row], ignore_conflicts=True)
