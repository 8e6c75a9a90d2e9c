"""However many rows there are: counts are bounded and honest, nothing waits without end, and no page is a lie."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import OperationalError, connection
from django.http import HttpResponse
from django.test import Client as Browser
from psycopg.errors import AdminShutdown, QueryCanceled

from accounts.api import paging
from accounts.models import AuditEntry, Client, PortalUser, Role
from config.lib.clock import now
from notifications.models import Mail
from payouts.models import Batch
from reports import catalogue, preparing
from reports.catalogue import counting
from reports.models import Export
from tests.accounts.cast import browser_of, person, role
from tests.payouts.house import payment
from tests.reports.library import page, sheet
from tests.reports.test_exports import asked

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("private_folder")]
REPORT = "/reports/client-transaction-details"


def slow(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """The database needs longer than it has for these."""

    def sleep(*_given: Any, **_named: Any) -> Any:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 20")
            cursor.execute("SELECT pg_sleep(5)")

    for name in names:
        monkeypatch.setattr(catalogue.Report, name, sleep)


def test_programs_are_told_no_number_rather_than_an_error() -> None:
    class Endless:
        def count(self) -> int:
            raise OperationalError from QueryCanceled()

    class Broken:
        def count(self) -> int:
            raise OperationalError from AdminShutdown()

    answer = HttpResponse()
    paging.say_total(answer, Endless())  # type: ignore[arg-type]
    assert paging.TOTAL not in answer
    with pytest.raises(OperationalError):
        paging.say_total(answer, Broken())  # type: ignore[arg-type]


def test_counts_go_no_further_than_a_file_at_once(browser: Browser, wages: Batch, settings: Any) -> None:
    settings.EXPORT_AT_ONCE = 5
    assert "More than 5 rows, as of" in page(browser, f"{REPORT}/")
    assert "Prepare a file of all rows" in page(browser, f"{REPORT}/")
    settings.EXPORT_AT_ONCE = 6
    html = page(browser, f"{REPORT}/")
    assert "6 rows, as of" in html
    assert "More than" not in html
    assert "Export 6 rows" in html


def test_more_than_can_be_said_is_remembered_for_a_minute(browser: Browser, nassit: Client, settings: Any) -> None:
    settings.EXPORT_AT_ONCE = 1
    payment(nassit)
    payment(nassit)
    first = page(browser, f"{REPORT}/").partition("More than 1 row, as of")[2][:60]
    again = page(browser, f"{REPORT}/").partition("More than 1 row, as of")[2][:60]
    assert first == again != ""


def test_what_cannot_be_counted_in_time_is_said_and_prepared(
    browser: Browser, wages: Batch, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.EXPORT_AT_ONCE = 1
    with monkeypatch.context() as patched:
        slow(patched, "count")
        html = page(browser, f"{REPORT}/")
        assert "Too many rows to count while you wait, as of" in html
        assert "Prepare a file of all rows" in html
        assert browser.get(f"{REPORT}/file.csv").status_code == 302
        export = asked(browser)
        assert (export.rows, AuditEntry.objects.latest("id").after["rows"]) == (0, None)
        assert "counted first" in page(browser, f"/reports/exports/{export.public_id}/")
    preparing.prepare(export.pk)
    export.refresh_from_db()
    assert (export.state, export.rows) == ("ready", 6)
    assert len(sheet(browser.get(f"/reports/exports/{export.public_id}/file.csv"))) == 7


@pytest.mark.parametrize("slug", ["client-transaction-details", "client-volume"])
def test_rows_that_take_too_long_are_no_error(
    slug: str, browser: Browser, wages: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow(monkeypatch, "lines")
    # What the database refused is undone by itself only outside of a test's own transaction.
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("reports.views.pages.catalogue.too_slow", lambda: counting.within(1))
        html = page(browser, f"/reports/{slug}/")
    assert "That takes too long while you wait" in html
    assert "Prepare a file of all rows" in html


def test_what_a_transaction_may_take_is_as_it_was_after_a_count(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '17s'")
        with counting.within(1):
            pass
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone()[0] == "17s"


def test_a_file_that_turns_out_too_long_is_refused_honestly(
    browser: Browser, wages: Batch, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    with monkeypatch.context() as patched:
        slow(patched, "count")
        export = asked(browser)
    settings.EXPORT_MOST_ROWS = 5
    preparing.prepare(export.pk)
    export.refresh_from_db()
    assert (export.state, export.tries) == ("failed", 1)
    html = page(browser, f"/reports/exports/{export.public_id}/")
    assert "A file holds at most 5 rows" in html
    assert b"more rows than one file may have" in bytes(Mail.objects.get().message).replace(b"=\n", b"")


def test_nor_is_one_longer_that_nobody_could_count(
    browser: Browser, wages: Batch, monkeypatch: pytest.MonkeyPatch, settings: Any, private_folder: Any
) -> None:
    slow(monkeypatch, "count")
    settings.EXPORT_MOST_ROWS = 5
    export = asked(browser)
    preparing.prepare(export.pk)
    export.refresh_from_db()
    assert export.state == "failed"
    assert not any((private_folder / "exports").glob("*"))


def test_a_page_beyond_the_last_row_says_so_and_leads_back(browser: Browser, wages: Batch) -> None:
    html = page(browser, f"{REPORT}/?range=30d&cursor=n1")
    assert "There are no rows on this page" in html
    assert f'href="{REPORT}/?range=30d"' in html
    assert "Nothing to report yet" not in html
    assert "There are no files on this page" in page(browser, "/reports/exports/?cursor=n1")
    assert "No files yet" in page(browser, "/reports/exports/")


def test_files_of_reports_one_lost_are_not_listed(
    browser: Browser, wages: Batch, fatu: PortalUser, settings: Any
) -> None:
    settings.EXPORT_AT_ONCE = 1
    export = asked(browser)
    assert str(export.public_id) in page(browser, "/reports/exports/")
    fatu.roles.set([role("Clerk", "Reports.ReadRetries", audience=Role.Audience.CLIENT)])
    assert "No files yet" in page(browser, "/reports/exports/")
    assert "Prepared files" not in page(browser, "/reports/")
    assert browser.get(f"/reports/exports/{export.public_id}/").status_code == 404


def test_three_workers_that_died_are_enough(browser: Browser, wages: Batch, private_folder: Any) -> None:
    export = asked(browser)
    preparing.prepare(export.pk)
    # As the third one left it: the file half there or whole, and nobody at it.
    mine = Export.objects.filter(pk=export.pk)
    mine.update(state="running", tries=3, lease_until=now() - timedelta(seconds=1))
    preparing.prepare(export.pk)
    export.refresh_from_db()
    assert (export.state, export.tries) == ("failed", 3)
    assert not any((private_folder / "exports").glob("*"))
    assert "could not be written" in page(browser, f"/reports/exports/{export.public_id}/")
    assert preparing.due() == []


def test_nobody_downloads_for_a_client_that_is_gone(browser: Browser, wages: Batch, nassit: Client) -> None:
    ready, late = asked(browser), asked(browser, "?range=7d")
    preparing.prepare(ready.pk)
    Client.objects.filter(pk=nassit.pk).update(status=Client.Status.DEACTIVATED)
    cache.clear()
    assert browser.get(f"/reports/exports/{ready.public_id}/file.csv").status_code != 200
    preparing.prepare(late.pk)
    late.refresh_from_db()
    assert late.state == "failed"


def test_nor_somebody_who_left(browser: Browser, wages: Batch, fatu: PortalUser) -> None:
    ready, late = asked(browser), asked(browser, "?range=7d")
    preparing.prepare(ready.pk)
    fatu.user.is_active = False
    fatu.user.save(update_fields=["is_active"])
    assert browser.get(f"/reports/exports/{ready.public_id}/file.csv").status_code != 200
    preparing.prepare(late.pk)
    late.refresh_from_db()
    assert late.state == "failed"


def test_a_view_of_somebody_whose_role_shrank_opens_nothing(
    browser: Browser, wages: Batch, fatu: PortalUser, nassit: Client
) -> None:
    browser.post("/reports/batches/views/?range=7d", {"name": "Week", "is_default": "on"})
    fatu.roles.set([role("Clerk", "Reports.ReadRetries", audience=Role.Audience.CLIENT)])
    assert browser.get("/reports/batches/").status_code == 404
    page(browser, "/reports/")
    assert "Week" not in page(browser, "/reports/")
    assert browser_of(person("musa", Role.PORTAL_ADMIN, client=nassit)).get("/reports/batches/").status_code == 200
