"""A client's money is set aside for payouts, and given back: always together with the states that say so."""

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from accounts.models import User
from payouts import news
from payouts.errors import BatchChanged, NotPending
from payouts.models import Batch, Payout
from payouts.models.states import BatchState, Reason, State
from payouts.sending import counting, money

__all__ = ["again", "begin_batch", "release", "reserve"]

MOST_ATTEMPTS = 3
_MANY = 1000
# A hundred thousand rows take longer than a page may.
_LONG = "300s"
_RAIL = "CASE {0}.kind WHEN 'BankTransfer' THEN 'bank' ELSE 'mobile' END"
_RESERVE = f"""
UPDATE payouts_payout p
   SET state = 'authorized', is_reserved = true, reason = '', authorized_at = statement_timestamp(),
       due_at = statement_timestamp(), rail = {_RAIL.format("p")}, version = p.version + 1
 WHERE p.id = ANY (%s) AND p.state = 'pending'
RETURNING p.id
"""
# What the rail may have seen is not stopped: it goes on, under the same reference, to an end that the rail has said.
_RELEASE = f"""
WITH done AS (
  UPDATE payouts_payout p
     SET state = %(state)s, reason = %(reason)s, is_reserved = false, due_at = NULL, lease_token = NULL,
         lease_until = NULL, closed_at = statement_timestamp(), version = p.version + 1
   WHERE p.id = ANY (%(ids)s) AND p.state = 'authorized' AND p.sent_at IS NULL
  RETURNING p.id, p.public_id, p.reference, p.client_id, p.batch_id, p.is_sandbox, p.currency, p.amount, p.fee,
            p.attempts
), tries AS (
  UPDATE payouts_attempt a SET result = 'failed', reason = %(reason)s, ended_at = statement_timestamp()
    FROM done WHERE a.payout_id = done.id AND a.number = done.attempts AND a.ended_at IS NULL
     AND a.payout_id = ANY (%(ids)s::bigint[])
), counted AS (
  {counting.COUNT}
    FROM (SELECT batch_id, 0 AS paid, count(*) FILTER (WHERE %(state)s = 'failed') AS failed,
                 count(*) FILTER (WHERE %(state)s = 'cancelled') AS cancelled, 0 AS paid_amount,
                 coalesce(sum(amount) FILTER (WHERE %(state)s = 'failed'), 0) AS failed_amount
            FROM done WHERE batch_id IS NOT NULL GROUP BY 1) d
   WHERE b.id = d.batch_id
)
SELECT d.client_id, c.public_id, d.is_sandbox, d.currency, '', %(state)s, sum(d.amount), sum(d.fee), count(*),
       min(d.public_id::text), min(d.reference), min(b.public_id::text), min(b.name), count(DISTINCT d.batch_id),
       bool_or(d.batch_id IS NULL)
  FROM done d JOIN accounts_client c ON c.id = d.client_id LEFT JOIN payouts_batch b ON b.id = d.batch_id
 GROUP BY d.client_id, c.public_id, d.is_sandbox, d.currency
"""
_AGAIN = f"""
WITH chosen AS (
  SELECT p.id FROM payouts_payout p LEFT JOIN payouts_batch b ON b.id = p.batch_id
   WHERE p.id = ANY (%(ids)s) AND p.state = 'failed' AND p.attempts < %(most)s
     AND p.authorized_at IS NOT NULL AND p.reason <> 'blocked'
     AND (b.id IS NULL OR (b.cancel_requested_at IS NULL AND b.state <> 'cancelled'))
     AND NOT EXISTS (SELECT FROM payouts_blockedreceiver x
                      WHERE x.receiver = p.receiver AND (x.client_id IS NULL OR x.client_id = p.client_id))
     AND NOT (p.kind = 'BankTransfer' AND p.receiver_code IN (SELECT code FROM payouts_bank WHERE NOT is_active))
     AND NOT (p.kind = 'MobileMoney'
              AND p.receiver_code IN (SELECT '0' || code FROM payouts_telco WHERE NOT is_active))
   ORDER BY p.id FOR UPDATE OF p
), done AS (
  UPDATE payouts_payout p
     SET state = 'authorized', is_reserved = true, reason = '', rail_message = '', attempts = p.attempts + 1, asked = 0,
         authorized_at = statement_timestamp(), due_at = statement_timestamp(), sent_at = NULL, in_doubt_since = NULL,
         closed_at = NULL, expires_at = NULL, rail = {_RAIL.format("p")}, version = p.version + 1
    FROM chosen c WHERE p.id = c.id
  RETURNING p.id, p.public_id, p.reference, p.client_id, p.batch_id, p.is_sandbox, p.currency, p.amount, p.fee,
            p.attempts
), tries AS (
  INSERT INTO payouts_attempt (payout_id, public_id, number, result, reason, asked_by, started_at)
  SELECT id, gen_random_uuid(), attempts, '', '', %(asked_by)s, statement_timestamp() FROM done
), counted AS (
  UPDATE payouts_batch b
     SET failed = b.failed - d.failed, failed_amount = b.failed_amount - d.amount,
         state = CASE b.state WHEN 'partly_completed' THEN 'processing' ELSE b.state END,
         finished_at = CASE b.state WHEN 'partly_completed' THEN NULL ELSE b.finished_at END,
         updated_at = statement_timestamp(), version = b.version + 1
    FROM (SELECT batch_id, count(*) AS failed, sum(amount) AS amount FROM done WHERE batch_id IS NOT NULL GROUP BY 1) d
   WHERE b.id = d.batch_id
)
SELECT d.id, d.client_id, c.public_id, d.is_sandbox, d.currency, d.amount + d.fee, d.public_id, d.reference,
       b.public_id, b.name
  FROM done d JOIN accounts_client c ON c.id = d.client_id LEFT JOIN payouts_batch b ON b.id = d.batch_id
 ORDER BY d.id
"""
_COUNT_ROWS = """
SELECT count(*), coalesce(sum(amount), 0), coalesce(sum(fee), 0) FROM payouts_batchrow
 WHERE batch_id = %s AND state IN ('valid', 'warning')
"""
_BEGIN = f"""
WITH made AS (
  INSERT INTO payouts_payout (
    public_id, reference, client_id, is_sandbox, api_user_id, created_by_id, source, batch_reference, batch_id,
    kind, receiver, receiver_code, receiver_name, holder_name, amount, fee, currency, narration, state, reason,
    rail_message, is_flagged, flags, rail, rail_id, attempts, asked, due_at, is_reserved, created_at, authorized_at,
    version)
  SELECT gen_random_uuid(), r.reference, b.client_id, b.is_sandbox, b.made_by_api_user_id, b.made_by_id, 'batch',
         b.reference, b.id, r.kind, r.receiver, r.receiver_code, left(r.receiver_name, 120), '', r.amount, r.fee,
         b.currency, left(r.narration, 200), 'authorized', '', '', false, '[]'::jsonb, {_RAIL.format("r")}, '', 0, 0,
         statement_timestamp(), true, statement_timestamp(), statement_timestamp(), 1
    FROM payouts_batchrow r JOIN payouts_batch b ON b.id = r.batch_id
   WHERE r.batch_id = %s AND r.state IN ('valid', 'warning') ORDER BY r.position
  RETURNING id, reference
)
UPDATE payouts_batchrow r SET payout_id = made.id FROM made WHERE r.reference = made.reference
"""


