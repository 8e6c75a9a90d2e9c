"""Rows of an XLSX file, one after the other, within bounded memory.

Sheets are read as a stream and never laid out, so two filled cells in opposite corners cost no more than two cells;
texts that cells share are kept once, however many cells show them; and numbers are taken as they stand in the file, so
what a spreadsheet has rounded is noticed.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any
from xml.parsers.expat import ExpatError, ParserCreate

from config.lib.tables import HEAD_LINES
from payouts.files.shapes import MOST_CELL, MOST_COLUMNS, Line, Unreadable

# Bytes that a part may unpack to; a few kilobytes can hold gigabytes of nothing.
MOST_SHEET = 192 * 1024 * 1024
MOST_OTHER = 64 * 1024 * 1024
MOST_TEXTS = 1_000_000
MOST_SHEETS = 50
_MOST_DIRECTORY = 256 * 1024
# One tag or one text of this length is no table.
_MOST_TOKEN = 1024 * 1024
_CHUNK = 64 * 1024
_MOST_PIECES = 100
_PLACE = re.compile(r"([A-Z]{1,3})[0-9]{1,7}", re.ASCII)
_WHOLE = re.compile(r"-?[0-9]{1,15}", re.ASCII)
# A spreadsheet keeps fifteen digits of a number; of a longer one the rest was lost before we saw it.
_EXACT = 1e15
# An alphabet that nobody knows is a LookupError, as is a part that is not there.
_BROKEN = (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, OSError, ValueError, LookupError)


class Workbook:
    """An XLSX file. Raises `Unreadable` for what is none."""

    def __init__(self, content: bytes) -> None:
        _check_directory(content)
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(content))
        except _BROKEN as error:
            raise Unreadable("no_table") from error
        self._names = set(self._archive.namelist())
        if "xl/workbook.xml" not in self._names:
            raise Unreadable("no_table")

    @cached_property
    def sheets(self) -> list["Sheet"]:
        """Those that people see, in their order."""
        targets = self._targets()
        found: list[Sheet] = []

        def begin(tag: str, given: dict[str, str]) -> None:
            if _bare(tag) != "sheet" or given.get("state", "visible") != "visible":
                return
            relation = next((value for name, value in given.items() if _bare(name) == "id"), "")
            if targets.get(relation) in self._names:
                found.append(Sheet(self, targets[relation]))

        self._read("xl/workbook.xml", begin)
        if len(found) > MOST_SHEETS:
            raise Unreadable("too_much")
        return found

    @cached_property
    def texts(self) -> list[str]:
        """What cells share; without the signs that help to pronounce it."""
        texts: list[str] = []
        parts: list[str] = []
        inside = {"text": False, "phonetic": False}

        def begin(tag: str, _given: dict[str, str]) -> None:
            name = _bare(tag)
            if name == "si":
                parts.clear()
            elif name == "rPh":
                inside["phonetic"] = True
            inside["text"] = name == "t" and not inside["phonetic"]

        def end(tag: str) -> None:
            name = _bare(tag)
            inside["text"] = False
            if name == "rPh":
                inside["phonetic"] = False
            elif name == "si":
                texts.append("".join(parts)[:MOST_CELL])
                if len(texts) > MOST_TEXTS:
                    raise Unreadable("too_much")

        def write(text: str) -> None:
            # One text may come in any number of pieces; what is too long anyway is not gathered.
            if inside["text"] and len(parts) < _MOST_PIECES:
                parts.append(text[:MOST_CELL])

        name = next((name for name in self._names if name.lower() == "xl/sharedstrings.xml"), None)
        if name:
            self._read(name, begin, end, write)
        return texts

    def _targets(self) -> dict[str, str]:
        targets: dict[str, str] = {}

        def begin(tag: str, given: dict[str, str]) -> None:
            if _bare(tag) == "Relationship" and given.get("Type", "").endswith("/worksheet"):
                target = given.get("Target", "")
                targets[given.get("Id", "")] = target[1:] if target.startswith("/") else f"xl/{target}"

        if "xl/_rels/workbook.xml.rels" in self._names:
            self._read("xl/_rels/workbook.xml.rels", begin)
        return targets

    def _read(self, name: str, *handlers: Callable[..., None]) -> None:
        for _fed in self.parse(name, MOST_OTHER, *handlers):
            pass

    def parse(
        self,
        name: str,
        limit: int,
        begin: Callable[..., None],
        end: Callable[..., None] | None = None,
        write: Callable[[str], None] | None = None,
    ) -> Iterator[None]:
        """Feed a part of the archive to these handlers, a piece at a time. Raises `Unreadable`."""
        parser = ParserCreate(intern={})
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = begin, end, write
        parser.StartDoctypeDeclHandler = _refuse
        fed = 0
        try:
            with self._archive.open(name) as part:
                while chunk := part.read(_CHUNK):
                    fed += len(chunk)
                    if fed > limit:
                        raise Unreadable("too_much")
                    parser.Parse(chunk, False)
                    if fed - max(parser.CurrentByteIndex, 0) > _MOST_TOKEN:
                        raise Unreadable("no_table")
                    yield
                parser.Parse(b"", True)
                yield
        except Unreadable:
            raise
        except (ExpatError, *_BROKEN) as error:
            raise Unreadable("no_table") from error


@dataclass(frozen=True)
class Sheet:
    """One sheet of a workbook."""

    book: Workbook
    name: str

    def rows(self) -> Iterator[Line]:
        cells = _Cells(self.book)
        for _fed in self.book.parse(self.name, MOST_SHEET, cells.begin, cells.end, cells.write):
            yield from cells.done
            cells.done.clear()

    def head(self) -> list[Line]:
        return list(islice(self.rows(), HEAD_LINES))


class _Cells:
    """Puts the tags of a sheet together to rows; ``done`` are those with something in them."""

    def __init__(self, book: Workbook) -> None:
        self.done: list[Line] = []
        self._book = book
        self._row, self._column = 0, -1
        self._cells: list[str] = []
        self._kind, self._parts, self._is_value = "", list[str](), False

    def begin(self, tag: str, given: dict[str, str]) -> None:
        name = _bare(tag)
        if name == "v" or name == "t":
            self._is_value = True
        elif name == "c":
            self._kind, self._parts = given.get("t", "n"), []
            self._column = self._place(given.get("r"))
        elif name == "row":
            self._row = int(given["r"]) if "r" in given else self._row + 1
            self._cells, self._column = [], -1

    def write(self, text: str) -> None:
        if self._is_value and len(self._parts) < _MOST_PIECES:
            self._parts.append(text[:MOST_CELL])

    def end(self, tag: str) -> None:
        name = _bare(tag)
        if name == "v" or name == "t":
            self._is_value = False
        elif name == "c" and self._parts:
            self._put("".join(self._parts))
        elif name == "row" and any(self._cells):
            self.done.append(Line(self._row, self._cells))

    def _put(self, raw: str) -> None:
        text = self._text(raw)
        if not text:
            return
        if self._column >= MOST_COLUMNS:
            raise Unreadable("too_wide")
        self._cells.extend([""] * (self._column + 1 - len(self._cells)))
        self._cells[self._column] = text

    def _text(self, raw: str) -> str:
        if self._kind == "s":
            at = int(raw)
            return self._book.texts[at].strip() if 0 <= at < len(self._book.texts) else ""
        if self._kind in {"n", "d"}:
            return _number(raw.strip())
        if self._kind == "b":
            return "TRUE" if raw.strip() == "1" else "FALSE"
        return raw[:MOST_CELL].strip()

    def _place(self, given: str | None) -> int:
        if given is None:
            return self._column + 1
        found = _PLACE.fullmatch(given)
        if found is None:
            raise Unreadable("no_table")
        column = 0
        for letter in found[1]:
            column = column * 26 + ord(letter) - 64
        return column - 1


def _number(raw: str) -> str:
    """A number as a person would write it; one that was rounded as 1.23E+17, which nobody takes for an account."""
    if _WHOLE.fullmatch(raw):
        return raw
    try:
        number = float(raw)
    except ValueError:
        return raw[:MOST_CELL]
    if number != number or abs(number) >= _EXACT:
        return f"{number:.5E}"
    return str(int(number)) if number == int(number) else f"{number:.15g}"


def _bare(tag: str) -> str:
    return tag.rpartition(":")[2] if ":" in tag else tag


def _refuse(*_doctype: Any) -> None:
    raise Unreadable("no_table")


def _check_directory(content: bytes) -> None:
    """The list of parts is read as a whole: one of a hundred thousand is no workbook."""
    at = content.rfind(b"PK\x05\x06")
    if at < 0 or len(content) < at + 22 or content[at - 20 : at - 16] == b"PK\x06\x07":
        raise Unreadable("no_table")
    if int.from_bytes(content[at + 12 : at + 16], "little") > _MOST_DIRECTORY:
        raise Unreadable("too_much")
