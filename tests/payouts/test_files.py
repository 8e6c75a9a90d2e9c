"""Uploads in every dress: rows come out as they were given, or the reason why not."""

import io
from decimal import Decimal

import openpyxl
import pytest
from django.utils import translation

from payouts.files import TROUBLES, Unreadable, words_of
from payouts.files.columns import HEADS
from payouts.files.reading import read
from payouts.files.shapes import Given
from payouts.files.templates import csv_template, xlsx_template
from payouts.files.values import BadAmount, is_strange, read_amount
from payouts.models.states import Problem
from tests.payments.test_review_files import workbook
from tests.payouts.uploads import ACCOUNT, HEAD, NUMBER, as_csv, as_xlsx

LINES = [(ACCOUNT, "12.50", "Fatmata Kamará", "Salary, November"), (NUMBER, "7", "", "")]


def rows(content: bytes, most: int = 1000) -> list[Given]:
    return list(read(content, most_rows=most))


def texts(content: bytes) -> list[tuple[str, ...]]:
    return [(row.destination, row.amount, row.receiver_name, row.narration) for row in rows(content)]


def trouble(content: bytes, most: int = 1000) -> str:
    with pytest.raises(Unreadable) as caught:
        rows(content, most)
    assert words_of(caught.value.code)
    return caught.value.code


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"], ids=["comma", "semicolon", "tab", "bar"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_any_separator_and_any_encoding(delimiter: str, encoding: str) -> None:
    content = as_csv(LINES, delimiter=delimiter).decode().encode(encoding)
    assert texts(content) == LINES


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["unix", "windows", "old-mac"])
def test_any_end_of_line(end: str) -> None:
    assert texts(as_csv(LINES).decode().replace("\r\n", end).encode()) == LINES


def test_a_file_that_names_its_separator() -> None:
    assert texts(b"sep=;\r\n" + as_csv(LINES, delimiter=";")) == LINES


def test_rows_of_a_workbook() -> None:
    assert texts(as_xlsx(LINES)) == LINES


def test_lines_are_counted_as_the_file_counts() -> None:
    content = b"Salaries of November\n\nAccount,Amount\n\n" + f"{ACCOUNT},5\n\n{NUMBER},6\n".encode()
    assert [(row.line, row.amount) for row in rows(content)] == [(5, "5"), (7, "6")]
    book = as_xlsx([("Account", "Amount"), (ACCOUNT, "5"), (), (NUMBER, "6")], head=["Salaries"])
    assert [(row.line, row.amount) for row in rows(book)] == [(3, "5"), (5, "6")]


@pytest.mark.parametrize(
    "head",
    [
        "account number,amount",
        "ACCOUNT NO.,Amount (SLE) *",
        "Nomor Rekening,Jumlah",
        "no_hp,nominal",
        "Numéro de compte,Montant",
        "destination,net pay",
        "MSISDN,Value",
    ],
)
def test_heads_in_several_languages(head: str) -> None:
    assert [row.destination for row in rows(f"{head}\n{ACCOUNT},5\n".encode())] == [ACCOUNT]


@pytest.mark.parametrize("language", ["en", "id"])
def test_our_own_heads_are_understood_in_every_language(language: str) -> None:
    with translation.override(language):
        head = [str(HEADS[role]) for role in ("destination", "amount", "name", "narration")]
    # The worker has a language of its own.
    assert texts(as_csv(LINES, head=head)) == LINES


def test_columns_in_any_order_and_others_between() -> None:
    head = ["No", "Department", "Net pay", "Employee", "Mobile number"]
    assert texts(as_csv([("1", "Sales", "12.50", "Ann", NUMBER)], head=head)) == [(NUMBER, "12.50", "Ann", "")]


def test_an_account_or_a_phone_number_in_columns_of_their_own() -> None:
    head = ["Account number", "Phone", "Amount"]
    content = as_csv([(ACCOUNT, "", "1"), ("", NUMBER, "2"), (ACCOUNT, NUMBER, "3"), ("", "", "4")], head=head)
    assert [row.destination for row in rows(content)] == [ACCOUNT, NUMBER, f"{ACCOUNT} / {NUMBER}", ""]


def test_rows_without_a_head_as_people_paste_them() -> None:
    pasted = f"{ACCOUNT}\t12.50\tAnn\tSalary\n+232 76 123 456\t7\n".encode()
    assert texts(pasted) == [(ACCOUNT, "12.50", "Ann", "Salary"), ("+232 76 123 456", "7", "", "")]


