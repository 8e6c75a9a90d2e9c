"""Cases on which two people must agree: which ones, blind to each other, and a lead where they do not agree."""

from datetime import date
from typing import Any

import pytest

from accounts.access.actors import Actor
from accounts.models import AuditEntry
from kyc.errors import AlreadyReviewed, LeadNeeded
from kyc.models import KycCase
from kyc.selectors import flags
from kyc.services import claims, decisions, review
from kyc.services.decisions import Verdict
from tests.kyc import reviewing as r


@pytest.fixture
def always(settings: Any) -> None:
    """Every case needs two."""
    settings.KYC_SECOND_REVIEW_PERCENT = 100


def judge(actor: Actor, row: KycCase, verdicts: list[Verdict]) -> KycCase:
    taken = claims.claim(actor=actor, case_id=row.public_id)
    return decisions.decide(actor=actor, case_id=row.public_id, verdicts=verdicts, version=taken.version)


def test_the_first_decision_changes_nothing_for_the_customer(db: None, always: None) -> None:
    row = r.case()
    done = judge(r.acting(r.approver()), row, r.accepted(row))
    assert done.state == KycCase.State.SECOND
    assert done.claimed_by is None
    assert {document.status for document in row.documents.all()} == {"Pending"}
    assert r.letters() == []


def test_two_who_agree_decide(db: None, always: None) -> None:
    row = r.case()
    judge(r.acting(r.approver("Dian")), row, r.accepted(row))
    done = judge(r.acting(r.approver("Eko")), row, r.accepted(row))
    assert done.state == KycCase.State.VERIFIED
    assert len(r.letters()) == 1
    assert {document.reviewed_by.display_name for document in row.documents.all() if document.reviewed_by} == {"Eko"}


def test_two_who_refuse_agree_even_for_different_reasons(db: None, always: None) -> None:
    row = r.case(kinds=["identity"])
    judge(r.acting(r.approver("Dian")), row, r.refused(row, "glare"))
    done = judge(r.acting(r.approver("Eko")), row, r.refused(row, "blurred"))
    assert done.state == KycCase.State.REJECTED
    assert row.documents.get().reason_code == "blurred"


def test_the_first_reviewer_is_not_the_second(db: None, always: None) -> None:
    row = r.case()
    dian = r.acting(r.approver())
    judge(dian, row, r.accepted(row))
    assert claims.start(actor=dian) is None
    with pytest.raises(AlreadyReviewed):
        claims.claim(actor=dian, case_id=row.public_id)
    with pytest.raises(AlreadyReviewed):
        decisions.review_document(actor=dian, verdict=r.accepted(row)[0])


def test_a_lead_who_was_one_of_the_two_is_not_the_third(db: None, always: None) -> None:
    row = r.case(kinds=["identity"])
    lina, other_lead = r.acting(r.lead("Lina")), r.acting(r.lead("Mira"))
    judge(lina, row, r.accepted(row))
    judge(r.acting(r.approver()), row, r.refused(row))
    with pytest.raises(AlreadyReviewed):
        claims.take_over(actor=lina, case_id=row.public_id)
    assert judge(other_lead, row, r.accepted(row)).state == KycCase.State.VERIFIED


def test_where_two_disagree_a_lead_decides_and_nobody_else(db: None, always: None) -> None:
    row = r.case()
    first, second = r.accepted(row), [r.accepted(row)[0], r.refused(row)[1]]
    judge(r.acting(r.approver("Dian")), row, first)
    done = judge(r.acting(r.approver("Eko")), row, second)

    assert done.state == KycCase.State.LEAD
    statuses = list(row.documents.order_by("id").values_list("status", flat=True))
    assert statuses == ["Verified", "Pending"], "what they agree on is settled"

    fajar, lina = r.acting(r.approver("Fajar")), r.acting(r.lead())
    assert claims.start(actor=fajar) is None
    with pytest.raises(LeadNeeded):
        claims.claim(actor=fajar, case_id=row.public_id)
    with pytest.raises(LeadNeeded):
        decisions.review_document(actor=fajar, verdict=r.accepted(row)[0])
    assert claims.start(actor=lina) == row
    assert judge(lina, row, r.refused(row)).state == KycCase.State.REJECTED
    assert row.documents.filter(decisions__round=3).count() == 1


def test_the_audit_tells_every_step(db: None, always: None) -> None:
    row = r.case(kinds=["identity"])
    judge(r.acting(r.approver("Dian")), row, r.accepted(row))
    judge(r.acting(r.approver("Eko")), row, r.refused(row))
    judge(r.acting(r.lead()), row, r.accepted(row))
    actions = [entry.action for entry in AuditEntry.objects.filter(object_id=str(row.public_id)).order_by("id")]
    claimed, passed = "kyc_case.claimed", "kyc_case.passed_on"
    assert actions == [claimed, passed, claimed, passed, claimed, "kyc_case.verified"]


