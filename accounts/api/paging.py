"""Long lists: the body stays the array the contract says; which part of how much stands in the query and a header."""

from typing import TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpResponse
from ninja import Field, Schema

M = TypeVar("M", bound=Model)


class Paging(Schema):
    page: int = Field(1, ge=1, le=1_000_000)
    pageSize: int = Field(500, ge=1, le=500)


def cut(queryset: QuerySet[M], paging: Paging, response: HttpResponse) -> QuerySet[M]:
    """The asked part of ``queryset``, which has an order; ``X-Total-Count`` says how many there are in all."""
    response["X-Total-Count"] = str(queryset.count())
    first = (paging.page - 1) * paging.pageSize
    return queryset[first : first + paging.pageSize]
