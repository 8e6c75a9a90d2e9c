"""Keyset pages: as quick on page 10,000 as on page 1, and rows that arrive meanwhile shift nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db.models import Model, QuerySet

M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Page(Generic[M]):
    items: Sequence[M]
    next_cursor: str | None
    previous_cursor: str | None


def keyset(queryset: QuerySet[M], *, order_by: str = "-id", cursor: str = "", size: int = 25) -> Page[M]:
    """One page of ``queryset`` by a unique, indexed integer column.

    ``cursor`` is ``"<value"`` style text made by an earlier page (``n123`` = after, ``p123`` = before); anything
    else counts as the first page.
    """
    field, descending = order_by.lstrip("-"), order_by.startswith("-")
    backwards, edge = cursor[:1] == "p", cursor[1:]
    rows = queryset.order_by(order_by)
    if cursor[:1] in {"n", "p"} and edge.isascii() and edge.isdigit() and len(edge) < 19:
        smaller = descending != backwards
        rows = queryset.filter(**{f"{field}__{'lt' if smaller else 'gt'}": int(edge)})
        rows = rows.order_by(f"-{field}" if smaller else field)
    else:
        backwards, edge = False, ""
    found = list(rows[: size + 1])
    more, items = len(found) > size, found[:size]
    if backwards:
        items.reverse()
    return Page(items, *_cursors(items, field, more=more, backwards=backwards, at_start=not edge))


def _cursors(
    items: Sequence[Model], field: str, *, more: bool, backwards: bool, at_start: bool
) -> tuple[str | None, str | None]:
    if not items:
        return None, None
    has_next = backwards or more
    has_previous = more if backwards else not at_start
    first, last = getattr(items[0], field), getattr(items[-1], field)
    return (f"n{last}" if has_next else None, f"p{first}" if has_previous else None)
