"""What can be asked for about the rows of a batch: an upload, a row put right, rows left out, wrong rows to take home.

Every change is made under the lock of the batch and voids what was submitted or approved.
"""

import hashlib
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Q
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.access import policy
from accounts.access.actors import Actor
from accounts.services import audit
from config.lib import sealed_files, sheets
from config.lib.errors import Invalid, TooLarge
from config.lib.ids import new_dated_reference
from config.lib.jobs import nudge
from payouts import fraud, tasks
from payouts.checking import reading, stored
from payouts.checking.rows import Checked
from payouts.errors import FileRefused, FileTooLarge, TooManyUploads
from payouts.files import TROUBLES, Given, Unreadable, words_of
from payouts.files.columns import AMOUNT, DESTINATION, HEADS, NAME, NARRATION, POSITION
from payouts.files.reading import read
from payouts.files.values import tidy
from payouts.models import Batch, BatchRow
from payouts.models.states import BatchState, Problem, RowState
from payouts.services.moving import hold, move, name_of, void

# What is wrong with the form of an item refuses the whole call; the rest is a wrong row of the batch.
_FORM = {
    Problem.NO_DESTINATION: "destination",
    Problem.BAD_DESTINATION: "destination",
    Problem.MANGLED_NUMBER: "destination",
    Problem.NO_AMOUNT: "amount",
    Problem.BAD_AMOUNT: "amount",
    Problem.TOO_FINE: "amount",
    Problem.LONG_TEXT: "narration",
    Problem.BAD_TEXT: "narration",
}
# Uploads of one client that wait to be read.
_MOST_WAITING = 10
_MOST_CORRECTED = 10_000
_MOST_WORDS = 20


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
    that of the file. Raises `FileRefused` (400: empty), `FileTooLarge` (413), `TooManyUploads` (409)."""
    _check_size(file.size or 0, "file")
    file_name = _clean((file.name or "").replace("\\", "/").rpartition("/")[2])
    batch = _new(actor, name or file_name, Batch.Origin.FILE, file_name=file_name)
    return _keep(actor, batch, file.chunks)


def paste(*, actor: Actor, name: str, text: str) -> Batch:
    """The same for rows copied from a spreadsheet or a mail. Raises as `upload`."""
    content = text.encode("utf-8", "replace")
    _check_size(len(content.strip()), "text")
    batch = _new(actor, name, Batch.Origin.PASTE)
    return _keep(actor, batch, lambda: [content])


def from_items(*, actor: Actor, name: str, items: Sequence[Item]) -> Batch:
    """Rows of a program, checked at once: the batch is ``validated``. The form is refused as a whole, and nothing is
    stored: raises `Invalid` with fields such as ``items[3].amount``; `TooLarge` above ``settings.PAYOUT_FILE_ROWS``.
    What is wrong beyond form (no such bank, above a limit) is a wrong row (TeraPay contract 10)."""
    most: int = settings.PAYOUT_FILE_ROWS
    if len(items) > most:
        raise TooLarge(_("At most %(most)s items may be sent at once.") % {"most": most}, code="too_many_items")
    if not items:
        raise Invalid(_("There are no items."), code="no_items", fields={"items": [_("There are no items.")]})
    given = [
        Given(0, one.destination.strip(), f"{one.amount:f}", tidy(one.receiver_name), tidy(one.narration))
        for one in items
    ]
    with transaction.atomic():
        batch = _new(actor, name, Batch.Origin.API)
        batch.save()
        reading.store(batch, iter(given), refuse=_refuse_form)
        move(batch, BatchState.VALIDATED)
        audit.record(actor, "batch.uploaded", target=batch, after=_facts(batch))
    return batch


def same_file(batch: Batch) -> Batch | None:
    """The client's latest other batch made of the very same upload, unless it was called off."""
    if not batch.file_digest:
        return None
    same = Batch.objects.filter(client=batch.client_id, is_sandbox=batch.is_sandbox, file_digest=batch.file_digest)
    return same.exclude(pk=batch.pk).exclude(state__in=["cancelled", "unreadable"]).order_by("-id").first()


