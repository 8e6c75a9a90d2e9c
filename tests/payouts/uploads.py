"""Uploads of a client, as bytes and as batches."""

import csv
import io
from collections.abc import Iterable, Sequence

import openpyxl
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.access.actors import Actor
from payouts.checking import reading
from payouts.models import Batch, BatchRow
from payouts.services import rows

HEAD = ("Account or phone number", "Amount", "Name", "Narration")
ACCOUNT, NUMBER = "003001014892010184", "076123456"


def as_csv(lines: Iterable[Sequence[str]], *, head: Sequence[str] = HEAD, delimiter: str = ",") -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows([head, *lines])
    return out.getvalue().encode()


def as_xlsx(lines: Iterable[Sequence[object]], *, head: Sequence[str] = HEAD) -> bytes:
    book = openpyxl.Workbook()
    assert book.active is not None
    for line in [head, *lines]:
        book.active.append(list(line))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def uploaded(actor: Actor, content: bytes, name: str = "salaries.csv") -> Batch:
    """A batch whose file has been read."""
    batch = rows.upload(actor=actor, name="Salaries", file=SimpleUploadedFile(name, content))
    return read(batch)


def read(batch: Batch) -> Batch:
    reading.read(batch.pk)
    batch.refresh_from_db()
    return batch


def problems(batch: Batch) -> list[str]:
    """Of every row, in the order of the upload."""
    return [row.problems for row in BatchRow.objects.filter(batch=batch).order_by("position")]
