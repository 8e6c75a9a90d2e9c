"""Long lists: the body stays the array the contract says; which part of how much stands in the query and a header."""

from collections.abc import Sequence
from contextlib import suppress
from typing import TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpResponse
from ninja import Field, Schema

from config.lib.pagination import keyset
from config.lib.patience import TooSlow, too_slow

M = TypeVar("M", bound=Model)
TOTAL, NEXT = "X-Total-Count", "X-Next-Cursor"


class Paging(Schema):
    page: int = Field(1, ge=1, le=1_000_000)
    pageSize: int = Field(500, ge=1, le=500)


class CursorPaging(Paging):
    cursor: str = Field("", max_length=24, description=f"Where the answer before went on: its {NEXT}; then no page.")


def say_total(response: HttpResponse, rows: QuerySet[M]) -> None:
    """How many there are in all; nothing where that takes the database longer than it has."""
    with suppress(TooSlow), too_slow():
        response[TOTAL] = str(rows.count())


def cut(queryset: QuerySet[M], paging: Paging, response: HttpResponse) -> QuerySet[M]:
    """The asked part of ``queryset``, which has an order; ``X-Total-Count`` says how many there are in all."""
    say_total(response, queryset)
    first = (paging.page - 1) * paging.pageSize
    return queryset[first : first + paging.pageSize]


def part(rows: QuerySet[M], order_by: str, paging: CursorPaging, response: HttpResponse) -> Sequence[M]:
    """A page by its number, or from where the one before ended: that costs the same however far down it is."""
    if paging.page > 1 and not paging.cursor:
        return list(cut(rows, paging, response))
    say_total(response, rows)
    page = keyset(rows, order_by=order_by, cursor=paging.cursor, size=paging.pageSize)
    if page.next_cursor:
        response[NEXT] = page.next_cursor
    return page.items