@transaction.atomic
def edit(
    *, actor: Actor, row: BatchRow, destination: str, amount: str, receiver_name: str = "", narration: str = ""
) -> BatchRow:
    """Put a row right, in the words it might have had in the file, and check it again; what is still wrong stands in
    its ``problems``. A row that was left out counts again. Raises `WrongState`."""
    batch = hold(row.batch_id)
    void(batch, actor)
    given = Given(row.line, destination.strip(), amount.strip(), tidy(receiver_name), tidy(narration))
    before = _content(BatchRow.objects.get(pk=row.pk))
    stored.check_again(batch, BatchRow.objects.filter(pk=row.pk), {row.position: given})
    fresh = BatchRow.objects.select_related("batch__client").get(pk=row.pk)
    after = _content(fresh)
    audit.record(actor, "batch.row_edited", target=batch, before=before, after={"row": row.position, **after})
    return fresh


@transaction.atomic
def leave_out(*, actor: Actor, batch: Batch, rows: Sequence[UUID] | Literal["errors"]) -> int:
    """These rows (public ids), or all wrong ones, stay in the batch and are never sent; how many it were. Raises
    `WrongState`."""
    held = hold(batch)
    wanted = Q(state=RowState.ERROR) if rows == "errors" else Q(public_id__in=rows) & ~Q(state=RowState.EXCLUDED)
    found = BatchRow.objects.filter(wanted, batch=held)
    receivers = set(found.values_list("receiver", flat=True))
    void(held, actor)
    changed = found.update(state=RowState.EXCLUDED)
    stored.mark_repeats(held, receivers)
    stored.count(held)
    _note(actor, held, "batch.rows_left_out", changed, batch)
    return changed


@transaction.atomic
def put_back(*, actor: Actor, batch: Batch, rows: Sequence[UUID] | Literal["all"]) -> int:
    """Rows that were left out count again, as what they are. Raises `WrongState`."""
    held = hold(batch)
    void(held, actor)
    wanted = Q() if rows == "all" else Q(public_id__in=rows)
    changed = stored.check_again(held, BatchRow.objects.filter(wanted, batch=held, state=RowState.EXCLUDED))
    _note(actor, held, "batch.rows_put_back", changed, batch)
    return changed


def errors_file(batch: Batch) -> Iterator[str]:
    """The wrong rows as CSV, piece by piece: as given, with their place in the batch and what is wrong in words. Put
    right, it goes to `replace`."""
    wrong = BatchRow.objects.filter(batch=batch, state=RowState.ERROR).order_by("position")
    head = [str(HEADS[role]) for role in (POSITION, DESTINATION, AMOUNT, NAME, NARRATION)]
    return sheets.lines([*head, str(_("What is wrong"))], (_as_cells(row) for row in wrong.iterator(chunk_size=2000)))


def replace(*, actor: Actor, batch: Batch, file: UploadedFile[bytes]) -> Replaced:
    """Take corrected rows from a file that `errors_file` has written: each replaces the row whose place it names.
    Raises `FileRefused` (not readable, or no such column), `FileTooLarge`, `WrongState`."""
    _check_size(file.size or 0, "file")
    try:
        given = list(read(b"".join(file.chunks()), most_rows=_MOST_CORRECTED))
    except Unreadable as error:
        raise FileRefused(error.code.partition(":")[0], words_of(error.code)) from error
    corrected = {one.position: one for one in given if one.position is not None}
    if len(corrected) < sum(one.position is not None for one in given):
        raise FileRefused("places_twice", _("Two rows of it replace the same row."))
    if not corrected:
        raise FileRefused("no_places", _("No row of it says which row it replaces. Take the file of wrong rows."))
    with transaction.atomic():
        held = hold(batch)
        void(held, actor)
        found = BatchRow.objects.filter(batch=held, position__in=list(corrected))
        places = set(found.values_list("position", flat=True))
        changed = stored.check_again(held, found, {at: _without_place(one) for at, one in corrected.items()})
        _note(actor, held, "batch.rows_replaced", changed, batch)
    return Replaced(changed, [one.line for one in given if one.position not in places])


