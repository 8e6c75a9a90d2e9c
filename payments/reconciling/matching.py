"""One line, one receipt: by the provider's id, by our reference, then by number, amount and time where only one fits.

Everything in bulk, in the database. What was decided before stays: only lines without a match are looked at.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from django.conf import settings
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from payments.methods import FASPAY_OVO, channels_of
from payments.models import SettlementFile

# Clocks of banks and ours; beyond it only the day counts.
WINDOW = "2 hours"
Wanted = dict[str, str | bool | int | Decimal | list[str] | list[date] | None]

_OPEN = """
    l.provider = %(provider)s AND l.verdict IN ('waiting', 'missing_here')
    AND (l.day = ANY(%(days)s) OR l.file_id = %(file)s)
"""
# A file that repeats what an earlier one said is no news; whatever says the same thing twice otherwise is a break.
_TOLD_BEFORE = f"""
    UPDATE payments_settlementline l SET verdict = 'repeated'
     WHERE {_OPEN} AND l.verdict = 'waiting' AND l.source = 'file'
       AND EXISTS (SELECT 1 FROM payments_settlementline e
                    WHERE e.provider = l.provider AND e.source = l.source AND e.ident = l.ident AND e.id < l.id
                      AND e.file_id <> l.file_id AND e.amount = l.amount AND e.currency = l.currency
                      AND e.status = l.status)
"""
_TWICE = f"""
    UPDATE payments_settlementline l SET verdict = 'duplicate'
     WHERE {_OPEN} AND l.verdict = 'waiting' AND l.source = 'file' AND l.status = 'paid'
       AND EXISTS (SELECT 1 FROM payments_settlementline e
                    WHERE e.provider = l.provider AND e.source = l.source AND e.ident = l.ident AND e.id < l.id
                      AND e.status = 'paid')
"""
_NOT_PAID = f"""
    UPDATE payments_settlementline l SET verdict = 'not_paid'
     WHERE {_OPEN} AND l.verdict = 'waiting' AND l.status IN ('pending', 'failed', 'unknown')
"""
# Receipts that a line names; the last part reaches payments to permanent numbers. A line that names an attempt of ours
# is never matched by its number alone.
_NAMED = f"""
    open_line AS MATERIALIZED (
      SELECT l.id, l.source, l.external_id, l.reference, l.number, l.amount, l.currency, l.paid_at, l.day
        FROM payments_settlementline l WHERE {_OPEN} AND l.status = %(status)s
    ), name AS (
      SELECT id, external_id AS name, 1 AS tier FROM open_line WHERE external_id <> ''
       UNION ALL
      SELECT id, reference, 2 FROM open_line WHERE reference <> ''
    ), found AS (
      SELECT n.id AS line, r.id AS receipt, n.tier
        FROM name n
        JOIN payments_paymentattempt a ON a.provider_trx_id = n.name AND a.provider_trx_id <> ''
        JOIN payments_receipt r ON r.key = a.trx_id AND r.channel = ANY(%(channels)s)
       UNION
      SELECT n.id, r.id, n.tier
        FROM name n JOIN payments_receipt r ON r.key = n.name AND r.channel = ANY(%(channels)s)
       UNION
      SELECT n.id, r.id, n.tier
        FROM name n JOIN payments_staticpayment s ON s.reference_no = n.name OR s.payment_request_id = n.name
        JOIN payments_receipt r ON r.static_payment_id = s.id AND r.channel = ANY(%(channels)s)
    ), named AS (
      SELECT f.line, f.receipt, min(f.tier) AS tier
        FROM found f JOIN open_line l ON l.id = f.line JOIN payments_receipt r ON r.id = f.receipt
       WHERE f.tier = 2 OR NOT %(daily)s
          OR abs(l.day - (coalesce(r.paid_at, r.received_at) AT TIME ZONE 'Asia/Jakarta')::date) <= 1
       GROUP BY f.line, f.receipt
    )
"""
_FREE = """
    NOT EXISTS (SELECT 1 FROM payments_settlementline t
                 WHERE t.receipt_id = r.id AND t.source = l.source
                   AND t.verdict IN ('matched', 'amount_differs', 'fee_differs'))
"""
_VERDICT = """
    CASE WHEN l.amount <> r.amount OR l.currency <> r.currency THEN 'amount_differs'
         WHEN l.fee IS NOT NULL AND l.net IS NOT NULL AND l.amount - l.fee <> l.net THEN 'fee_differs'
         ELSE 'matched' END
"""
_BY_NAME = f"""
    WITH {_NAMED}, ranked AS (
      SELECT n.line, n.receipt,
             row_number() OVER (PARTITION BY n.receipt, l.source ORDER BY l.amount = r.amount DESC, n.tier, l.id) AS a,
             row_number() OVER (PARTITION BY n.line ORDER BY l.amount = r.amount DESC, n.tier, r.id) AS b
        FROM named n JOIN open_line l ON l.id = n.line JOIN payments_receipt r ON r.id = n.receipt
       WHERE {_FREE}
    )
    UPDATE payments_settlementline l SET receipt_id = r.id, channel = r.channel, verdict = {_VERDICT}
      FROM ranked k JOIN payments_receipt r ON r.id = k.receipt
     WHERE l.id = k.line AND k.a = 1 AND k.b = 1
"""
_TAKEN = f"""
    WITH {_NAMED}, first AS (SELECT line, min(receipt) AS receipt FROM named GROUP BY line)
    UPDATE payments_settlementline l SET receipt_id = f.receipt, verdict = 'duplicate'
      FROM first f WHERE l.id = f.line
