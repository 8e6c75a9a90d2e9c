"""The limit for an export: the same rows and columns as they are stored, by one bare COPY into a plain file."""

import tempfile
import time

import psycopg

COLUMNS = (
    "p.reference, p.created_at, a.developer_name, p.kind, p.receiver, p.receiver_name, p.state, p.reason,"
    " p.completed_at, p.fee, p.amount, p.currency"
)
QUERY = f"""
COPY (
  SELECT {COLUMNS} FROM payouts_payout AS p JOIN accounts_apiuser AS a ON a.id = p.api_user_id
  WHERE p.client_id = {{client}} AND NOT p.is_sandbox ORDER BY p.id DESC
) TO STDOUT (FORMAT csv)
"""


def export(url: str, client_id: int) -> tuple[float, int]:
    """Seconds from the statement to the last byte in the file, and the bytes."""
    with psycopg.connect(url) as connection, connection.cursor() as cursor, tempfile.TemporaryFile() as file:
        began = time.perf_counter()
        with cursor.copy(QUERY.format(client=int(client_id))) as copy:
            for row in copy:
                file.write(row)
        file.flush()
        return time.perf_counter() - began, file.tell()
