"""From the bytes of an upload to its rows, as they were given."""

from collections.abc import Iterator, Sequence
from itertools import dropwhile

from payouts.files.columns import Columns, by_content, by_head
from payouts.files.shapes import MOST_CELL, MOST_COLUMNS, Given, Line, Source, Unreadable
from payouts.files.text import Text
from payouts.files.values import tidy, unwrap
from payouts.files.workbooks import Workbook

_WRAPS = frozenset("='’")
_OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"


def read(content: bytes, *, most_rows: int) -> Iterator[Given]:
    """The rows of a CSV or XLSX file or of pasted text, one after the other. Titles above the head are passed over,
    empty lines too; everything below the head is a row, whatever stands in it. Raises `Unreadable`, also half-way."""
    table, columns, first = _table(_sources(content))
    rows = 0
    for line in dropwhile(lambda line: line.number < first, table.rows()):
        rows += 1
        if rows > most_rows:
            raise Unreadable("too_long")
        if len(line.cells) > MOST_COLUMNS:
            raise Unreadable("too_wide")
        yield _given(line, columns, is_text=isinstance(table, Text))
    if not rows:
        raise Unreadable("empty")


def _sources(content: bytes) -> Sequence[Source]:
    if not content.strip():
        raise Unreadable("empty")
    if content.startswith(b"PK"):
        return Workbook(content).sheets
    if content.startswith(_OLD_WORKBOOK):
        raise Unreadable("old_format")
    return [Text.of(content)]


def _table(sources: Sequence[Source]) -> tuple[Source, Columns, int]:
    """The table of payments, its columns, and the line of its first row."""
    heads = [(source, source.head()) for source in sources]
    heads = [(source, head) for source, head in heads if head]
    if not heads:
        raise Unreadable("empty")
    found = [(source, *at) for source, head in heads if (at := _below_head(head))]
    if len(found) > 1:
        # A sheet with nothing below its head is a template that was left as it is.
        found = [one for one in found if any(line.number >= one[2] for line in one[0].head())]
        if len(found) != 1:
            raise Unreadable("two_sheets" if found else "empty")
    if found:
        return found[0]
    source, head = heads[0]
    columns = by_content(head[0].cells)
    if columns is None:
        raise Unreadable("no_columns")
    if len(heads) > 1 and any(by_content(other[0].cells) for _source, other in heads[1:]):
        raise Unreadable("two_sheets")
    return source, columns, head[0].number


def _below_head(lines: Sequence[Line]) -> tuple[Columns, int] | None:
    for line in lines:
        if columns := by_head(line.cells):
            return columns, line.number + 1
    return None


def _given(line: Line, columns: Columns, *, is_text: bool) -> Given:
    cells = line.cells
    beyond = is_text and len(cells) > columns.width and any(cell.strip() for cell in cells[columns.width :])
    if line.is_torn or beyond:
        return Given(line.number, " | ".join(cell.strip() for cell in cells)[:MOST_CELL], "", is_torn=True)
    destinations = [text for at in columns.destinations if (text := _cell(cells, at))]
    return Given(
        line.number,
        destinations[0] if len(destinations) == 1 else " / ".join(destinations)[:MOST_CELL],
        _cell(cells, columns.amount),
        "" if columns.name is None else tidy(_cell(cells, columns.name)),
        "" if columns.narration is None else tidy(_cell(cells, columns.narration)),
        None if columns.position is None else _place(_cell(cells, columns.position)),
    )


def _cell(cells: Sequence[str], at: int) -> str:
    if at >= len(cells):
        return ""
    text = cells[at][:MOST_CELL].strip()
    return unwrap(text) if text[:1] in _WRAPS else text


def _place(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None
