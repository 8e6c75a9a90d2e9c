"""Finding a row within a report: by what its columns are known by, the same on the page and in the file."""

import re
from datetime import timedelta
from html import unescape
from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client as Browser

from accounts.models import ApiCall, Client
from checkout.models import Session
from payouts.models import Batch, Payout
from reports.catalogue import CATALOGUE
from reports.models import SavedView
from tests.accounts.cast import company
from tests.payouts.house import payment
from tests.reports.library import fill, page, question, sheet
from tests.reports.test_pages import shown
from tests.reports.things import charged

pytestmark = pytest.mark.django_db


def rows(browser: Browser, slug: str, asked: str, text: str) -> int:
    """How many the page shows; the file holds as many."""
    query = f"{asked or '?'}&q={quote(text)}"
    drawn = max(len(shown(page(browser, f"/reports/{slug}/{query}"))) - 1, 0)
    assert len(sheet(browser.get(f"/reports/{slug}/file.csv{query}"))) - 1 == drawn
    return drawn


@pytest.mark.parametrize("slug", [slug for slug, report in CATALOGUE.items() if report.search])
def test_what_is_not_there_is_not_found(slug: str, browser: Browser, wages: Batch) -> None:
    asked = question(slug, wages)
    for text in ("nothing-like-it", "%", "_" * 9, "\0'\"", "x" * 400, "٣" * 12):
        assert rows(browser, slug, asked, text) == 0, text


def test_payments_by_reference_account_and_id(browser: Browser, nassit: Client) -> None:
    ours = [payment(nassit), payment(nassit, receiver="003777014892010184")]
    theirs = payment(company("Stranger"), receiver="003777014892010185")
    slug = "client-transaction-details"
    wanted = ours[1]
    for text in (wanted.reference, wanted.reference.lower(), str(wanted.public_id), "003777014892010184", "003777"):
        assert rows(browser, slug, "", text) == 1, text
    assert rows(browser, slug, "", wanted.reference[:10]) == 2
    assert rows(browser, slug, "?state=pending", wanted.reference) == 0
    for text in (theirs.reference, str(theirs.public_id), theirs.receiver):
        assert rows(browser, slug, "", text) == 0


def test_each_by_what_it_is_known_by(browser: Browser, wages: Batch) -> None:
    card, session = charged(wages.client, order_id="order-4711"), Session.objects.earliest("id")
    ApiCall.objects.filter(pk=ApiCall.objects.earliest("id").pk).update(request_id="01KAJ0000000000000000000AB")
    failed = Payout.objects.get(batch=wages, state="failed")
    for slug, text, count in [
        ("cards", "order-4711", 1),
        ("cards", card.reference, 1),
        ("cards", str(card.public_id), 1),
        ("checkout-sessions", session.reference, 1),
        ("batches", "november", 1),
        ("batches", wages.reference, 1),
        ("batch", "fatu", 4),
        ("reconciliation", "nonsense", 1),
        ("retries", failed.reference, 1),
        ("failed-items", str(failed.public_id), 1),
        ("client-api-calls", "bot", 1),
        ("client-audit-log", "01KAJ0000000000000000000AB", 1),
    ]:
        assert rows(browser, slug, question(slug, wages), text) == count, (slug, text)


def test_it_stands_in_the_address_the_chip_and_the_view(browser: Browser, wages: Batch) -> None:
    fill(company("Stranger"), "Spy")
    html = page(browser, "/reports/batches/?q=november&range=30d")
    assert '<input class="form-control" type="search" id="q" name="q" value="november"' in html
    (chip,) = re.findall(r'<a class="chip is-chosen" href="([^"]*)"><span class="visually-hidden">Do not', html)
    assert "q=" not in unescape(chip)
    assert "range=30d" in unescape(chip)
    assert "file.csv?range=30d&amp;q=november" in html
    browser.post("/reports/batches/views/?q=november", {"name": "Wages"})
    assert SavedView.objects.get().query == "q=november"
    assert 'name="q"' not in page(browser, "/reports/cards-summary/?q=november")


def test_what_is_looked_for_keeps_the_days_that_were_asked_for(browser: Browser, nassit: Client) -> None:
    found = [payment(nassit, ago=timedelta(days=days)) for days in (0, 9)]
    slug = "client-transaction-details"
    assert rows(browser, slug, "?range=7d", found[1].reference) == 0
    # The form of a report that opens with some days holds on to "all days".
    assert '<input type="hidden" name="range" value="all">' in page(browser, "/reports/cards-range/?range=all")


def test_an_index_finds_it(nassit: Client, browser: Browser) -> None:
    payment(nassit)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for condition in ("reference LIKE 'TP2026%'", "receiver LIKE '003777%' AND NOT receiver = ''"):
            cursor.execute(f"EXPLAIN SELECT id FROM payouts_payout WHERE {condition}")
            plan = " ".join(row[0] for row in cursor.fetchall())
            assert "Index Cond" in plan, plan
