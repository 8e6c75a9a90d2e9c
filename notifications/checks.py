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
        "the messages of request {0} cost their client {1}, its balance paid {2}",
        """
        WITH asked AS (
            SELECT request_id, client_id, is_sandbox, sum(cost) AS cost FROM notifications_sms
             WHERE client_id IS NOT NULL GROUP BY 1, 2, 3
        )
        SELECT asked.request_id, asked.cost, coalesce(-p.amount, 0)
          FROM asked
          LEFT JOIN wallets_transaction t ON t.reference = 'sms:' || asked.request_id
          LEFT JOIN wallets_account a ON a.client_id = asked.client_id AND a.is_sandbox = asked.is_sandbox
               AND a.currency = 'SLE'
          LEFT JOIN wallets_posting p ON p.transaction_id = t.id AND p.account_id = a.id
         WHERE coalesce(-p.amount, 0) <> asked.cost
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
