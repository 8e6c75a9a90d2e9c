"""What the API says about wrong fields is said in the reader's language."""

import json
import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from django.test import Client
from django.utils.translation import override
from pydantic_core import core_schema

from accounts.access import tokens
from accounts.api import messages
from accounts.api.messages import message_of
from accounts.models import Customer, User
from tests.conftest import PASSWORD

LOGIN = "/api/account/login"
_KINDS = set(get_args(core_schema.ErrorType))


def refused(client: Client, path: str, body: Any, language: str = "en") -> dict[str, list[str]]:
    answer = client.post(path, json.dumps(body), content_type="application/json", headers={"Accept-Language": language})
    assert answer.status_code == 400
    found: dict[str, list[str]] = answer.json()["errors"]
    return found


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "missing", "boolean", "short"),
    [
        ("en", "This is missing.", "This must be true or false.", "This must not be empty."),
        ("id", "Ini belum diisi.", "Ini harus true atau false.", "Ini tidak boleh kosong."),
    ],
)
def test_each_reader_has_their_own_words(language: str, missing: str, boolean: str, short: str, client: Client) -> None:
    found = refused(client, LOGIN, {"username": "", "rememberMe": "perhaps"}, language)
    assert found == {"username": [short], "password": [missing], "rememberMe": [boolean]}


@pytest.mark.django_db
def test_ids_lists_and_objects_are_named_as_they_were_written(staff_user: User, client: Client) -> None:
    client.post(LOGIN, json.dumps({"username": staff_user.email, "password": PASSWORD}), "application/json")
    wrong = {"developerName": 7, "developerEmail": [], "developerPhoneNumber": "+62", "roleId": "x"}
    assert refused(client, "/api/api-users", wrong) == {
        "developerName": ["This must be a text."],
        "developerEmail": ["This must be a text."],
        "roleId": ["This must be a UUID."],
    }
    assert refused(client, "/api/permissions/bulk", {}) == {"body": ["This must be a list."]}
    del client.cookies["django_language"]
    assert refused(client, "/api/permissions/bulk", [7], "id") == {"[0]": ["Di sini diperlukan objek."]}


@pytest.mark.django_db
def test_the_least_amount_is_a_number_and_not_a_piece_of_python(customer: Customer, client: Client) -> None:
    headers = {"Authorization": f"Bearer {tokens.issue(customer)}", "Accept-Language": "id"}
    body = {"amount": -3, "description": "rent", "externalReference": "r" * 101}
    answer = client.post("/api/customer-wallet/pay", json.dumps(body), "application/json", headers=headers)
    assert answer.json()["errors"] == {
        "amount": ["Ini harus paling sedikit 0.01."],
        "externalReference": ["Ini harus paling banyak 100 karakter."],
    }


def _errors() -> Iterator[dict[str, Any]]:
    numbers = dict.fromkeys(("gt", "ge", "lt", "le", "max_digits", "decimal_places", "whole_digits"), 3)
    ctx = {**numbers, "min_length": 2, "max_length": 9, "expected": "'staff', 'client' or 'api'"}
    for kind in sorted(_KINDS):
        yield {"type": kind, "msg": "English of a library", "ctx": ctx}


@pytest.mark.parametrize("language", ["en", "id"])
def test_no_words_of_a_library_come_through(language: str) -> None:
    with override(language):
        for error in _errors():
            said = message_of(error)
            assert said.endswith(".")
            assert not re.search(r"%\(|English of", said), error["type"]


def test_choices_are_listed_without_an_english_or() -> None:
    error = {"type": "enum", "msg": "", "ctx": {"expected": "'staff', 'client' or 'api'"}}
    with override("en"):
        assert message_of(error) == "This must be one of: staff, client, api."


def test_what_our_own_checks_say_is_kept() -> None:
    assert message_of({"type": "value_error", "msg": "Value error, No.", "ctx": {}}) == "No."


def test_a_kind_that_the_library_renames_is_noticed() -> None:
    assert set(messages._WORDS) <= _KINDS


def test_a_secret_text_has_characters_and_a_list_has_items() -> None:
    short: dict[str, Any] = {"type": "too_short", "msg": "", "ctx": {"field_type": "Value", "min_length": 3}}
    with override("en"):
        assert message_of(short) == "This must have at least 3 characters."
        assert (
            message_of({**short, "ctx": {**short["ctx"], "field_type": "List"}}) == "This must have at least 3 items."
        )
