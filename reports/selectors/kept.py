"""What somebody keeps of reports: views and prepared files, each only its owner's."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.core.cache import cache
from django.db.models import QuerySet

from accounts.models import User
from reports.models import Export, SavedView

_REMEMBERED = 3600


def views_of(user: User, report: str = "") -> QuerySet[SavedView]:
    """By name; of one report, or of all."""
    views = SavedView.objects.filter(user=user).order_by("name", "pk")
    return views.filter(report=report) if report else views


def view_of(user: User, public_id: UUID) -> SavedView | None:
    return SavedView.objects.filter(user=user, public_id=public_id).first()


def default_view(user: User, report: str) -> SavedView | None:
    """The one that ``report`` opens with."""
    return SavedView.objects.filter(user=user, report=report, is_default=True).first()


def exports_of(user: User, reports: Iterable[str]) -> QuerySet[Export]:
    """Those of ``reports`` by their names, newest first."""
    return Export.objects.filter(user=user, report__in=list(reports)).order_by("-id")


def export_of(user: User, public_id: UUID) -> Export | None:
    return Export.objects.filter(user=user, public_id=public_id).first()


def is_too_long(export: Export) -> bool:
    """Whether there were more rows than a file may have."""
    return export.state == Export.State.FAILED and export.rows > settings.EXPORT_MOST_ROWS


@dataclass(frozen=True)
class Progress:
    """Rows written of those there were when it was asked for."""

    done: int
    rows: int

    @property
    def percent(self) -> int:
        return 100 * self.done // self.rows if self.rows else 0


def progress_of(export: Export) -> Progress:
    """How far a file is; while it is written, as the worker said last."""
    if export.state != Export.State.RUNNING:
        return Progress(export.rows_done, export.rows)
    done = int(cache.get(_key(export.pk)) or 0)
    # How many there are may not be known.
    return Progress(min(done, export.rows) if export.rows else done, export.rows)


def say(export_id: int, rows: int) -> None:
    """Note how many rows are written."""
    cache.set(_key(export_id), rows, _REMEMBERED)


def _key(export_id: int) -> str:
    return f"export:{export_id}:rows"
