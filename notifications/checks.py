"""What messages say about the ledger, and the ledger about them. Nothing is repaired here."""

from collections.abc import Iterator

from django.db import connection

# (what is wrong, rows that show it); the text takes the row's columns in order.
_PROOFS = [
    (
        "{0} holds {1}, but messages that were paid for and not given back come to {2}",
        """
        WITH kept AS (
            SELECT CASE WHEN is_sandbox THEN 'revenue:sms-test' ELSE 'revenue:sms' END AS code, sum(cost) AS total
              FROM notifications_sms WHERE state <> 'failed' GROUP BY is_sandbox
        ), held AS (
            SELECT code, balance FROM wallets_account
             WHERE code IN ('revenue:sms', 'revenue:sms-test') AND currency = 'SLE'
        )
        SELECT coalesce(held.code, kept.code), coalesce(balance, 0), coalesce(total, 0)
          FROM kept FULL JOIN held ON held.code = kept.code
         WHERE coalesce(balance, 0) <> coalesce(total, 0)
        """,
    ),
    (
        "message {0} was not sent, cost {1}, and nothing was given back",
        """
        SELECT s.public_id, s.cost FROM notifications_sms s
          LEFT JOIN wallets_transaction t ON t.reference = 'sms-back:' || s.public_id
         WHERE s.state = 'failed' AND s.cost > 0 AND t.id IS NULL
        """,
    ),
    (
        "message {0} was given back and is {1}",
        """
        SELECT s.public_id, s.state FROM notifications_sms s
          JOIN wallets_transaction t ON t.reference = 'sms-back:' || s.public_id
         WHERE s.state <> 'failed'
        """,
    ),
]


def ledger_problems() -> Iterator[str]:
    """Each sentence is something that cannot be: money of messages that no message explains, and the reverse."""
    for words, query in _PROOFS:
        with connection.cursor() as cursor:
            cursor.execute(query)
            for row in cursor.fetchall():
                yield words.format(*row)
