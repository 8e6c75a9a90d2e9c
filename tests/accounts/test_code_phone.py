"""The phone that codes for payments go to: changed after a fresh proof, told by mail, on record."""

import pytest
from django.test import Client as Browser

from accounts.models import PortalUser, Role
from notifications.models import Mail
from tests.accounts.cast import browser_of, company, last_entry, person
from tests.conftest import prove_identity

pytestmark = pytest.mark.django_db
PATH = "/settings/security/phone/"


@pytest.fixture
def boss() -> PortalUser:
    return person("fatu", Role.PORTAL_ADMIN, client=company())


def test_it_is_kept_in_one_writing_told_and_recorded(boss: PortalUser) -> None:
    assert browser_of(boss).post(PATH, {"phone_number": "076 54 32 10"}).status_code == 302
    boss.refresh_from_db()
    assert boss.phone_number == "+23276543210"
    assert Mail.objects.get().subject == "Your phone for codes was changed"
    entry = last_entry()
    assert entry.action == "user.code_phone_changed"
    assert "+23276543210" not in str((entry.before, entry.after))
    assert "+23276543210" in browser_of(boss).get("/settings/security/").content.decode()


def test_it_can_be_taken_away(boss: PortalUser) -> None:
    browser_of(boss).post(PATH, {"phone_number": "+23276543210"})
    browser_of(boss).post(PATH, {"phone_number": ""})
    boss.refresh_from_db()
    assert boss.phone_number == ""
    assert b"e-mail address alone" in bytes(Mail.objects.latest("id").message)


@pytest.mark.parametrize("text", ["12", "+2327", "call me"], ids=["short", "cut", "words"])
def test_what_is_no_number_is_told(boss: PortalUser, text: str) -> None:
    assert browser_of(boss).post(PATH, {"phone_number": text}).status_code == 400
    boss.refresh_from_db()
    assert boss.phone_number == ""


def test_an_old_sign_in_does_not_change_it(boss: PortalUser) -> None:
    browser = browser_of(boss)
    prove_identity(browser, boss.user, seconds_ago=100_000)
    browser.post(PATH, {"phone_number": "+23276543210"})
    boss.refresh_from_db()
    assert boss.phone_number == ""


def test_a_customer_is_led_back(customer: object) -> None:
    browser = Browser()
    browser.force_login(customer.user)  # type: ignore[attr-defined]
    prove_identity(browser, customer.user)  # type: ignore[attr-defined]
    assert browser.get(PATH).url == "/settings/security/"  # type: ignore[attr-defined]
