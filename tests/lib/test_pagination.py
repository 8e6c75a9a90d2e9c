from collections.abc import Callable

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.lib.pagination import Page, keyset
from wallets.models import Account

pytestmark = pytest.mark.django_db


def make(count: int, first: int = 0) -> list[int]:
    rows = [Account(code=f"equity:{number}", currency="IDR") for number in range(first, first + count)]
    return [row.pk for row in Account.objects.bulk_create(rows)]


def walk(page: Callable[[str], Page[Account]], *, back: bool = False, cursor: str = "") -> list[list[int]]:
    pages: list[list[int]] = []
    while True:
        found = page(cursor)
        pages.append([row.pk for row in found.items])
        following = found.previous_cursor if back else found.next_cursor
        if following is None:
            return pages
        cursor = following


@pytest.mark.parametrize("size", [1, 2, 3, 7, 24, 25, 26, 100])
@pytest.mark.parametrize("order_by", ["-id", "id"])
def test_every_row_once_in_order_there_and_back(size: int, order_by: str) -> None:
    ids = sorted(make(25), reverse=order_by == "-id")

    def page(cursor: str) -> Page[Account]:
        return keyset(Account.objects.all(), order_by=order_by, cursor=cursor, size=size)

    there = walk(page)
    assert [number for rows in there for number in rows] == ids
    assert all(len(rows) == size for rows in there[:-1])
    back = walk(page, back=True, cursor=f"p{there[-1][0]}") if len(there) > 1 else []
    assert list(reversed(back)) == there[:-1]


def test_the_ends_have_no_further_page() -> None:
    make(3)
    page = keyset(Account.objects.all(), size=3)
    assert (page.next_cursor, page.previous_cursor) == (None, None)


def test_no_rows() -> None:
    page = keyset(Account.objects.all(), size=3)
    assert (list(page.items), page.next_cursor, page.previous_cursor) == ([], None, None)


def test_rows_that_arrive_meanwhile_shift_nothing() -> None:
    ids = make(10)
    first = keyset(Account.objects.all(), size=4)
    make(5, first=100)
    second = keyset(Account.objects.all(), cursor=first.next_cursor or "", size=4)
    assert [row.pk for row in [*first.items, *second.items]] == sorted(ids, reverse=True)[:8]


def test_a_filter_stays() -> None:
    ids = make(10)
    rows = Account.objects.filter(pk__gt=ids[3])
    pages = walk(lambda cursor: keyset(rows, cursor=cursor, size=2))
    assert [number for page in pages for number in page] == sorted(ids[4:], reverse=True)


@pytest.mark.parametrize(
    "cursor", ["", "n", "p", "x5", "5", "n-5", "n5.0", "n 5", "n²", "p٣", "n" + "9" * 40, "n5;--", "\x00", "n\x00"]
)
def test_a_cursor_nobody_made_is_the_first_page(cursor: str) -> None:
    ids = make(5)
    assert [row.pk for row in keyset(Account.objects.all(), cursor=cursor, size=2).items] == sorted(ids)[:-3:-1]


@given(cursor=st.one_of(st.text(max_size=30), st.from_regex(r"[np]\d{1,25}", fullmatch=True)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_cursor_is_an_error(cursor: str) -> None:
    rows: QuerySet[ContentType] = ContentType.objects.all()
    assert len(keyset(rows, cursor=cursor, size=2).items) <= 2
