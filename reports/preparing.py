"""Files that a worker writes. Rows are the queue: a lease says that somebody is at it; what is left is begun anew."""

import logging
import time
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils import timezone, translation

from accounts.access import credentials
from accounts.access.actors import Origin
from config.lib import sealed_files
from config.lib.clock import now
from reports import catalogue, mails
from reports.models import Export
from reports.selectors import kept

FOLDER = "exports"
MOST_TRIES = 3
_PATIENCE = timedelta(seconds=15)
# Beyond what the database may take: sealing and keeping the file.
_AFTERWARDS = timedelta(minutes=5)
_TELL_EVERY = 0.5
# Seconds: within the time of the task beside the writing itself.
_COUNTING = 60

logger = logging.getLogger(__name__)
State = Export.State


class NotAllowedAnyMore(Exception):
    """Whoever asked may not read this report now."""


class TooLong(Exception):
    """There are more rows than a file may have."""


def prepare(export_id: int) -> None:
    """Write a file. Quiet when it is done already, or somebody else is at it."""
    export = _claim(export_id)
    if export is None:
        return
    try:
        sheet = _written(export)
    except NotAllowedAnyMore:
        _give_up(export)
    except TooLong:
        _give_up(export, rows=settings.EXPORT_MOST_ROWS + 1)
    except Exception:
        logger.exception("Export %s was not written", export.public_id)
        _try_again(export)
    else:
        _finish(export, sheet)


def due(limit: int = 5) -> list[int]:
    """Files whose nudge was lost, or whose worker died."""
    lost = Q(state=State.WAITING, created_at__lt=now() - _PATIENCE)
    left = Q(state=State.RUNNING, lease_until__lt=now())
    return list(Export.objects.filter(lost | left).order_by("id").values_list("pk", flat=True)[:limit])


def sweep() -> int:
    """Remove files that were kept long enough, and those that belong to nothing; how many it were."""
    for export in Export.objects.filter(state=State.READY, expires_at__lte=now())[:1_000]:
        Export.objects.filter(pk=export.pk, state=State.READY).update(state=State.GONE, file="")
    owners = {owner for owner, since in sealed_files.kept(FOLDER) if since < now() - _AFTERWARDS}
    live = Export.objects.filter(public_id__in=owners, state__in=[State.RUNNING, State.WAITING, State.READY])
    gone = owners - set(live.values_list("public_id", flat=True))
    for owner in gone:
        sealed_files.remove(FOLDER, owner)
    return len(gone)


@transaction.atomic
def _claim(export_id: int) -> Export | None:
    export = (
        Export.objects.select_related("user__portal__client")
        .select_for_update(of=("self",), skip_locked=True)
        .filter(pk=export_id, state__in=[State.WAITING, State.RUNNING])
        .first()
    )
    if export is None or (export.state == State.RUNNING and export.lease_until and export.lease_until > now()):
        return None
    is_last = export.tries >= MOST_TRIES
    export.state, export.tries, export.lease_token = State.RUNNING, export.tries + (not is_last), uuid.uuid4()
    export.lease_until = now() + timedelta(seconds=settings.EXPORT_SECONDS) + _AFTERWARDS
    export.save(update_fields=["state", "tries", "lease_token", "lease_until"])
    if is_last:
        # Three workers died over it: the fourth would as well.
        logger.error("Export %s was begun three times and never came to an end", export.public_id)
        _give_up(export)
        return None
    return export


def _written(export: Export) -> "Written":
    """With the rights, the zone and the language that its reader has now."""
    actor = credentials.of_person(export.user, Origin(via="job", request_id="reports.prepare"))
    report = catalogue.seen(actor, export.report) if export.user.is_active else None
    if report is None:
        raise NotAllowedAnyMore
    with translation.override(export.language), timezone.override(export.user.timezone):
        wanted = report.wanted(QueryDict(export.query).dict())
        scope = catalogue.Scope(actor, wanted)
        sheet = catalogue.Sheet(report, scope, seconds=settings.EXPORT_SECONDS)
        _measure(export, report, scope)
    done = Written(export.pk, sheet)
    sealed_files.put(FOLDER, export.public_id, done)
    return done


def _measure(export: Export, report: catalogue.Report, scope: catalogue.Scope) -> None:
    """Say how many rows there will be, where that was not known when the file was asked for. Raises `TooLong`."""
    if export.rows:
        return
    counted = catalogue.up_to(report, scope, settings.EXPORT_MOST_ROWS, seconds=_COUNTING)
    if counted.rows is None:
        return
    if not counted.is_all:
        raise TooLong
    _mine(export).update(rows=counted.rows)


class Written:
    """The pieces of a sheet on their way to its file, counted; people who wait are told how far it is."""

    def __init__(self, export_id: int, sheet: catalogue.Sheet) -> None:
        self.export_id, self.sheet, self.bytes, self.as_of = export_id, sheet, 0, now()

    @property
    def rows(self) -> int:
        return self.sheet.rows

    def __iter__(self) -> Iterator[bytes]:
        told, self.as_of = time.monotonic(), now()
        for piece in self.sheet:
            self.bytes += len(piece)
            if self.rows > settings.EXPORT_MOST_ROWS:
                raise TooLong
            yield piece
            if time.monotonic() - told > _TELL_EVERY:
                told = time.monotonic()
                _tell(self.export_id, self.rows)


def _tell(export_id: int, rows: int) -> None:
    try:
        kept.say(export_id, rows)
    except Exception:
        # It is only for people who wait.
        logger.warning("No progress of export %s", export_id, exc_info=True)


@transaction.atomic
def _finish(export: Export, written: Written) -> None:
    moment = now()
    done = _mine(export).update(
        state=State.READY,
        rows=written.rows,
        rows_done=written.rows,
        bytes=written.bytes,
        file=export.public_id.hex,
        as_of=written.as_of,
        ready_at=moment,
        expires_at=moment + timedelta(days=settings.EXPORT_DAYS),
        lease_token=None,
        lease_until=None,
    )
    if done:
        export.refresh_from_db()
        mails.over(export)


def _try_again(export: Export) -> None:
    if export.tries >= MOST_TRIES:
        _give_up(export)
    else:
        _mine(export).update(state=State.WAITING, lease_token=None, lease_until=None)


@transaction.atomic
def _give_up(export: Export, **known: Any) -> None:
    sealed_files.remove(FOLDER, export.public_id)
    if _mine(export).update(state=State.FAILED, lease_token=None, lease_until=None, **known):
        export.refresh_from_db()
        mails.over(export)


def _mine(export: Export) -> QuerySet[Export]:
    """Only as long as nobody else has begun it anew."""
    return Export.objects.filter(pk=export.pk, state=State.RUNNING, lease_token=export.lease_token)
