"""A report as CSV, written by the database in one statement: all of it is of one moment."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.utils import timezone

from config.lib import sheets
from reports.catalogue.reading import Report, Scope

# Bytes: what is sealed at once (config.lib.sealed_files).
_PIECE = 256 * 1024
_LIMIT = "SELECT set_config('TimeZone', %s, true), set_config('statement_timeout', %s, true)"


class Sheet:
    """Pieces of UTF-8 text, in the language and zone of whoever makes it: both may be forgotten when it is read.

    ``rows`` are those read so far, without the head. The statement may take ``seconds``.
    """

    def __init__(self, report: Report, scope: Scope, *, seconds: int) -> None:
        self.rows = 0
        titles = [str(column.title) for column in report.columns_for(scope)]
        self._head = "\ufeff" + sheets.line(titles).replace("\r\n", "\n")
        self._limits = [timezone.get_current_timezone_name(), str(seconds * 1000)]
        self._statement = _statement(report, scope)

    def __iter__(self) -> Iterator[bytes]:
        yield self._head.encode()
        if self._statement is None:
            return
        sql, parameters = self._statement
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('TimeZone'), current_setting('statement_timeout')")
            before = cursor.fetchone()
            cursor.execute(_LIMIT, self._limits)
            with cursor.copy(f"COPY ({sql}) TO STDOUT (FORMAT csv)", parameters) as copy:
                yield from self._pieces(copy)
            # As it was, where this is a part of a longer transaction: moments would be read in the wrong zone.
            cursor.execute(_LIMIT, before)

    def _pieces(self, rows: Iterable[Any]) -> Iterator[bytes]:
        # The server hands over one row at a time; copied as they come, they cost a third of what a list of them does.
        piece = bytearray()
        for number, row in enumerate(rows, 1):
            piece += row
            if len(piece) >= _PIECE:
                self.rows = number
                yield bytes(piece)
                piece.clear()
        if piece:
            self.rows = number
            yield bytes(piece)


def _statement(report: Report, scope: Scope) -> tuple[str, Any] | None:
    """None where it is plain that there are no rows."""
    try:
        return report.texts(scope).query.sql_with_params()
    except EmptyResultSet:
        return None
