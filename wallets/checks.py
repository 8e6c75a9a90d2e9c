"""The proof of the ledger from its rows alone. Each query lists what it cannot explain; nothing is ever repaired."""

from collections.abc import Iterator

from django.db import connection, transaction

# (what is wrong, rows that show it); the text takes the row's columns in order.
_PROOFS: list[tuple[str, str]] = [
    (
        "transaction {0} is not what its postings say",
        """
        SELECT t.reference FROM wallets_transaction t
        LEFT JOIN LATERAL (SELECT array_agg(p.account_id ORDER BY p.account_id) AS ids,
                                  array_agg(p.amount ORDER BY p.account_id) AS amounts
                             FROM wallets_posting p WHERE p.transaction_id = t.id) l ON true
        WHERE l.ids IS DISTINCT FROM t.account_ids
           OR EXISTS (SELECT 1 FROM unnest(l.amounts, t.amounts) AS x(a, b) WHERE a IS DISTINCT FROM b)
           OR cardinality(t.account_ids) < 2 OR 0 = ANY (t.amounts)
        """,
    ),
    (
        "transaction {0} does not sum to zero in {1}: {2}",
        """
        SELECT t.reference, a.currency, sum(p.amount) FROM wallets_posting p
        JOIN wallets_transaction t ON t.id = p.transaction_id JOIN wallets_account a ON a.id = p.account_id
        GROUP BY 1, 2 HAVING sum(p.amount) <> 0
        """,
    ),
    (
        "all accounts in {0} together are {1}, not zero",
        "SELECT currency, sum(balance) FROM wallets_account GROUP BY 1 HAVING sum(balance) <> 0",
    ),
    (
        "account {0} {1} says {2}, its postings say {3}",
        """
        SELECT a.code, a.currency, a.balance, coalesce(s.total, 0) FROM wallets_account a
        LEFT JOIN (SELECT account_id, sum(amount) AS total, count(*) AS n, max(version) AS top
                     FROM wallets_posting GROUP BY 1) s ON s.account_id = a.id
        WHERE a.balance <> coalesce(s.total, 0) OR a.version <> coalesce(s.n, 0) OR a.version <> coalesce(s.top, 0)
        """,
    ),
    (
        "posting {2} of account {0} {1} does not follow from the one before (transaction {3})",
        """
        SELECT code, currency, version, reference FROM (
          SELECT a.code, a.currency, p.version, p.account_id, t.reference, p.amount, p.balance_after, p.hash,
                 p.created_at,
                 ledger_facts(t.id, t.reference, t.kind, t.hold_id, h.amount, t.reverses_id, t.subject, t.memo,
                              t.caused_by_id, t.created_at) AS facts,
                 row_number() OVER w AS place, coalesce(lag(p.balance_after) OVER w, 0) AS before,
                 coalesce(lag(p.hash) OVER w, ''::bytea) AS chain, lag(p.created_at) OVER w AS earlier
            FROM wallets_posting p JOIN wallets_account a ON a.id = p.account_id
            LEFT JOIN wallets_transaction t ON t.id = p.transaction_id LEFT JOIN wallets_hold h ON h.id = t.hold_id
          WINDOW w AS (PARTITION BY p.account_id ORDER BY p.version)) q
        WHERE version <> place OR balance_after <> before + amount OR created_at < earlier
           OR hash <> ledger_hash(chain, account_id, version, amount, balance_after, created_at, facts)
        """,
    ),
    (
        "posting {0} belongs to no transaction or no account",
        """
        SELECT p.id FROM wallets_posting p LEFT JOIN wallets_transaction t ON t.id = p.transaction_id
        LEFT JOIN wallets_account a ON a.id = p.account_id WHERE t.id IS NULL OR a.id IS NULL
        """,
    ),
    (
        "there were {0} postings at the last check and are {1} now",
        """
        SELECT c.postings, n.count FROM (SELECT max(postings) AS postings FROM wallets_ledgercheck) c,
               (SELECT count(*) FROM wallets_posting) n WHERE n.count < c.postings
        """,
    ),
    (
        "account {0} {1} ends its chain elsewhere than its last posting",
        """
        SELECT a.code, a.currency FROM wallets_account a
        LEFT JOIN wallets_posting p ON p.account_id = a.id AND p.version = a.version
        WHERE a.head <> coalesce(p.hash, ''::bytea)
        """,
    ),
    (
        "account {0} {1} holds {2}, its open holds are {3}",
        """
        SELECT a.code, a.currency, a.held, coalesce(h.total, 0) FROM wallets_account a
        LEFT JOIN (SELECT account_id, sum(amount) AS total FROM wallets_hold WHERE state = 'open' GROUP BY 1) h
          ON h.account_id = a.id
        WHERE a.held <> coalesce(h.total, 0)
        """,
    ),
    (
        "hold {0} is {1} with {2} captured, its transaction says otherwise",
        """
        SELECT h.reference, h.state, h.captured FROM wallets_hold h
        LEFT JOIN wallets_transaction t ON t.hold_id = h.id
        LEFT JOIN wallets_posting p ON p.transaction_id = t.id AND p.account_id = h.account_id
        WHERE (h.state = 'captured') <> (t.id IS NOT NULL) OR h.captured <> -coalesce(p.amount, 0)
        """,
    ),
    (
        "reversal {0} does not mirror {1}",
        """
        SELECT r.reference, o.reference FROM wallets_transaction r JOIN wallets_transaction o ON o.id = r.reverses_id
        WHERE o.reverses_id IS NOT NULL OR r.account_ids <> o.account_ids
           OR EXISTS (SELECT 1 FROM unnest(r.amounts, o.amounts) AS x(a, b) WHERE a <> -b)
        """,
    ),
    (
        "account {0} {1} may not be {2} with a balance of {3} and {4} held",
        """
        SELECT code, currency, status, balance, held FROM wallets_account
        WHERE held < 0 OR (balance < held AND NOT may_go_negative)
           OR (may_go_negative AND (customer_id IS NOT NULL OR client_id IS NOT NULL))
           OR currency NOT IN ('IDR', 'SLE', 'USD') OR status NOT IN ('open', 'frozen', 'closed')
           OR (status = 'closed' AND (balance <> 0 OR held <> 0))
        """,
    ),
    (
        "account {0} {1} is in other hands than its name says",
        """
        SELECT a.code, a.currency FROM wallets_account a LEFT JOIN accounts_customer c ON c.id = a.customer_id
        LEFT JOIN accounts_client k ON k.id = a.client_id
        WHERE (a.code LIKE 'wallet:%') <> (c.id IS NOT NULL) OR a.code <> 'wallet:' || c.public_id
           OR (a.code LIKE 'client:%' OR a.code LIKE 'client-test:%') <> (k.id IS NOT NULL)
           OR a.code <> CASE WHEN a.is_sandbox THEN 'client-test:' ELSE 'client:' END || k.public_id
        """,
    ),
    (
        "payment {0} was not paid by its customer",
        """
        SELECT p.public_id FROM wallets_payment p
        LEFT JOIN wallets_transaction t ON t.reference = 'payment:' || p.public_id AND t.kind = 'payment'
        LEFT JOIN wallets_account a ON a.customer_id = p.customer_id AND a.id = ANY (t.account_ids)
        WHERE a.id IS NULL
        """,
    ),
    (
        "transaction {0} pays for no payment",
        """
        SELECT t.reference FROM wallets_transaction t
        LEFT JOIN wallets_payment p ON t.reference = 'payment:' || p.public_id
        WHERE t.kind = 'payment' AND p.id IS NULL
        """,
    ),
    (
        "real money and money of the sandbox meet in transaction {0}",
        """
        SELECT t.reference FROM wallets_posting p JOIN wallets_transaction t ON t.id = p.transaction_id
        JOIN wallets_account a ON a.id = p.account_id LEFT JOIN accounts_customer c ON c.id = a.customer_id
        GROUP BY 1 HAVING count(DISTINCT CASE WHEN c.id IS NOT NULL THEN c.is_sandbox
                                              WHEN a.client_id IS NOT NULL THEN a.is_sandbox
                                              ELSE a.code LIKE '%:sandbox' OR a.code LIKE '%-test' END) > 1
        """,
    ),
]


def ledger_problems() -> Iterator[str]:
    """Everything in the ledger's own tables that does not follow from the rest, in words, from one snapshot."""
    already_in_one = connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        if not already_in_one:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            # A long ledger takes longer to read than a request may.
            cursor.execute("SET LOCAL statement_timeout = 0")
        for text, query in _PROOFS:
            cursor.execute(query + " LIMIT 100")
            yield from [text.format(*row) for row in cursor.fetchall()]