def test_two_pasted_columns_with_decimal_commas() -> None:
    pasted = f"{ACCOUNT}\t12,50\n{NUMBER}\t7,00\n".encode()
    assert [row[:2] for row in texts(pasted)] == [(ACCOUNT, "12,50"), (NUMBER, "7,00")]


def test_a_total_below_the_table_is_a_row_that_somebody_has_to_leave_out() -> None:
    assert texts(as_csv([LINES[1], ("Total", "7", "", "")]))[1] == ("Total", "7", "", "")


def test_what_spreadsheets_do_to_text() -> None:
    given = texts(as_csv([(f'="{ACCOUNT}"', "'12.50", "Ann", ""), (f"'{ACCOUNT}", "5", "", "")]))
    assert [(row[0], row[1]) for row in given] == [(ACCOUNT, "12.50"), (ACCOUNT, "5")]


def test_numbers_of_a_workbook_keep_what_they_had() -> None:
    found = texts(as_xlsx([(3001014892010184, 1234.1 + 0.46, "", ""), (76123456, 1250, "", ""), (1.5e17, 0.1, "", "")]))
    assert [(row[0], row[1]) for row in found] == [
        ("3.00101E+15", "1234.56"),
        ("76123456", "1250"),
        ("1.50000E+17", "0.1"),
    ]


def test_what_a_formula_has_come_to_is_taken_and_never_the_formula() -> None:
    cells = '<c r="A2" t="str"><f>A1&amp;"x"</f><v>076123456</v></c><c r="B2"><f>1+1</f><v>2</v></c>'
    head = "".join(
        f'<c r="{at}" t="inlineStr"><is><t>{word}</t></is></c>' for at, word in (("A1", "Phone"), ("B1", "Amount"))
    )
    assert [row[:2] for row in texts(workbook(f'<row r="1">{head}</row><row r="2">{cells}</row>'))] == [(NUMBER, "2")]


def test_a_cell_too_many_is_noticed_instead_of_paying_the_wrong_amount() -> None:
    """``1,250.50`` without quotation marks in a file of commas would otherwise pay one leone."""
    content = f"Account,Amount\n{ACCOUNT},1,250.50\n{NUMBER},5\n".encode()
    assert [(row.is_torn, row.amount) for row in rows(content)] == [(True, ""), (False, "5")]


def test_another_separator_in_the_middle_of_a_file_is_noticed() -> None:
    content = f"Account;Amount;Name\n{ACCOUNT};5;Ann\n{NUMBER},6,Ben\n{NUMBER}|6|Ben\n".encode()
    assert [row.is_torn for row in rows(content)] == [False, True, True]


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("5", "5"),
        ("1234.5", "1234.5"),
        ("1,234", "1234"),
        ("1,234.50", "1234.50"),
        ("1.234,50", "1234.50"),
        ("1 234,50", "1234.50"),
        ("1.234.567", "1234567"),
        ("12,50", "12.50"),
        ("SLE 12.50", "12.50"),
        ("Le 12,5", "12.5"),
        ("12.50 SLE", "12.50"),
        ("1'000", "1000"),
        ("0.01", "0.01"),
    ],
)
def test_amounts_as_people_write_them(text: str, amount: str) -> None:
    assert read_amount(text) == Decimal(amount)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", Problem.NO_AMOUNT),
        ("  ", Problem.NO_AMOUNT),
        ("SLE", Problem.BAD_AMOUNT),
        ("0", Problem.BAD_AMOUNT),
        ("0.00", Problem.BAD_AMOUNT),
        ("-5", Problem.BAD_AMOUNT),
        ("5-", Problem.BAD_AMOUNT),
        ("(5)", Problem.BAD_AMOUNT),
        ("1e3", Problem.BAD_AMOUNT),
        ("NaN", Problem.BAD_AMOUNT),
        ("Infinity", Problem.BAD_AMOUNT),
        ("=1+1", Problem.BAD_AMOUNT),
        ("twelve", Problem.BAD_AMOUNT),
        ("1,23,456", Problem.BAD_AMOUNT),
        ("١٢", Problem.BAD_AMOUNT),
        ("IDR 500", Problem.BAD_AMOUNT),
        ("1.234", Problem.TOO_FINE),
        ("12.505", Problem.TOO_FINE),
        ("1,234.567", Problem.TOO_FINE),
        ("9" * 15, Problem.BAD_AMOUNT),
        ("999,999,999,999,999,999", Problem.OVER_LIMIT),
    ],
)
def test_what_is_no_amount_or_could_be_two(text: str, problem: Problem) -> None:
    with pytest.raises(BadAmount) as caught:
        read_amount(text)
    assert caught.value.problem == problem


