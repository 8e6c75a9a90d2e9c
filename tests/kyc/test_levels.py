"""What each level may do, and where a customer stands on the way there."""

from decimal import Decimal
from typing import Any

import pytest

from accounts.access.actors import Actor
from accounts.levels import Level, level_of, limits_at, limits_of
from accounts.models import Customer
from config.lib import clock
from kyc.models import KycCase, KycDocument
from kyc.reasons import REASONS, reasons_for, words_of
from kyc.selectors import documents as selectors


@pytest.mark.parametrize(("verified", "level"), [(False, "basic"), (True, "verified")])
def test_only_a_verified_customer_has_the_higher_level(verified: bool, level: str) -> None:
    customer = Customer(is_verified=verified)
    assert level_of(customer) == level
    assert limits_of(customer) == limits_at(Level(level))


def test_limits_come_from_the_settings_and_are_exact(settings: Any) -> None:
    settings.KYC_LEVELS = {"basic": [10, 20, 30], "verified": [1, 2, 3]}
    limits = limits_of(Customer())
    assert (limits.balance, limits.single, limits.daily) == (Decimal(10), Decimal(20), Decimal(30))
    assert isinstance(limits.daily, Decimal)


def test_to_be_verified_never_means_less() -> None:
    basic, verified = limits_at(Level.BASIC), limits_at(Level.VERIFIED)
    assert (verified.balance, verified.single, verified.daily) > (basic.balance, basic.single, basic.daily)


def test_every_reason_is_complete() -> None:
    assert len(REASONS) >= 20
    for code, reason in REASONS.items():
        assert code == reason.code
        assert len(code) <= 40
        assert str(reason.text).endswith(".")
        assert str(reason.next_step).endswith(".")
        assert set(reason.kinds) <= set(KycDocument.Kind.values)
        for language in ("en", "id"):
            assert 10 < len(words_of(reason, language)) <= 500


@pytest.mark.parametrize("kind", KycDocument.Kind.values)
def test_every_kind_has_reasons(kind: str) -> None:
    assert len(reasons_for(kind)) >= 8
    assert ("face_differs" in {reason.code for reason in reasons_for(kind)}) is (kind == "selfie")


def attempt(customer: Customer, *papers: tuple[str, str, bool], state: str = "open", sent: bool = True) -> KycCase:
    """A case as it stands in the table; papers are kind, status and whether another try is allowed."""
    case = KycCase.objects.create(
        customer=customer,
        attempt=KycCase.objects.filter(customer=customer).count() + 1,
        state=state,
        submitted_at=clock.now() if sent else None,
    )
    for kind, status, again in papers:
        KycDocument.objects.create(
            case=case, customer=customer, kind=kind, status=status, may_retry=again, file_name="a.png", size=10
        )
    return case


def stage(customer: Customer) -> str:
    return selectors.picture_of(customer).stage


def test_the_stages(customer: Customer) -> None:
    assert stage(customer) == "none"
    case = attempt(customer, ("identity", "Pending", True), sent=False)
    assert stage(customer) == "draft"
    assert selectors.picture_of(customer).missing == [KycDocument.Kind.SELFIE]
    case.documents.all().delete()
    case.delete()
    attempt(customer, ("identity", "Pending", True))
    assert stage(customer) == "waiting"
    KycDocument.objects.update(status="Rejected", may_retry=True)
    KycCase.objects.update(state="rejected")
    assert stage(customer) == "rejected"
    KycDocument.objects.update(may_retry=False)
    assert stage(customer) == "final"
    customer.is_verified = True
    assert stage(customer) == "verified"


def test_a_later_attempt_is_what_counts(customer: Customer) -> None:
    attempt(customer, ("identity", "Rejected", False), state="rejected")
    attempt(customer, ("identity", "Rejected", True), state="rejected")
    assert stage(customer) == "rejected"


def test_reviews_promise_nothing_before_there_were_some(customer: Customer, ayu: Actor) -> None:
    assert selectors.typical_minutes() is None
