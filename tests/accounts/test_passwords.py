"""Passwords: long enough, not everybody's, otherwise free; and they end what they must."""

import unicodedata
from typing import Any

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client

from accounts.access import tokens
from accounts.errors import BadField
from accounts.models import Customer, User
from accounts.services import passwords
from config.lib.passwords import LONGEST

pytestmark = pytest.mark.django_db

_GOOD = [
    "eightsig",
    "correct horse battery staple",
    "  spaces around it  ",
    "kucing hijau terbang malam",
    "zzzzzzzzzz zzzz",
    "ünïcödé-wörter",
    "пароль длинный",
    "密码很长但是没关系",
    "🐸🐸🐸🐸 frogs",
    "x" * 128 + "y",
    "y" * 999 + "z",
    "'; DROP TABLE users; --",
    "<script>alert(1)</script>",
    "only lower letters",
    "73924068155",
]
_BAD = [
    "",
    "short",
    "sevensi",
    "password",
    "password123",
    "PASSWORD1",
    "12345678",
    "qwertyuiop",
    "iloveyou",
    "ｐａｓｓｗｏｒｄ",
    "ayu@example.id",
    "ayu lestari",
    "x" * (LONGEST + 1),
]


@pytest.mark.parametrize("password", _GOOD, ids=range(len(_GOOD)))
def test_nothing_is_asked_of_its_signs(password: str, customer: Customer) -> None:
    validate_password(password, customer.user)
    customer.user.set_password(password)
    assert customer.user.check_password(password)
    # Nothing is cut off at the end.
    assert not customer.user.check_password(password[:-1])
    assert not customer.user.check_password(password + "x")


@pytest.mark.parametrize("password", _BAD, ids=range(len(_BAD)))
def test_short_and_common_ones_are_refused(password: str, customer: Customer) -> None:
    with pytest.raises(ValidationError):
        validate_password(password, customer.user)
    with pytest.raises(BadField) as refused:
        passwords.check_rules(password, customer.user, field="new_password")
    assert list(refused.value.fields) == ["new_password"]


def test_one_password_whatever_the_keyboard_makes_of_it(customer: Customer) -> None:
    composed, taken_apart = (unicodedata.normalize(form, "café crème brûlée") for form in ("NFC", "NFD"))
    assert composed != taken_apart
    customer.user.set_password(composed)
    assert customer.user.check_password(taken_apart)


def test_a_new_password_kills_older_tokens(customer: Customer) -> None:
    token = tokens.issue(customer)
    assert tokens.customer_of(token)
    user = User.objects.get(pk=customer.user_id)
    user.set_password("quite another one")
    user.save()
    assert tokens.customer_of(token) is None


def test_a_stronger_hash_of_the_same_password_kills_nothing(customer: Customer, settings: Any) -> None:
    user, before = customer.user, customer.user.credentials_version
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ]
    assert user.check_password("correct-horse-battery")
    user.refresh_from_db()
    assert user.password.startswith("pbkdf2_sha256$")
    assert user.credentials_version == before
    assert user.check_password("correct-horse-battery")


def test_fields_say_to_password_managers_what_they_are(customer: Customer, client: Client) -> None:
    login, signup = (client.get(f"/account/{name}/").content.decode() for name in ("login", "signup"))
    assert 'autocomplete="username"' in login
    assert 'autocomplete="current-password"' in login
    assert 'autocomplete="new-password"' in signup
    client.force_login(customer.user)
    change = client.get("/account/password/change/").content.decode()
    assert 'autocomplete="current-password"' in change
    assert change.count('autocomplete="new-password"') == 2
    for page in (login, signup, change):
        assert "maxlength" not in page.split('type="password"')[1].split(">")[0]
        assert "onpaste" not in page
