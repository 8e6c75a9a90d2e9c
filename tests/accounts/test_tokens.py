"""The customers' token: an hour, one algorithm, and dead with the password it was given for."""

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.access import tokens
from accounts.models import Customer, User
from tests.accounts.test_sign_up import _letters, _link
from tests.api import Program
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db

KEY = tokens._key("only-for-tests")
NEW_PASSWORD = "another-horse-entirely"


def works(token: str) -> bool:
    return bool(Program(token).get("/customer-wallet/balance").status_code == 200)


@pytest.fixture
def token(customer: Customer) -> str:
    raw = tokens.issue(customer)
    assert works(raw)
    return raw


def test_what_a_token_says(customer: Customer, token: str) -> None:
    said = jwt.decode(token, options={"verify_signature": False})
    assert set(said) == {"sub", "iat", "exp", "aud", "ver"}
    assert (said["sub"], said["exp"] - said["iat"]) == (str(customer.public_id), 3600)


def test_it_lasts_an_hour(token: str) -> None:
    begun = timezone.now()
    with time_machine.travel(begun + timedelta(minutes=59), tick=False):
        assert works(token)
    with time_machine.travel(begun + timedelta(minutes=61), tick=False):
        assert not works(token)


def _forged(token: str, **changes: Any) -> list[str]:
    """The same claims under other algorithms, keys, audiences."""
    said = jwt.decode(token, options={"verify_signature": False}) | changes
    none = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "JWT"}).encode()).rstrip(b"=").decode()
    return [
        jwt.encode(said, "only-for-tests" * 5, "HS256"),
        jwt.encode(said, KEY * 2, "HS512"),
        jwt.encode(said | {"aud": "somebody"}, KEY, "HS256"),
        jwt.encode({name: value for name, value in said.items() if name != "exp"}, KEY, "HS256"),
        f"{none}.{token.split('.')[1]}.",
        token[:-2],
        token + "x",
        token.replace(".", ".."),
    ]


def test_nothing_else_is_a_token(token: str) -> None:
    assert [works(raw) for raw in _forged(token)] == [False] * 8


def test_a_token_for_no_customer(token: str) -> None:
    said = jwt.decode(token, options={"verify_signature": False})
    for sub in ("00000000-0000-0000-0000-000000000000", "1", "", "'; --"):
        assert not works(jwt.encode(said | {"sub": sub}, KEY, "HS256"))


def test_a_key_that_was_replaced_still_reads_its_tokens(token: str, settings: Any) -> None:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a new one", ["only-for-tests"]
    assert works(token)
    settings.SECRET_KEY_FALLBACKS = []
    assert not works(token)


def test_switched_off_people_have_no_token(customer: Customer, token: str) -> None:
    User.objects.filter(pk=customer.user_id).update(is_active=False)
    assert not works(token)


def test_changing_the_password_on_its_page_kills_it(
    customer: Customer, token: str, client_for: Callable[..., Client]
) -> None:
    browser = client_for(customer)
    form = {"oldpassword": PASSWORD, "password": NEW_PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    browser.post("/account/password/change/", form)
    assert User.objects.get(pk=customer.user_id).check_password(NEW_PASSWORD)
    assert not works(token)


def test_resetting_the_password_by_mail_kills_it(customer: Customer, token: str, settings: Any) -> None:
    stranger = Client()
    stranger.post("/account/password/reset/", {"email": "ayu@example.id"})
    (letter,) = _letters(settings.EMAIL_FILE_PATH)
    page = stranger.get(_link(letter), follow=True)
    stranger.post(page.redirect_chain[-1][0], {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})
    assert User.objects.get(pk=customer.user_id).check_password(NEW_PASSWORD)
    assert not works(token)


def test_setting_a_password_anywhere_kills_it(customer: Customer, token: str) -> None:
    user = User.objects.get(pk=customer.user_id)
    user.set_password(NEW_PASSWORD)
    user.save(update_fields=["password"])
    assert not works(token)
    assert works(tokens.issue(Customer.objects.get(pk=customer.pk)))


def test_a_better_hash_of_the_same_password_does_not(customer: Customer, token: str, settings: Any) -> None:
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ]
    answer = Program().post("/customers/login", email="ayu@example.id", password=PASSWORD)
    assert User.objects.get(pk=customer.user_id).password.startswith("pbkdf2")
    assert works(token)
    assert works(answer.json()["token"])


def test_a_broken_token_is_nobody_whatever_the_session_says(
    customer: Customer, token: str, client_for: Callable[..., Client]
) -> None:
    program = Program(token + "x", client_for(customer))
    assert program.get(f"/customers/{customer.public_id}").status_code == 401
