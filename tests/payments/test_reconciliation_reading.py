"""Reports of providers in every odd form, read without losing a digit."""

import io
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.statements import columns, lines, tables, values
from payments.statements.lines import BadRow, Said
from payments.statements.tables import Unreadable

NINE = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)


def read(content: bytes, provider: str = "faspay_snap") -> list[Any]:
    table = tables.read_table(content, is_header=columns.is_header)
    return list(lines.read_all(table, columns.guess(table.headers), provider))


def said(content: bytes, provider: str = "faspay_snap") -> Said:
    found = read(content, provider)
    assert len(found) == 1, found
    assert isinstance(found[0], Said), found[0][1].code
    return found[0]


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("60000", "60000"),
        ("60.000", "60000"),
        ("60,000", "60000"),
        ("60000.00", "60000.00"),
        ("60000,5", "60000.5"),
        ("60.000,00", "60000.00"),
        ("60,000.00", "60000.00"),
        ("1.234.567", "1234567"),
        ("1,234,567.89", "1234567.89"),
        ("Rp 60.000,-", "60000"),
        ("Rp60.000", "60000"),
        ("IDR 60000", "60000"),
        ("Rp. 60.000", "60000"),
        ("-60.000", "-60000"),
        ("(60,000)", "-60000"),
        ("Rp -5.000", "-5000"),
        ("60 000", "60000"),
    ],
)
def test_amounts(text: str, amount: str) -> None:
    assert values.read_amount(text) == Decimal(amount)


@pytest.mark.parametrize(
    "text", ["", "abc", "60.00.000", "6.0000", "1.2345", "60.000.00", "NaN", "1e5", "٦٠٠٠٠", "60-000"]
)
def test_what_is_no_amount(text: str) -> None:
    assert values.read_amount(text) is None


@given(st.decimals(min_value=0, max_value=Decimal("99999999999999"), places=2), st.sampled_from([".", ","]))
def test_every_amount_comes_back_whatever_marks_it(amount: Decimal, mark: str) -> None:
    other = "," if mark == "." else "."
    grouped = f"{amount:,.2f}".replace(",", "|").replace(".", other).replace("|", mark)
    assert values.read_amount(grouped) == amount


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-21 09:00:00",
        "2026-11-21T09:00:00+07:00",
        "2026-11-21T02:00:00Z",
        "2026-11-2109:00:00",
        "2026/11/21 09:00",
        "21/11/2026 09:00",
        "21-11-2026 09.00",
        "21.11.2026 9:00:00",
        "21/11/26 09:00",
        "20261121090000",
        "21 Nov 2026 09:00",
        "21 November 2026, 09:00",
        "21-Nov-2026 09:00:00",
        "21 Nopember 2026 09.00.00 WIB",
        "2026-11-21 09:00:00.000",
    ],
)
def test_moments(text: str) -> None:
    assert values.read_moment(text) == NINE


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-13-01", "32/01/2026", "2026-02-30", "1234", "21 Foo 2026", "0001-01-01"]
)
def test_what_is_no_moment(text: str) -> None:
    assert values.read_moment(text) is None


def test_the_day_alone_and_the_time_in_another_column() -> None:
    assert values.read_moment("21/11/2026", "09:00") == NINE
    assert values.read_moment("2026-11-21") == datetime(2026, 11, 20, 17, 0, tzinfo=UTC)


def test_one_date_that_can_only_be_american_decides_for_the_file() -> None:
    found = read(b"trx_id,amount,payment date\n1,60000,11/05/2026\n2,60000,11/21/2026\n")
    assert [one.day.isoformat() for one in found] == ["2026-11-05", "2026-11-21"]
    found = read(b"trx_id,amount,payment date\n1,60000,11/05/2026\n2,60000,21/11/2026\n")
    assert [one.day.isoformat() for one in found] == ["2026-05-11", "2026-11-21"]


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("Payment Sukses", "paid"),
        ("SUCCESS", "paid"),
        ("Lunas", "paid"),
        ("00", "paid"),
        ("2", "paid"),
        ("Unpaid", "pending"),
        ("Belum dibayar", "pending"),
        ("Not paid", "pending"),
        ("Gagal", "failed"),
        ("Payment Expired", "failed"),
        ("Refund Success", "reversed"),
        ("Reversal", "reversed"),
        ("hmm", None),
        ("", None),
    ],
)
def test_words_of_status(text: str, status: str | None) -> None:
    assert values.read_status(text) == status


SNAP = (
    "No;Trx ID;Bill No;Virtual Account No;Payment Channel;Payment Date;Amount;Fee;Net Amount;Status\n"
    "1;0098765432100001;GBRG000000000001;0370201123456789;BCA VA;21/11/2026 09:00;60.000;4.440;55.560;Payment Sukses\n"
)


def test_a_report_as_a_bank_writes_it() -> None:
    found = said(SNAP.encode())
    assert (found.external_id, found.reference) == ("0098765432100001", "GBRG000000000001")
    assert found.number == "0370201123456789"
    assert (found.amount, found.fee, found.net) == (Decimal(60000), Decimal(4440), Decimal(55560))
    assert (found.paid_at, found.status, found.channel, found.currency) == (NINE, "paid", "faspay_va", "IDR")
    assert found.row == 2
    assert not found.net_differs
    assert found.raw["Bill No"] == "GBRG000000000001"


