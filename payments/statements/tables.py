"""Bytes of a CSV or XLSX file to rows of text. Nothing is turned into a number: leading zeros stay."""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

from config.lib.tables import HEAD_LINES, delimiter_of, encoding_of
from payments.statements import archives

MOST_BYTES = 8 * 1024 * 1024
MOST_ROWS = 50_000
MOST_COLUMNS = 60
MOST_CELL = 300
# A spreadsheet keeps fifteen digits of a number; what is longer was rounded before we saw it.
_EXACT = 10**15

Header = Callable[[Sequence[str]], bool]


class Unreadable(ValueError):
    """No table in it. ``code`` is one of empty, too_long, too_wide, no_sheet, no_table, encoding."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Row:
    """``number`` as the file counts, from 1. ``rounded`` are columns whose number the spreadsheet has cut."""

    number: int
    cells: Sequence[str]
    rounded: frozenset[int] = frozenset()

    def cell(self, place: int | None) -> str:
        return self.cells[place] if place is not None and 0 <= place < len(self.cells) else ""


@dataclass(frozen=True)
class Table:
    headers: Sequence[str]
    rows: Sequence[Row]


def read_table(content: bytes, *, is_header: Header) -> Table:
    """The table in ``content``. Its head is the first row that ``is_header`` takes for one, else the first with three
    cells: reports begin with titles. Raises `Unreadable`."""
    if len(content) > MOST_BYTES:
        raise Unreadable("too_long")
    rows = _spreadsheet(content) if content[:2] == b"PK" else _text(content)
    filled = [row for row in rows if any(row.cells)]
    if not filled:
        raise Unreadable("empty")
    if len(filled) > MOST_ROWS:
        raise Unreadable("too_long")
    if max(len(row.cells) for row in filled) > MOST_COLUMNS:
        raise Unreadable("too_wide")
    return _split(filled, is_header)


def _split(rows: list[Row], is_header: Header) -> Table:
    first = rows[:HEAD_LINES]
    at = next((at for at, row in enumerate(first) if is_header(row.cells)), None)
    if at is None:
        at = next((at for at, row in enumerate(first) if sum(map(bool, row.cells)) >= 3), None)
    if at is None:
        raise Unreadable("no_table")
    return Table(rows[at].cells, rows[at + 1 :])


def _text(content: bytes) -> list[Row]:
    encoding = encoding_of(content)
    if encoding is None:
        raise Unreadable("encoding")
    text = content.decode(encoding).replace("\x00", "")
    delimiter = delimiter_of(text.splitlines()[:HEAD_LINES])
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        return [Row(reader.line_num, [cell.strip()[:MOST_CELL] for cell in cells]) for cells in reader]
    except csv.Error as error:
        raise Unreadable("no_table") from error


def _spreadsheet(content: bytes) -> list[Row]:
    _check_size(content)
    try:
        book = CalamineWorkbook.from_object(io.BytesIO(content))
        sheets = [book.get_sheet_by_name(name) for name in book.sheet_names]
    except (CalamineError, ValueError, OSError) as error:
        raise Unreadable("no_table") from error
    wanted = max(sheets, key=lambda sheet: sheet.height, default=None)
    if wanted is None or not wanted.height:
        raise Unreadable("no_sheet")
    if wanted.height > MOST_ROWS + HEAD_LINES:
        raise Unreadable("too_long")
    if wanted.width > MOST_COLUMNS:
        raise Unreadable("too_wide")
    first = (wanted.start or (0, 0))[0] + 1
    return [_row(first + at, cells) for at, cells in enumerate(wanted.to_python(skip_empty_area=True))]


def _check_size(content: bytes) -> None:
    try:
        archives.check(content)
    except archives.TooMuch as error:
        raise Unreadable("too_long") from error
    except archives.NoSpreadsheet as error:
        raise Unreadable("no_table") from error


def _row(number: int, cells: Sequence[Any]) -> Row:
    rounded = [at for at, cell in enumerate(cells) if _is_number(cell) and abs(cell) >= _EXACT]
    return Row(number, [_as_text(cell)[:MOST_CELL] for cell in cells], frozenset(rounded))


def _is_number(cell: object) -> bool:
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def _as_text(cell: Any) -> str:
    if isinstance(cell, float):
        if cell != cell or cell in (float("inf"), float("-inf")):
            return ""
        if cell == int(cell):
            return str(int(cell))
        # Hundredths of money, unless it has more places; those stay visible and are refused where money is meant.
        return f"{cell:.2f}" if abs(cell - round(cell, 2)) < 1e-9 else repr(cell)
    if isinstance(cell, datetime | date | time):
        return cell.isoformat(sep=" ") if isinstance(cell, datetime) else cell.isoformat()
    return str(cell).replace("\x00", "").strip() if cell is not None else ""
