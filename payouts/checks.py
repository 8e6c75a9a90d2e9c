"""What the ledger check asks of money out. Each query lists what it cannot explain; nothing is ever repaired."""

from collections.abc import Iterator

from django.db import connection

# What payouts post; other movements on the same accounts (a rail is paid, a client tops up) have kinds of their own.
_POSTED = """
  SELECT a.code, a.currency, sum(p.amount) AS total
    FROM wallets_posting p JOIN wallets_account a ON a.id = p.account_id
    JOIN wallets_transaction t ON t.id = p.transaction_id
   WHERE t.kind IN ('payout', 'payout_back', 'payout_paid', 'payout_return') GROUP BY 1, 2
"""
_BOOKS = "CASE WHEN p.is_sandbox THEN '-test' ELSE '' END"
_LEFT = "p.state IN ('authorized', 'sending', 'in_doubt', 'completed', 'returned')"

# (what is wrong, rows that show it); the text takes the row's columns in order.
_PROOFS: list[tuple[str, str]] = [
    (
        "account {0} {1} is {2} by payouts, the payouts make {3}",
        f"""
        WITH wanted AS (
          SELECT 'payable:payouts' || {_BOOKS} AS code, p.currency, sum(p.amount + p.fee) AS total
            FROM payouts_payout p WHERE p.is_reserved GROUP BY 1, 2
          UNION ALL
          SELECT 'clearing:rail-' || p.rail || {_BOOKS}, p.currency, sum(p.amount)
            FROM payouts_payout p WHERE p.state = 'completed' GROUP BY 1, 2
          UNION ALL
          SELECT 'revenue:payouts' || {_BOOKS}, p.currency, sum(p.fee)
            FROM payouts_payout p WHERE p.state IN ('completed', 'returned') GROUP BY 1, 2
          UNION ALL
          SELECT 'client' || {_BOOKS} || ':' || c.public_id, p.currency,
                 -sum(CASE p.state WHEN 'returned' THEN p.fee ELSE p.amount + p.fee END)
            FROM payouts_payout p JOIN accounts_client c ON c.id = p.client_id WHERE {_LEFT} GROUP BY 1, 2
        ), posted AS ({_POSTED})
        SELECT code, currency, coalesce(posted.total, 0), coalesce(wanted.total, 0)
          FROM wanted FULL JOIN posted USING (code, currency)
         WHERE coalesce(posted.total, 0) <> coalesce(wanted.total, 0)
        """,
    ),
    (
        # Whatever the kind of a movement: nothing else has any business on it.
        "account {0} {1} holds {2}, what is on its way comes to {3}",
        """
        SELECT a.code, a.currency, a.balance, coalesce(sum(p.amount + p.fee), 0)
          FROM wallets_account a
          LEFT JOIN payouts_payout p ON p.is_reserved AND p.currency = a.currency
               AND p.is_sandbox = (a.code = 'payable:payouts-test')
         WHERE a.code IN ('payable:payouts', 'payable:payouts-test')
         GROUP BY a.id HAVING a.balance <> coalesce(sum(p.amount + p.fee), 0)
        """,
    ),
    (
        "top-up {0} is {1} over {2}, the balance of its client got {3}",
        """
        SELECT f.reference, f.state, coalesce(f.received_amount, f.amount), coalesce(p.amount, 0)
          FROM payouts_funding f
          LEFT JOIN wallets_transaction t ON t.reference = 'funding:' || f.public_id
          LEFT JOIN wallets_account a ON a.client_id = f.client_id AND a.currency = f.currency
               AND a.is_sandbox = f.is_sandbox
          LEFT JOIN wallets_posting p ON p.transaction_id = t.id AND p.account_id = a.id
         WHERE coalesce(p.amount, 0) <> CASE f.state WHEN 'credited' THEN coalesce(f.received_amount, f.amount)
                                                     ELSE 0 END
            OR (t.id IS NOT NULL) <> (f.state = 'credited')
        """,
    ),
    (
        "batch {0} counts {1} paid, {2} failed, {3} called off, {4} sent back, its payouts are {5}, {6}, {7}, {8}",
        """
        SELECT b.reference, b.paid, b.failed, b.cancelled, b.returned, coalesce(n.paid, 0), coalesce(n.failed, 0),
               coalesce(n.cancelled, 0), coalesce(n.returned, 0)
          FROM payouts_batch b LEFT JOIN (
            SELECT batch_id, count(*) FILTER (WHERE state IN ('completed', 'returned')) AS paid,
                   count(*) FILTER (WHERE state = 'failed') AS failed,
                   count(*) FILTER (WHERE state = 'cancelled') AS cancelled,
                   count(*) FILTER (WHERE state = 'returned') AS returned,
                   sum(amount) FILTER (WHERE state IN ('completed', 'returned')) AS paid_amount,
                   sum(amount) FILTER (WHERE state = 'failed') AS failed_amount
              FROM payouts_payout WHERE batch_id IS NOT NULL GROUP BY 1) n ON n.batch_id = b.id
         WHERE (b.paid, b.failed, b.cancelled, b.returned, b.paid_amount, b.failed_amount)
               IS DISTINCT FROM (coalesce(n.paid, 0), coalesce(n.failed, 0), coalesce(n.cancelled, 0),
                                 coalesce(n.returned, 0), coalesce(n.paid_amount, 0), coalesce(n.failed_amount, 0))
        """,
    ),
    (
        "batch {0} is {1} and {2} of its payouts are on their way",
        """
        SELECT b.reference, b.state, count(p.id) FILTER (WHERE p.is_reserved)
          FROM payouts_batch b LEFT JOIN payouts_payout p ON p.batch_id = b.id WHERE b.started_at IS NOT NULL
         GROUP BY 1, 2 HAVING (b.state IN ('completed', 'partly_completed', 'cancelled'))
                              <> (count(p.id) FILTER (WHERE p.is_reserved) = 0)
        """,
    ),
    (
        "batch {0} has {1} good rows over {2}, its payouts are {3} over {4}",
        """
        SELECT b.reference, count(r.id), coalesce(sum(r.amount + r.fee), 0), count(p.id),
               coalesce(sum(p.amount + p.fee), 0)
          FROM payouts_batch b
          JOIN payouts_batchrow r ON r.batch_id = b.id AND r.state IN ('valid', 'warning')
          LEFT JOIN payouts_payout p ON p.id = r.payout_id AND p.batch_id = b.id AND p.reference = r.reference
               AND p.receiver = r.receiver AND p.amount = r.amount AND p.fee = r.fee
         WHERE b.started_at IS NOT NULL GROUP BY b.id
        HAVING count(r.id) <> count(p.id) OR count(r.id) <> b.valid + b.warning
            OR sum(r.amount) <> b.amount OR sum(r.fee) <> b.fees
        """,
    ),
    (
        "payout {0} is of batch {1}, which has no such row",
        """
        SELECT p.reference, b.reference FROM payouts_payout p JOIN payouts_batch b ON b.id = p.batch_id
          LEFT JOIN payouts_batchrow r ON r.payout_id = p.id AND r.batch_id = b.id WHERE r.id IS NULL
        """,
    ),
    (
        "payout {0} says {1} attempts, {2} are kept, the last of them is “{3}” while it is {4}",
        """
        SELECT p.reference, p.attempts, count(a.id), coalesce(max(a.result) FILTER (WHERE a.number = p.attempts), ''),
               p.state
          FROM payouts_payout p LEFT JOIN payouts_attempt a ON a.payout_id = p.id WHERE p.attempts > 0
         GROUP BY p.id HAVING count(a.id) <> p.attempts
            OR coalesce(max(a.result) FILTER (WHERE a.number = p.attempts), '') <>
               CASE WHEN p.state IN ('completed', 'returned') THEN 'paid'
                    WHEN p.state IN ('failed', 'cancelled') THEN 'failed' ELSE '' END
        """,
    ),
    (
        "payout {0} is {1} since {2} UTC",
        """
        SELECT reference, state, to_char(sent_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') FROM payouts_payout
         WHERE state IN ('sending', 'in_doubt') AND sent_at < statement_timestamp() - interval '24 hours'
        """,
    ),
    (
        "payout {0} was to be worked on at {1} UTC and nobody did",
        """
        SELECT reference, to_char(due_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') FROM payouts_payout
         WHERE state IN ('pending', 'sending', 'in_doubt') AND due_at < statement_timestamp() - interval '1 hour'
        """,
    ),
    (
        "payout {0} may leave since {1} UTC and does not",
        """
        SELECT p.reference, to_char(p.authorized_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') FROM payouts_payout p
          LEFT JOIN payouts_batch b ON b.id = p.batch_id
         WHERE p.state = 'authorized' AND p.authorized_at < statement_timestamp() - interval '24 hours'
           AND b.state IS DISTINCT FROM 'paused'
        """,
    ),
    (
        "payout {0} is {1}, its rail says {2} over {3}",
        """
        SELECT p.reference, p.state, c.outcome, coalesce(c.amount::text, 'nothing') FROM payouts_contradiction c
          JOIN payouts_payout p ON p.id = c.payout_id WHERE c.explained_at IS NULL
        """,
    ),
]


def ledger_problems() -> Iterator[str]:
    """Each sentence is something that cannot be: money on its way that no payout explains, and the reverse."""
    with connection.cursor() as cursor:
        for words, query in _PROOFS:
            cursor.execute(f"{query} LIMIT 100")
            yield from [words.format(*row) for row in cursor.fetchall()]
