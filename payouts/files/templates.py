"""What a client fills in: the columns, how they are filled, and cells that keep leading zeros."""


def csv_template() -> bytes:
    """A CSV file with the head in the reader's language, UTF-8 with a mark for spreadsheets."""
    raise NotImplementedError


def xlsx_template() -> bytes:
    """An XLSX workbook: a sheet with text cells to fill in, and a sheet of instructions."""
    raise NotImplementedError
