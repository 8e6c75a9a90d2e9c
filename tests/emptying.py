"""What a test committed is gone after it, and what migrations put in is there again.

Django's own way empties every table and fills the rights in anew, which takes half a second; most tests write to ten.
"""

from collections.abc import Collection, Iterable
from functools import cache
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.test import TransactionTestCase

from accounts.access import registry

_KEPT = "kept_for_tests"
_digests_kept: dict[str, str] = {}


def remember() -> None:
    """Copy what migrations put in. Asked once, before the first test."""
    with transaction.atomic(), connection.cursor() as cursor:
        if kept := _kept_by_an_earlier_run(cursor):
            # Which may have been stopped in the middle of a test; what the table of rights says now comes after it.
            _restore(cursor, kept, changed=kept)
            registry.sync()
        cursor.execute(f"DROP SCHEMA IF EXISTS {_KEPT} CASCADE")
        cursor.execute(f"CREATE SCHEMA {_KEPT}")
        kept = _with_rows(cursor, _tables())
        for table in [*kept, "django_migrations"]:
            cursor.execute(f'CREATE TABLE {_KEPT}."{table}" AS TABLE "{table}"')
        _digests_kept.update(_digests(cursor, kept))
    TransactionTestCase._fixture_teardown = _back  # type: ignore[attr-defined]


def _kept_by_an_earlier_run(cursor: CursorWrapper) -> list[str]:
    """Its tables, when the database was kept and no migration has come since."""
    cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [_KEPT])
    tables = {row[0] for row in cursor.fetchall()}
    if "django_migrations" not in tables:
        return []
    then, now = _digests(cursor, [f'{_KEPT}"."django_migrations', "django_migrations"]).values()
    return sorted(tables & set(_tables())) if then == now else []


def _back(_test: Any) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        now = _digests(cursor, _digests_kept)
        changed = [table for table, digest in _digests_kept.items() if now[table] != digest]
        _restore(cursor, _digests_kept, changed=changed)


def _restore(cursor: CursorWrapper, kept: Collection[str], *, changed: Collection[str]) -> None:
    """Empty all tables but the kept ones; those of them that changed are filled again."""
    filled = _with_rows(cursor, [table for table in _tables() if table not in kept or table in changed])
    guarded = _with_triggers(cursor, {*filled, *changed})
    for table in guarded:
        cursor.execute(f'ALTER TABLE "{table}" DISABLE TRIGGER USER')
    for table in filled:
        cursor.execute(f'DELETE FROM "{table}"')
    for table in changed:
        cursor.execute(f'INSERT INTO "{table}" OVERRIDING SYSTEM VALUE TABLE {_KEPT}."{table}"')
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for table in guarded:
        cursor.execute(f'ALTER TABLE "{table}" ENABLE TRIGGER USER')


@cache
def _tables() -> list[str]:
    return list(connection.introspection.django_table_names(only_existing=True, include_views=False))


def _with_rows(cursor: CursorWrapper, tables: Iterable[str]) -> list[str]:
    asked = " UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT FROM \"{table}\")" for table in tables)
    cursor.execute(asked or "SELECT '' WHERE false")
    return [row[0] for row in cursor.fetchall()]


def _digests(cursor: CursorWrapper, tables: Iterable[str]) -> dict[str, str]:
    asked = " UNION ALL ".join(
        f"SELECT '{table}', coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM \"{table}\" AS t"
        for table in tables
    )
    cursor.execute(asked)
    return dict(cursor.fetchall())


def _with_triggers(cursor: CursorWrapper, tables: Iterable[str]) -> list[str]:
    cursor.execute(
        "SELECT DISTINCT relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
        " WHERE NOT tgisinternal AND relnamespace = 'public'::regnamespace AND relname = ANY(%s)",
        [list(tables)],
    )
    return [row[0] for row in cursor.fetchall()]
