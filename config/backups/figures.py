"""What a database says of itself: rows by table, the ledger's sums, the end of the audit chain."""

from typing import Any

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

_TABLES = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r' AND n.nspname = 'public' ORDER BY 1
"""
_LEDGER = """
SELECT currency, count(*), coalesce(sum(balance), 0)::text, coalesce(sum(abs(balance)), 0)::text
  FROM wallets_account GROUP BY 1 ORDER BY 1
"""
_AUDIT = "SELECT position, encode(hash, 'hex') FROM accounts_audithead"


def of(database: BaseDatabaseWrapper | None = None) -> dict[str, Any]:
    """All figures of one moment, as JSON can hold them; inside the caller's transaction."""
    with (database or connection).cursor() as cursor:
        cursor.execute(_TABLES)
        tables = [name for (name,) in cursor.fetchall()]
        cursor.execute(" UNION ALL ".join(f"SELECT '{name}', count(*) FROM \"{name}\"" for name in tables))  # noqa: S608
        rows = dict(sorted(cursor.fetchall()))
        cursor.execute(_LEDGER)
        ledger = [list(row) for row in cursor.fetchall()]
        cursor.execute(_AUDIT)
        audit = cursor.fetchone()
    return {"rows": rows, "ledger": ledger, "audit": list(audit) if audit else None}


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """What is not the same, a line each."""
    found = [
        f"{table}: {before['rows'].get(table)} rows in the backup, {after['rows'].get(table)} restored"
        for table in sorted(before["rows"].keys() | after["rows"].keys())
        if before["rows"].get(table) != after["rows"].get(table)
    ]
    found += [
        f"{part}: {before[part]} in the backup, {after[part]} restored"
        for part in ("ledger", "audit")
        if before[part] != after[part]
    ]
    return found
