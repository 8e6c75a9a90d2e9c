"""One SQL statement whose plan the server keeps: for the few statements that run thousands of times a second."""

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import Cursor

_kept = threading.local()


Parameters = Sequence[Any] | Mapping[str, Any]


def fetch_one(sql: str, parameters: Parameters, *, repeatable: bool = False) -> tuple[Any, ...] | None:
    """Run one statement on Django's connection, in whatever transaction it is in; its first row, None without one.

    Parameters need casts (``%s::text``), since the server is told no types. Raises Django's database errors.
    A ``repeatable`` statement does no harm when it runs twice: the connection is not tried out before it, and when it
    turns out to be gone the statement is run again on a new one.
    """
    database = connections[DEFAULT_DB_ALIAS]
    if not repeatable or database.in_atomic_block:
        database.close_if_health_check_failed()
        return _run(database, sql, parameters)
    try:
        return _run(database, sql, parameters)
    except (OperationalError, InterfaceError):
        if database.connection is not None and database.is_usable():
            raise
        database.close()
        return _run(database, sql, parameters)


def _run(database: BaseDatabaseWrapper, sql: str, parameters: Parameters) -> tuple[Any, ...] | None:
    database.ensure_connection()
    database.validate_no_broken_transaction()
    with database.wrap_database_errors:
        cursor = _cursor(database)
        cursor.execute(sql, parameters)
        row: tuple[Any, ...] | None = cursor.fetchone()
        return row


def _cursor(database: BaseDatabaseWrapper) -> Any:
    """A cursor that sends values apart from the statement, whose plan is then kept by the server.

    Django's own writes the values into the text. One is kept per thread, and Django's wrapper is put around it only
    when somebody listens (it logs and counts): together that is a third of what a call costs here. Behind a pooler
    the next statement may meet another session, which knows no plan of ours: nothing is prepared there.
    """
    raw: Any = database.connection
    cursor: Any = getattr(_kept, "cursor", None)
    if cursor is None or cursor.connection is not raw:
        if not database.settings_dict["DISABLE_SERVER_SIDE_CURSORS"]:
            raw.prepare_threshold = 1
        cursor = _kept.cursor = Cursor(raw)
    if database.queries_logged:
        return database.make_debug_cursor(cursor)
    return database.make_cursor(cursor) if database.execute_wrappers else cursor
