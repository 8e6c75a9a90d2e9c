"""Batches as staff see them: found by anything, how far they are, row by row; never changed."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from accounts.models import Role
from payouts.models import Batch
from payouts.models.states import BatchState
from tests.accounts.cast import browser_of, person
from tests.payouts.desk import Desk, desk
from tests.reports import library

pytestmark = pytest.mark.django_db
LIST = "/staff/batches/"


@pytest.fixture
def office() -> Desk:
    return desk()


@pytest.fixture
def citra() -> Browser:
    return browser_of(person("citra", Role.SUPER_ADMIN, Role.COMPANY_ADMIN))


def text(answer: Any) -> str:
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode())


def page_of(batch: Batch) -> str:
    return f"{LIST}{batch.public_id}/"


def listed(citra: Browser, query: str = "") -> list[str]:
    answer = citra.get(f"{LIST}?{query}")
    assert answer.status_code == 200
    return [batch.name for batch in answer.context["page"].items]


def test_staff_find_a_batch_of_any_client(citra: Browser, office: Desk) -> None:
    assert "No batches yet" in text(citra.get(LIST))
    wages = office.submitted("100", "200", name="Wages")
    desk("Rokel").made("100", name="Bonuses")
    Batch.objects.create(
        reference="TB20261121PLAYED", client=office.client, is_sandbox=True, name="Play", origin=Batch.Origin.PASTE
    )
    assert listed(citra) == ["Bonuses", "Wages"]
    for query in (f"q={wages.reference.lower()}", f"q={wages.public_id}", "q=nassit", "q=wag", "state=approval"):
        assert listed(citra, query) == ["Wages"], query
    assert "No batch fits" in text(citra.get(f"{LIST}?q=nothing+like+it"))


def test_one_that_waits_tells_who_made_it(citra: Browser, office: Desk) -> None:
    page = text(citra.get(page_of(office.submitted("100", "200"))))
    for words in ("SLE 300.00", "fatu-nassit@", "Sent for approval", f"/staff/clients/{office.client.public_id}/"):
        assert words in page, words
    assert "every 5s" not in page


def test_one_that_has_begun_tells_where_its_money_is(citra: Browser, office: Desk) -> None:
    batch = office.approved("100", "200")
    batch.refresh_from_db()
    assert batch.state == BatchState.PROCESSING
    page = text(citra.get(page_of(batch)))
    for words in ("0 of 2 paid", "Begun: its money is set aside", "Booked: ", "musa-nassit@", "every 5s"):
        assert words in page, words
    poll = citra.get(page_of(batch), headers={"HX-Request": "true"})
    assert "<html" not in text(poll)


def test_one_that_ended_counts_and_links_its_rows(citra: Browser, office: Desk) -> None:
    batch = library.batch(office.client)
    page = text(citra.get(page_of(batch)))
    for words in ("1 of 2 paid", "The account or number does not exist."):
        assert words in page, words
    for show, rows in (("", 4), ("paid", 1), ("failed", 1), ("error", 1), ("excluded", 1), ("nonsense", 4)):
        answer = citra.get(f"{page_of(batch)}?show={show}")
        assert len(answer.context["lines"]) == rows, show
        assert not show or show == "nonsense" or f"?show={show}#rows" in page, show
    for payout in batch.payouts.all():
        assert f"/staff/payouts/{payout.public_id}/" in page
        # And back again.
        assert page_of(batch) in text(citra.get(f"/staff/payouts/{payout.public_id}/"))


def test_a_file_that_cannot_be_read_says_why(citra: Browser, office: Desk) -> None:
    batch = Batch.objects.create(
        reference="TB20261121UNREAD",
        client=office.client,
        name="Broken",
        origin=Batch.Origin.FILE,
        file_name="wages.xls",
        state=BatchState.UNREADABLE,
        trouble="no_table",
    )
    page = text(citra.get(page_of(batch)))
    assert "wages.xls" in page
    assert citra.get(page_of(batch)).context["trouble"]


def test_strangers_have_no_such_page(office: Desk) -> None:
    batch = office.made("100")
    for role, client in ((Role.PORTAL_ADMIN, office.client), (Role.APPROVER, None)):
        browser = browser_of(person(f"one-{role}".lower(), role, client=client))
        assert [browser.get(path).status_code for path in (LIST, page_of(batch))] == [404, 404]
    auditor = browser_of(person("dewi", Role.AUDITOR))
    assert "Audit" in text(auditor.get(page_of(batch)))
    assert auditor.post(page_of(batch)).status_code == 405


def test_the_list_and_the_page_cost_the_same_for_many(citra: Browser, office: Desk) -> None:
    one = library.batch(office.client)
    citra.get(LIST)
    before = [_cost(citra, LIST), _cost(citra, page_of(one))]
    many = office.made(*["100"] * 30)
    for _ in range(3):
        library.batch(office.client)
    assert _cost(citra, LIST) == before[0]
    assert _cost(citra, page_of(many)) <= before[1]


def _cost(citra: Browser, path: str) -> int:
    with CaptureQueriesContext(connection) as spent:
        assert citra.get(path).status_code == 200
    return len(spent)
