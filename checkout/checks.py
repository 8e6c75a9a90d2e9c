"""What the ledger check asks of checkouts: paid means money on the client's balance, once. Nothing is ever repaired."""

from collections.abc import Iterator

from django.db import connection

# (what is wrong, rows that show it); the text takes the row's columns in order.
_PROOFS: list[tuple[str, str]] = [
    (
        "checkout {0} is {1}, and the card payment {2} collected {3} for it",
        """
        SELECT s.reference, s.state, p.reference, p.captured FROM checkout_try t
          JOIN checkout_session s ON s.id = t.session_id JOIN cards_cardpayment p ON p.id = t.card_payment_id
         WHERE p.state = 'captured' AND p.captured >= s.amount AND s.state <> 'completed'
        """,
    ),
    (
        "checkout {0} is {1}, and the deposit {2} brought {3} for it",
        """
        SELECT s.reference, s.state, d.public_id, d.received_amount FROM checkout_try t
          JOIN checkout_session s ON s.id = t.session_id JOIN payments_deposit d ON d.id = t.deposit_id
         WHERE d.state = 'success' AND d.received_amount >= s.amount AND s.state <> 'completed'
        """,
    ),
    (
        "checkout {0} over {1} {2} is completed by {3}, which brought {4}",
        """
        SELECT s.reference, s.amount, s.currency, s.payment_reference,
               coalesce(sum(coalesce(p.captured, d.received_amount)), 0)
          FROM checkout_session s LEFT JOIN checkout_try t ON t.session_id = s.id
          LEFT JOIN cards_cardpayment p ON p.id = t.card_payment_id AND p.reference = s.payment_reference
               AND p.state = 'captured' AND p.currency = s.currency
          LEFT JOIN payments_deposit d ON d.id = t.deposit_id AND d.public_id::text = s.payment_reference
               AND d.state = 'success' AND d.currency = s.currency
         WHERE s.state = 'completed' GROUP BY s.id
        HAVING coalesce(sum(coalesce(p.captured, d.received_amount)), 0) < s.amount
        """,
    ),
    (
        "a try of checkout {0} belongs to {1}, and its money to {2}",
        """
        SELECT s.reference, s.client_id || CASE WHEN s.is_sandbox THEN ' (play)' ELSE '' END,
               p.client_id || CASE WHEN p.is_sandbox THEN ' (play)' ELSE '' END
          FROM checkout_try t JOIN checkout_session s ON s.id = t.session_id
          JOIN cards_cardpayment p ON p.id = t.card_payment_id
         WHERE (p.client_id, p.is_sandbox) <> (s.client_id, s.is_sandbox)
         UNION ALL
        SELECT s.reference, s.client_id || CASE WHEN s.is_sandbox THEN ' (play)' ELSE '' END,
               coalesce(d.client_id::text, 'a customer') || CASE WHEN d.method = 'sandbox' THEN ' (play)' ELSE '' END
          FROM checkout_try t JOIN checkout_session s ON s.id = t.session_id
          JOIN payments_deposit d ON d.id = t.deposit_id
         WHERE (d.client_id, d.method = 'sandbox') IS DISTINCT FROM (s.client_id, s.is_sandbox)
        """,
    ),
    (
        "checkout {0} holds {1} on a card since {2} UTC and does not collect it",
        """
        SELECT s.reference, p.amount, to_char(p.authorized_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')
          FROM checkout_try t JOIN checkout_session s ON s.id = t.session_id
          JOIN cards_cardpayment p ON p.id = t.card_payment_id
         WHERE p.state = 'authorized' AND p.authorized_at < statement_timestamp() - interval '1 hour'
        """,
    ),
    (
        "checkout {0} was to end at {1} UTC and is open",
        """
        SELECT s.reference, to_char(s.expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') FROM checkout_session s
         WHERE s.state = 'open' AND s.expires_at < statement_timestamp() - interval '1 hour'
           AND NOT EXISTS (SELECT FROM checkout_try t WHERE t.session_id = s.id AND NOT t.is_over)
        """,
    ),
]


def ledger_problems() -> Iterator[str]:
    """Each sentence is something that cannot be: money of a checkout that is not paid, and the reverse."""
    with connection.cursor() as cursor:
        for words, query in _PROOFS:
            cursor.execute(f"{query} LIMIT 100")
            yield from [words.format(*row) for row in cursor.fetchall()]
