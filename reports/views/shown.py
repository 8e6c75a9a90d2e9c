"""A page of a report: its cells, as the template draws them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from accounts.permissions import ActorRequest
from config.lib.pagination import Page, keyset
from reports.catalogue import MOST_GROUPS, Column, Report, Scope, Wanted


@dataclass(frozen=True)
class Cell:
    column: Column
    value: Any


@dataclass(frozen=True)
class Line:
    """A row; ``url`` is where its first cell leads, ``currency`` that of its amounts."""

    cells: Sequence[Cell]
    currency: str
    url: str


def scope_of(request: ActorRequest, wanted: Wanted) -> Scope:
    """What is asked for, with the days that it means today in the reader's zone."""
    return Scope(request.actor, wanted.fixed(timezone.localdate()))


def page_of(report: Report, scope: Scope, cursor: str) -> Page[Any]:
    """Groups come all at once, rows page by page."""
    lines = report.lines(scope)
    if report.group_by:
        return Page(list(lines[:MOST_GROUPS]), None, None)
    return keyset(lines, order_by=report.order_by, cursor=cursor, size=50)


def columns_of(report: Report, scope: Scope) -> list[Column]:
    return [column for column in report.columns_for(scope) if not column.of_file]


def lines_of(report: Report, scope: Scope, page: Page[Any]) -> list[Line]:
    columns = columns_of(report, scope)
    leads = report.detail.page(scope) if report.detail else ""
    return [_line(row, columns, leads) for row in page.items]


def _line(row: Any, columns: list[Column], leads: str) -> Line:
    cells = [Cell(column, column.shown(getattr(row, column.alias))) for column in columns]
    return Line(cells, getattr(row, "c_currency", ""), _url(leads, getattr(row, "link_id", None)))


def _url(name: str, link_id: Any) -> str:
    """Nowhere, where this installation has no such page."""
    if not name or not link_id:
        return ""
    try:
        return reverse(name, args=[link_id])
    except NoReverseMatch:
        return ""
