"""What the ledger check asks of cards. Each query lists what it cannot explain; nothing is ever repaired."""

from collections.abc import Iterator

from django.db import connection

# What cards post; other movements on the same accounts (the processor pays us) have kinds of their own.
_POSTED = """
  SELECT a.code, a.currency, sum(p.amount) AS total
    FROM wallets_posting p JOIN wallets_account a ON a.id = p.account_id
    JOIN wallets_transaction t ON t.id = p.transaction_id
   WHERE t.kind IN ('card', 'card_refund', 'card_refund_paid', 'card_refund_back') GROUP BY 1, 2
"""
_BOOKS = "CASE WHEN c.is_sandbox THEN '-test' ELSE '' END"
_ACTS = """
  SELECT payment_id, coalesce(sum(amount) FILTER (WHERE kind = 'capture' AND state = 'done'), 0) AS captured,
         coalesce(sum(amount) FILTER (WHERE kind = 'refund' AND state = 'done'), 0) AS given_back,
         coalesce(sum(amount) FILTER (WHERE kind = 'refund' AND state IN ('sending', 'in_doubt')), 0) AS on_its_way,
         count(*) FILTER (WHERE kind = 'void' AND state = 'done') AS voids
    FROM cards_cardact GROUP BY 1
"""

# (what is wrong, rows that show it); the text takes the row's columns in order.
_PROOFS: list[tuple[str, str]] = [
    (
        "account {0} {1} is {2} by cards, the payments make {3}",
        f"""
        WITH acts AS ({_ACTS}), paid AS (
          SELECT p.*, coalesce(a.given_back, 0) AS given_back, coalesce(a.on_its_way, 0) AS on_its_way
            FROM cards_cardpayment p LEFT JOIN acts a ON a.payment_id = p.id WHERE p.state = 'captured'
        ), wanted AS (
          SELECT 'clearing:cards-' || c.processor || {_BOOKS} AS code, c.currency,
                 sum(c.given_back - c.captured) AS total
            FROM paid c GROUP BY 1, 2
          UNION ALL
          SELECT 'payable:card-refunds' || {_BOOKS}, c.currency, sum(c.on_its_way) FROM paid c GROUP BY 1, 2
          UNION ALL
          SELECT 'revenue:cards' || {_BOOKS}, c.currency, sum(c.fee) FROM paid c GROUP BY 1, 2
          UNION ALL
          SELECT 'client' || {_BOOKS} || ':' || k.public_id, c.currency, sum(c.captured - c.fee - c.refunded)
            FROM paid c JOIN accounts_client k ON k.id = c.client_id GROUP BY 1, 2
        ), posted AS ({_POSTED})
        SELECT code, currency, coalesce(posted.total, 0), coalesce(wanted.total, 0)
          FROM wanted FULL JOIN posted USING (code, currency)
         WHERE coalesce(posted.total, 0) <> coalesce(wanted.total, 0)
        """,
    ),
    (
        # Whatever the kind of a movement: nothing else has any business on it.
        "account {0} {1} holds {2}, refunds on their way come to {3}",
        """
        SELECT a.code, a.currency, a.balance, coalesce(sum(r.amount), 0)
          FROM wallets_account a
          LEFT JOIN (SELECT c.amount, p.currency, p.is_sandbox FROM cards_cardact c
                       JOIN cards_cardpayment p ON p.id = c.payment_id
                      WHERE c.kind = 'refund' AND c.state IN ('sending', 'in_doubt')) r
                 ON r.currency = a.currency AND r.is_sandbox = (a.code = 'payable:card-refunds-test')
         WHERE a.code IN ('payable:card-refunds', 'payable:card-refunds-test')
         GROUP BY a.id HAVING a.balance <> coalesce(sum(r.amount), 0)
        """,
    ),
    (
        "card payment {0} is {1} with {2} captured and {3} given back, what was done with it makes {4} and {5}",
        f"""
        WITH acts AS ({_ACTS})
        SELECT p.reference, p.state, p.captured, p.refunded, coalesce(a.captured, 0),
               coalesce(a.given_back + a.on_its_way, 0)
          FROM cards_cardpayment p LEFT JOIN acts a ON a.payment_id = p.id
         WHERE p.captured <> coalesce(a.captured, 0) OR p.refunded <> coalesce(a.given_back + a.on_its_way, 0)
            OR (p.state = 'captured') <> (coalesce(a.captured, 0) > 0)
            OR (p.state = 'voided') <> (coalesce(a.voids, 0) > 0)
        """,
    ),
    (
        "card payment {0} is {1} since {2} UTC",
        """
        SELECT reference, state, to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') FROM cards_cardpayment
         WHERE state IN ('sending', 'in_doubt')
           AND coalesce(in_doubt_since, created_at) < statement_timestamp() - interval '24 hours'
        """,
    ),
    (
        "{0} {1} of card payment {2} is {3} since {4} UTC",
        """
        SELECT a.kind, a.reference, p.reference, a.state,
               to_char(a.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')
          FROM cards_cardact a JOIN cards_cardpayment p ON p.id = a.payment_id
         WHERE a.state IN ('sending', 'in_doubt') AND a.created_at < statement_timestamp() - interval '24 hours'
        """,
    ),
    (
        "card payment {0} was to be looked at at {1} UTC and nobody did",
        """
        SELECT p.reference, to_char(d.due_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')
          FROM (SELECT id, due_at FROM cards_cardpayment UNION ALL SELECT payment_id, due_at FROM cards_cardact) d
          JOIN cards_cardpayment p ON p.id = d.id WHERE d.due_at < statement_timestamp() - interval '1 hour'
        """,
    ),
]


def ledger_problems() -> Iterator[str]:
    """Each sentence is something that cannot be: money of cards that no payment explains, and the reverse."""
    with connection.cursor() as cursor:
        for words, query in _PROOFS:
            cursor.execute(f"{query} LIMIT 100")
            yield from [words.format(*row) for row in cursor.fetchall()]