"""
_REVERSED = f"""
    WITH {_NAMED}, first AS (SELECT line, min(receipt) AS receipt FROM named GROUP BY line)
    UPDATE payments_settlementline l SET receipt_id = f.receipt, verdict = 'reversed'
      FROM open_line o LEFT JOIN first f ON f.line = o.id WHERE l.id = o.id
"""
_BY_NUMBER = f"""
    WITH {_NAMED}, held AS (
      SELECT l.id AS line, r.id AS receipt, l.source
        FROM open_line l
        JOIN payments_paymentattempt a ON a.number = l.number AND a.number <> ''
        JOIN payments_receipt r ON r.key = a.trx_id AND r.channel = ANY(%(channels)s)
       WHERE l.number <> '' AND l.amount = r.amount AND l.currency = r.currency AND {_FREE}
         AND {{near}}
       UNION
      SELECT l.id, r.id, l.source
        FROM open_line l
        JOIN payments_staticaccount s ON s.number = l.number
        JOIN payments_staticpayment p ON p.account_id = s.id
        JOIN payments_receipt r ON r.static_payment_id = p.id AND r.channel = ANY(%(channels)s)
       WHERE l.number <> '' AND l.amount = r.amount AND l.currency = r.currency AND {_FREE}
         AND {{near}}
    ), counted AS (
      SELECT line, receipt, count(*) OVER (PARTITION BY line) AS receipts,
             count(*) OVER (PARTITION BY receipt, source) AS lines
        FROM held
    )
    UPDATE payments_settlementline l SET receipt_id = r.id, channel = r.channel, verdict = {_VERDICT}
      FROM counted c JOIN payments_receipt r ON r.id = c.receipt
     WHERE l.id = c.line AND c.receipts = 1 AND c.lines = 1
       AND NOT EXISTS (SELECT 1 FROM named n WHERE n.line = l.id)
       AND NOT EXISTS (SELECT 1 FROM name n JOIN payments_paymentattempt a ON a.trx_id = n.name WHERE n.id = l.id)
       AND NOT EXISTS (SELECT 1 FROM name n JOIN payments_paymentattempt a
                           ON a.provider_trx_id = n.name AND a.provider_trx_id <> '' WHERE n.id = l.id)
"""
_MOMENT = "coalesce(r.paid_at, r.received_at)"
_SOON = f"abs(extract(epoch FROM l.paid_at - {_MOMENT})) <= extract(epoch FROM interval '{WINDOW}')"
_SAME_DAY = "l.day = (coalesce(r.paid_at, r.received_at) AT TIME ZONE 'Asia/Jakarta')::date"
# What is listed twice is about the payment that its first line found.
_SAME = """
    UPDATE payments_settlementline l SET receipt_id = e.receipt_id
      FROM payments_settlementline e
     WHERE l.provider = %(provider)s AND (l.day = ANY(%(days)s) OR l.file_id = %(file)s)
       AND l.verdict = 'duplicate' AND l.receipt_id IS NULL AND l.case_id IS NULL
       AND e.provider = l.provider AND e.source = l.source AND e.ident = l.ident AND e.receipt_id IS NOT NULL
"""
_LEFT = f"""
    UPDATE payments_settlementline l SET verdict = 'missing_here'
     WHERE {_OPEN} AND l.verdict = 'waiting' AND l.status = 'paid'
"""
_FEE = """
    UPDATE payments_settlementline l SET verdict = 'fee_differs'
     WHERE l.provider = %(provider)s AND (l.day = ANY(%(days)s) OR l.file_id = %(file)s) AND l.verdict = 'matched'
       AND l.case_id IS NULL AND l.channel = %(channel)s AND l.currency = 'IDR' AND l.fee IS NOT NULL
       AND l.fee <> round(%(flat)s + l.amount * %(share)s, 2)
"""


def match(provider: str, *, days: Sequence[date] = (), file: SettlementFile | None = None) -> None:
    """Match what is undecided of some days, or of one file. Idempotent; lines of one provider wait for each other."""
    wanted: Wanted = {
        "provider": provider,
        "days": list(days),
        "file": file.pk if file else None,
        "channels": channels_of(provider),
        "daily": provider == FASPAY_OVO,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('reconciliation:' || %(provider)s))", wanted)
        paid, back = {**wanted, "status": "paid"}, {**wanted, "status": "reversed"}
        for query in (_TOLD_BEFORE, _TWICE, _NOT_PAID):
            cursor.execute(query, wanted)
        cursor.execute(_REVERSED, back)
        # Two lines that name the same receipts: each round decides at least one of them.
        while _changed(cursor, _BY_NAME, paid):
            pass
        cursor.execute(_TAKEN, paid)
        cursor.execute(_BY_NUMBER.format(near=_SOON), paid)
        cursor.execute(_BY_NUMBER.format(near=_SAME_DAY), paid)
        cursor.execute(_SAME, wanted)
        cursor.execute(_LEFT, wanted)
        for fee in _fees():
            cursor.execute(_FEE, wanted | fee)


def _changed(cursor: CursorWrapper, query: str, wanted: Wanted) -> bool:
    cursor.execute(query, wanted)
    return bool(cursor.rowcount)


def _fees() -> list[Wanted]:
    """What a payment costs, where we know it (settings.SETTLEMENT_FEES)."""
    found: list[Wanted] = []
    for channel, text in settings.SETTLEMENT_FEES.items():
        share = Decimal(text.rstrip("%")) / 100 if text.endswith("%") else Decimal(0)
        found.append({"channel": channel, "flat": Decimal(0) if share else Decimal(text), "share": share})
    return found
