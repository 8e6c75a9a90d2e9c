"""The report of a day's payments that the simulated Faspay gives, right or with what is ordered to be wrong in it."""

import csv
import io
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
import requests

from tests.sandbox.merchant import Merchant
from tests.sandbox.test_qr_simulator import generate


@pytest.fixture
def day(merchant: Merchant) -> dict[str, str]:
    """One payment of each kind; their names."""
    account, code = merchant.account(), generate(merchant)
    merchant.control("pay", trxId=account["trxId"], notify=False)
    merchant.control("qr/pay", partnerReferenceNo=code["partnerReferenceNo"], notify=False)
    payment = merchant.control("static/pay", virtualAccountNo="3702020000000017", amount=75000, send=False)
    return {"account": account["trxId"], "code": code["partnerReferenceNo"], "static": payment["referenceNo"]}


def report(merchant: Merchant, **options: Any) -> list[dict[str, str]]:
    reply = requests.get(f"{merchant.simulator.url}/_control/settlement", params=options, timeout=10)
    assert reply.status_code == 200, reply.text
    separator = str(options.get("sep", ","))
    return list(csv.DictReader(io.StringIO(reply.content.decode("utf-8-sig")), delimiter=separator))


def test_a_day_lists_every_kind_of_payment_once(merchant: Merchant, day: dict[str, str]) -> None:
    rows = report(merchant, sep=";")
    names = {row["Bill No"] or row["Trx ID"] for row in rows}
    assert names == set(day.values())
    for row in rows:
        assert Decimal(row["Amount"]) - Decimal(row["Fee"]) == Decimal(row["Net"])
        assert (len(row["Trx ID"]), row["Status"]) == (16, "Payment Success")
    assert {row["Virtual Account"] for row in rows if row["Trx ID"] == day["static"]} == {"3702020000000017"}


def test_another_day_is_empty(merchant: Merchant, day: dict[str, str]) -> None:
    assert report(merchant, day="2020-01-01") == []


def test_the_spreadsheet_says_the_same(merchant: Merchant, day: dict[str, str]) -> None:
    reply = requests.get(f"{merchant.simulator.url}/_control/settlement?form=xlsx", timeout=10)
    sheet = openpyxl.load_workbook(io.BytesIO(reply.content)).active
    assert sheet is not None
    head, *rows = [[str(cell or "") for cell in row] for row in sheet.iter_rows(values_only=True)]
    assert [dict(zip(head, row, strict=True)) for row in rows] == report(merchant)


def test_what_can_be_wrong_with_it(merchant: Merchant, day: dict[str, str]) -> None:
    honest = report(merchant)
    assert report(merchant, drop=1) == honest[1:]
    assert report(merchant, duplicate=1) == [*honest, honest[0]]
    assert Decimal(report(merchant, alter=1)[0]["Amount"]) == Decimal(honest[0]["Amount"]) + 1000
    assert report(merchant, unknown=2)[-1]["Customer"] == "NOBODY"


def test_a_reversal_stands_there_with_a_minus(merchant: Merchant, day: dict[str, str]) -> None:
    merchant.control("static/reverse", virtualAccountNo="3702020000000017", notify=False)
    rows = [row for row in report(merchant) if row["Trx ID"] == day["static"]]
    assert sorted(row["Status"] for row in rows) == ["Payment Success", "Reversal"]
    assert {row["Amount"] for row in rows} == {"75000.00", "-75000.00"}


def test_figures_can_be_written_as_in_indonesia(merchant: Merchant, day: dict[str, str]) -> None:
    assert {row["Amount"] for row in report(merchant, style="id", sep=";", bom=1)} == {"50.000,00", "75.000,00"}


def test_nonsense_is_refused(merchant: Merchant) -> None:
    reply = requests.get(f"{merchant.simulator.url}/_control/settlement?form=pdf", timeout=10)
    assert (reply.status_code, "csv" in reply.json()["error"]) == (422, True)
