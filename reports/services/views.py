"""Views of reports that somebody keeps under a name: they are only theirs."""

from django.db import transaction

from accounts.models import User
from reports.catalogue import Report
from reports.errors import NameTaken, TooManyViews
from reports.models import SavedView

MOST = 30


@transaction.atomic
def save(*, user: User, report: Report, name: str, query: str, is_default: bool) -> SavedView:
    """Keep ``query`` under ``name``; under a name that is there already, it takes the place of what was kept.
    Raises `TooManyViews`."""
    mine = _mine(user, report.slug)
    view = next((one for one in mine if one.name == name), None)
    if view is None and len(mine) >= MOST:
        raise TooManyViews(MOST)
    if is_default:
        _no_default(mine)
    view = view or SavedView(user=user, report=report.slug, name=name)
    view.query, view.is_default = query, is_default
    view.save()
    return view


@transaction.atomic
def change(*, view: SavedView, name: str, is_default: bool) -> SavedView:
    """Another name, or whether the report opens with it. Raises `NameTaken`."""
    mine = _mine(view.user, view.report)
    if any(one.name == name and one.pk != view.pk for one in mine):
        raise NameTaken
    if is_default:
        _no_default([one for one in mine if one.pk != view.pk])
    view.name, view.is_default = name, is_default
    view.save(update_fields=["name", "is_default"])
    return view


def remove(*, view: SavedView) -> None:
    view.delete()


def _mine(user: User, report: str) -> list[SavedView]:
    """All of them, held; the person too, so that two tabs do not both add the last one."""
    User.objects.select_for_update().get(pk=user.pk)
    return list(SavedView.objects.filter(user=user, report=report))


def _no_default(views: list[SavedView]) -> None:
    for view in views:
        if view.is_default:
            view.is_default = False
            view.save(update_fields=["is_default"])
