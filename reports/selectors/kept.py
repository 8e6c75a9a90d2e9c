"""What somebody keeps of reports: views and prepared files, each only its owner's."""

from dataclasses import dataclass
from uuid import UUID

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


def exports_of(user: User) -> QuerySet[Export]:
    """Newest first."""
    return Export.objects.filter(user=user).order_by("-id")


def export_of(user: User, public_id: UUID) -> Export | None:
    return exports_of(user).filter(public_id=public_id).first()


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
    return Progress(min(int(cache.get(_key(export.pk)) or 0), export.rows), export.rows)


def say(export_id: int, rows: int) -> None:
    """Note how many rows are written."""
    cache.set(_key(export_id), rows, _REMEMBERED)


def _key(export_id: int) -> str:
    return f"export:{export_id}:rows"
