"""Reports made to do harm: they are refused in words, and the process that reads them lives on."""

import io
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import openpyxl
import pytest
from openpyxl.styles import PatternFill

from payments.statements import columns, tables
from payments.statements.tables import Unreadable

TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/></Types>'
)
RELS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def workbook(*sheets: str, more: dict[str, str] | None = None) -> bytes:
    """An XLSX file with these rows in its sheets."""
    numbers = range(1, len(sheets) + 1)
    names = "".join(f'<sheet name="S{n}" sheetId="{n}" r:id="rId{n}"/>' for n in numbers)
    links = "".join(
        f'<Relationship Id="rId{n}" Type="{RELS}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in numbers
    )
    root = f'<Relationship Id="rId1" Type="{RELS}/officeDocument" Target="xl/workbook.xml"/>'
    parts = {
        "[Content_Types].xml": TYPES,
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}">{root}</Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELS}"><sheets>{names}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}">{links}</Relationships>',
    }
    for n, rows in zip(numbers, sheets, strict=True):
        parts[f"xl/worksheets/sheet{n}.xml"] = f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in (parts | (more or {})).items():
            archive.writestr(name, text)
    return out.getvalue()


def cell(place: str, value: str = "1") -> str:
    return f'<c r="{place}"><v>{value}</v></c>'


HEAD = '<row r="1">' + "".join(cell(f"{letter}1") for letter in "ABC") + "</row>"
CORNERS = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'
HARMFUL = {
    "two corners": workbook(CORNERS),
    "two corners, other quotes and small letters": workbook(CORNERS.replace('"', "'").replace("XFD", "xfd")),
    "two corners, by the row's number": workbook(HEAD + '<row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'),
    "two corners, tags that do not match": workbook(CORNERS.replace("</row>", "</rows>")),
    "two corners, another namespace": workbook(CORNERS.replace("<c ", "<x:c ").replace("</c>", "</x:c>")),
    "many sheets of many cells": workbook(
        *[HEAD + f'<row r="50000"><c r="BH50000"><v>{n}</v></c></row>' for n in range(40)]
    ),
    "another kind of spreadsheet beside it": workbook(HEAD, more={"mimetype": "x", "content.xml": "<a/>"}),
    "a place that is none": workbook('<row r="1"><c r="A99999999999"><v>1</v></c></row>'),
}


@pytest.mark.parametrize("name", list(HARMFUL))
def test_a_harmful_report_is_refused_and_nothing_dies(name: str, tmp_path: Path) -> None:
    """In a process of its own: what goes wrong here ends the process, and no exception tells of it."""
    (tmp_path / "report.xlsx").write_bytes(HARMFUL[name])
    program = (
        "import resource, sys, pathlib\n"
        "resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))\n"
        "from payments.statements import tables\n"
        "try:\n"
        "    tables.read_table(pathlib.Path(sys.argv[1]).read_bytes(), is_header=lambda cells: True)\n"
        "except tables.Unreadable as error:\n"
        "    print('refused', error.code)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "report.xlsx")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=Path(__file__).parents[2])
    assert done.stdout.startswith("refused"), done.stderr[-300:]


def test_a_part_is_not_longer_than_its_directory_says() -> None:
    """Fifty megabytes of nothing, said to be a hundred bytes."""
    content = workbook(HEAD, more={"xl/sharedStrings.xml": "<sst>" + " " * 50_000_000 + "</sst>"})
    size = (50_000_011).to_bytes(4, "little")
    assert size in content
    with pytest.raises(Unreadable) as caught:
        tables.read_table(content.replace(size, (100).to_bytes(4, "little")), is_header=columns.is_header)
    assert caught.value.code == "no_table"


def test_cells_that_are_only_formatted_do_not_count() -> None:
    """A column coloured to its end is how people make reports."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["bill_no", "payment_total", "payment_date"])
    sheet.append(["TRX1", 50_000, "2026-11-21 09:00:00"])
    sheet["XFD1048576"].fill = PatternFill("solid", fgColor="FFFF00")
    out = io.BytesIO()
    book.save(out)
    table = tables.read_table(out.getvalue(), is_header=columns.is_header)
    assert [row.cells[0] for row in table.rows] == ["TRX1"]


def test_the_largest_honest_report_is_read_in_good_time() -> None:
    rows = "".join(
        f'<row r="{n}">' + "".join(cell(f"{letter}{n}", str(n)) for letter in "ABCDEFGH") + "</row>"
        for n in range(1, 40_001)
    )
    content = workbook(rows)
    began = time.process_time()
    assert len(tables.read_table(content, is_header=lambda cells: True).rows) == 39_999
    assert time.process_time() - began < 20
