"""What the readers of files hand on."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

# Cells are kept so long; one letter more than any of them may have, so that too long stays too long.
MOST_CELL = 301
MOST_COLUMNS = 60


class Line(NamedTuple):
    """A row that has something in it. ``number`` as the file counts, from 1; ``is_torn``: another sign stands between
    its cells."""

    number: int
    cells: Sequence[str]
    is_torn: bool = False


class Given(NamedTuple):
    """One row as it stands in the upload. ``line`` as the file counts, from 1; ``position`` names the row of a batch
    that it is to replace, in a file of corrected rows."""

    line: int
    destination: str
    amount: str
    receiver_name: str = ""
    narration: str = ""
    position: int | None = None
    # Its cells do not fit the head: a separator or a quotation mark is out of place.
    is_torn: bool = False


class Unreadable(ValueError):
    """No rows can be had from it. ``code`` is a key of `payouts.files.TROUBLES`, and perhaps ``:`` and a line."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Source(Protocol):
    """One table: a text file, or a sheet of a workbook."""

    def rows(self) -> Iterator[Line]:
        """From its first row on, every time. Raises `Unreadable`."""
        ...

    def head(self) -> list[Line]:
        """Its first rows, without reading the others."""
        ...
