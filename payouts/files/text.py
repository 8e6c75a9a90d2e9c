"""Rows of a CSV file or of pasted text, one after the other: the file is never laid out as a whole."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from config.lib.tables import DELIMITERS, HEAD_LINES, delimiter_of, encoding_of
from payouts.files.shapes import Line, Unreadable

_PROBE = 64 * 1024
# More would be laid out as millions of cells.
_MOST_LINE = 64 * 1024


@dataclass(frozen=True)
class Text:
    """A file that is text; ``rows`` may be gone through as often as one likes. Raises `Unreadable`."""

    content: bytes
    encoding: str
    delimiter: str

    @classmethod
    def of(cls, content: bytes) -> "Text":
        encoding = encoding_of(content)
        # Pictures and programs are "text" in Windows-1252 as well.
        if encoding is None or (encoding == "cp1252" and _looks_binary(content)):
            raise Unreadable("encoding")
        head = content[:_PROBE].decode(encoding, "ignore").splitlines()[:HEAD_LINES]
        return cls(content, encoding, delimiter_of([line for line in head if line.strip()]))

    def rows(self) -> Iterator[Line]:
        lines = io.TextIOWrapper(io.BytesIO(self.content), encoding=self.encoding, newline="")
        reader = csv.reader(_without_noughts(lines), delimiter=self.delimiter, strict=True)
        others = [sign for sign in DELIMITERS if sign != self.delimiter]
        try:
            for cells in reader:
                if any(cells):
                    yield Line(reader.line_num, cells, len(cells) == 1 and any(sign in cells[0] for sign in others))
        except csv.Error as error:
            raise Unreadable(f"quotes:{reader.line_num}") from error

    def head(self) -> list[Line]:
        return list(islice(self.rows(), HEAD_LINES))


def _without_noughts(lines: Iterator[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        if len(line) > _MOST_LINE:
            raise Unreadable("too_wide")
        if number == 0 and line[:4].lower() == "sep=" and len(line.strip()) <= 5:
            yield "\n"
        else:
            yield line.replace("\x00", "") if "\x00" in line else line


def _looks_binary(content: bytes) -> bool:
    probe = content[:_PROBE]
    odd = sum(probe.count(byte) for byte in range(32) if byte not in (9, 10, 13))
    return odd > len(probe) * 0.01