@transaction.atomic
def reserve(payouts: Sequence[Payout], *, memo: str, caused_by: User | None) -> None:
    """Let payouts that wait go: ``pending`` becomes ``authorized``, amounts and fees leave the balance in one posting.

    All of one client, currency and world; in the caller's transaction. The objects are brought up to date. Raises
    `NotEnoughMoney`, `NotPending` (one of them does not wait any more), `AccountFrozen`.
    """
    if not payouts:
        return
    first = payouts[0]
    if any(_books_of(one) != _books_of(first) for one in payouts):
        raise ValueError("payouts of one balance only")
    if len(_rows(_RESERVE, [sorted({one.pk for one in payouts})])) != len(payouts):
        raise NotPending
    purse = money.purse_of(first.client_id, first.client.public_id, first.currency, first.is_sandbox)
    subject = first.subject if len(payouts) == 1 else ""
    total = sum((one.amount + one.fee for one in payouts), Decimal(0))
    money.set_aside(purse, total, subject=subject, memo=memo, caused_by=caused_by)
    _bring_up_to_date(payouts)


def _books_of(payout: Payout) -> tuple[int, str, bool]:
    return payout.client_id, payout.currency, payout.is_sandbox


def _bring_up_to_date(payouts: Sequence[Payout]) -> None:
    names = ("state", "is_reserved", "reason", "authorized_at", "due_at", "rail", "version")
    rows = Payout.objects.in_bulk([one.pk for one in payouts])
    for payout in payouts:
        for name in names:
            setattr(payout, name, getattr(rows[payout.pk], name))


