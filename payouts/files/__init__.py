"""Files of rows, whatever they look like: CSV, XLSX, pasted text in; templates and corrected rows out. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# Why an upload cannot be read at all: `Batch.trouble` holds the code.
TROUBLES: Mapping[str, str | Promise] = {
    "empty": _("The file has no rows."),
    "too_large": _("The file is too large."),
    "too_long": _("The file has too many rows. Split it."),
    "too_wide": _("The table has too many columns."),
    "too_much": _("The file unpacks to far more than payments need. Save only the table, as a new file."),
    "encoding": _("The text of the file cannot be read. Save it as CSV in UTF-8."),
    "quotes": _("A quotation mark is opened and never closed, so rows run into each other."),
    "no_table": _("We find no table in it. Take the template, or save the file as CSV or XLSX."),
    "old_format": _("This is an old or protected workbook. Save it as XLSX without a password, or as CSV."),
    "no_columns": _("We do not find the columns for the account or phone number and the amount."),
    "two_sheets": _("More than one sheet holds payments. Put them on one sheet."),
    "lost": _("The upload was lost before it was read. Upload the file again."),
}


@dataclass(frozen=True, slots=True)
class Given:
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
    """No rows can be had from it. ``code`` is a key of `TROUBLES`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