def test_a_document_alone_by_the_api_waits_for_the_second_too(db: None, always: None) -> None:
    row = r.case()
    dian, eko = r.acting(r.approver("Dian")), r.acting(r.approver("Eko"))
    for verdict in r.accepted(row):
        done = decisions.review_document(actor=dian, verdict=verdict)
        assert done.document.status == "Pending"
    row.refresh_from_db()
    assert row.state == KycCase.State.SECOND
    for verdict in r.accepted(row):
        decisions.review_document(actor=eko, verdict=verdict)
    row.refresh_from_db()
    assert row.state == KycCase.State.VERIFIED


def test_a_setting_changed_in_between_leaves_nothing_hanging(db: None, settings: Any) -> None:
    row = r.case()
    one, two = r.accepted(row)
    dian = r.acting(r.approver())
    settings.KYC_SECOND_REVIEW_PERCENT = 100
    decisions.review_document(actor=dian, verdict=one)
    settings.KYC_SECOND_REVIEW_PERCENT = 0
    decisions.review_document(actor=dian, verdict=two)
    row.refresh_from_db()
    assert row.state == KycCase.State.VERIFIED


def test_the_same_identity_number_under_another_account_calls_for_two(db: None) -> None:
    other = r.case(number=r.NIK)
    row = r.case(number="3204.1017.0890.0003", minutes=5)
    found = review.assess(row)
    assert [flag.code for flag in found.flags] == ["same_identity"]
    assert found.flags[0].cases == [other]
    assert judge(r.acting(r.approver()), row, r.accepted(row)).state == KycCase.State.SECOND


def test_an_earlier_attempt_of_the_same_person_is_no_double(db: None) -> None:
    ayu = r.stranger()
    r.case(ayu, number=r.NIK, sha256="a" * 64, state=KycCase.State.REJECTED)
    row = r.case(ayu, number=r.NIK, sha256="a" * 64)
    assert review.assess(row).flags == []


@pytest.mark.parametrize(
    ("more", "codes"),
    [
        ({"number": r.NIK, "birth_date": r.BORN}, []),
        ({"number": r.NIK, "birth_date": date(1990, 8, 18)}, ["birth_differs"]),
        ({"number": "3204105708900003", "birth_date": r.BORN}, []),
        ({"number": "3204109908900003"}, ["number_unsound"]),
        ({"number": "9904101708900003"}, ["number_unsound"]),
        ({"number": "A1234567"}, []),
        ({"number": r.NIK, "address": "Jl. Merdeka 1, Denpasar, Bali"}, ["region_differs"]),
        ({"number": r.NIK, "address": "Jl. Merdeka 1, Bandung, Jawa Barat"}, []),
        ({"birth_date": date(2020, 1, 1)}, ["underage"]),
        ({"attempt": 4}, ["many_attempts"]),
    ],
)
def test_what_makes_a_reviewer_look_twice(db: None, more: dict[str, Any], codes: list[str]) -> None:
    assert [flag.code for flag in review.assess(r.case(**more)).flags] == codes


def test_the_same_file_under_another_account_is_flagged_with_a_link(db: None) -> None:
    other = r.case(kinds=["identity"], sha256="b" * 64)
    row = r.case(kinds=["identity"], sha256="b" * 64)
    (flag,) = review.assess(row).flags
    assert (flag.code, flag.cases) == ("same_file", [other])
    assert judge(r.acting(r.approver()), row, r.accepted(row)).state == KycCase.State.VERIFIED, "not enough by itself"


def test_a_new_double_raises_the_risk_of_both(db: None) -> None:
    old, new = r.case(number=r.NIK), r.case(number=r.NIK)
    review.assess_all_like(new)
    assert set(KycCase.objects.filter(pk__in=[old.pk, new.pk]).values_list("risk", flat=True)) == {60}


@pytest.mark.parametrize(("threshold", "needed"), [(61, False), (60, True), (0, True)])
def test_the_setting_draws_the_line(db: None, settings: Any, threshold: int, needed: bool) -> None:
    settings.KYC_SECOND_REVIEW_RISK = threshold
    assert flags.needs_second_reviewer(r.case(), 60) is needed


def test_the_percentage_draws_about_so_many(db: None, settings: Any) -> None:
    settings.KYC_SECOND_REVIEW_PERCENT = 30
    cases = [KycCase() for _ in range(1000)]
    drawn = sum(flags.needs_second_reviewer(case, 0) for case in cases)
    assert 200 < drawn < 400
    assert drawn == sum(flags.needs_second_reviewer(case, 0) for case in cases), "the same ones every time"