@transaction.atomic
def release(payout_ids: Collection[int], *, to: State, reason: Reason) -> int:
    """Stop payouts before they have left: ``authorized`` becomes ``cancelled`` or ``failed``, the money goes back.

    Returns how many were stopped; those that are being sent, or may have reached the rail, are not. All in one
    currency. Counters and ends of their batches follow. In the caller's transaction; whoever holds a batch's lock may
    call it.
    """
    if to not in (State.CANCELLED, State.FAILED):
        raise ValueError(to)
    ids = sorted(set(payout_ids))
    _allow_time(len(ids))
    batches = _batches_of(ids)
    counting.hold(batches)
    rows = _rows(_RELEASE, {"ids": ids, "state": str(to), "reason": str(reason)})
    if len({row[3] for row in rows}) > 1:
        raise ValueError("payouts of one currency only")
    if rows:
        subject, memo = _about(rows)
        money.post_ends([money.Sum(*row[:8]) for row in rows], subject=subject, memo=memo)
    if any(row[14] for row in rows):
        news.ended(ids)
    news.batches_ended(batches)
    return sum(row[8] for row in rows)


def _batches_of(payout_ids: Sequence[int]) -> list[int]:
    found = Payout.objects.filter(pk__in=payout_ids, batch__isnull=False).order_by()
    return list(found.values_list("batch_id", flat=True).distinct())


def _about(rows: Sequence[tuple[Any, ...]]) -> tuple[str, str]:
    """What a posting over ``rows`` of `_RELEASE` is about, and its memo: one payout, one batch, or several things."""
    if len(rows) == 1:
        count, payout, reference, batch, name, batches, has_singles = rows[0][8:]
        if batches == 1 and not has_singles:
            return f"batch:{batch}", name
        if count == 1:
            return f"payout:{payout}", reference
    return "", ""


@transaction.atomic
def begin_batch(batch: Batch, *, caused_by: User | None) -> None:
    """Start an approved batch: one posting over all good rows, their payouts, and the state ``processing``.

    The caller holds the batch's lock. The object is brought up to date. Raises `NotEnoughMoney`, `BatchChanged` when
    the rows do not make the totals of the batch, `AccountFrozen`.
    """
    _allow_time(batch.good)
    [(good, amount, fees)] = _rows(_COUNT_ROWS, [batch.pk])
    if not good or (good, amount, fees) != (batch.good, batch.amount, batch.fees):
        raise BatchChanged
    with connection.cursor() as cursor:
        cursor.execute(_BEGIN, [batch.pk])
        if cursor.rowcount != good:
            raise BatchChanged
        if good >= _MANY:
            # Claims are planned by what the statistics say, and they would say for a minute that nothing is there.
            cursor.execute("ANALYZE payouts_payout")
    purse = money.purse_of(batch.client_id, batch.client.public_id, batch.currency, batch.is_sandbox)
    money.set_aside(purse, amount + fees, subject=batch.subject, memo=batch.name, caused_by=caused_by)
    _start(batch)


def _start(batch: Batch) -> None:
    row = _rows(
        "UPDATE payouts_batch SET state = %s, started_at = statement_timestamp(), updated_at = statement_timestamp(), "
        "version = version + 1 WHERE id = %s RETURNING state, started_at, updated_at, version",
        [str(BatchState.PROCESSING), batch.pk],
    )[0]
    batch.state, batch.started_at, batch.updated_at, batch.version = row


@transaction.atomic
def again(payout_ids: Collection[int], *, asked_by: str, caused_by: User | None) -> list[int]:
    """Try failed payouts of one client once more, under the same references; ``asked_by`` names who asked.

    Returns those that were taken: failed after they had been let go, not stopped by a rule, tried less than three
    times, not of a batch that was called off, and to a receiver that may be paid now. A partly completed batch goes
    on. In the caller's transaction.
    Raises `NotEnoughMoney`, `AccountFrozen`.
    """
    ids = sorted(set(payout_ids))
    _allow_time(len(ids))
    counting.hold(_batches_of(ids))
    rows = _rows(_AGAIN, {"ids": ids, "most": MOST_ATTEMPTS, "asked_by": asked_by[:254]})
    if not rows:
        return []
    if len({row[1:5] for row in rows}) > 1:
        raise ValueError("payouts of one balance only")
    client_id, client, is_sandbox, currency = rows[0][1:5]
    batches = {(row[8], row[9]) for row in rows}
    about, memo = f"payout:{rows[0][6]}" if len(rows) == 1 else "", rows[0][7] if len(rows) == 1 else ""
    if len(batches) == 1 and rows[0][8]:
        about, memo = f"batch:{rows[0][8]}", rows[0][9]
    purse = money.purse_of(client_id, client, currency, is_sandbox)
    money.set_aside(purse, sum(row[5] for row in rows), subject=about, memo=memo, caused_by=caused_by)
    return [row[0] for row in rows]


def _allow_time(rows: int) -> None:
    if rows >= _MANY:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = %s", [_LONG])


def _rows(sql: str, values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())
