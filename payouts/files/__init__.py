"""Files of rows, whatever they look like: CSV, XLSX, pasted text in; templates and corrected rows out. Pure.

text and workbooks = bytes to lines of cells, columns = which column means what, values = amounts and texts, reading = a
whole upload to its rows, templates = what we write.
"""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from payouts.files.shapes import Given, Unreadable

__all__ = ["TROUBLES", "Given", "Unreadable", "words_of"]

# Why an upload cannot be read at all.
TROUBLES: Mapping[str, str | Promise] = {
    "empty": _("The file has no rows."),
    "too_large": _("The file is too large."),
    "too_long": _("The file has too many rows. Split it."),
    "too_wide": _("The table has too many columns."),
    "too_much": _("The file unpacks to far more than payments need. Save only the table, as a new file."),
    "encoding": _("The text of the file cannot be read. Save it as CSV in UTF-8."),
    "quotes": _("A quotation mark is out of place, so rows run into each other."),
    "no_table": _("We find no table in it. Take the template, or save the file as CSV or XLSX."),
    "old_format": _("This is an old or protected workbook. Save it as XLSX without a password, or as CSV."),
    "no_columns": _("We do not find the columns for the account or phone number and the amount."),
    "same_columns": _("Two columns have the same meaning. Leave only one of them."),
    "two_sheets": _("More than one sheet holds payments. Put them on one sheet."),
    "lost": _("The upload was lost before it was read. Upload the file again."),
}


def words_of(trouble: str) -> str:
    """What ``Batch.trouble`` means, with the line of the file where it names one ("quotes:17")."""
    code, _colon, line = trouble.partition(":")
    words = str(TROUBLES.get(code, TROUBLES["no_table"]))
    return gettext("%(what)s (Line %(line)s)") % {"what": words, "line": line} if line else words
