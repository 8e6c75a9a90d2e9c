"""The limit for an upload: its rows, checked already, go by one bare COPY into the same indexed table."""

import time

import psycopg

COLUMNS = (
    "batch_id, public_id, reference, position, line, destination, amount_text, receiver_name, narration, kind,"
    " receiver, receiver_code, amount, fee, state, problems"
)


def load(url: str, rows: bytes) -> float:
    """Seconds from the first byte to the commit."""
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        began = time.perf_counter()
        with cursor.copy(f"COPY payouts_batchrow ({COLUMNS}) FROM STDIN") as copy:
            copy.write(rows)
        connection.commit()
        return time.perf_counter() - began
