"""An upload to a checked batch, over a bare COPY of the same rows; and the memory that a long one takes.

Ours begins with the bytes of a CSV file and ends when the batch is validated and counted: sealed, read, understood,
priced, judged, compared with what was paid before and within itself, written, recorded.
"""

import csv
import io
import os
import random
import re
import subprocess
import sys
import time
from typing import Any

import psycopg

from tests.bench import database, memory
from tests.bench.limits import bare_copy

ROWS = 50_000
_HEAD = ("Account or phone number", "Amount", "Name", "Narration")


def content(rows: int) -> bytes:
    """A CSV file: two accounts to one phone number, less together than the limit of a day."""
    draw, out = random.Random(1), io.StringIO()
    writer = csv.writer(out)
    writer.writerow(_HEAD)
    for number in range(rows):
        account = f"{draw.randint(1, 9):03}{draw.randrange(10**15):015}"
        phone = f"0{draw.choice(('76', '77', '30', '88', '99'))}{draw.randrange(10**6):06}"
        amount = f"{draw.randint(10, 180)}.{draw.randrange(100):02}"
        writer.writerow([phone if number % 3 == 0 else account, amount, f"Name Number {number}", "Salary November"])
    return out.getvalue().encode()


class Uploads:
    """Both sides, on the database of the measures."""

    def __init__(self, rows: int = ROWS) -> None:
        self.url, self.rows, self.content = os.environ["DATABASE_URL"], rows, content(rows)
        self._actor = _maker()
        batch = self._upload()
        self._bare = _exported(self.url, batch)

    def limit(self) -> float:
        """Rows per second of a bare COPY."""
        return self.rows / bare_copy.load(self.url, self._bare)

    def ours(self) -> float:
        """Rows per second from the upload to the checked batch."""
        began = time.perf_counter()
        self._upload()
        return self.rows / (time.perf_counter() - began)

    def tidy(self) -> None:
        """Before each pair: an empty table for both."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("TRUNCATE payouts_batchrow")
        database.tidy()

    def statements(self) -> float:
        """Queries per row of one upload."""
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as caught:
            self._upload()
        return len(caught) / self.rows

    def _upload(self) -> Any:
        batch = _keep(self._actor, self.content)
        _read(batch.pk)
        batch.refresh_from_db()
        if batch.state != "validated" or batch.rows != self.rows or batch.error:
            raise SystemExit(f"the upload is {batch.state}: {batch.rows} rows, {batch.error} of them wrong")
        return batch


def peak(rows: int) -> int:
    """KiB of memory that a process takes at most which has nothing to do but to read an upload of so many rows."""
    batch = _keep(_maker(), content(rows))
    command = [sys.executable, "-m", "tests.bench.uploads", str(batch.pk)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(done.stdout.split()[-1])


def _keep(actor: Any, content: bytes) -> Any:
    from django.core.files.uploadedfile import SimpleUploadedFile

    from payouts.services import rows

    return rows.upload(actor=actor, name="Salaries", file=SimpleUploadedFile("salaries.csv", content))


def _read(batch_id: int) -> None:
    from payouts.checking import reading

    reading.read(batch_id)


def _maker() -> Any:
    from accounts.access.actors import Actor, Origin
    from accounts.models import Client, PortalUser, User

    client, _made = Client.objects.get_or_create(
        email="bench@example.sl",
        defaults={
            "client_type": Client.Kind.COMPANY,
            "name": "Bench",
            "contact_person": "Bench",
            "phone_number": "+23276123456",
            "status": Client.Status.ACTIVE,
        },
    )
    user, _made = User.objects.get_or_create(email="bench-maker@example.sl", defaults={"password": "!"})
    portal, _made = PortalUser.objects.get_or_create(user=user, defaults={"client": client, "user_name": user.email})
    return Actor(kind="session", origin=Origin(via="page"), user=user, portal=portal)


def _exported(url: str, batch: Any) -> bytes:
    """The stored rows as COPY writes them, under names of their own and for another batch."""
    from payouts.models import Batch

    other = Batch.objects.create(reference=f"{batch.reference}B", client=batch.client, name="Bare", origin="file")
    columns = re.sub(r"\bbatch_id\b", str(other.pk), bare_copy.COLUMNS)
    columns = columns.replace("public_id", "gen_random_uuid()").replace("reference", "'B' || reference")
    query = f"COPY (SELECT {columns} FROM payouts_batchrow WHERE batch_id = {batch.pk} ORDER BY position) TO STDOUT"
    with psycopg.connect(url) as connection, connection.cursor() as cursor, cursor.copy(query) as copy:
        return b"".join(bytes(piece) for piece in copy)


def main() -> None:
    """Read the upload of one batch."""
    import django

    django.setup()
    _read(int(sys.argv[1]))
    sys.stdout.write(f"{memory.peak()}\n")


if __name__ == "__main__":
    main()
