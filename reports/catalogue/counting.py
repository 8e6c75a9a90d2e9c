"""How many rows a report has, for a page: exact as far as one file is sent at once, "more than" beyond, and as of a
moment that is said beside it."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.core.cache import cache
from django.db import connection, transaction

from config.lib.clock import now
from config.lib.patience import TooSlow, too_slow
from reports.catalogue.reading import Report, Scope

# Many rows are counted again after a minute, and not for longer than somebody likes to wait for a figure.
_REMEMBERED, _PATIENCE = 60, 3


@dataclass(frozen=True)
class Counted:
    """``rows`` were counted; ``is_all`` unless there are more. None: that takes too long to find out."""

    rows: int | None
    as_of: datetime
    is_all: bool = True


def counted(report: Report, scope: Scope) -> Counted:
    """For the reader of ``scope`` alone, whose rights it reflects."""
    key = _key(report, scope)
    known: Counted | None = cache.get(key)
    if known is not None:
        return known
    found = up_to(report, scope, settings.EXPORT_AT_ONCE)
    if not found.is_all:
        cache.set(key, found, _REMEMBERED)
    return found


def up_to(report: Report, scope: Scope, most: int, *, seconds: int = _PATIENCE) -> Counted:
    """Rows up to ``most``, counted in ``seconds`` or not at all."""
    try:
        with within(seconds):
            rows = report.count(scope, most + 1)
    except TooSlow:
        return Counted(None, now(), is_all=False)
    return Counted(min(rows, most), now(), is_all=rows <= most)


@contextmanager
def within(seconds: int) -> Iterator[None]:
    """Each statement inside may take ``seconds``. Raises `TooSlow`."""
    with too_slow(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('statement_timeout'), set_config('statement_timeout', %s, true)",
            [str(seconds * 1000)],
        )
        before = cursor.fetchone()[0]
        yield
        # As it was, where this is a part of a longer transaction.
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [before])


def _key(report: Report, scope: Scope) -> str:
    who = scope.actor.user.pk if scope.actor.user else 0
    client = scope.actor.client.pk if scope.actor.client else 0
    asked = hashlib.sha256(scope.wanted.as_query().encode()).hexdigest()[:32]
    return f"report:{report.slug}:{who}:{client}:{settings.EXPORT_AT_ONCE}:{asked}"
