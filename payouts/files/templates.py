"""What a client fills in: the columns, how they are filled, and cells that keep leading zeros."""

import csv
import io
from collections.abc import Sequence
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from payouts.files.columns import AMOUNT, DESTINATION, HEADS, NAME, NARRATION

_TEXT = "@"
_NEEDED, _OPTIONAL = PatternFill("solid", fgColor="CFE2FF"), PatternFill("solid", fgColor="E9ECEF")


class _Column(NamedTuple):
    role: str
    width: int
    is_needed: bool
    how: str | Promise
    example: str


_COLUMNS = (
    _Column(
        DESTINATION,
        30,
        True,
        _("A full account number (its first three digits name the bank), or a mobile-money number."),
        "003001014892010184",
    ),
    _Column(AMOUNT, 16, True, _("In leones, with two decimals at most."), "1250.50"),
    _Column(NAME, 32, False, _("Whose account or number it is; 120 letters at most."), "Fatmata Kamara"),
    _Column(NARRATION, 40, False, _("What the receiver reads; 200 letters at most."), "Salary November"),
)


def csv_template() -> bytes:
    """A CSV file with the head in the reader's language, UTF-8 with a mark for spreadsheets. What stands above the
    head is passed over when the file comes back."""
    out = io.StringIO()
    writer = csv.writer(out)
    for column in _COLUMNS:
        writer.writerow([f"# {HEADS[column.role]}: {column.how}"])
    writer.writerow([str(HEADS[column.role]) for column in _COLUMNS])
    return out.getvalue().encode("utf-8-sig")


def xlsx_template() -> bytes:
    """An XLSX workbook: a sheet with text cells to fill in, and a sheet of instructions."""
    book = Workbook()
    if isinstance(book.active, Worksheet):
        _payments(book.active)
    _instructions(book.create_sheet())
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _payments(sheet: Worksheet) -> None:
    sheet.title = gettext("Payments")
    _write(sheet, 1, [str(HEADS[column.role]) for column in _COLUMNS])
    for at, column in enumerate(_COLUMNS, 1):
        cell = sheet.cell(1, at)
        cell.font, cell.fill = Font(bold=True), _NEEDED if column.is_needed else _OPTIONAL
        # The whole column is text: what is typed stays as it is typed.
        dimension = sheet.column_dimensions[get_column_letter(at)]
        dimension.width, dimension.number_format = column.width, _TEXT
    sheet.freeze_panes = "A2"


def _instructions(sheet: Worksheet) -> None:
    sheet.title = gettext("Instructions")
    _write(sheet, 1, [gettext("Column"), gettext("Needed"), gettext("What to fill in"), gettext("Example")])
    for at, column in enumerate(_COLUMNS, 2):
        needed = gettext("yes") if column.is_needed else gettext("no")
        _write(sheet, at, [str(HEADS[column.role]), needed, str(column.how), column.example])
    remarks = (
        gettext("One payment in a row, on one sheet. Heads may be in another language; other columns are passed over."),
        gettext("Keep account and phone numbers as text, so that leading zeros stay."),
        gettext("Nothing is paid before you have seen every row, and a second person has approved them."),
    )
    for at, remark in enumerate(remarks, len(_COLUMNS) + 3):
        _write(sheet, at, [remark])
    for letter, width in zip("ABCD", (28, 10, 70, 24), strict=True):
        sheet.column_dimensions[letter].width = width
    for cell in sheet[1]:
        cell.font = Font(bold=True)


def _write(sheet: Worksheet, row: int, texts: Sequence[str]) -> None:
    for at, text in enumerate(texts, 1):
        cell = sheet.cell(row, at, text)
        cell.number_format, cell.alignment = _TEXT, Alignment(vertical="top", wrap_text=row > 1)
