"""Look into a spreadsheet before it is opened: its reader lays out every cell between the first and the last one.

Two filled cells in opposite corners are a kilobyte on disk and hundreds of gigabytes laid out, and a part may unpack to
more than the directory of the archive says. Neither may cost a web process its life.
"""

import io
import re
import zipfile
import zlib
from xml.parsers.expat import ExpatError, ParserCreate

# What a spreadsheet may unpack to; a few kilobytes can hold gigabytes of nothing.
MOST_UNPACKED = 150 * 1024 * 1024
# Cells laid out, of all sheets together.
MOST_CELLS = 4_000_000
_PLACE = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})", re.ASCII)
_VALUES = frozenset({"v", "is"})
_BROKEN = (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError, OSError, ValueError)


class TooMuch(ValueError):
    """More in it than will be opened."""


class NoSpreadsheet(ValueError):
    """No XLSX, or a broken one."""


def check(content: bytes) -> None:
    """Whether an XLSX file can be opened without harm. Raises `TooMuch`, `NoSpreadsheet`."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            names = {part.filename.lower() for part in parts}
            # Its reader would take these for other kinds of spreadsheets, whose size is told in other ways.
            if "xl/workbook.xml" not in names or names & {"xl/workbook.bin", "mimetype", "content.xml"}:
                raise NoSpreadsheet
            if sum(part.file_size for part in parts) > MOST_UNPACKED:
                raise TooMuch
            # Reading one to its end also proves that it is as long as the directory says.
            cells = sum(cells_of(archive.read(part)) for part in parts)
    except (TooMuch, NoSpreadsheet):
        raise
    except _BROKEN as error:
        raise NoSpreadsheet from error
    if cells > MOST_CELLS:
        raise TooMuch


def cells_of(part: bytes) -> int:
    """How many cells are laid out for one part of the archive; 0 where it is no sheet."""
    if b"sheetData" not in part:
        return 0
    extent = _Extent()
    parser = ParserCreate()
    parser.StartElementHandler = extent.begin
    parser.StartDoctypeDeclHandler = extent.refuse
    try:
        parser.Parse(part, True)
    except ExpatError as error:
        raise NoSpreadsheet from error
    return extent.area


class _Extent:
    """From the first to the last filled cell of a sheet."""

    def __init__(self) -> None:
        self.row, self.column = 0, 0
        self.rows: tuple[int, int] | None = None
        self.columns = (0, 0)

    @property
    def area(self) -> int:
        if self.rows is None:
            return 0
        return (self.rows[1] - self.rows[0] + 1) * (self.columns[1] - self.columns[0] + 1)

    def begin(self, tag: str, given: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if name == "row":
            self.row, self.column = int(given["r"]) if "r" in given else self.row + 1, 0
        elif name == "c":
            self._go_to(given.get("r"))
        elif name in _VALUES:
            self._fill()

    def refuse(self, *_doctype: object) -> None:
        raise NoSpreadsheet

    def _go_to(self, place: str | None) -> None:
        if place is None:
            self.column += 1
            return
        found = _PLACE.fullmatch(place)
        if found is None:
            raise NoSpreadsheet
        self.column = 0
        for letter in found[1].upper():
            self.column = self.column * 26 + ord(letter) - 64
        self.row = int(found[2])

    def _fill(self) -> None:
        if self.rows is None:
            self.rows, self.columns = (self.row, self.row), (self.column, self.column)
            return
        self.rows = (min(self.rows[0], self.row), max(self.rows[1], self.row))
        self.columns = (min(self.columns[0], self.column), max(self.columns[1], self.column))
