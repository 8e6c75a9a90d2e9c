"""The pages of reports: what stands on them is what is in their files, and nobody sees another one's."""

import re
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import AuditEntry, Client, PortalUser, Role, User
from payouts.models import Batch
from reports.catalogue import CATALOGUE, PRESETS
from reports.catalogue.wanted import Wanted
from reports.models import Export, SavedView
from tests.accounts.cast import browser_of, company, cost, person, role
from tests.payouts.house import payment
from tests.reports.library import fill, page, question, sheet

pytestmark = pytest.mark.django_db
SLUGS = list(CATALOGUE)


def shown(html: str) -> list[list[str]]:
    """The table of a page, its head first, as plain text."""
    found = re.search(r'<table class="[^"]*report-table.*?</table>', html, re.S)
    if found is None:
        return []
    rows = re.findall(r"<tr>(.*?)</tr>", found[0], re.S)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S) for row in rows]
    return [[unescape(" ".join(re.sub(r"<[^>]+>", " ", cell).split())) for cell in row] for row in cells]


def test_every_operation_of_the_section_has_a_page() -> None:
    from accounts.access.table import OPERATIONS

    known = {report.operation: report.permission for report in CATALOGUE.values()}
    assert known == {row.id: row.permission for row in OPERATIONS.values() if row.id.startswith("reports.")}
    assert len(CATALOGUE) == 15


@pytest.mark.parametrize("slug", SLUGS)
def test_a_file_holds_what_the_page_shows(slug: str, browser: Browser, wages: Batch) -> None:
    fill(company("Stranger"), "Spy")
    asked = question(slug, wages)
    table = shown(page(browser, f"/reports/{slug}/{asked}"))
    rows = sheet(browser.get(f"/reports/{slug}/file.csv{asked}"))
    columns = [column for column in CATALOGUE[slug].columns if not column.of_staff]
    assert rows[0] == [str(column.title) for column in columns]
    assert table[0] == [str(column.title) for column in columns if not column.of_file]
    assert len(rows) == len(table) > 1
    for line, cells in zip(rows[1:], table[1:], strict=True):
        _compare(line, cells, columns)


def _compare(line: list[str], cells: list[str], columns: list[Any]) -> None:
    left = iter(cells)
    for column, told in zip(columns, line, strict=True):
        if column.of_file:
            assert told == "SLE"
            continue
        drawn = next(left)
        if not told:
            assert drawn == "–"
        elif column.kind == "money":
            assert drawn == f"SLE {float(told):,.2f}"
        elif column.kind == "moment":
            moment = timezone.datetime.fromisoformat(told)
            assert moment.utcoffset() == timedelta(hours=7)
            assert drawn.startswith(f"{moment.day} {moment:%b %Y %H:%M}")
        else:
            assert drawn == (told[1:] if told[0] == "'" else told)


@pytest.mark.parametrize("slug", SLUGS)
def test_staff_read_whose_it_is(slug: str, staff_user: User, wages: Batch) -> None:
    browser, asked = browser_of(staff_user), question(slug, wages)
    html = page(browser, f"/reports/{slug}/{asked}")
    rows = sheet(browser.get(f"/reports/{slug}/file.csv{asked}"))
    assert len(shown(html)) == len(rows) > 1
    named = any(column.of_staff for column in CATALOGUE[slug].columns)
    assert any("Nassit" in row for row in rows) == named


def test_a_cell_is_no_formula(browser: Browser, wages: Batch) -> None:
    told = {cell for row in sheet(browser.get("/reports/client-transactions/file.csv")) for cell in row}
    assert "'=HYPERLINK(1)" in told
    assert 'Aminata, "Ami" Sesay' in told
    assert not {cell for cell in told if cell[:1] in "=+-@" and cell}


def test_days_states_and_kinds_narrow_both(browser: Browser, nassit: Client) -> None:
    for ago in (0, 1, 10):
        payment(nassit, ago=timedelta(days=ago))
    payment(nassit, state="failed", kind="MobileMoney")
    yesterday = timezone.localdate() - timedelta(days=1)
    for query, count in [
        ("range=yesterday", 1),
        ("range=7d", 3),
        ("range=all", 4),
        (f"first={yesterday}&last={yesterday}", 1),
        (f"last={yesterday}", 2),
        ("state=completed", 3),
        ("kind=MobileMoney", 1),
        ("kind=MobileMoney&state=completed", 0),
    ]:
        path = f"/reports/client-transaction-details/?{query}"
        assert max(len(shown(page(browser, path))) - 1, 0) == count, query
        assert len(sheet(browser.get(f"/reports/client-transaction-details/file.csv?{query}"))) - 1 == count, query


