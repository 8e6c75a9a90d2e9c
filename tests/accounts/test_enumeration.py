"""Nothing tells whether an address has an account: not the words, not the status, not the work that is done."""

import re
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth import hashers
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Customer, User
from accounts.selectors.addresses import owner_of
from notifications.models import Mail
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db

NOBODY = "nobody@example.id"


def _login(email: str) -> Any:
    return Client().post("/account/login/", {"login": email, "password": "not the right one"})


def _signup(email: str) -> Any:
    return Client().post("/account/signup/", {"display_name": "X", "email": email, "password1": PASSWORD})


def _reset(email: str) -> Any:
    return Client().post("/account/password/reset/", {"email": email})


def _api(path: str, **body: str) -> Callable[[str], Any]:
    def send(email: str) -> Any:
        sent = {name: value or email for name, value in body.items()}
        return Client().post(f"/api/account/{path}", sent, content_type="application/json")

    return send


_DOORS: dict[str, Callable[[str], Any]] = {
    "login": _login,
    "sign-up": _signup,
    "reset": _reset,
    "api login": _api("login", username="", password="not the right one"),
    "api forgot": _api("forgot-password", email=""),
    "api reset": _api("reset-password", email="", token="a-b", newPassword="quite another one"),
}


def _said(answer: Any, email: str) -> str:
    """What a person or program sees, without what differs each time."""
    text = answer.content.decode().replace(email, "…")
    text = re.sub(r'(csrfmiddlewaretoken" value|X-CSRFToken":|server-time" content|nonce)[=\s]*"?[^">]*', "", text)
    text = re.sub(r'"traceId": "[^"]*"', "", text)
    return f"{answer.status_code} {answer.get('Location', '')} {sorted(answer.cookies)} {text}"


@contextmanager
def _hashes(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    hasher, calls = type(hashers.get_hasher()), []
    real = hasher.encode

    def counted(self: Any, password: str, salt: str) -> str:
        calls.append(password)
        return str(real(self, password, salt))

    with monkeypatch.context() as patched:
        patched.setattr(hasher, "encode", counted)
        yield calls


@pytest.mark.parametrize("door", _DOORS)
def test_words_and_work_are_the_same(door: str, customer: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    for email in (customer.user.email, NOBODY):
        letters = Mail.objects.count()
        with _hashes(monkeypatch) as calls:
            answer = _DOORS[door](email)
        seen.append((_said(answer, email), len(calls), Mail.objects.count() - letters))
    assert seen[0] == seen[1]


def test_a_person_who_was_switched_off_is_nobody(customer: Customer) -> None:
    User.objects.filter(pk=customer.user_id).update(is_active=False)
    wrong = Client().post("/account/login/", {"login": customer.user.email, "password": PASSWORD})
    assert _said(wrong, customer.user.email) == _said(_login(NOBODY), NOBODY)


def test_locks_are_the_same_for_everybody(customer: Customer) -> None:
    for email in (customer.user.email, NOBODY):
        answers = [_login(email) for _ in range(7)]
        assert ["Too many" in answer.content.decode() for answer in answers] == [False] * 5 + [True] * 2


def _auc(one: list[float], other: list[float]) -> float:
    """How well the time tells the two apart: 0.5 is not at all."""
    wins = sum((a > b) + (a == b) / 2 for a in one for b in other)
    return wins / (len(one) * len(other))


@pytest.mark.soak
@pytest.mark.parametrize("door", _DOORS)
def test_the_time_tells_nothing(door: str, customer: Customer, settings: Any, capsys: Any) -> None:
    """Tries in turn, with a quick hasher so that everything else shows. Printed for the measures, not asserted: a
    machine has moods."""
    settings.ACCOUNT_RATE_LIMITS = False
    settings.LOGIN_FAILURES_PER_ADDRESS = 100_000
    times: dict[bool, list[float]] = {True: [], False: []}
    for number in range(300):
        for known in (True, False) if number % 2 else (False, True):
            cache.clear()
            email = customer.user.email if known else f"nobody{number}@example.id"
            began = time.perf_counter()
            _DOORS[door](email)
            times[known].append((time.perf_counter() - began) * 1000)
    auc = _auc(times[True], times[False])
    with capsys.disabled():
        middle = [statistics.median(times[known]) for known in (True, False)]
        print(f"\n{door}: known {middle[0]:.1f} ms, unknown {middle[1]:.1f} ms, AUC {auc:.3f}")  # noqa: T201
    assert len(times[True]) == len(times[False])


@pytest.mark.parametrize("door", ["login", "reset", "api login", "api forgot"])
def test_the_database_is_asked_as_often(door: str, customer: Customer) -> None:
    spent = []
    for email in (NOBODY, customer.user.email, NOBODY):
        cache.clear()
        with CaptureQueriesContext(connection) as asked:
            _DOORS[door](email)
        spent.append(len(asked))
    assert spent[1] == spent[2]


def test_a_further_address_signs_in_once_it_is_confirmed(customer: Customer) -> None:
    address = EmailAddress.objects.create(user=customer.user, email="ayu@work.example")
    assert owner_of("AYU@work.example") is None
    address.verified = True
    address.save()
    assert owner_of("AYU@work.example") == customer.user
