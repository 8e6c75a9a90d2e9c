"""A report of one day's payments, as the merchant page of a provider gives it: CSV or a spreadsheet."""

import csv
import io
import zipfile
from collections.abc import Iterator
from dataclasses import astuple, dataclass, replace
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from xml.sax.saxutils import escape

from flask import Flask, Response, request

from .control import json_response
from .faspay_bank import CHANNELS, QR_CHANNELS, Account, Bank, Bill, QrCode, random_digits
from .faspay_ovo_books import SUCCESS, OvoBooks
from .faspay_static import CHARGED, REVERSED, StaticBank
from .misbehave import BadControl
from .state import WIB

HEADERS = (
    *("Trx ID", "Bill No", "Virtual Account", "Channel", "Customer", "Amount", "Fee", "Net"),
    *("Payment Date", "Status"),
)
SNAP, OVO, ALL = "snap", "ovo", "all"
# What a payment costs the merchant: so many rupiah for an account, a share of the amount otherwise.
ACCOUNT_FEE, QR_SHARE, OVO_SHARE = Decimal(4000), Decimal("0.007"), Decimal("0.015")
PAID, REVERSAL = "Payment Success", "Reversal"
SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SEPARATORS = {",": ",", ";": ";", "tab": "\t", "|": "|"}


@dataclass(frozen=True)
class Line:
    trx_id: str
    bill_no: str
    number: str
    channel: str
    customer: str
    amount: Decimal
    fee: Decimal
    at: float
    status: str = PAID


class SettlementReport:
    def __init__(self, bank: Bank, static: StaticBank, ovo: OvoBooks) -> None:
        self.bank, self.static, self.ovo = bank, static, ovo

    def register(self, app: Flask) -> None:
        app.add_url_rule("/_control/settlement", "control:GET:settlement", self.answer, methods=["GET"])

    def answer(self) -> Response:
        try:
            day = request.args.get("day") or self.bank.today()
            lines = altered(self.lines(day, choice("provider", ALL, (ALL, SNAP, OVO))))
            rows = [HEADERS, *(row_of(line) for line in lines)]
            if choice("form", "csv", ("csv", "xlsx")) == "xlsx":
                return Response(spreadsheet(rows), mimetype=SPREADSHEET, headers=named(f"settlement-{day}.xlsx"))
            text = csv_text(rows, SEPARATORS[choice("sep", ",", tuple(SEPARATORS))])
            return Response(text.encode("utf-8"), mimetype="text/csv", headers=named(f"settlement-{day}.csv"))
        except BadControl as error:
            return json_response({"error": str(error)}, 422)

    def lines(self, day: str, provider: str) -> list[Line]:
        found: list[Line] = []
        if provider in (ALL, SNAP):
            with self.bank.lock:
                bills: list[Bill] = [*self.bank.accounts.values(), *self.bank.codes.values()]
            found += [line for bill in bills for line in of_bill(bill)]
            found += self.of_numbers()
        if provider in (ALL, OVO):
            found += self.of_ovo()
        return sorted((line for line in found if day_of(line.at) == day), key=lambda line: (line.at, line.trx_id))

    def of_numbers(self) -> Iterator[Line]:
        for one in self.static.newest_first(100_000):
            if one.state not in (CHARGED, REVERSED):
                continue
            channel = CHANNELS.get(one.channel_code, one.channel_code)
            line = Line(one.reference_no, "", one.number, channel, one.name, Decimal(one.amount), ACCOUNT_FEE, one.at)
            yield line
            if one.state == REVERSED:
                yield replace(line, at=one.reversed_at, status=REVERSAL, fee=Decimal(0))

    def of_ovo(self) -> Iterator[Line]:
        with self.ovo.lock:
            paid = [one for one in self.ovo.payments.values() if one.status == SUCCESS]
        for one in paid:
            amount = Decimal(one.amount)
            yield Line(one.trx_id, one.bill_no, "", "OVO", one.phone, amount, share(amount, OVO_SHARE), one.paid_at)


