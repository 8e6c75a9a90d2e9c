"""What deposits, receipts and cases say about the ledger, and the ledger about them. Nothing is repaired here.

Money comes in through ``clearing:<channel>`` with a receipt, waits in ``suspense:<channel>`` with a case, and leaves
clearing again as a return, a loss (both by a case) or the provider's settlement. Amounts below follow the accounts:
clearing is minus what a provider still owes us.
"""

from collections.abc import Iterator
from datetime import timedelta

from django.db import connection
from django.db.models.functions import Now

from payments.methods import METHODS, SANDBOX
from payments.models import PaymentAttempt

STUCK_AFTER = timedelta(minutes=15)
# A message about money that nobody knows must have its case by then.
SHELTERED_AFTER = "2 hours"

# (what is wrong, rows that show it); the text takes the row's columns in order.
_PROOFS = [
    (
        "deposit {0} received {1} {2}, the ledger credited {3}",
        """
        SELECT d.public_id, d.received_amount, d.currency, coalesce(p.amount::text, 'nothing')
          FROM payments_deposit d
          LEFT JOIN wallets_transaction t ON t.reference = d.ledger_reference
          LEFT JOIN wallets_account a ON a.customer_id = d.customer_id AND a.currency = d.currency
          LEFT JOIN wallets_account c ON c.client_id = d.client_id AND c.currency = d.currency
               AND c.is_sandbox = (d.method = 'sandbox')
          LEFT JOIN wallets_posting p ON p.transaction_id = t.id AND p.account_id = coalesce(a.id, c.id)
         WHERE d.state = 'success' AND p.amount IS DISTINCT FROM d.received_amount
        """,
    ),
    (
        "deposit {0} has {1} transactions in the ledger",
        """
        SELECT d.public_id, count(*)
          FROM payments_deposit d
          JOIN wallets_transaction t ON t.subject = 'deposit:' || d.public_id AND t.kind IN ('deposit', 'collection')
         GROUP BY d.public_id HAVING count(*) > 1
        """,
    ),
    (
        "deposit {0} was credited by {1} receipts, not one",
        """
        SELECT d.public_id, count(r.id)
          FROM payments_deposit d
          LEFT JOIN accounts_customer o ON o.id = d.customer_id
          LEFT JOIN payments_receipt r ON r.deposit_id = d.id AND r.amount = d.received_amount
               AND r.currency = d.currency AND r.place IN ('wallet', 'returned')
               AND (r.ledger_reference = d.ledger_reference
                    OR EXISTS (SELECT 1 FROM payments_paymentcase c
                                WHERE c.receipt_id = r.id AND c.ledger_reference = d.ledger_reference))
         WHERE d.state = 'success' AND NOT coalesce(o.is_sandbox, d.method = 'sandbox')
         GROUP BY d.public_id HAVING count(r.id) <> 1
        """,
    ),
    (
        "ledger transaction {0} belongs to no successful deposit",
        """
        SELECT t.reference FROM wallets_transaction t
         WHERE t.kind IN ('deposit', 'collection') AND t.reference LIKE 'deposit:%%' AND t.reverses_id IS NULL
           AND NOT EXISTS (SELECT 1 FROM payments_deposit d
                            WHERE d.ledger_reference = t.reference AND d.state = 'success')
        """,
    ),
    (
        "receipt {0}:{1} of {2} {3} did not come in as the ledger says",
        """
        SELECT r.channel, r.key, r.amount, r.currency
          FROM payments_receipt r
          LEFT JOIN wallets_transaction t ON t.reference = r.ledger_reference
          LEFT JOIN wallets_account a ON a.code = 'clearing:' || r.channel AND a.currency = r.currency
          LEFT JOIN wallets_posting p ON p.transaction_id = t.id AND p.account_id = a.id
         WHERE p.amount IS DISTINCT FROM -r.amount
        """,
    ),
    (
        "{0} moved by {1} in {2}, which is no receipt, case or settlement",
        """
        SELECT a.code, p.amount, t.reference
          FROM wallets_posting p JOIN wallets_transaction t ON t.id = p.transaction_id
          JOIN wallets_account a ON a.id = p.account_id AND a.code = ANY (%(clearing)s)
         WHERE t.kind <> 'settlement'
           AND NOT EXISTS (SELECT 1 FROM payments_receipt r WHERE r.ledger_reference = t.reference
                              AND 'clearing:' || r.channel = a.code AND r.amount = -p.amount)
           AND NOT EXISTS (SELECT 1 FROM payments_paymentcase c WHERE c.state = 'settled'
                              AND c.ledger_reference = t.reference AND c.action_amount = abs(p.amount))
        """,
    ),
    (
        "{0} in {1} is at {2}; receipts, returns, losses and settlements make {3}",
        """
        WITH moves AS (
          SELECT 'clearing:' || channel AS code, currency, -amount AS amount
            FROM payments_receipt WHERE place <> 'returned'
           UNION ALL
          SELECT a.code, a.currency, p.amount
            FROM wallets_posting p JOIN wallets_transaction t ON t.id = p.transaction_id
            JOIN wallets_account a ON a.id = p.account_id
            LEFT JOIN payments_paymentcase c ON c.ledger_reference = t.reference AND c.state = 'settled'
            LEFT JOIN payments_receipt r ON r.id = c.receipt_id
           WHERE a.code = ANY (%(clearing)s)
             AND (t.kind = 'settlement' OR (c.action IN ('take_back', 'write_off', 'return') AND r.place <> 'returned'))
        )
        SELECT s.code, s.currency, s.balance, s.total FROM (
          SELECT k.code, k.currency, coalesce(a.balance, 0) AS balance, coalesce(m.total, 0) AS total
            FROM (SELECT code, currency FROM moves
                   UNION SELECT code, currency FROM wallets_account WHERE code = ANY (%(clearing)s)) k
            LEFT JOIN wallets_account a ON a.code = k.code AND a.currency = k.currency
            LEFT JOIN (SELECT code, currency, sum(amount) AS total FROM moves GROUP BY 1, 2) m
              ON m.code = k.code AND m.currency = k.currency) s
         WHERE s.balance <> s.total
        """,
    ),
    (
        "{0} in {1} holds {2}, the payments that wait in it sum to {3}",
        """
        SELECT s.code, s.currency, s.balance, s.waiting FROM (
          SELECT k.code, k.currency, coalesce(a.balance, 0) AS balance, coalesce(w.total, 0) AS waiting
            FROM (SELECT code, currency FROM wallets_account WHERE code LIKE 'suspense:%%'
                   UNION SELECT 'suspense:' || channel, currency FROM payments_receipt WHERE place = 'suspense') k
            LEFT JOIN wallets_account a ON a.code = k.code AND a.currency = k.currency
            LEFT JOIN (SELECT 'suspense:' || channel AS code, currency, sum(amount) AS total
                         FROM payments_receipt WHERE place = 'suspense' GROUP BY 1, 2) w
              ON w.code = k.code AND w.currency = k.currency) s
         WHERE s.balance <> s.waiting
        """,
    ),
    (
        "receipt {0}:{1} waits in suspense, and no open case asks what to do with it",
        """
        SELECT r.channel, r.key FROM payments_receipt r
         WHERE r.place = 'suspense'
           AND NOT EXISTS (SELECT 1 FROM payments_paymentcase c WHERE c.receipt_id = r.id AND c.state <> 'settled')
        """,
    ),
    (
        "case {0} ({1}) is about money that came, and has no receipt",
        """
        SELECT c.public_id, c.kind FROM payments_paymentcase c
          LEFT JOIN payments_receipt r ON r.id = c.receipt_id
         WHERE (c.kind = 'paid_twice'
                OR (c.state = 'settled' AND c.action IN ('credit', 'return', 'take_back', 'write_off')))
           AND r.id IS NULL
        """,
    ),
    (
        "case {0} is settled by {1}, which is not in the ledger or moved something else",
        """
        SELECT c.public_id, c.ledger_reference FROM payments_paymentcase c
         WHERE c.state = 'settled' AND c.ledger_reference <> ''
           AND NOT EXISTS (SELECT 1 FROM wallets_transaction t JOIN wallets_posting p ON p.transaction_id = t.id
                            WHERE t.reference = c.ledger_reference
                              AND (c.action = 'matched' OR abs(p.amount) = c.action_amount))
        """,
    ),
    (
        "case {0} is settled with money, and no transaction is named",
        """
        SELECT c.public_id FROM payments_paymentcase c
         WHERE c.state = 'settled' AND c.ledger_reference = ''
           AND c.action IN ('credit', 'return', 'take_back', 'write_off')
        """,
    ),
    (
        "case {0} was not decided by two people with a reason",
        """
        SELECT c.public_id FROM payments_paymentcase c
          LEFT JOIN wallets_transaction t ON t.reference = c.ledger_reference AND c.ledger_reference <> ''
         WHERE c.state = 'settled' AND c.action <> 'matched'
           AND (c.proposed_by_id IS NULL OR c.decided_by_id IS NULL OR c.proposed_by_id = c.decided_by_id
                OR c.action_note = '' OR (t.id IS NOT NULL AND t.caused_by_id IS DISTINCT FROM c.decided_by_id))
        """,
    ),
    (
        "{0} of receipt {1}:{2} was taken back or given up, only {3} came",
        """
        SELECT sum(c.action_amount), r.channel, r.key, r.amount
          FROM payments_paymentcase c JOIN payments_receipt r ON r.id = c.receipt_id
         WHERE c.state = 'settled' AND c.action IN ('take_back', 'write_off', 'return')
         GROUP BY r.id, r.channel, r.key, r.amount HAVING sum(c.action_amount) > r.amount
        """,
    ),
    (
        "payment {0} to a permanent number is {1}, and its deposit or its one receipt is not there or says otherwise",
        """
        SELECT s.id, s.state FROM payments_staticpayment s
          JOIN payments_staticaccount n ON n.id = s.account_id
          LEFT JOIN payments_deposit d ON d.id = s.deposit_id AND d.state = 'success' AND d.method = 'va_static'
               AND d.customer_id = n.customer_id AND (d.received_amount, d.currency) = (s.amount, s.currency)
          LEFT JOIN payments_receipt r ON r.static_payment_id = s.id AND r.deposit_id = d.id
               AND (r.amount, r.currency) = (s.amount, s.currency)
               AND (r.ledger_reference = d.ledger_reference OR starts_with(r.ledger_reference, 'suspense:'))
         WHERE s.state IN ('booked', 'reversed')
         GROUP BY s.id
        HAVING count(d.id) <> 1 OR count(r.id) <> 1 OR (s.state = 'reversed') <> bool_and(r.place = 'returned')
        """,
    ),
    (
        "deposit {0} came to a permanent number, and no payment of it is booked",
        """
        SELECT d.public_id FROM payments_deposit d
         WHERE d.method = 'va_static'
           AND NOT EXISTS (SELECT 1 FROM payments_staticpayment s
                            WHERE s.deposit_id = d.id AND s.state IN ('booked', 'reversed'))
        """,
    ),
    (
        "message {0} tells of money nobody knows, and has no case",
        """
        SELECT m.id FROM payments_providermessage m
         WHERE m.decision = 'unmatched' AND m.verified AND m.note = '' AND m.tries >= 3
           AND m.received_at < now() - %(late)s::interval
           AND encode(m.body, 'escape') ~ '"latestTransactionStatus"\\s*:\\s*"00"'
        """,
    ),
    (
        "message {0} has waited since {1}, and nobody could act on it",
        """
        SELECT m.id, m.received_at FROM payments_providermessage m
         WHERE m.next_try_at IS NOT NULL AND m.decision = 'waiting' AND m.received_at < now() - %(stuck)s::interval
        """,
    ),
    (
        "deposit {0} was to end at {1} and is still pending",
        """
        SELECT d.public_id, d.expires_at FROM payments_deposit d
         WHERE d.state = 'pending' AND d.expires_at < now() - %(stuck)s::interval
        """,
    ),
    (
        "attempt {0} of deposit {1} can be paid, and nobody will ask about it",
        """
        SELECT a.trx_id, d.public_id FROM payments_deposit d JOIN payments_paymentattempt a ON a.deposit_id = d.id
         WHERE d.state = 'pending' AND a.state = 'open' AND a.next_check_at IS NULL
           AND a.created_at < now() - %(stuck)s::interval
        """,
    ),
]


def clearing_accounts() -> list[str]:
    """The clearing accounts through which real payments come in."""
    return sorted({f"clearing:{method.channel}" for method in METHODS.values() if method.code != SANDBOX})


def ledger_problems() -> Iterator[str]:
    """Deposits, receipts, cases and ledger against each other, and numbers in doubt for too long; in words."""
    wanted: dict[str, str | list[str]] = {
        "clearing": clearing_accounts(),
        "late": SHELTERED_AFTER,
        "stuck": str(STUCK_AFTER),
    }
    with connection.cursor() as cursor:
        for text, query in _PROOFS:
            cursor.execute(query + " LIMIT 100", wanted)
            yield from [text.format(*row) for row in cursor.fetchall()]
    unsettled = [PaymentAttempt.State.SUBMITTING, PaymentAttempt.State.IN_DOUBT]
    stuck = PaymentAttempt.objects.filter(state__in=unsettled, created_at__lt=Now() - STUCK_AFTER)
    for account in stuck.select_related("deposit")[:100]:
        yield f"{account} of deposit {account.deposit.public_id} has been {account.state} for over 15 minutes"
