"""The figures of the queue agree with its rows, in the reader's zone, at a fixed price."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Customer, User
from config.lib import clock
from kyc.models import KycCase, KycDecision
from kyc.selectors import overview
from kyc.services import claims, decisions
from tests.kyc import reviewing as r

pytestmark = pytest.mark.django_db
ClientFor = Callable[[User], Client]
# 23:30 in Jakarta: in UTC it is still the afternoon.
EVENING = datetime(2026, 11, 21, 16, 30, tzinfo=UTC)


def test_cases_are_counted_by_state_and_age() -> None:
    for minutes in (5, 59, 61, 5 * 60, 30 * 60, 100 * 60):
        r.case(minutes=minutes)
    r.case(minutes=5, state=KycCase.State.SECOND)
    r.case(minutes=5, state=KycCase.State.VERIFIED)
    r.case(submitted_at=None)
    rows = {row.state: row for row in overview.overview().rows}
    assert rows["open"].ages == [2, 1, 1, 1, 1]
    assert rows["open"].total == 6
    assert rows["second"].ages == [1, 0, 0, 0, 0]
    assert rows["lead"].total == 0


def test_days_follow_the_readers_zone() -> None:
    with time_machine.travel(EVENING, tick=False):
        r.case(submitted_at=clock.now())
        # An hour later it is tomorrow in Jayapura, and a quarter of an hour ago it was not yet in Jakarta.
        with timezone.override("Asia/Jakarta"):
            jakarta = overview.overview().days
        with timezone.override("Asia/Jayapura"):
            jayapura = overview.overview().days
    assert (jakarta[-1].day, jakarta[-1].came) == (date(2026, 11, 21), 1)
    assert (jayapura[-1].day, jayapura[-1].came) == (date(2026, 11, 22), 1)
    assert len(jakarta) == 14
    assert jakarta[0].day == date(2026, 11, 8)


def test_what_came_and_what_was_decided_by_day() -> None:
    now = clock.now()
    r.case(state=KycCase.State.VERIFIED, submitted_at=now - timedelta(days=3), decided_at=now)
    r.case(submitted_at=now - timedelta(days=3))
    r.case(submitted_at=now - timedelta(days=20))
    days = overview.overview().days
    assert [(day.came, day.decided) for day in days if day.came or day.decided] == [(2, 0), (0, 1)]


def test_reasons_with_their_share() -> None:
    actor = r.acting(r.approver())
    for reason in ("blurred", "blurred", "glare"):
        row = r.case(kinds=["identity"])
        taken = claims.claim(actor=actor, case_id=row.public_id)
        decisions.decide(actor=actor, case_id=row.public_id, verdicts=r.refused(row, reason), version=taken.version)
    reasons = overview.overview().reasons
    assert [(reason.count, reason.percent) for reason in reasons] == [(2, 67), (1, 33)]
    assert reasons[0].text.startswith("The picture is blurred")


def test_the_median_counts_a_turn_once_however_many_documents() -> None:
    dian = r.approver()
    for seconds, kinds in ((60, ["identity"]), (100, ["identity", "selfie", "address"]), (300, ["identity"])):
        for document in r.case(kinds=kinds).documents.all():
            KycDecision.objects.create(document=document, reviewer=dian, verified=True, seconds=seconds)
    assert overview.overview().median_seconds == 100


def test_an_empty_house() -> None:
    figures = overview.overview()
    assert figures.median_seconds is None
    assert figures.oldest is None
    assert figures.reasons == []


def test_the_sandbox_is_not_counted() -> None:
    r.case(Customer.objects.create(user=r.stranger().user, is_sandbox=True))
    assert sum(row.total for row in overview.overview().rows) == 0


@pytest.fixture
def browser(client_for: ClientFor) -> Client:
    return client_for(r.approver())


def test_the_page_says_the_same_in_picture_and_table(browser: Client) -> None:
    now = clock.now()
    for number in range(3):
        r.case(submitted_at=now - timedelta(minutes=number))
    text = browser.get("/review/overview/").content.decode()
    heights = [int(height) for height in re.findall(r'class="chart-mark chart-one"[^>]*height="(\d+)"', text)]
    assert heights == [120]
    assert "Day (WIB)" in text
    assert re.search(r"As of .* WIB", text)
    assert "style=" not in text


def test_the_page_of_an_empty_house(browser: Client) -> None:
    assert "Nothing was refused" in browser.get("/review/overview/").content.decode()


def test_the_page_costs_the_same_for_one_and_for_many(browser: Client, django_assert_num_queries: Any) -> None:
    r.case()
    browser.get("/review/overview/")
    with CaptureQueriesContext(connection) as one:
        browser.get("/review/overview/")
    for _ in range(5):
        r.case()
    with django_assert_num_queries(len(one)):
        browser.get("/review/overview/")


def test_done_today_lists_ones_own_and_for_a_lead_everybodys(client_for: ClientFor, browser: Client) -> None:
    row = r.case(r.stranger("Ayu Lestari"), kinds=["identity"])
    decisions.review_document(actor=r.acting(r.approver("Eko")), verdict=r.accepted(row)[0])
    assert "Ayu Lestari" not in browser.get("/review/done/").content.decode()
    for who in (User.objects.get(email="eko@example.id"), r.lead()):
        text = client_for(who).get("/review/done/").content.decode()
        assert "Ayu Lestari" in text
        assert "1 decision so far" in text