@pytest.mark.parametrize(
    "text", ["Fatmata Kamará", "O'Neil & Sons (SL) Ltd.", "Rent 3/2026, No. 5 #2", "- advance", "李小龍", ""]
)
def test_names_that_banks_take(text: str) -> None:
    assert not is_strange(text)


@pytest.mark.parametrize(
    "text",
    ["=cmd|' /C calc'!A0", "+1", "@SUM(A1)", "-2+3", "<b>Ann</b>", "Ann\u202etxt", "a\x07b", "{{x}}", "x\ud800", "💰"],
    ids=["formula", "plus", "at", "minus", "markup", "turned", "bell", "braces", "half", "picture"],
)
def test_texts_that_are_more_than_text(text: str) -> None:
    assert is_strange(text)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        (b"Account,Amount\n", "empty"),
        (b"hello world", "no_columns"),
        (b"a,b\nc,d\n", "no_columns"),
        (b"Account,Amount,Amount\n1,2,3\n", "same_columns"),
        (f'Account,Amount,Name\n{ACCOUNT},5,"Ann\n{NUMBER},6,Ben\n'.encode(), "quotes:3"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, "encoding"),
        (b"\xff\xfe\x00\x00A\x00\x00\x00", "encoding"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "old_format"),
        (b"PK\x03\x04 nothing", "no_table"),
        (b"PK\x05\x06" + b"\0" * 18, "no_table"),
        (("Account,Amount" + ",x" * 70).encode() + b"\n1" + b",2" * 71 + b"\n", "too_wide"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_read_is_refused_in_words(content: bytes, code: str) -> None:
    assert trouble(content) == code


def test_every_trouble_has_words_and_a_line_where_there_is_one() -> None:
    assert all(words_of(code) == str(words) for code, words in TROUBLES.items())
    assert words_of("quotes:17").endswith("(Line 17)")
    assert words_of("no such code")


def test_more_rows_than_may_be() -> None:
    assert trouble(as_csv([(NUMBER, "5", "", "")] * 11), most=10) == "too_long"
    assert trouble(as_xlsx([(NUMBER, "5", "", "")] * 11), most=10) == "too_long"
    assert len(rows(as_csv([(NUMBER, "5", "", "")] * 10), most=10)) == 10


def test_a_text_that_is_too_long_stays_too_long() -> None:
    assert len(rows(as_csv([(NUMBER, "5", "x" * 5000, "")]))[0].receiver_name) == 301
    assert len(rows(as_xlsx([(NUMBER, "5", "x" * 5000, "")]))[0].receiver_name) == 301


def test_one_sheet_has_the_payments_and_hidden_ones_do_not_count() -> None:
    book = openpyxl.Workbook()
    for title, state in (("Notes", "visible"), ("Payments", "visible"), ("Old", "hidden"), ("Template", "visible")):
        sheet = book.create_sheet(title)
        sheet.sheet_state = state
        if title != "Notes":
            sheet.append(HEAD)
        if title in ("Payments", "Old"):
            sheet.append((ACCOUNT, "5"))
    assert book.active is not None
    book.active.append(["How to fill this in"])
    out = io.BytesIO()
    book.save(out)
    assert [row.amount for row in rows(out.getvalue())] == ["5"]
    book["Old"].sheet_state = "visible"
    out = io.BytesIO()
    book.save(out)
    assert trouble(out.getvalue()) == "two_sheets"


@pytest.mark.parametrize("language", ["en", "id"])
def test_templates_come_back_filled_in(language: str) -> None:
    with translation.override(language):
        assert trouble(csv_template()) == "empty"
        assert trouble(xlsx_template()) == "empty"
        filled = csv_template() + f"{ACCOUNT},5,Ann,\r\n".encode()
        assert texts(filled) == [(ACCOUNT, "5", "Ann", "")]
        book = openpyxl.load_workbook(io.BytesIO(xlsx_template()))
        assert book.active is not None
        assert book.active.column_dimensions["A"].number_format == "@"
        book.active.append([ACCOUNT, "5", "Ann"])
        out = io.BytesIO()
        book.save(out)
        assert texts(out.getvalue()) == [(ACCOUNT, "5", "Ann", "")]
