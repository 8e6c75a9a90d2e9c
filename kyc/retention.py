"""Files that no document names: what a crash between the storage and the database left behind."""

import logging
from collections.abc import Iterable
from datetime import timedelta

from django.db import connection, transaction

from config.lib import clock
from kyc.files import store
from kyc.models import KycDocument

AGE = timedelta(hours=24)
# More than crashes leave behind: then the database is another one than the files belong to, and nothing goes.
MOST = 100
_LOOKED_UP = 500
_log = logging.getLogger(__name__)


def forget_leftovers() -> int:
    """Delete the files older than `AGE` that no row names; returns how many went.

    Looked up twice: all of them without a lock, then what seems left over under a lock that no new row passes.
    Nothing is deleted when there are more than `MOST`.
    """
    found = [name for batch in _batches(_old()) for name in batch - _named(batch)]
    if len(found) > MOST:
        _log.error("%d identity files belong to no document. Is this the right database? None was deleted.", len(found))
        return 0
    gone = _remove(set(found)) if found else 0
    if gone:
        _log.warning("Deleted %d identity files that no document names.", gone)
    return gone


def _old() -> Iterable[str]:
    before = clock.now() - AGE
    for name in store.names():
        kept_at = store.kept_at(name)
        if kept_at is not None and kept_at < before:
            yield name


def _batches(names: Iterable[str]) -> Iterable[set[str]]:
    batch: set[str] = set()
    for name in names:
        batch.add(name)
        if len(batch) == _LOOKED_UP:
            yield batch
            batch = set()
    yield batch


def _named(names: set[str]) -> set[str]:
    """Those of ``names`` that a row holds, as file or as thumbnail."""
    return {
        name
        for field in ("stored_as", "thumbnail_as")
        for name in KycDocument.objects.filter(**{f"{field}__in": names}).values_list(field, flat=True)
    }


@transaction.atomic
def _remove(names: set[str]) -> int:
    with connection.cursor() as cursor:
        # Waits for rows that are being written, and holds back new ones, until the files are gone.
        cursor.execute("SET LOCAL lock_timeout = '10s'")
        cursor.execute(f'LOCK TABLE "{KycDocument._meta.db_table}" IN SHARE MODE')
    left_over = names - _named(names)
    for name in left_over:
        store.remove(name)
    return len(left_over)