def _without_place(given: Given) -> Given:
    return given._replace(position=None)


def _refuse_form(rows: Sequence[Checked], after: int) -> None:
    fields: dict[str, list[Any]] = {}
    for at, row in enumerate(rows, after):
        for code in row.errors:
            if (problem := Problem(code)) in _FORM and len(fields) < _MOST_WORDS:
                fields.setdefault(f"items[{at}].{_FORM[problem]}", []).append(problem.label)
    if fields:
        words = ngettext("%(count)s field is wrong.", "%(count)s fields are wrong.", len(fields))
        raise Invalid(words % {"count": len(fields)}, code="bad_items", fields=fields)


def _new(actor: Actor, name: str, origin: Batch.Origin, *, file_name: str = "") -> Batch:
    client = policy.own_client(actor)
    name = _clean(name)
    if not name:
        words = _("Give the batch a name.")
        raise Invalid(words, code="no_name", fields={"name": [words]})
    return Batch(
        reference=new_dated_reference("TB"),
        client=client,
        is_sandbox=actor.is_sandbox,
        name=name,
        origin=origin,
        file_name=file_name,
        made_by=actor.user if actor.api_user is None else None,
        made_by_api_user=actor.api_user,
        makers=[name_of(actor)],
    )


def _keep(actor: Actor, batch: Batch, chunks: Callable[[], Iterable[bytes]]) -> Batch:
    digest = hashlib.sha256()
    for chunk in chunks():
        digest.update(chunk)
    batch.file_digest = digest.hexdigest()
    sealed_files.put(reading.FOLDER, batch.public_id, chunks())
    try:
        with transaction.atomic():
            _require_room(batch)
            batch.save()
            audit.record(actor, "batch.uploaded", target=batch, after=_facts(batch))
            nudge(tasks.read_file, batch_id=batch.pk)
    except TooManyUploads:
        sealed_files.remove(reading.FOLDER, batch.public_id)
        raise
    return batch


def _require_room(batch: Batch) -> None:
    fraud.take_turn(batch.client, is_sandbox=batch.is_sandbox)
    waiting = Batch.objects.filter(client=batch.client, is_sandbox=batch.is_sandbox, state=BatchState.CHECKING)
    if waiting.count() >= _MOST_WAITING:
        raise TooManyUploads


def _check_size(size: int, field: str) -> None:
    most: int = settings.PAYOUT_FILE_BYTES
    if size > most:
        raise FileTooLarge(_("At most %(most)s may be sent at once.") % {"most": filesizeformat(most)}, field=field)
    if not size:
        raise FileRefused("empty", TROUBLES["empty"], field=field)


def _clean(name: str) -> str:
    """What can be shown in one line: no signs that hide or turn text."""
    plain = unicodedata.normalize("NFC", name)
    return " ".join("".join(sign for sign in plain if sign.isprintable() or sign.isspace()).split())[:200]


def _facts(batch: Batch) -> dict[str, Any]:
    return {"name": batch.name, "origin": batch.origin, "sha256": batch.file_digest, "rows": batch.rows}


def _content(row: BatchRow) -> dict[str, Any]:
    amount = str(row.amount) if row.amount is not None else row.amount_text
    texts = {"receiver_name": row.receiver_name, "narration": row.narration}
    return {"receiver": row.receiver or row.destination, "amount": amount, **texts, "state": row.state}


def _note(actor: Actor, held: Batch, action: str, rows: int, batch: Batch) -> None:
    audit.record(actor, action, target=held, after={"rows": rows, "amount": str(held.amount)})
    # Whoever asked goes on with what is true now.
    batch.refresh_from_db()


def _as_cells(row: BatchRow) -> list[str]:
    words = "; ".join(str(Problem(code).label) for code in row.problems.split(",") if code)
    # An apostrophe keeps leading noughts where spreadsheets would drop them; it is taken away again.
    kept = f"'{row.destination}" if row.destination.isdecimal() else row.destination
    return [str(row.position), kept, row.amount_text, row.receiver_name, row.narration, words]
