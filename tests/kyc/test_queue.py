"""The queue: oldest first, in tabs, page by page, at the same price for one case and for many."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Customer
from config.lib import clock
from kyc.models import KycCase
from kyc.selectors import queue
from kyc.services import claims
from tests.kyc import reviewing as r


def test_the_oldest_is_first_whatever_was_begun_first(db: None) -> None:
    young, old = r.case(minutes=5), r.case(minutes=500)
    page = queue.page_of(r.acting(r.approver()))
    assert list(page.items) == [old, young]


def test_the_tabs_count_what_they_show(db: None) -> None:
    actor = r.acting(r.approver())
    taken = r.case(minutes=90)
    claims.start(actor=actor)
    r.case(risk=30)
    r.case(state=KycCase.State.SECOND)
    r.case(state=KycCase.State.LEAD)
    r.case(state=KycCase.State.REJECTED)
    lapsed = r.case(claimed_by=actor.user, claimed_until=clock.now() - timedelta(seconds=1))
    r.case(claimed_by=r.approver("Eko"), claimed_until=clock.now() + timedelta(minutes=5))

    counts = queue.counts(actor)

    assert counts == queue.Counts(all=6, mine=1, unclaimed=4, second=2, flagged=1)
    for tab in queue.TABS:
        assert len(queue.page_of(actor, queue.Wanted(tab)).items) == getattr(counts, tab), tab
    assert list(queue.page_of(actor, queue.Wanted("mine")).items) == [taken]
    assert lapsed in queue.page_of(actor, queue.Wanted("unclaimed")).items


def test_own_cases_and_the_sandbox_are_nowhere(db: None) -> None:
    dian = r.approver()
    r.case(Customer.objects.create(user=dian))
    r.case(Customer.objects.create(user=r.stranger().user, is_sandbox=True))
    r.case(submitted_at=None)
    assert queue.counts(r.acting(dian)).all == 0
    assert queue.page_of(r.acting(dian)).items == []


def test_pages_forth_and_back_show_each_case_once(db: None) -> None:
    moment = clock.now() - timedelta(hours=1)
    # Three were sent in the same microsecond.
    cases = [r.case(submitted_at=moment - timedelta(seconds=number // 3)) for number in range(10)]
    actor = r.acting(r.approver())
    order = sorted(cases, key=lambda row: (row.submitted_at, row.pk))
    seen: list[KycCase] = []
    page, cursors = queue.page_of(actor, size=4), [""]
    seen.extend(page.items)
    assert page.previous_cursor is None
    while page.next_cursor:
        cursors.append(page.next_cursor)
        page = queue.page_of(actor, size=4, cursor=page.next_cursor)
        seen.extend(page.items)
    assert seen == order
    back = queue.page_of(actor, size=4, cursor=page.previous_cursor or "")
    assert list(back.items) == order[4:8]
    first = queue.page_of(actor, size=4, cursor=back.previous_cursor or "")
    assert list(first.items) == order[:4]
    assert first.previous_cursor is None


@pytest.mark.parametrize(
    "cursor", ["x", "n", "n1", "n-", "n1-x", "p99999999999999999999-1", "n١-1", "n1-9999999999999999999"]
)
def test_a_cursor_nobody_made_shows_the_first_page(db: None, cursor: str) -> None:
    row = r.case()
    assert list(queue.page_of(r.acting(r.approver()), cursor=cursor).items) == [row]


@pytest.mark.parametrize("how_many", [1, 12])
def test_a_page_costs_two_queries_and_the_tabs_one(db: None, how_many: int, django_assert_num_queries: Any) -> None:
    for _ in range(how_many):
        r.case()
    actor = r.acting(r.approver())
    with django_assert_num_queries(2):
        for row in queue.page_of(actor).items:
            assert row.customer.user.email
            assert [document.kind for document in row.documents.all()] == list(r.PAPERS)
    with django_assert_num_queries(1):
        queue.counts(actor)
