"""Who works on a case: one at a time, for a while, and never on their own."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.db.models import QuerySet

from accounts.errors import NotFound
from accounts.models import AuditEntry, Customer
from config.lib import clock
from kyc.errors import ClaimedByAnother, ClaimLapsed, LeadNeeded
from kyc.models import KycCase
from kyc.selectors import queue
from kyc.services import claims
from tests.kyc import reviewing as r


def together(*steps: Callable[[], Any]) -> list[Any]:
    """Start all steps at the same moment, each on a thread and connection of its own."""
    start = threading.Barrier(len(steps))

    def run(step: Callable[[], Any]) -> Any:
        start.wait()
        try:
            return step()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(steps)) as pool:
        return [done.result() for done in [pool.submit(run, step) for step in steps]]


def test_start_takes_the_oldest_case_for_a_quarter_of_an_hour(db: None) -> None:
    r.case(minutes=5)
    oldest = r.case(minutes=90)
    dian = r.acting(r.approver())
    before = clock.now()

    taken = claims.start(actor=dian)

    assert taken == oldest
    assert taken.claimed_by == dian.user
    assert taken.claimed_until is not None
    assert timedelta(minutes=14) < taken.claimed_until - before < timedelta(minutes=16)
    assert taken.version == oldest.version + 1
    assert AuditEntry.objects.get(action="kyc_case.claimed").object_id == str(oldest.public_id)


def test_start_again_leads_back_to_the_case_in_hand(db: None) -> None:
    r.case()
    r.case()
    dian = r.acting(r.approver())
    assert claims.start(actor=dian) == claims.start(actor=dian)
    assert KycCase.objects.filter(claimed_by__isnull=False).count() == 1


def test_start_with_nothing_waiting_gives_nothing(db: None) -> None:
    assert claims.start(actor=r.acting(r.approver())) is None


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_two_reviewers_get_the_same_case(monkeypatch: pytest.MonkeyPatch) -> None:
    """The race that the lock ends: both read the case before either writes."""
    r.case()
    r.case()
    dian, eko = r.acting(r.approver("Dian")), r.acting(r.approver("Eko"))
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **how: self.all())
    _meet_before_taking(monkeypatch)
    first, second = together(lambda: claims.start(actor=dian), lambda: claims.start(actor=eko))
    assert first == second


@pytest.mark.django_db(transaction=True)
def test_two_reviewers_who_press_start_at_once_get_two_cases(monkeypatch: pytest.MonkeyPatch) -> None:
    r.case()
    r.case()
    dian, eko = r.acting(r.approver("Dian")), r.acting(r.approver("Eko"))
    _meet_before_taking(monkeypatch)
    first, second = together(lambda: claims.start(actor=dian), lambda: claims.start(actor=eko))
    assert {first, second} == set(KycCase.objects.all())


@pytest.mark.django_db(transaction=True)
def test_many_reviewers_share_few_cases_and_nobody_shares_one() -> None:
    for _ in range(3):
        r.case()
    people = [r.acting(r.approver(f"Person{number}")) for number in range(6)]
    taken = together(*[lambda actor=actor: claims.start(actor=actor) for actor in people])
    cases = [case.pk for case in taken if case is not None]
    assert sorted(cases) == sorted(KycCase.objects.values_list("pk", flat=True))


@pytest.mark.django_db(transaction=True)
def test_pressing_start_twice_at_once_takes_one_case() -> None:
    r.case()
    r.case()
    dian = r.acting(r.approver())
    first, second = together(lambda: claims.start(actor=dian), lambda: claims.start(actor=dian))
    assert first == second
    assert KycCase.objects.filter(claimed_by=dian.user).count() == 1


def _meet_before_taking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let both wait for each other (a moment) between choosing a case and taking it."""
    barrier, inner = threading.Barrier(2), claims._taken

    def waiting(*args: Any, **kwargs: Any) -> Any:
        try:
            barrier.wait(1)
        except threading.BrokenBarrierError:
            barrier.reset()
        return inner(*args, **kwargs)

    monkeypatch.setattr(claims, "_taken", waiting)


