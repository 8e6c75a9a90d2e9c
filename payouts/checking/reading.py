"""A whole upload: from its file to rows and counters, in one transaction that holds the batch.

A worker that dies leaves the batch as it was, and the file where it was: the next one begins anew.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta

from django.conf import settings
from django.core.cache import cache
from django.db import transaction

from config.lib import sealed_files
from config.lib.clock import now
from payouts.checking import stored
from payouts.checking.rows import Checked, Checker, in_pieces
from payouts.files import Given, Unreadable
from payouts.files.reading import read as rows_of
from payouts.models import Batch
from payouts.models.states import BatchState
from payouts.moving import move

FOLDER = "batches"
_PATIENCE = timedelta(seconds=15)
_MOST_TRIES = 3
_REMEMBERED = 3600
_LEFT = timedelta(hours=6)

logger = logging.getLogger(__name__)


def read(batch_id: int) -> None:
    """Read and check the upload of a batch. Quiet when it is read already, or somebody else is reading it."""
    with transaction.atomic():
        batch = _claim(batch_id)
        if batch is None:
            return
        try:
            _stop_after_too_many(batch)
            store(batch, _rows(batch))
        except Unreadable as error:
            move(batch, BatchState.UNREADABLE, trouble=error.code[:40])
        else:
            move(batch, BatchState.VALIDATED)
    sealed_files.remove(FOLDER, batch.public_id)
    with suppress(Exception):
        cache.delete_many([_tries_key(batch_id), _progress_key(batch_id)])


def store(batch: Batch, given: Iterator[Given], *, refuse: Callable[[list[Checked], int], None] | None = None) -> None:
    """Check ``given`` and make them the rows of a held batch that has none; when `Unreadable` is raised, it has none
    still. ``refuse`` looks at each piece, with the number of rows before it, and may raise."""
    checker, pairs, good = Checker(batch), set[int](), 0
    with transaction.atomic():
        with stored.Writer(batch) as writer:
            for piece in in_pieces(given, stored.PIECE):
                rows = checker.understand(piece)
                writer.wait()
                checker.compare(rows)
                if refuse:
                    refuse(rows, writer.written)
                writer.begin(rows)
                _tell(batch.pk, writer.written)
                mine = [hash((row.receiver, row.amount)) for row in rows if not row.errors]
                pairs.update(mine)
                good += len(mine)
        if len(pairs) < good:
            stored.mark_repeats(batch)
        stored.count(batch)


def read_so_far(batch: Batch) -> int:
    """How many rows of an upload that is being read have been looked at; 0 when nobody knows."""
    try:
        return int(cache.get(_progress_key(batch.pk)) or 0)
    except Exception:
        # It is only for people who wait.
        logger.warning("No progress of batch %s", batch.pk, exc_info=True)
        return 0


def due(limit: int = 5) -> list[int]:
    """Uploads whose nudge was lost."""
    waiting = Batch.objects.filter(state=BatchState.CHECKING, updated_at__lt=now() - _PATIENCE)
    return list(waiting.order_by("id").values_list("pk", flat=True)[:limit])


def sweep() -> int:
    """Remove uploads that nobody will read any more; how many it were."""
    old = {owner for owner, since in sealed_files.kept(FOLDER) if since < now() - _LEFT}
    wanted = set(Batch.objects.filter(public_id__in=old, state=BatchState.CHECKING).values_list("public_id", flat=True))
    for owner in old - wanted:
        sealed_files.remove(FOLDER, owner)
    return len(old - wanted)


def _claim(batch_id: int) -> Batch | None:
    free = Batch.objects.select_related("client").select_for_update(of=("self",), skip_locked=True, no_key=True)
    return free.filter(pk=batch_id, state=BatchState.CHECKING).first()


def _rows(batch: Batch) -> Iterator[Given]:
    try:
        content = sealed_files.get(FOLDER, batch.public_id)
    except sealed_files.Lost as error:
        raise Unreadable("lost") from error
    yield from rows_of(content, most_rows=settings.PAYOUT_FILE_ROWS)


def _stop_after_too_many(batch: Batch) -> None:
    """Whatever it is in a file that ends the process which reads it: it shall not do so for ever."""
    try:
        cache.add(_tries_key(batch.pk), 0, _REMEMBERED)
        tries = int(cache.incr(_tries_key(batch.pk)))
    except Exception:
        logger.warning("Tries of batch %s are not counted", batch.pk, exc_info=True)
        return
    if tries > _MOST_TRIES:
        logger.error("Batch %s: given up after %s tries to read it", batch.pk, _MOST_TRIES)
        raise Unreadable("too_much")


def _tell(batch_id: int, rows: int) -> None:
    with suppress(Exception):
        cache.set(_progress_key(batch_id), rows, _REMEMBERED)


def _tries_key(batch_id: int) -> str:
    return f"payouts:reading:{batch_id}:tries"


def _progress_key(batch_id: int) -> str:
    return f"payouts:reading:{batch_id}:rows"
