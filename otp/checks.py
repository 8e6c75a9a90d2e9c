"""Proves from the rows that orders and the ledger say the same. Run by `manage.py check_ledger`."""

from collections.abc import Iterator

from django.db import connection

from otp.models import Order

# (what is wrong, rows that show it); the text takes the row's columns in order.
_PROOFS: list[tuple[str, str]] = [
    (
        "order {0} was charged {1}, its hold is {2} with {3} captured",
        """
        SELECT o.reference, o.charged, coalesce(h.state, 'missing'), coalesce(h.captured, 0) FROM otp_order o
        LEFT JOIN wallets_hold h ON h.reference = o.hold_reference
        LEFT JOIN wallets_transaction t ON t.hold_id = h.id
          AND t.kind = CASE WHEN o.captured_at IS NULL THEN 'order_fee' ELSE 'order' END
        WHERE o.charged > 0
          AND (h.state IS DISTINCT FROM 'captured' OR h.captured <> o.charged OR t.id IS NULL)
        """,
    ),
    (
        "order {0} has its code and was charged nothing",
        "SELECT reference FROM otp_order WHERE captured_at IS NOT NULL AND charged = 0",
    ),
    (
        "order {0} is {1} without a code, its hold is {2} over {3} for a price of {4}",
        """
        SELECT o.reference, o.state, coalesce(h.state, 'missing'), coalesce(h.amount, 0), o.price FROM otp_order o
        LEFT JOIN wallets_hold h ON h.reference = o.hold_reference
        WHERE o.captured_at IS NULL AND o.finished_at IS NULL
          AND (h.state IS DISTINCT FROM 'open' OR h.amount <> o.price)
        """,
    ),
    (
        "order {0} is {1}, its hold is {2}",
        """
        SELECT o.reference, o.state, coalesce(h.state, 'missing') FROM otp_order o
        LEFT JOIN wallets_hold h ON h.reference = o.hold_reference
        WHERE o.charged = 0 AND o.finished_at IS NOT NULL
          AND (h.state IS NULL OR h.state NOT IN ('released', 'expired'))
        """,
    ),
    (
        "payment {0} belongs to no order that was charged",
        """
        SELECT t.reference FROM wallets_transaction t
        LEFT JOIN wallets_hold h ON h.id = t.hold_id
        LEFT JOIN otp_order o ON o.hold_reference = h.reference AND o.charged > 0
        WHERE t.kind IN ('order', 'order_fee') AND o.id IS NULL
        """,
    ),
    (
        "account {0} is {1}, the orders that were charged make {2}",
        """
        WITH paid AS (
          SELECT CASE WHEN c.is_sandbox THEN ':sandbox' ELSE '' END AS books,
            sum(o.charged_cost) AS cost, sum(o.charged - o.charged_cost) AS margin FROM otp_order o
          JOIN accounts_customer c ON c.id = o.customer_id
          JOIN wallets_hold h ON h.reference = o.hold_reference
          JOIN wallets_transaction t ON t.hold_id = h.id
          LEFT JOIN wallets_transaction r ON r.reverses_id = t.id
          WHERE o.charged > 0 AND r.id IS NULL GROUP BY 1),
        wanted AS (
          SELECT 'clearing:otpzap' || books AS code, cost AS total FROM paid
          UNION ALL SELECT 'revenue:otp' || books, margin FROM paid),
        posted AS (
          SELECT a.code, sum(p.amount) AS total FROM wallets_posting p
          JOIN wallets_account a ON a.id = p.account_id
            AND a.code IN ('clearing:otpzap', 'revenue:otp', 'clearing:otpzap:sandbox', 'revenue:otp:sandbox')
          JOIN wallets_transaction t ON t.id = p.transaction_id
          LEFT JOIN wallets_transaction r ON r.id = t.reverses_id
          WHERE coalesce(r.kind, t.kind) IN ('order', 'order_fee') GROUP BY 1)
        SELECT code, coalesce(p.total, 0), coalesce(w.total, 0) FROM wanted w FULL JOIN posted p USING (code)
        WHERE coalesce(p.total, 0) <> coalesce(w.total, 0)
        """,
    ),
    (
        "order {0} cost {1} at the supplier, it was sold on a cost of {2}",
        """
        SELECT reference, provider_cost, charged_cost FROM otp_order
        WHERE captured_at IS NOT NULL AND provider_cost <> charged_cost
        """,
    ),
    (
        "order {0} was replaced at the supplier and the new number is unknown to us",
        """
        SELECT reference FROM otp_order WHERE reason = 'replacement_lost'
          AND finished_at > statement_timestamp() - interval '7 days'
        """,
    ),
    (
        "order {0} says it was replaced, and no order stands in its place",
        """
        SELECT o.reference FROM otp_order o LEFT JOIN otp_order n ON n.replaces_id = o.id
        WHERE o.reason = 'replaced' AND n.id IS NULL
        """,
    ),
]


def ledger_problems() -> Iterator[str]:
    """What does not add up between orders and money, and orders that need a person, one sentence each."""
    with connection.cursor() as cursor:
        for words, query in _PROOFS:
            cursor.execute(f"{query} LIMIT 100")
            yield from [words.format(*row) for row in cursor.fetchall()]
    for order in Order.objects.stuck().order_by("pk")[:100]:
        yield f"order {order.reference} is {order.state} since {order.created_at:%Y-%m-%d %H:%M} UTC, without a number"
    for order in Order.objects.overdue().order_by("pk")[:100]:
        yield f"order {order.reference} is {order.state}, its time was over at {order.expires_at:%Y-%m-%d %H:%M} UTC"