@pytest.mark.parametrize(
    "content",
    [
        SNAP.encode("utf-8-sig"),
        SNAP.encode("utf-16"),
        SNAP.replace("\n", "\r\n").encode(),
        SNAP.replace(";", "\t").encode(),
        SNAP.replace(";", "|").encode(),
        SNAP.replace(";", ",").encode(),
        ("sep=;\n" + SNAP).encode(),
        ("Laporan Transaksi\nPT Gerbang é\n\n" + SNAP).encode("cp1252"),
        (SNAP + ";;;;;TOTAL;60.000;4.440;55.560;\n").encode(),
        ('"' + SNAP.replace(";", '";"').replace("\n", '"\n"', 1).rstrip("\n") + '"\n').encode(),
    ],
    ids=["bom", "utf16", "crlf", "tabs", "pipes", "commas", "sep", "titles", "total", "quoted"],
)
def test_the_same_report_in_other_clothes(content: bytes) -> None:
    assert said(content) == lines.read_row(
        tables.Row(said(content).row, SNAP.splitlines()[1].split(";")),
        columns.guess(SNAP.splitlines()[0].split(";")),
        "faspay_snap",
    )


def test_heads_in_indonesian() -> None:
    found = said(
        b"ID Transaksi,Nomor Tagihan,Nomor Virtual Account,Nominal,Biaya Admin,Jumlah Diterima,"
        b"Tanggal Pembayaran,Jam,Status Transaksi,Metode Pembayaran\n"
        b'0001,A1,0880812345,"60.000,00","1.500,00","58.500,00",21 November 2026,09:00,Berhasil,QRIS ShopeePay\n'
    )
    assert (found.external_id, found.reference, found.number) == ("0001", "A1", "0880812345")
    assert (found.amount, found.fee, found.channel) == (Decimal(60000), Decimal(1500), "faspay_qris")
    assert found.paid_at == NINE


def test_whose_trx_id_it_is_shows_in_how_it_is_written() -> None:
    assert columns.guess(["trxId", "amount"])["reference"] == 0
    assert columns.guess(["trx_id", "bill_no", "amount"]) == {"external_id": 0, "reference": 1, "amount": 2}


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("1;A;;x;2026-11-21", "bad_amount"),
        ("1;A;;;2026-11-21", "no_amount"),
        ("1;A;;0;2026-11-21", "no_amount"),
        ("1;A;;60000;", "no_date"),
        ("1;A;;60000;soon", "bad_date"),
        (";;;60000;2026-11-21", "nameless"),
        ("-;-;-;60000;2026-11-21", "nameless"),
        ("1;A;;999999999999999;2026-11-21", "bad_amount"),
    ],
)
def test_rows_that_say_nothing_are_named(row: str, code: str) -> None:
    (found,) = read(f"trx_id;bill_no;va;amount;payment_date\n{row}\n".encode())
    assert isinstance(found[1], BadRow)
    assert found[1].code == code


def test_less_than_nothing_was_taken_back() -> None:
    found = said(b"trx_id;amount;payment_date;status\n1;-60.000;2026-11-21;Sukses\n")
    assert (found.amount, found.status) == (Decimal(60000), "reversed")


def test_a_status_nobody_knows_is_not_taken_for_paid() -> None:
    (found,) = read(b"trx_id;amount;payment_date;status\n1;60000;2026-11-21;Hmm\n")
    assert found[1].code == "bad_status"


def workbook(rows: list[list[Any]], *, title: bool = False) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    if title:
        sheet.append(["Settlement"])
        sheet.append([])
    for row in rows:
        sheet.append(row)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def test_a_spreadsheet_with_text_numbers_and_dates() -> None:
    head = ["Trx ID", "Bill No", "Virtual Account", "Amount", "Fee", "Payment Date"]
    row = ["0098765432100001", "000123", "0370201123456789", 60000, 4440.5, datetime(2026, 11, 21, 9, 0)]  # noqa: DTZ001
    found = said(workbook([head, row], title=True))
    assert (found.external_id, found.reference, found.number) == ("0098765432100001", "000123", "0370201123456789")
    assert (found.amount, found.fee, found.paid_at) == (Decimal(60000), Decimal("4440.50"), NINE)


def test_an_id_that_the_spreadsheet_rounded_is_refused() -> None:
    (found,) = read(workbook([["Trx ID", "Amount", "Payment Date"], [9876543210000123, 60000, "2026-11-21"]]))
    assert found[1].code == "rounded"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"\n\n ;;\n", "empty"),
        (b"one\ntwo\n", "no_table"),
        (b"PK\x03\x04nothing", "no_table"),
        (b"x" * (tables.MOST_BYTES + 1), "too_long"),
        (b"a;b;c\n" * (tables.MOST_ROWS + 2), "too_long"),
        ((b"amount;" * 70) + b"\n", "too_wide"),
    ],
)
def test_what_is_no_table(content: bytes, code: str) -> None:
    with pytest.raises(Unreadable) as raised:
        tables.read_table(content, is_header=columns.is_header)
    assert raised.value.code == code


@given(st.binary(max_size=400))
def test_any_bytes_are_a_table_or_unreadable(content: bytes) -> None:
    try:
        table = tables.read_table(content, is_header=columns.is_header)
    except Unreadable:
        return
    list(lines.read_all(table, columns.guess(table.headers), "faspay_snap"))


@given(st.lists(st.text(max_size=20), max_size=12))
def test_any_cells_are_read_or_refused(cells: list[str]) -> None:
    place = {role: at for at, role in enumerate(columns.NAMES)}
    code = ""
    try:
        lines.read_row(tables.Row(1, cells), place, "faspay_snap")
    except BadRow as problem:
        code = problem.code
    assert not code or code in lines.ERRORS