def test_a_claim_that_ran_out_is_none(db: None) -> None:
    row = r.case()
    dian, eko = r.acting(r.approver("Dian")), r.acting(r.approver("Eko"))
    claims.start(actor=dian)
    assert claims.start(actor=eko) is None
    r.lose_claim(row)
    assert claims.start(actor=eko) == row
    assert not queue.held_by(dian).exists()


def test_a_sign_of_life_renews_the_claim(db: None) -> None:
    row = r.case()
    dian = r.acting(r.approver())
    claims.start(actor=dian)
    KycCase.objects.update(claimed_until=clock.now() + timedelta(seconds=30))
    until = claims.renew(actor=dian, case_id=row.public_id)
    assert until > clock.now() + timedelta(minutes=14)
    row.refresh_from_db()
    assert row.claimed_until == until
    assert row.version == 2, "being alive changes nothing that a decision depends on"


def test_what_ran_out_is_not_renewed(db: None) -> None:
    row = r.case()
    dian = r.acting(r.approver())
    claims.start(actor=dian)
    r.lose_claim(row)
    with pytest.raises(ClaimLapsed):
        claims.renew(actor=dian, case_id=row.public_id)


def test_a_case_is_given_back(db: None) -> None:
    row = r.case()
    dian, eko = r.acting(r.approver("Dian")), r.acting(r.approver("Eko"))
    claims.start(actor=dian)
    claims.release(actor=dian, case_id=row.public_id)
    claims.release(actor=dian, case_id=row.public_id)
    assert claims.start(actor=eko) == row
    assert AuditEntry.objects.filter(action="kyc_case.released").count() == 1


def test_nobody_gives_back_what_another_holds(db: None) -> None:
    row = r.case()
    dian, eko = r.acting(r.approver("Dian")), r.acting(r.approver("Eko"))
    claims.start(actor=dian)
    claims.release(actor=eko, case_id=row.public_id)
    row.refresh_from_db()
    assert row.claimed_by == dian.user


def test_a_chosen_case_is_claimed_unless_another_has_it(db: None) -> None:
    r.case(minutes=90)
    row = r.case(minutes=5)
    dian, eko = r.acting(r.approver("Dian")), r.acting(r.approver("Eko"))
    assert claims.claim(actor=dian, case_id=row.public_id) == row
    with pytest.raises(ClaimedByAnother, match="Dian"):
        claims.claim(actor=eko, case_id=row.public_id)


def test_only_a_lead_takes_a_case_out_of_anothers_hands(db: None) -> None:
    row = r.case()
    dian, eko, lina = r.acting(r.approver("Dian")), r.acting(r.approver("Eko")), r.acting(r.lead())
    claims.start(actor=dian)
    with pytest.raises(LeadNeeded):
        claims.take_over(actor=eko, case_id=row.public_id)

    taken = claims.take_over(actor=lina, case_id=row.public_id)

    assert taken.claimed_by == lina.user
    entry = AuditEntry.objects.get(action="kyc_case.taken_over")
    assert (entry.actor_label, entry.before) == ("lina@example.id", {"claimed_by": "dian@example.id"})


def test_nobody_gets_the_case_of_their_own_account(db: None) -> None:
    """Not as a customer, not as the sandbox profile of the same person."""
    dian = r.approver()
    own = r.case(Customer.objects.create(user=dian))
    actor = r.acting(dian)
    assert claims.start(actor=actor) is None
    with pytest.raises(NotFound):
        claims.claim(actor=actor, case_id=own.public_id)
    lina = r.lead()
    with pytest.raises(NotFound):
        claims.take_over(
            actor=r.acting(lina), case_id=r.case(Customer.objects.create(user=lina, is_sandbox=True)).public_id
        )


def test_drafts_decided_cases_and_the_sandbox_are_not_in_the_queue(db: None) -> None:
    r.case(submitted_at=None)
    r.case(state=KycCase.State.VERIFIED)
    r.case(Customer.objects.create(user=r.stranger().user, is_sandbox=True))
    assert claims.start(actor=r.acting(r.approver())) is None
