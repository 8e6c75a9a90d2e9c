"""CSV for spreadsheets, piece by piece, with no cell that a spreadsheet takes for a formula."""

import csv
from collections.abc import Iterable, Iterator, Sequence

from django.utils import timezone, translation


class _Echo:
    def write(self, text: str) -> str:
        return text


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell[:1] in {"=", "+", "-", "@", "\t", "\r", "\n"} else cell


def line(cells: Sequence[str]) -> str:
    """One line of CSV with its end, as it is: cells of strangers go through `harmless` first."""
    return str(csv.writer(_Echo()).writerow(cells))


def lines(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """CSV text in the language and zone of whoever asks now: a streamed answer is read later, when the request has
    forgotten both. ``rows`` is taken from lazily."""
    return _lines(head, rows, timezone.get_current_timezone_name(), translation.get_language())


def _lines(head: Sequence[str], rows: Iterable[Sequence[str]], zone: str, language: str | None) -> Iterator[str]:
    writer = csv.writer(_Echo())
    with timezone.override(zone), translation.override(language):
        yield "\ufeff" + writer.writerow(head)
        for row in rows:
            yield writer.writerow([harmless(cell) for cell in row])
