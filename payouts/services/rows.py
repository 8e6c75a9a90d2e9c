"""What can be asked for about the rows of a batch: an upload, a row put right, rows left out, wrong rows to take home.

Every change is made under the lock of the batch and voids what was submitted or approved.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile

from accounts.access.actors import Actor
from payouts.models import Batch, BatchRow


@dataclass(frozen=True, slots=True)
class Item:
    """A row as a program sends it."""

    destination: str
    amount: Decimal
    receiver_name: str = ""
    narration: str = ""


@dataclass(frozen=True, slots=True)
class Replaced:
    """How many rows of the batch a corrected file has changed, and the lines of it that name no row."""

    rows: int
    unknown: Sequence[int]


def upload(*, actor: Actor, name: str, file: UploadedFile[bytes]) -> Batch:
    """Keep a CSV or XLSX file to be read by the worker: the batch is ``checking`` until then. An empty ``name`` is
    that of the file. Raises `FileRefused` (400: empty), `FileTooLarge` (413)."""
    raise NotImplementedError


def paste(*, actor: Actor, name: str, text: str) -> Batch:
    """The same for rows copied from a spreadsheet or a mail. Raises `FileRefused`, `FileTooLarge`."""
    raise NotImplementedError


def from_items(*, actor: Actor, name: str, items: Sequence[Item]) -> Batch:
    """Rows of a program, checked at once: the batch is ``validated``. Nothing is stored when one is wrong: raises
    `Invalid` with fields such as ``items[3].amount``; `TooLarge` above ``settings.PAYOUT_FILE_ROWS``."""
    raise NotImplementedError


def same_file(batch: Batch) -> Batch | None:
    """The client's latest other batch made of the very same upload, unless it was called off."""
    raise NotImplementedError


def edit(
    *, actor: Actor, row: BatchRow, destination: str, amount: str, receiver_name: str = "", narration: str = ""
) -> BatchRow:
    """Put a row right, in the words it might have had in the file, and check it again; what is still wrong stands in
    its ``problems``. Raises `WrongState`."""
    raise NotImplementedError


def leave_out(*, actor: Actor, batch: Batch, rows: Sequence[UUID] | Literal["errors"]) -> int:
    """These rows (public ids), or all wrong ones, stay in the batch and are never sent; how many it were. Raises
    `WrongState`."""
    raise NotImplementedError


def put_back(*, actor: Actor, batch: Batch, rows: Sequence[UUID] | Literal["all"]) -> int:
    """Rows that were left out count again, as what they are. Raises `WrongState`."""
    raise NotImplementedError


def errors_file(batch: Batch) -> Iterator[str]:
    """The wrong rows as CSV, piece by piece: as given, with their place in the batch and what is wrong in words. Put
    right, it goes to `replace`."""
    raise NotImplementedError


def replace(*, actor: Actor, batch: Batch, file: UploadedFile[bytes]) -> Replaced:
    """Take corrected rows from a file that `errors_file` has written: each replaces the row whose place it names.
    Raises `FileRefused` (not readable, or no such column), `FileTooLarge`, `WrongState`."""
    raise NotImplementedError
