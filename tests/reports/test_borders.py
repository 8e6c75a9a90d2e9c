"""Where a report ends: at midnight in the reader's zone, at one's own client, and at what an address may ask."""

import json
from datetime import UTC, datetime

import pytest
from django.test import Client as Browser

from accounts.models import Client, PortalUser, Role
from payouts.models import Batch
from reports import preparing
from reports.catalogue import CATALOGUE
from reports.models import Export
from tests.accounts.cast import browser_of, company, person
from tests.api import text_of
from tests.payouts.house import payment
from tests.reports.library import fill, page, question, sheet
from tests.reports.test_pages import shown
from tests.reports.things import charged, checkout

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("private_folder")]
# Half an hour around midnight of the 1st and the 2nd, in Freetown (UTC) and in Jakarta (UTC+7).
FREETOWN = [datetime(2026, 3, 1, 0, 0, tzinfo=UTC), datetime(2026, 3, 1, 23, 59, 59, 999999, tzinfo=UTC)]
JAKARTA = [datetime(2026, 2, 28, 17, 0, tzinfo=UTC), datetime(2026, 3, 1, 16, 59, 59, 999999, tzinfo=UTC)]
OUTSIDE = {
    "Africa/Freetown": [datetime(2026, 2, 28, 23, 59, 59, 999999, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)],
    "Asia/Jakarta": [
        datetime(2026, 2, 28, 16, 59, 59, 999999, tzinfo=UTC),
        datetime(2026, 3, 1, 17, 0, tzinfo=UTC),
    ],
}


@pytest.mark.parametrize(("zone", "ends"), [("Africa/Freetown", FREETOWN), ("Asia/Jakarta", JAKARTA)])
def test_a_day_ends_at_midnight_of_the_reader_on_page_and_in_files(
    zone: str, ends: list[datetime], fatu: PortalUser, nassit: Client
) -> None:
    fatu.user.timezone = zone
    fatu.user.save(update_fields=["timezone"])
    browser = browser_of(fatu)
    session = browser.session
    session["timezone"] = zone
    session.save()
    for moment in (*ends, *OUTSIDE[zone]):
        payment(nassit, created_at=moment)
        charged(nassit, created_at=moment)
    for slug in ("client-transaction-details", "cards-range"):
        query = "?first=2026-03-01&last=2026-03-01"
        drawn = shown(page(browser, f"/reports/{slug}/{query}"))[1:]
        rows = sheet(browser.get(f"/reports/{slug}/file.csv{query}"))[1:]
        browser.post(f"/reports/{slug}/prepare/{query}")
        export = Export.objects.latest("id")
        preparing.prepare(export.pk)
        prepared = sheet(browser.get(f"/reports/exports/{export.public_id}/file.csv"))[1:]
        assert len(drawn) == len(rows) == len(prepared) == 2, slug
        assert rows == prepared
        assert all(cell.startswith("2026-03-01") for row in rows for cell in row if cell.startswith("2026-0"))
        summed = shown(page(browser, f"/reports/cards-summary/{query}"))[1:]
        assert [row[1] for row in summed] == ["2"]


def test_the_api_counts_days_as_utc_and_takes_both_ends(fatu: PortalUser, nassit: Client) -> None:
    browser = browser_of(fatu)
    for moment in (*FREETOWN, *OUTSIDE["Africa/Freetown"]):
        charged(nassit, created_at=moment)
        checkout(nassit, created_at=moment)
    asked = "from=2026-03-01&to=2026-03-01"
    assert len(json.loads(text_of(browser.get(f"/api/reports/cards/range?{asked}")))) == 2
    assert json.loads(text_of(browser.get(f"/api/reports/checkout/summary?{asked}")))["totalSessions"] == 2


@pytest.mark.parametrize("query", [
    "first=2026-02-30", "last=yesterday", "first=1e9", "last=9999-12-31", "range=forever", "state=nonsense",
    "first=0000-00-00", "state=completed%00",
])  # fmt: skip
def test_what_means_nothing_is_said_and_no_file_of_everything_is_made(
    query: str, browser: Browser, wages: Batch
) -> None:
    for slug in ("client-transactions", "batches"):
        html = page(browser, f"/reports/{slug}/?{query}")
        assert "means nothing here and was left out" in html
        answer = browser.get(f"/reports/{slug}/file.csv?{query}")
        assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, f"/reports/{slug}/")
        assert browser.post(f"/reports/{slug}/prepare/?{query}").status_code == 302
    assert not Export.objects.exists()


