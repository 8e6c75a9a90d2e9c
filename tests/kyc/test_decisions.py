"""One reviewer decides on each document; the customer, the audit and the database learn the same thing."""

import threading
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, transaction
from django.db.models import QuerySet

from accounts.errors import BadField, NotFound
from accounts.models import AuditEntry, Customer
from kyc.errors import AlreadyDecided, ClaimedByAnother, ClaimLapsed, OwnCase, StaleDecision
from kyc.models import KycCase, KycDecision, KycDocument
from kyc.reasons import REASONS, words_of
from kyc.services import claims, decisions, standing
from kyc.services.decisions import Verdict
from notifications.models import Mail
from tests.kyc import reviewing as r
from tests.kyc.test_claims import together


def test_everything_fine_verifies_documents_case_and_customer(db: None) -> None:
    row = r.case()
    dian = r.acting(r.approver())
    taken = claims.start(actor=dian)
    assert taken is not None

    done = decisions.decide(actor=dian, case_id=row.public_id, verdicts=r.accepted(row), version=taken.version)

    assert done.state == KycCase.State.VERIFIED
    assert done.claimed_by is None
    assert {document.status for document in row.documents.all()} == {"Verified"}
    assert all(document.reviewed_by == dian.user and document.reviewed_at for document in row.documents.all())
    judged = Customer.objects.get(pk=row.customer_id)
    assert (judged.kyc_status, judged.is_verified) == ("Verified", True)
    actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"kyc_document.judged", "kyc_document.verified", "kyc_case.verified"} <= actions


def test_a_refusal_is_told_in_the_customers_language_with_the_next_step(db: None) -> None:
    ayu = r.stranger("Ayu", language="id")
    row = r.case(ayu, kinds=["identity"])
    dian = r.acting(r.approver())
    taken = claims.start(actor=dian)
    assert taken is not None

    verdicts = r.refused(row, "blurred", note="Second time.")
    decisions.decide(actor=dian, case_id=row.public_id, verdicts=verdicts, version=taken.version)

    document = row.documents.get()
    assert (document.status, document.reason_code, document.may_retry) == ("Rejected", "blurred", True)
    assert document.reason == words_of(REASONS["blurred"], "id")
    assert Customer.objects.get(pk=ayu.pk).kyc_status == "Rejected"
    (letter,) = r.letters()
    assert document.reason in letter.get_content()
    assert "Second time." not in letter.get_content()
    assert KycDecision.objects.get().note == "Second time."


def test_only_the_bad_document_is_refused(db: None) -> None:
    row = r.case()
    dian = r.acting(r.approver())
    taken = claims.start(actor=dian)
    assert taken is not None
    good, bad = r.accepted(row)[0], r.refused(row, "face_not_visible")[1]
    decisions.decide(actor=dian, case_id=row.public_id, verdicts=[good, bad], version=taken.version)
    assert list(row.documents.order_by("id").values_list("status", flat=True)) == ["Verified", "Rejected"]
    row.refresh_from_db()
    assert row.state == KycCase.State.REJECTED
    assert row.decided_at is not None
    judged = Customer.objects.get(pk=row.customer_id)
    assert (judged.kyc_status, judged.is_verified) == ("Verified", False)
    assert Mail.objects.count() == 1, "one letter for one decision, however many documents"


def test_what_cannot_be_mended_says_so(db: None) -> None:
    row = r.case(kinds=["identity"])
    dian = r.acting(r.approver())
    taken = claims.start(actor=dian)
    assert taken is not None
    decisions.decide(actor=dian, case_id=row.public_id, verdicts=r.refused(row, "altered"), version=taken.version)
    assert row.documents.get().may_retry is False
    assert "does not help" in r.letters()[0].get_content()


@pytest.mark.parametrize("reason", ["", "   ", "no_such_reason"])
def test_a_refusal_needs_a_reason_we_know(db: None, reason: str) -> None:
    row = r.case(kinds=["identity"])
    dian = r.acting(r.approver())
    taken = claims.start(actor=dian)
    assert taken is not None
    with pytest.raises(BadField):
        decisions.decide(
            actor=dian, case_id=row.public_id, verdicts=r.refused(row, reason.strip()), version=taken.version
        )
    assert row.documents.get().status == "Pending"


def test_a_decision_after_the_time_ran_out_is_refused(db: None) -> None:
    row = r.case()
    dian = r.acting(r.approver())
    taken = claims.start(actor=dian)
    assert taken is not None
    r.lose_claim(row)
    with pytest.raises(ClaimLapsed):
        decisions.decide(actor=dian, case_id=row.public_id, verdicts=r.accepted(row), version=taken.version)
    assert not KycDecision.objects.exists()


def test_a_decision_after_a_take_over_is_refused(db: None) -> None:
    row = r.case()
    dian, lina = r.acting(r.approver()), r.acting(r.lead())
    taken = claims.start(actor=dian)
    assert taken is not None
    claims.take_over(actor=lina, case_id=row.public_id)
    with pytest.raises(ClaimedByAnother, match="Lina"):
        decisions.decide(actor=dian, case_id=row.public_id, verdicts=r.accepted(row), version=taken.version)