@pytest.mark.parametrize(("name", "first", "last"), [
    ("today", "2026-03-01", "2026-03-01"),
    ("yesterday", "2026-02-28", "2026-02-28"),
    ("7d", "2026-02-23", "2026-03-01"),
    ("30d", "2026-01-31", "2026-03-01"),
    ("month", "2026-03-01", "2026-03-01"),
    ("last-month", "2026-02-01", "2026-02-28"),
    ("all", "None", "None"),
])  # fmt: skip
def test_a_stretch_of_days_moves_with_the_day(name: str, first: str, last: str) -> None:
    fixed = Wanted(preset=name).fixed(timezone.datetime(2026, 3, 1).date())
    assert (str(fixed.first), str(fixed.last), fixed.preset) == (first, last, "")
    assert name in dict(PRESETS)


def test_pages_follow_each_other_and_lose_nothing(browser: Browser, nassit: Client) -> None:
    for _number in range(55):
        payment(nassit)
    first = page(browser, "/reports/client-transaction-details/?range=today")
    assert len(shown(first)) == 51
    assert "55 rows, as of" in first
    older = unescape(re.findall(r'rel="next" href="([^"]+)"', first)[0])
    second = page(browser, f"/reports/client-transaction-details/{older}")
    references = {row[0] for html in (first, second) for row in shown(html)[1:]}
    assert len(references) == 55


