"""The record of what was done finds cards, checkouts, batches and files of reports by their ids, and leads there."""

from typing import Any

import pytest
from django.db.models import Model

from accounts.access import credentials
from accounts.access.actors import Actor, Origin, command
from accounts.models import AuditEntry, Client, PortalUser, Role
from accounts.selectors import audit as selectors
from accounts.services import audit
from payouts.models import Batch
from reports.models import Export
from tests.accounts.cast import browser_of, person
from tests.reports import library
from tests.reports.things import charged, checkout

pytestmark = pytest.mark.django_db


def _auditor() -> Actor:
    return credentials.of_person(person("dewi", Role.AUDITOR).user, Origin(via="page"))


def things_of(client: Client, fatu: PortalUser) -> list[tuple[Model, str]]:
    """What may be acted on, and the page of each at the desk."""
    card, session, batch = charged(client), checkout(client), library.batch(client)
    export = Export.objects.create(user=fatu.user, report="batches")
    return [
        (card.card, ""),
        (card, f"/staff/cards/{card.public_id}/"),
        (session, f"/staff/checkouts/{session.public_id}/"),
        (batch, f"/staff/batches/{batch.public_id}/"),
        (export, ""),
    ]


def test_things_are_found_by_their_ids(nassit: Client, fatu: PortalUser) -> None:
    browser = browser_of(person("dewi", Role.AUDITOR))
    for thing, there in things_of(nassit, fatu):
        audit.record(command("test"), "report.exported", target=thing)
        name = selectors.name_of(thing)
        assert selectors.found_by(name) == thing, name
        for query in ({"about": name}, {"what": name.partition(":")[2]}):
            lines = browser.get("/staff/audit/", query).context["lines"]
            assert [line.url for line in lines] == [there], query
        if there:
            assert browser.get(there).status_code == 200


def test_a_play_one_has_no_page(nassit: Client) -> None:
    audit.record(command("test"), "report.exported", target=charged(nassit, is_sandbox=True))
    entry, auditor = AuditEntry.objects.latest("id"), _auditor()
    assert selectors.line_of(entry, auditor).url
    entry.is_sandbox = True
    assert selectors.line_of(entry, auditor).url == ""


def test_what_others_brought_along_is_not_found() -> None:
    assert selectors.found_by("emailaddress:1") is None
    assert selectors.found_by("session:nonsense") is None


def test_a_prepared_file_is_on_record_by_its_id(fatu: PortalUser, wages: Batch, private_folder: Any) -> None:
    browser_of(fatu).post("/reports/batches/prepare/")
    export = Export.objects.get()
    assert selectors.of_object(_auditor(), export).count() == 1