def of_bill(bill: Bill) -> Iterator[Line]:
    """Every payment of it; a second one has an id of its own, as at the provider."""
    number, customer, channel = "", "", ""
    if isinstance(bill, Account):
        number, customer, channel = bill.number, bill.name, CHANNELS[bill.channel_code]
    elif isinstance(bill, QrCode):
        channel = QR_CHANNELS[bill.channel_code]
    for place, payment in enumerate(bill.payments):
        amount = Decimal(payment["amount"])
        fee = share(amount, QR_SHARE) if isinstance(bill, QrCode) else ACCOUNT_FEE
        trx_id = bill.faspay_trx_id if place == 0 else str(payment["reference"])
        yield Line(trx_id, bill.trx_id, number, channel, customer, amount, fee, payment["at"])


def share(amount: Decimal, part: Decimal) -> Decimal:
    return (amount * part).quantize(Decimal(1), ROUND_HALF_UP)


def altered(lines: list[Line]) -> list[Line]:
    """As ordered: so many lines left out, twice, with another amount, or of payments nobody knows."""
    lines = lines[count("drop") :]
    wrong = count("alter")
    lines = [replace(line, amount=line.amount + 1000) for line in lines[:wrong]] + lines[wrong:]
    lines = lines + lines[: count("duplicate")]
    strangers = (
        Line(random_digits(16), f"X{random_digits(12)}", "", "BCA", "NOBODY", Decimal(12345), ACCOUNT_FEE, noon())
        for _ in range(count("unknown"))
    )
    return [*lines, *strangers]


def noon() -> float:
    day = request.args.get("day")
    if not day:
        return datetime.now(WIB).timestamp()
    try:
        return datetime.fromisoformat(f"{day}T12:00:00+07:00").timestamp()
    except ValueError:
        raise BadControl("day must be YYYY-MM-DD") from None


def row_of(line: Line) -> tuple[str, ...]:
    trx_id, bill_no, number, channel, customer, *_rest = astuple(line)
    sign = -1 if line.status == REVERSAL else 1
    figures = (line.amount * sign, line.fee, (line.amount - line.fee) * sign)
    when = datetime.fromtimestamp(line.at, WIB).strftime("%Y-%m-%d %H:%M:%S")
    return (trx_id, bill_no, number, channel, customer, *(money(figure) for figure in figures), when, line.status)


def money(amount: Decimal) -> str:
    """12345.00, or 12.345,00 with `style=id`."""
    if choice("style", "en", ("en", "id")) == "en":
        return f"{amount:.2f}"
    return f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))


def csv_text(rows: list[tuple[str, ...]], separator: str) -> str:
    written = io.StringIO()
    csv.writer(written, delimiter=separator, lineterminator="\r\n").writerows(rows)
    return ("\ufeff" if request.args.get("bom") else "") + written.getvalue()


def day_of(at: float) -> str:
    return datetime.fromtimestamp(at, WIB).strftime("%Y-%m-%d")


def count(name: str) -> int:
    text = request.args.get(name, "0")
    if not text.isdecimal():
        raise BadControl(f"{name} must be a number")
    return int(text)


def choice(name: str, usual: str, known: tuple[str, ...]) -> str:
    value = request.args.get(name, usual)
    if value not in known:
        raise BadControl(f"{name} must be one of {', '.join(known)}")
    return value


def named(file: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{file}"'}


# -- a spreadsheet with one sheet of text, as small as the format allows

_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_OFFICE = "http://schemas.openxmlformats.org"
_PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{_OFFICE}/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{SPREADSHEET}.main+xml"/>'
    '<Override PartName="/xl/worksheets/sheet1.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_OFFICE}/package/2006/relationships"><Relationship Id="rId1" '
    f'Type="{_OFFICE}/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_OFFICE}/spreadsheetml/2006/main" '
    f'xmlns:r="{_OFFICE}/officeDocument/2006/relationships"><sheets><sheet name="Settlement" sheetId="1" r:id="rId1"/>'
    "</sheets></workbook>",
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_OFFICE}/package/2006/relationships"><Relationship Id="rId1"'
    f' Type="{_OFFICE}/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}


def cell(text: str) -> str:
    return f'<c t="inlineStr"><is><t>{escape(text)}</t></is></c>'


def spreadsheet(rows: list[tuple[str, ...]]) -> bytes:
    lines = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
    sheet = f'<worksheet xmlns="{_OFFICE}/spreadsheetml/2006/main"><sheetData>{lines}</sheetData></worksheet>'
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**_PARTS, "xl/worksheets/sheet1.xml": sheet}.items():
            archive.writestr(name, _XML + content)
    return file.getvalue()