def test_what_adds_up_counts_groups_that_find_no_room(
    staff_user: User, wages: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in ("catalogue.reading", "views.shown"):
        monkeypatch.setattr(f"reports.{place}.MOST_GROUPS", 1)
    browser = browser_of(staff_user)
    html = page(browser, "/reports/client-volume/")
    rows = sheet(browser.get("/reports/client-volume/file.csv"))
    assert (len(shown(html)), len(rows)) == (2, 3)
    assert "2 rows, as of" in html


def test_what_one_may_not_read_is_not_there(nassit: Client, wages: Batch, staff_user: User) -> None:
    clerk = role("Clerk", "Reports.ReadRetries", audience=Role.Audience.CLIENT)
    browser = browser_of(person("clerk", clerk.name, client=nassit))
    index = page(browser, "/reports/")
    assert re.findall(r'href="/reports/([a-z-]+)/"', index).count("retries") == 1
    assert "/reports/batches/" not in index
    for path in ("/reports/batches/", "/reports/batches/file.csv", "/reports/nothing/"):
        assert browser.get(path).status_code == 404, path
    assert browser.post("/reports/batches/prepare/").status_code == 404
    assert page(browser, "/reports/retries/")


def test_customers_have_no_reports(customer: Any, client_for: Any) -> None:
    assert client_for(customer).get("/reports/").status_code == 404
    assert Browser().get("/reports/").status_code == 302


def test_a_stranger_s_batch_is_no_batch(browser: Browser, wages: Batch) -> None:
    foreign = fill(company("Stranger"), "Spy")
    for asked in (foreign.reference, str(foreign.public_id), "nonsense"):
        assert "No such batch" in page(browser, f"/reports/batch/?batch={asked}")
        assert len(sheet(browser.get(f"/reports/batch/file.csv?batch={asked}"))) == 1
        assert browser.post(f"/reports/batch/prepare/?batch={asked}").status_code == 404
    chooser = page(browser, "/reports/reconciliation/")
    assert wages.reference in chooser
    assert foreign.reference not in chooser
    assert "4 rows: 1 paid, 3 not paid, 0 to come." in page(browser, f"/reports/batch/?batch={wages.public_id}")


def test_staff_narrow_by_client(staff_user: User, wages: Batch) -> None:
    other = company("Stranger")
    fill(other, "Spy")
    browser = browser_of(staff_user)
    every = len(shown(page(browser, "/reports/batches/")))
    for name in ("strang", str(other.public_id)):
        assert len(shown(page(browser, f"/reports/batches/?client={name}"))) == every - 1


def test_an_export_is_on_record(browser: Browser, wages: Batch) -> None:
    browser.get("/reports/batches/file.csv?range=today&state=completed")
    entry = AuditEntry.objects.get(action="report.exported")
    assert entry.after["report"] == "batches"
    assert entry.after["rows"] == 0
    assert "state=completed" in entry.after["filters"]


@pytest.mark.parametrize("slug", ["client-transactions", "batches", "batch", "cards-summary", "client-api-calls"])
def test_a_page_takes_the_same_few_queries(slug: str, browser: Browser, wages: Batch) -> None:
    path = f"/reports/{slug}/{question(slug, wages)}"
    before = cost(browser, path)
    fill(wages.client, "Second")
    assert cost(browser, path) == before <= 14


# --- views that are kept ----------------------------------------------------------------------------


def test_a_view_is_kept_opened_renamed_and_deleted(browser: Browser, wages: Batch, fatu: PortalUser) -> None:
    kept = browser.post("/reports/batches/views/?range=7d&state=completed&nonsense=1", {"name": " Last  week "})
    view = SavedView.objects.get()
    assert (view.name, view.query, view.user) == ("Last week", "range=7d&state=completed", fatu.user)
    assert kept["Location"].startswith("/reports/batches/?range=7d&state=completed")
    assert "Last week" in page(browser, "/reports/")
    assert "Change this view" in page(browser, kept["Location"])
    browser.post(f"/reports/views/{view.public_id}/", {"name": "Week", "is_default": "on"})
    view.refresh_from_db()
    assert (view.name, view.is_default) == ("Week", True)
    opened = browser.get("/reports/batches/")
    assert opened["Location"].startswith("/reports/batches/?range=7d&state=completed")
    assert page(browser, "/reports/batches/?range=all")
    browser.post(f"/reports/views/{view.public_id}/delete/")
    assert not SavedView.objects.exists()
    assert page(browser, "/reports/batches/")


def test_words_of_many_bytes_are_kept_as_far_as_there_is_room(staff_user: User, wages: Batch) -> None:
    browser, words = browser_of(staff_user), urlencode({"client": "\U0001f4b0" * 100})
    for path in ("", "views/", "prepare/"):
        where = f"/reports/client-transaction-details/{path}?{words}"
        answer = browser.post(where, {"name": "Rich"}) if path else browser.get(where)
        assert answer.status_code in (200, 302)
    assert {SavedView.objects.get().query, Export.objects.get().query} == {urlencode({"client": "\U0001f4b0" * 50})}


def test_one_view_is_the_default_and_a_name_stands_once(browser: Browser, wages: Batch) -> None:
    for name, query in [("A", "range=7d"), ("B", "range=today"), ("A", "range=30d")]:
        browser.post(f"/reports/batches/views/?{query}", {"name": name, "is_default": "on"})
    views = {view.name: (view.query, view.is_default) for view in SavedView.objects.all()}
    assert views == {"A": ("range=30d", True), "B": ("range=today", False)}
    second = SavedView.objects.get(name="B")
    taken = browser.post(f"/reports/views/{second.public_id}/", {"name": "A"}, follow=True)
    assert "has that name" in taken.content.decode()
    assert SavedView.objects.filter(name="A").count() == 1
    assert browser.post("/reports/batches/views/?range=7d", {"name": " "}).status_code == 302
    assert SavedView.objects.count() == 2


def test_a_view_is_only_its_owner_s(browser: Browser, nassit: Client, wages: Batch) -> None:
    browser.post("/reports/batches/views/?range=7d", {"name": "Mine"})
    view = SavedView.objects.get()
    colleague = browser_of(person("musa", Role.PORTAL_ADMIN, client=nassit))
    for path in (f"/reports/views/{view.public_id}/", f"/reports/views/{view.public_id}/delete/"):
        assert colleague.post(path, {"name": "Ours"}).status_code == 404
    assert "Mine" not in page(colleague, "/reports/batches/")


def test_thirty_views_are_enough(browser: Browser, fatu: PortalUser) -> None:
    SavedView.objects.bulk_create(
        [SavedView(user=fatu.user, report="batches", name=str(number)) for number in range(30)]
    )
    refused = browser.post("/reports/batches/views/?range=7d", {"name": "One more"}, follow=True)
    assert "Delete one first" in refused.content.decode()
    assert SavedView.objects.count() == 30