def test_days_the_wrong_way_round_are_said(browser: Browser, wages: Batch) -> None:
    query = "first=2026-03-02&last=2026-03-01"
    assert "first day lies behind the last" in page(browser, f"/reports/batches/?{query}")
    assert browser.get(f"/reports/batches/file.csv?{query}").status_code == 302


def test_what_is_asked_properly_is_no_nonsense(browser: Browser, wages: Batch) -> None:
    for query in ("range=all", "first=2026-03-01", "first=&last=&q=", "state=completed&kind=MobileMoney&x=y", "q=x"):
        assert "means nothing here" not in page(browser, f"/reports/client-transaction-details/?{query}"), query


@pytest.mark.parametrize("slug", list(CATALOGUE))
def test_nobody_reads_another_client_s_rows(slug: str, wages: Batch, nassit: Client) -> None:
    stranger = company("Stranger")
    fill(stranger, "Spy")
    other = browser_of(person("musa", Role.PORTAL_ADMIN, client=stranger))
    ours, asked = browser_of(person("fatu2", Role.PORTAL_ADMIN, client=nassit)), question(slug, wages)
    foreign = sheet(other.get(f"/reports/{slug}/file.csv{asked}"))[1:]
    mine = {tuple(row) for row in sheet(ours.get(f"/reports/{slug}/file.csv{asked}"))[1:]}
    if asked:
        assert foreign == []
    elif CATALOGUE[slug].group_by or slug == "client-audit-log":
        assert len(foreign) == len(mine) or mine
    else:
        assert not mine & {tuple(row) for row in foreign}
    # A filter of staff widens nothing.
    both = sheet(other.get(f"/reports/{slug}/file.csv{asked or '?'}&client=nassit"))[1:]
    assert both == foreign


def test_states_that_ran_out_read_alike_everywhere(browser: Browser, nassit: Client) -> None:
    past = datetime(2026, 1, 1, tzinfo=UTC)
    payment(nassit, state="pending", expires_at=past)
    charged(nassit, "authorized", expires_at=past)
    charged(nassit, "requires_3ds", challenge_until=past)
    checkout(nassit, "open", expires_at=past)
    cards = json.loads(text_of(browser.get("/api/reports/cards")))
    assert {one["status"] for one in cards} == {"Expired", "Declined"}
    for slug, words in [
        ("client-transaction-details", {"Expired"}),
        ("cards", {"Expired", "Declined"}),
        ("cards-summary", {"Expired", "Declined"}),
        ("checkout-sessions", {"Expired"}),
        ("checkout-summary", {"Expired"}),
    ]:
        drawn = {cell for row in shown(page(browser, f"/reports/{slug}/"))[1:] for cell in row}
        told = {cell for row in sheet(browser.get(f"/reports/{slug}/file.csv"))[1:] for cell in row}
        assert words <= drawn, (slug, drawn)
        assert words <= told, (slug, told)
    for slug, state, rows in [
        ("cards", "authorized", 0), ("cards", "declined", 1), ("cards", "voided.expired", 1),
        ("checkout-sessions", "open", 0), ("checkout-sessions", "expired", 1),
        ("client-transaction-details", "pending", 0),
    ]:  # fmt: skip
        found = sheet(browser.get(f"/reports/{slug}/file.csv?state={state}"))
        assert len(found) - 1 == rows, (slug, state)


def test_volume_tells_banks_from_operators_as_the_api_does(browser: Browser, nassit: Client) -> None:
    payment(nassit)
    payment(nassit, receiver="999001014892010184", receiver_code="999")
    told = {row[0]: row[1] for row in shown(page(browser, "/reports/client-volume/"))[1:]}
    assert told == {"Bank transfer": "1", "A bank or operator we no longer know": "1"}
    asked = f"/api/reports/clients/{nassit.public_id}/volume?type=bank"
    assert json.loads(text_of(browser.get(asked))).get("count") == 1
