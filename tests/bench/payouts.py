"""Results of payouts: written down by the engine, beside one set-based UPDATE and INSERT over the same rows.

The limit's table has the columns, indexes and checks of payouts and none of its triggers; it knows neither leases nor
money. Ours writes states, attempts, counters and postings in the chunks in which a worker does.
"""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tests.bench import database, memory

LIMIT = (Path(__file__).parent / "limits" / "payouts.sql").read_text()
ROWS = 50_000
AMOUNT, FEE = Decimal(10), Decimal("2.50")
_ROWS = """
INSERT INTO payouts_batchrow (batch_id, public_id, reference, position, line, destination, amount_text, receiver_name,
  narration, kind, receiver, receiver_code, amount, fee, state, problems)
SELECT %s, gen_random_uuid(), 'TB' || %s || lpad(n::text, 12, '0'), n, n, 'x', '10', 'Aminata Kamara', 'Wages',
  'BankTransfer', '003001' || lpad(n::text, 12, '0'), '003', %s, %s, 'valid', '' FROM generate_series(1, %s) n
"""


class InstantRail:
    """Pays everything at once, without a word on any wire."""

    name = "instant"

    def send(self, instructions: Sequence[Any]) -> list[Any]:
        from payouts.providers.types import Outcome, Word

        return [Word(one.reference, Outcome.PAID, rail_id="R1", amount=one.amount) for one in instructions]

    def ask(self, references: Sequence[str]) -> list[Any]:
        raise AssertionError("nothing is in doubt")

    def changes(self, after: str) -> Any:
        from payouts.providers.types import Changes

        return Changes((), after)


def begin(rows: int) -> Any:
    """A batch of so many rows that has begun, of a client with enough money."""
    from django.db import connection, transaction
    from django.utils import timezone

    from accounts.models import Client
    from config.lib.ids import new_reference
    from payouts import books, sending
    from payouts.models import Batch
    from wallets.services import Purse, credit_client

    client, _made = Client.objects.get_or_create(
        email="payouts@bench.example", defaults={"name": "Bench Ltd", "client_type": "Company", "status": "Active"}
    )
    credit_client(
        purse=Purse(client, "SLE"),
        source=books.funding(False),
        amount=(AMOUNT + FEE) * rows,
        kind="funding",
        reference=new_reference("BF"),
        subject="",
        memo="",
    )
    batch = Batch.objects.create(
        client=client,
        reference=new_reference("TB"),
        name="Bench",
        origin="file",
        state="approved",
        rows=rows,
        valid=rows,
        amount=AMOUNT * rows,
        fees=FEE * rows,
        approved_at=timezone.now(),
        approved_digest="0" * 64,
    )
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_ROWS, [batch.pk, batch.pk, AMOUNT, FEE, rows])
        sending.begin_batch(Batch.objects.select_for_update().get(pk=batch.pk), caused_by=None)
    return batch


def ours(rows: int) -> float:
    """Results a second: every payout is on its way and its answer is there; from then until all is written."""
    from payouts.providers.types import Outcome, Word
    from payouts.sending import claiming, recording, verdicts
    from payouts.sending.engine import MOST

    begin(rows)
    chunks = []
    while claimed := claiming.to_send((False,), MOST):
        words = [Word(one.reference, Outcome.PAID, rail_id="R1", amount=one.amount) for one in claimed]
        chunks.append([(one, verdicts.of_sending(one, word)) for one, word in zip(claimed, words, strict=True)])
    tidy()
    started = time.perf_counter()
    for chunk in chunks:
        recording.record(chunk)
    return rows / (time.perf_counter() - started)


def limit(rows: int) -> float:
    """The same for one UPDATE and one INSERT in one transaction."""
    from django.db import connection, transaction

    prepare, update, insert = LIMIT.split("-- step\n")
    with connection.cursor() as cursor:
        cursor.execute(prepare, [rows])
    tidy()
    started = time.perf_counter()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(update)
        cursor.execute(insert)
    return rows / (time.perf_counter() - started)


def tidy() -> None:
    """Statistics as autovacuum would have them, and as little as may be left to write."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE payouts_payout, payouts_attempt, payouts_batchrow, payouts_batch")
    database.tidy()


@contextmanager
def instant_rail() -> Iterator[None]:
    """A line that is open and takes whatever is given to it."""
    from django.conf import settings

    from payouts import rails

    settings.PAYOUT_RAIL_URL, settings.PAYOUT_RAIL_PER_SECOND = "http://127.0.0.1:9/rail/v1", 10_000_000
    with patch.object(rails, "on", lambda *_args, **_kwargs: InstantRail()):
        assert rails.line("live")
        yield


def queries_per_item(rows: int) -> float:
    """Statements for each payout, from the first claim to the last result, transactions and looking around included."""
    from django.db import connection

    from payouts import sending

    begin(rows)
    connection.force_debug_cursor = True
    counted = 0

    def count(execute: Any, *rest: Any) -> Any:
        nonlocal counted
        counted += 1
        return execute(*rest)

    try:
        with instant_rail(), connection.execute_wrapper(count):
            before = _transactions()
            while sending.run("live", seconds=600):
                pass
            ended = 2 * (_transactions() - before)
    finally:
        connection.force_debug_cursor = False
    return (counted + ended) / rows


def _transactions() -> int:
    """Postings: each stands for one BEGIN and one COMMIT, which no wrapper sees."""
    from wallets.models import Transaction

    return Transaction.objects.count()


def peak_memory(rows: int) -> int:
    """Kilobytes that this process had at most, from the start of a batch to its end."""
    from payouts import sending

    begin(rows)
    with instant_rail():
        while sending.run("live", seconds=600):
            pass
    return memory.peak()


def peak(rows: int) -> int:
    """The same in a process of its own: memory that was had once is not given back."""
    found = subprocess.run([sys.executable, "-m", "tests.bench.payouts", str(rows)], capture_output=True, check=True)
    return int(found.stdout)


def main() -> None:
    """In a process of its own: what memory so many rows need."""
    import django

    django.setup()
    sys.stdout.write(str(peak_memory(int(sys.argv[1]))))


if __name__ == "__main__":
    main()
