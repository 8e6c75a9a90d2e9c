"""What a batch adds up to: page, file and API say the same, to the last unit, and show what does not fit together."""

import csv
import io
import json
import re
from decimal import Decimal
from html import unescape

import pytest
from django.test import Client as Browser

from accounts.models import Client, Role
from config.lib.money import format_money
from payouts.models import Batch, BatchRow
from payouts.models.states import State
from tests.accounts.cast import browser_of, company, person
from tests.api import text_of
from tests.reports import library
from tests.reports.library import page, sheet

pytestmark = pytest.mark.django_db


def shown(html: str) -> dict[str, tuple[str, str]]:
    """Rows and amount of each part, as they are drawn."""
    rows = re.findall(r'<tr data-part="(\w+)".*?</tr>', html, re.S)
    found = {}
    for name in rows:
        row = re.search(rf'<tr data-part="{name}".*?</tr>', html, re.S)
        assert row
        cells = re.findall(r'class="price[^"]*">(.*?)</td>', row[0], re.S)
        found[name] = tuple(unescape(re.sub(r"<[^>]+>", "", cell)).strip() for cell in cells)
    return found  # type: ignore[return-value]


def path(batch: Batch, rest: str = "") -> str:
    return f"/reports/reconciliation/{rest}?batch={batch.reference}"


@pytest.fixture
def uneven(nassit: Client) -> Batch:
    """With cents and fees."""
    return library.batch(nassit, amount="100.07", fee="2.35")


def test_page_file_and_api_say_the_same(browser: Browser, uneven: Batch) -> None:
    drawn = shown(page(browser, path(uneven)))
    api = f"/api/reports/disbursements/{uneven.public_id}/reconciliation"
    told = json.loads(text_of(browser.get(api)))
    for name in ("submitted", "processed", "failed", "pending", "leftOut"):
        figure = told[name]
        assert drawn[name] == (f"{figure['count']}", format_money(Decimal(str(figure["amount"])), "SLE")), name
    assert drawn["difference"][1] == format_money(Decimal(0), "SLE")
    assert drawn["fees"][1] == format_money(Decimal(str(told["fees"])), "SLE") == "SLE 2.35"
    items = list(csv.DictReader(io.StringIO(text_of(browser.get(f"{api}?format=csv")))))
    head, *rows = sheet(browser.get(path(uneven, "file.csv")))
    own = [Decimal(row[head.index("In the batch")] or 0) for row in rows]
    assert sum(own) == sum(Decimal(one["Amount"]) for one in items) == Decimal(str(told["submitted"]["amount"]))
    paid = [Decimal(one["Amount"]) for one in items if one["Status"] == "Processed"]
    assert (sum(paid), len(paid)) == (Decimal("100.07"), int(drawn["processed"][0]))
    assert "Everything adds up" in page(browser, path(uneven))


def test_filters_change_the_rows_and_not_the_sums(browser: Browser, uneven: Batch) -> None:
    every = page(browser, path(uneven))
    some = page(browser, path(uneven) + "&state=completed")
    assert shown(every) == shown(some)
    assert every.count("<tr>") > some.count("<tr>")


def test_a_payment_unlike_its_row_is_shown_with_both(browser: Browser, uneven: Batch) -> None:
    row = BatchRow.objects.get(batch=uneven, payout__state=State.COMPLETED)
    BatchRow.objects.filter(pk=row.pk).update(amount=Decimal("100.08"), receiver="003001014892010185")
    html = page(browser, path(uneven))
    told = " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())
    assert "1 row has a payment that differs from it." in told
    assert "Row 1, amount: the row says SLE 100.08, the payment SLE 100.07" in told
    assert "Row 1, receiver: the row says 003001014892010185" in told
    assert "Everything adds up" not in told
    api = text_of(browser.get(f"/api/reports/disbursements/{uneven.public_id}/reconciliation"))
    assert [one["field"] for one in json.loads(api)["mismatches"]] == ["amount", "receiver"]


def test_a_stranger_learns_no_sums(uneven: Batch) -> None:
    stranger = browser_of(person("musa", Role.PORTAL_ADMIN, client=company("Stranger")))
    assert shown(page(stranger, path(uneven))) == {}


def test_other_reports_have_none(browser: Browser, wages: Batch) -> None:
    assert 'id="report-sums"' not in page(browser, f"/reports/batch/?batch={wages.reference}")
