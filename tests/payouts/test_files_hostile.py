"""Uploads made to do harm: each is refused in words or read for what it is, within bounded memory."""

import subprocess
import sys
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest

from tests.payments.test_review_files import CORNERS, workbook

ACCOUNT = "003001014892010184"
HEAD = '<row r="1"><c t="inlineStr"><is><t>Account</t></is></c><c t="inlineStr"><is><t>Amount</t></is></c></row>'
MEGABYTE = 1024 * 1024
# What the reader may take on top of an interpreter with Django loaded.
PROGRAM = """
import pathlib, resource, sys, time
import django
django.setup()
from payouts.files import Unreadable
from payouts.files.reading import read
used = int(pathlib.Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 192 * 1024 * 1024, used + 192 * 1024 * 1024))
for file in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    began = time.process_time()
    try:
        said = sum(1 for _row in read(file.read_bytes(), most_rows=100_000))
    except Unreadable as error:
        said = error.code
    print(file.name, said, "slow" if time.process_time() - began > 25 else "", sep="|", flush=True)
"""


def packed(**parts: bytes | str) -> bytes:
    """A workbook with these parts in the place of its own."""
    with zipfile.ZipFile(BytesIO(workbook(HEAD))) as honest:
        kept = {name: honest.read(name) for name in honest.namelist()}
    names = {"sheet": "xl/worksheets/sheet1.xml", "texts": "xl/sharedStrings.xml", "book": "xl/workbook.xml"}
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in {**kept, **{names[key]: part for key, part in parts.items()}}.items():
            archive.writestr(name, content)
    return out.getvalue()


def sheet(rows: str) -> str:
    return f'<worksheet xmlns="http://x/main"><sheetData>{HEAD}{rows}</sheetData></worksheet>'


def many_rows() -> bytes:
    rows = (f'<row r="{n}"><c><v>76123456</v></c><c><v>5</v></c></row>' for n in range(2, 200_002))
    return packed(sheet=sheet("".join(rows)))


def shared_giant() -> bytes:
    """One text of 30,000 letters that twenty thousand cells show: 600 MB for a reader that copies it."""
    rows = (f'<row r="{n}"><c><v>{n}</v></c><c t="s"><v>0</v></c></row>' for n in range(2, 20_002))
    texts = f"<sst><si><t>{'x' * 30_000}</t></si></sst>"
    return packed(sheet=sheet("".join(rows)), texts=texts)


def entities() -> bytes:
    bomb = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    return packed(sheet=f'<!DOCTYPE x [<!ENTITY e0 "ha">{bomb}]><worksheet><sheetData>&e11;</sheetData></worksheet>')


def one_text() -> bytes:
    return packed(sheet=sheet(f'<row><c t="str"><v>{"x" * 100 * MEGABYTE}</v></c><c><v>5</v></c></row>'))


def one_tag() -> bytes:
    return packed(sheet=f"<worksheet {'x' * 20 * MEGABYTE}=''/>")


def nothing() -> bytes:
    """A quarter of a gigabyte of blanks in a few kilobytes."""
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(workbook(HEAD))) as honest, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in honest.namelist():
            if "sheet1" not in name:
                archive.writestr(name, honest.read(name))
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
            part.write(b"<worksheet>")
            for _ in range(256):
                part.write(b" " * MEGABYTE)
            part.write(b"</worksheet>")
    return out.getvalue()


def many_texts() -> bytes:
    return packed(
        texts=f"<sst>{'<si><t>x</t></si>' * 1_100_000}</sst>", sheet=sheet('<row><c t="s"><v>1</v></c></row>')
    )


def many_parts() -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(6_000):
            archive.writestr(f"x{number}", b"")
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return out.getvalue()


def declared() -> bytes:
    """A sheet that says it has every cell there can be, and has two rows."""
    rows = f'<row r="2"><c t="str"><v>{ACCOUNT}</v></c><c><v>5</v></c></row>'
    return packed(sheet=sheet(rows).replace("<sheetData>", '<dimension ref="A1:XFD1048576"/><sheetData>'))


CASES: dict[str, tuple[Callable[[], bytes], str]] = {
    "two hundred thousand rows of a sheet": (many_rows, "too_long"),
    "two hundred thousand rows of text": (lambda: b"Account,Amount\n" + b"076123456,5\n" * 200_000, "too_long"),
    "a long text shown by many cells": (shared_giant, "20000"),
    "entities in entities": (entities, "no_table"),
    "a text without end": (one_text, "1"),
    "a tag without end": (one_tag, "no_table"),
    "megabytes of nothing": (nothing, "too_much"),
    "more than a million texts": (many_texts, "too_much"),
    "six thousand parts": (many_parts, "too_much"),
    "a sheet that declares all there is": (declared, "1"),
    "two corners": (lambda: workbook(CORNERS), "too_wide"),
    "tags that do not match": (lambda: packed(sheet=sheet("<row>")), "no_table"),
    "a line without end": (lambda: b"Account,Amount\n" + b"x" * 19 * MEGABYTE, "too_wide"),
    "a quotation without end": (lambda: b'Account,Amount\n"' + b"x,\n" * 1_000_000, "quotes:43692"),
    "only separators": (lambda: b"Account,Amount\n" + b"," * 19 * MEGABYTE, "too_wide"),
    "noughts": (lambda: b"\0" * 8 * MEGABYTE, "too_wide"),
    "half a letter": (lambda: b"\xff\xfe" + b"A\0" * 999 + b"\0\xd8", "encoding"),
    "a place that is none": (
        lambda: packed(sheet=sheet('<row r="2"><c r="A99999999999"><v>1</v></c></row>')),
        "no_table",
    ),
    "a row that is none": (lambda: packed(sheet=sheet('<row r="x"><c><v>1</v></c></row>')), "no_table"),
    "a text that is not there": (lambda: packed(sheet=sheet('<row><c t="s"><v>7</v></c><c><v>5</v></c></row>')), "1"),
    "an alphabet that is none": (
        lambda: packed(sheet=f"<?xml version='1.0' encoding='x-none'?>{sheet('')}"),
        "no_table",
    ),
    "no sheets": (lambda: packed(book="<workbook><sheets/></workbook>"), "empty"),
}


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What one process with little memory says of all of them: whatever goes wrong there ends it."""
    folder = tmp_path_factory.mktemp("hostile")
    for name, (make, _said) in CASES.items():
        (folder / name).write_bytes(make())
    command = [sys.executable, "-c", PROGRAM, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=250, cwd=Path(__file__).parents[2])
    assert not done.returncode, done.stderr[-500:]
    return {name: said for name, said, slow in (line.split("|") for line in done.stdout.splitlines()) if not slow}


@pytest.mark.parametrize("name", list(CASES))
def test_a_hostile_upload_harms_nobody(name: str, answers: dict[str, str]) -> None:
    assert answers[name] == CASES[name][1]
