"""Taking a report away: at once, or as a file that a worker prepares. Either is on record."""

from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation

from accounts.access.actors import Actor
from accounts.models import User
from accounts.services import audit
from config.lib import sealed_files
from config.lib.jobs import nudge
from reports.catalogue import Report, Scope, Sheet, up_to
from reports.errors import TooManyExports, TooManyRows
from reports.models import Export
from reports.preparing import FOLDER
from reports.tasks import prepare

_UNDER_WAY = (Export.State.WAITING, Export.State.RUNNING)
# Rows sent at once are few.
_SECONDS = 25


def at_once(*, actor: Actor, report: Report, scope: Scope, rows: int) -> Sheet:
    """A report as text, in the language and zone of now. ``rows`` is how many there were when they were counted."""
    sheet = Sheet(report, scope, seconds=_SECONDS)
    _note(actor, report, scope, rows)
    return sheet


@transaction.atomic
def ask(*, actor: Actor, user: User, report: Report, scope: Scope) -> Export:
    """Have a worker prepare the file. The same question asked twice is one file as long as it is not ready.

    Raises `TooManyRows` and `TooManyExports`. Days of ``scope`` are fixed: the file is what the screen showed.
    """
    User.objects.select_for_update().get(pk=user.pk)
    query = scope.wanted.as_query()
    mine = Export.objects.filter(user=user, state__in=_UNDER_WAY)
    same = mine.filter(report=report.slug, query=query).first()
    if same is not None:
        return same
    if mine.count() >= settings.EXPORTS_UNDER_WAY:
        raise TooManyExports(settings.EXPORTS_UNDER_WAY)
    counted = up_to(report, scope, settings.EXPORT_MOST_ROWS)
    if counted.rows is not None and not counted.is_all:
        raise TooManyRows(settings.EXPORT_MOST_ROWS)
    # Where that takes too long while somebody waits, the worker counts.
    export = Export.objects.create(
        user=user, report=report.slug, query=query, language=translation.get_language() or "en", rows=counted.rows or 0
    )
    _note(actor, report, scope, counted.rows, export)
    nudge(prepare, export_id=export.pk)
    return export


def opened(export: Export) -> Iterator[bytes]:
    """The prepared file, piece by piece. Raises `config.lib.sealed_files.Lost`."""
    return sealed_files.stream(FOLDER, export.public_id)


def file_name(report: Report, as_of: datetime | None = None) -> str:
    """By what it is, and of when."""
    return f"{report.slug}-{timezone.localtime(as_of):%Y-%m-%d-%H%M}.csv"


def _note(actor: Actor, report: Report, scope: Scope, rows: int | None, export: Export | None = None) -> None:
    facts = {"report": report.slug, "filters": scope.wanted.as_query(), "rows": rows}
    audit.record(actor, "report.exported", target=export, after=facts)