def test_a_page_from_before_somebody_elses_turn_is_refused(db: None) -> None:
    """Lost, claimed by another, given back, claimed again: the old page in the second tab decides nothing."""
    row = r.case()
    dian, eko = r.acting(r.approver("Dian")), r.acting(r.approver("Eko"))
    old = claims.start(actor=dian)
    assert old is not None
    r.lose_claim(row)
    claims.start(actor=eko)
    claims.release(actor=eko, case_id=row.public_id)
    claims.start(actor=dian)
    with pytest.raises(StaleDecision):
        decisions.decide(actor=dian, case_id=row.public_id, verdicts=r.accepted(row), version=old.version)


def test_documents_of_another_case_are_not_decided_along(db: None) -> None:
    row, other = r.case(minutes=90), r.case(minutes=5)
    dian = r.acting(r.approver())
    taken = claims.start(actor=dian)
    assert taken == row
    with pytest.raises(AlreadyDecided):
        decisions.decide(
            actor=dian,
            case_id=row.public_id,
            verdicts=[*r.accepted(row), *r.accepted(other)],
            version=taken.version if taken else 0,
        )
    assert not KycDecision.objects.exists()


def test_nobody_decides_about_themselves(db: None) -> None:
    dian = r.approver()
    row = r.case(Customer.objects.create(user=dian))
    with pytest.raises(OwnCase):
        decisions.review_document(actor=r.acting(dian), verdict=r.accepted(row)[0])


@pytest.mark.django_db(transaction=True)
def test_two_decisions_at_once_without_locks_both_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """The race that the locks end: both see a waiting document, and only a constraint is left to stop the second."""
    row = r.case(kinds=["identity"])
    _meet(monkeypatch)
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **how: self.all())
    outcomes = _race(row)
    assert [type(outcome).__name__ for outcome in outcomes].count("IntegrityError") == 1


@pytest.mark.django_db(transaction=True)
def test_two_decisions_at_once_have_one_winner(monkeypatch: pytest.MonkeyPatch) -> None:
    row = r.case(kinds=["identity"])
    _meet(monkeypatch)
    outcomes = _race(row)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["AlreadyDecided", "Reviewed"]
    assert KycDecision.objects.count() == 1
    assert Mail.objects.count() == 1


def _race(row: KycCase) -> list[Any]:
    yes, no = r.accepted(row)[0], r.refused(row)[0]
    dian, eko = r.acting(r.approver("Dian")), r.acting(r.approver("Eko"))
    return together(
        _outcome(lambda: decisions.review_document(actor=dian, verdict=yes)),
        _outcome(lambda: decisions.review_document(actor=eko, verdict=no)),
    )


def _outcome(step: Callable[[], Any]) -> Callable[[], Any]:
    def run() -> Any:
        try:
            return step()
        except Exception as error:
            return error

    return run


def _meet(monkeypatch: pytest.MonkeyPatch) -> None:
    barrier, inner = threading.Barrier(2), decisions._check_reason

    def waiting(verdict: Verdict) -> None:
        try:
            barrier.wait(1)
        except threading.BrokenBarrierError:
            barrier.reset()
        inner(verdict)

    monkeypatch.setattr(decisions, "_check_reason", waiting)


@pytest.mark.parametrize(
    ("before", "after"), [("Verified", "Rejected"), ("Rejected", "Verified"), ("Verified", "Pending")]
)
def test_the_database_refuses_to_change_a_decided_document(db: None, before: str, after: str) -> None:
    document = r.case(kinds=["identity"]).documents.get()
    KycDocument.objects.filter(pk=document.pk).update(status=before)
    with pytest.raises(DatabaseError, match="Invalid transition"), transaction.atomic():
        KycDocument.objects.filter(pk=document.pk).update(status=after)


def test_the_database_keeps_decided_cases_and_decisions(db: None) -> None:
    row = r.case(kinds=["identity"])
    decisions.review_document(actor=r.acting(r.approver()), verdict=r.accepted(row)[0])
    with pytest.raises(DatabaseError, match="pgtrigger"), transaction.atomic():
        KycCase.objects.filter(pk=row.pk).update(state="open")
    with pytest.raises(DatabaseError, match="pgtrigger"), transaction.atomic():
        KycDecision.objects.update(verified=False)
    with pytest.raises(DatabaseError, match="pgtrigger"), transaction.atomic():
        KycDecision.objects.all().delete()


def test_a_mail_leaves_only_with_its_decision(db: None) -> None:
    """A decision that is rolled back tells nobody anything."""
    row = r.case(kinds=["identity"])
    with transaction.atomic():
        decisions.review_document(actor=r.acting(r.approver()), verdict=r.accepted(row)[0])
        transaction.set_rollback(True)
    assert not Mail.objects.exists()
    assert standing.refresh(row.customer) == "Pending"


def test_an_unknown_document_is_not_found(db: None) -> None:
    with pytest.raises(NotFound):
        decisions.review_document(actor=r.acting(r.approver()), verdict=Verdict(document_id=uuid4(), verified=True))
