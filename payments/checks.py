"""What the deposits say about the ledger, and the ledger about the deposits. Nothing is repaired here."""

from collections.abc import Iterator
from datetime import timedelta

from django.db import connection
from django.db.models.functions import Now

from payments.models import PaymentAttempt

CLEARING = "clearing:faspay_va"
STUCK_AFTER = timedelta(minutes=15)

# (what is wrong, rows that show it); the text takes the row's columns in order.
_PROOFS = [
    (
        "deposit {0} received {1} {2}, the ledger credited {3}",
        """
        SELECT d.public_id, d.received_amount, d.currency, coalesce(p.amount::text, 'nothing')
          FROM payments_deposit d
          LEFT JOIN wallets_transaction t ON t.reference = d.ledger_reference AND t.kind = 'deposit'
          LEFT JOIN wallets_account a ON a.customer_id = d.customer_id AND a.currency = d.currency
          LEFT JOIN wallets_posting p ON p.transaction_id = t.id AND p.account_id = a.id
         WHERE d.state = 'success' AND p.amount IS DISTINCT FROM d.received_amount
        """,
    ),
    (
        "deposit {0} has {1} transactions in the ledger",
        """
        SELECT d.public_id, count(*)
          FROM payments_deposit d
          JOIN wallets_transaction t ON t.subject = 'deposit:' || d.public_id AND t.kind = 'deposit'
         GROUP BY d.public_id HAVING count(*) > 1
        """,
    ),
    (
        "ledger transaction {0} belongs to no successful deposit",
        """
        SELECT DISTINCT t.reference
          FROM wallets_transaction t
          JOIN wallets_posting p ON p.transaction_id = t.id
          JOIN wallets_account a ON a.id = p.account_id AND a.code = %(clearing)s
         WHERE t.kind = 'deposit' AND t.reverses_id IS NULL
           AND NOT EXISTS (SELECT 1 FROM payments_deposit d
                            WHERE d.ledger_reference = t.reference AND d.state = 'success')
        """,
    ),
    (
        "{0} in {1} is at {2}, but the deposits it owes us for sum to {3}",
        """
        SELECT %(clearing)s, s.currency, s.balance, s.credited FROM (
          SELECT c.currency, coalesce(a.balance, 0) AS balance, coalesce(d.total, 0) AS credited
            FROM (SELECT currency FROM wallets_account WHERE code = %(clearing)s
                   UNION SELECT currency FROM payments_deposit WHERE state = 'success') c
            LEFT JOIN wallets_account a ON a.code = %(clearing)s AND a.currency = c.currency
            LEFT JOIN (SELECT currency, sum(received_amount) AS total FROM payments_deposit d
                         JOIN accounts_customer o ON o.id = d.customer_id AND NOT o.is_sandbox
                        WHERE d.state = 'success'
                          AND NOT EXISTS (SELECT 1 FROM wallets_transaction o
                                            JOIN wallets_transaction r ON r.reverses_id = o.id
                                           WHERE o.reference = d.ledger_reference)
                        GROUP BY 1) d ON d.currency = c.currency) s
         WHERE s.balance <> -s.credited
        """,
    ),
]


def ledger_problems() -> Iterator[str]:
    """Deposits and ledger against each other, and numbers that have been in doubt for too long; in words."""
    with connection.cursor() as cursor:
        for text, query in _PROOFS:
            cursor.execute(query + " LIMIT 100", {"clearing": CLEARING})
            yield from [text.format(*row) for row in cursor.fetchall()]
    unsettled = [PaymentAttempt.State.SUBMITTING, PaymentAttempt.State.IN_DOUBT]
    stuck = PaymentAttempt.objects.filter(state__in=unsettled, created_at__lt=Now() - STUCK_AFTER)
    for account in stuck.select_related("deposit")[:100]:
        yield f"{account} of deposit {account.deposit.public_id} has been {account.state} for over 15 minutes"
