"""Files that a worker prepares: complete, sealed, only their owner's, told by mail, and gone after a while."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client as Browser

from accounts.models import Client, PortalUser, Role
from config.lib import sealed_files
from config.lib.clock import now
from notifications.models import Mail
from payouts.models import Batch
from reports import preparing, tasks
from reports.models import Export
from reports.selectors import kept
from tests.accounts.cast import browser_of, person
from tests.payouts.house import payment
from tests.reports.library import page, sheet

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("private_folder")]
REPORT = "/reports/client-transaction-details"


@pytest.fixture(autouse=True)
def _one_at_once(settings: Any) -> None:
    settings.EXPORT_AT_ONCE = 1


def asked(browser: Browser, query: str = "") -> Export:
    answer = browser.post(f"{REPORT}/prepare/{query}")
    export = Export.objects.latest("id")
    assert answer["Location"] == f"/reports/exports/{export.public_id}/"
    return export


def test_a_long_report_is_prepared_and_mailed(browser: Browser, wages: Batch, fatu: PortalUser) -> None:
    html = page(browser, f"{REPORT}/")
    assert "Prepare a file of all rows" in html
    assert "More than 1 row, as of" in html
    assert browser.get(f"{REPORT}/file.csv")["Location"] == f"{REPORT}/"
    export = asked(browser)
    waiting = page(browser, f"/reports/exports/{export.public_id}/")
    assert "It will have 6 rows." in waiting
    assert "every 1s" in waiting
    tasks.prepare(export_id=export.pk)
    export.refresh_from_db()
    assert (export.state, export.rows, export.rows_done, export.tries) == ("ready", 6, 6, 1)
    ready = page(browser, f"/reports/exports/{export.public_id}/")
    assert "Your file is ready" in ready
    assert "every 1s" not in ready
    answer = browser.get(f"/reports/exports/{export.public_id}/file.csv")
    rows = sheet(answer)
    assert len(rows) == 7
    assert int(answer["Content-Length"]) == export.bytes
    mail = Mail.objects.get()
    assert mail.recipients == [fatu.user.email]
    assert mail.subject == "Your file is ready: All transactions"
    assert f"/reports/exports/{export.public_id}/".encode() in bytes(mail.message)


def test_a_file_is_of_the_days_that_the_screen_showed(browser: Browser, nassit: Client) -> None:
    for ago in (0, 1, 30):
        payment(nassit, ago=timedelta(days=ago))
    export = asked(browser, "?range=7d&state=completed")
    assert "range" not in export.query
    assert "first=" in export.query
    tasks.prepare(export_id=export.pk)
    assert len(sheet(browser.get(f"/reports/exports/{export.public_id}/file.csv"))) == 3


def test_nothing_of_it_can_be_read_on_the_disk(browser: Browser, wages: Batch, private_folder: Path) -> None:
    export = asked(browser)
    preparing.prepare(export.pk)
    content = (private_folder / "exports" / export.public_id.hex).read_bytes()
    assert len(content) > 500
    assert b"SLE" not in content
    assert b"Reference" not in content


def test_twice_asked_is_one_file_and_three_are_enough(browser: Browser, wages: Batch) -> None:
    assert asked(browser).pk == asked(browser).pk
    asked(browser, "?range=7d")
    asked(browser, "?range=today")
    refused = browser.post(f"{REPORT}/prepare/?range=30d", follow=True)
    assert "being prepared for you already" in refused.content.decode()
    assert Export.objects.count() == 3


def test_no_file_of_more_rows_than_one_may_have(browser: Browser, wages: Batch, settings: Any) -> None:
    settings.EXPORT_MOST_ROWS = 5
    refused = browser.post(f"{REPORT}/prepare/", follow=True)
    assert "at most 5 rows" in refused.content.decode()
    assert not Export.objects.exists()


def test_a_file_is_only_its_owner_s(browser: Browser, nassit: Client, wages: Batch) -> None:
    export = asked(browser)
    preparing.prepare(export.pk)
    colleague = browser_of(person("musa", Role.PORTAL_ADMIN, client=nassit))
    for path in (f"/reports/exports/{export.public_id}/", f"/reports/exports/{export.public_id}/file.csv"):
        assert colleague.get(path).status_code == 404
    assert "No files yet" in page(colleague, "/reports/exports/")
    assert str(export.public_id) in page(browser, "/reports/exports/")


def test_whoever_lost_the_right_gets_no_file(browser: Browser, wages: Batch, fatu: PortalUser) -> None:
    ready, late = asked(browser), asked(browser, "?range=7d")
    preparing.prepare(ready.pk)
    fatu.roles.clear()
    preparing.prepare(late.pk)
    late.refresh_from_db()
    assert late.state == "failed"
    assert browser.get(f"/reports/exports/{ready.public_id}/file.csv").status_code == 404


def test_what_cannot_be_written_is_tried_three_times(browser: Browser, wages: Batch, settings: Any) -> None:
    export = asked(browser)
    settings.FILE_ENCRYPTION_KEYS = []
    for tries in (1, 2, 3):
        preparing.prepare(export.pk)
        export.refresh_from_db()
        assert (export.tries, export.state) == (tries, "waiting" if tries < 3 else "failed")
    assert "could not be written" in page(browser, f"/reports/exports/{export.public_id}/")
    preparing.prepare(export.pk)
    assert Export.objects.get().tries == 3


def test_a_file_whose_worker_died_is_begun_anew(browser: Browser, wages: Batch) -> None:
    export = asked(browser)
    mine = Export.objects.filter(pk=export.pk)
    mine.update(state="running", lease_until=now() + timedelta(minutes=1), tries=1)
    preparing.prepare(export.pk)
    assert mine.get().state == "running"
    assert preparing.due() == []
    mine.update(lease_until=now() - timedelta(seconds=1))
    assert preparing.due() == [export.pk]
    tasks.prepare_due()
    assert mine.get().state == "ready"


def test_a_lost_nudge_is_found_again(browser: Browser, wages: Batch) -> None:
    export = asked(browser)
    assert preparing.due() == []
    Export.objects.filter(pk=export.pk).update(created_at=now() - timedelta(seconds=20))
    assert preparing.due() == [export.pk]


def test_files_are_deleted_when_their_time_is_over(browser: Browser, wages: Batch, private_folder: Path) -> None:
    export = asked(browser)
    preparing.prepare(export.pk)
    assert preparing.sweep() == 0
    Export.objects.filter(pk=export.pk).update(expires_at=now())
    # As old as one that nobody is writing any more.
    preparing._AFTERWARDS, before = timedelta(0), preparing._AFTERWARDS
    try:
        assert preparing.sweep() == 1
    finally:
        preparing._AFTERWARDS = before
    assert list((private_folder / "exports").iterdir()) == []
    assert "This file was deleted" in page(browser, f"/reports/exports/{export.public_id}/")
    assert browser.get(f"/reports/exports/{export.public_id}/file.csv").status_code == 302


def test_people_who_wait_are_told_how_far_it_is(browser: Browser, wages: Batch) -> None:
    export = asked(browser)
    Export.objects.filter(pk=export.pk).update(state="running", rows=200, lease_until=now() + timedelta(minutes=1))
    kept.say(export.pk, 50)
    html = page(browser, f"/reports/exports/{export.public_id}/")
    assert "50 of 200 rows are written." in html
    assert 'value="25"' in html
    part = browser.get(f"/reports/exports/{export.public_id}/", headers={"HX-Request": "true"}).content.decode()
    assert part.lstrip().startswith('<section class="card" id="export-live"')


def test_a_file_cut_short_is_not_taken_for_whole(browser: Browser, wages: Batch, private_folder: Path) -> None:
    export = asked(browser)
    preparing.prepare(export.pk)
    path = private_folder / "exports" / export.public_id.hex
    path.write_bytes(path.read_bytes().rpartition(b"\n")[0])
    with pytest.raises(sealed_files.Lost):
        list(sealed_files.stream("exports", export.public_id))
    path.unlink()
    assert browser.get(f"/reports/exports/{export.public_id}/file.csv").status_code == 404
