"""The language that somebody chose is kept alike, whichever door it was said at."""

from typing import Any

import pytest
from django.test import Client as Browser

from accounts.models import Customer
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db


def by_switch(customer: Customer, browser: Browser) -> None:
    browser.post("/language", {"language": "id"})


def by_settings(customer: Customer, browser: Browser) -> None:
    browser.force_login(customer.user)
    browser.post("/settings/", {"display_name": "Ayu", "language": "id", "timezone": "Asia/Jakarta"})


def by_signing_in(customer: Customer, browser: Browser) -> None:
    customer.user.language = "id"
    customer.user.save(update_fields=["language"])
    browser.post("/account/login/", {"login": customer.user.email, "password": PASSWORD})


DOORS = [by_switch, by_settings, by_signing_in]


@pytest.mark.parametrize("door", DOORS, ids=[door.__name__ for door in DOORS])
@pytest.mark.parametrize("is_secure", [True, False], ids=["https", "http"])
def test_every_door_keeps_it_alike(door: Any, is_secure: bool, customer: Customer, settings: Any) -> None:
    settings.SESSION_COOKIE_SECURE = is_secure
    browser = Browser()
    door(customer, browser)
    kept = browser.cookies[settings.LANGUAGE_COOKIE_NAME]
    assert (kept.value, kept["max-age"], kept["path"]) == ("id", settings.SESSION_COOKIE_AGE, "/")
    assert (bool(kept["secure"]), kept["httponly"], kept["samesite"]) == (is_secure, True, "Lax")
