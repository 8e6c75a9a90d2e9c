"""The OpenAPI documents of both APIs: nothing is missing, examples fit their schemas, and both languages are whole."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.utils import translation
from django.utils.translation import gettext, override
from jsonschema_rs import Draft202012Validator

from accounts.access.table import OPERATIONS
from config import openapi, reference_v1
from config.guides import refusals
from config.lib import catalogue
from config.openapi_examples import Json, resolved
from config.reference_v1 import ERRORS

GATEWAY, V1 = openapi.document(), reference_v1.document()
LIVE = {one["operationId"]: (method, one) for method, one in openapi.operations(GATEWAY)}
# Words that stay as they are in Indonesian too.
SAME: set[str] = set()


def parts(one: Json) -> Iterator[tuple[str, str, Json]]:
    """(status or "asked", kind of content, what is said of it) for everything that a call carries."""
    for status, part in [("asked", one.get("requestBody", {})), *one["responses"].items()]:
        for content, said in part.get("content", {}).items():
            yield status, content, said


@pytest.mark.parametrize("found", [GATEWAY, V1], ids=["gateway", "v1"])
def test_nothing_is_missing(found: Json) -> None:
    for _method, one in openapi.operations(found):
        name = one["operationId"]
        assert one["summary"].endswith("."), name
        assert one["security"] or not OPERATIONS[name].doors, name
        assert len([status for status in one["responses"] if int(status) < 400]) == 1, name
        for status, content, said in parts(one):
            assert "example" in said, (name, status)
            assert is_typed(said["schema"], found) or content == "text/csv", (name, status)
        assert {"401", "403", "404", "405", "429"} <= set(one["responses"]), name
        assert "Retry-After" in one["responses"]["429"]["headers"], name
        for parameter in one.get("parameters", []):
            assert {"type", "anyOf", "enum", "$ref", "allOf", "const"} & set(parameter["schema"]), (name, parameter)


def is_typed(schema: Json, found: Json) -> bool:
    """Whether ``schema`` says which fields there are, down to the things in a list."""
    plain = resolved(schema, found)
    if plain.get("type") == "array":
        return is_typed(plain["items"], found)
    return bool(plain.get("properties") or plain.get("additionalProperties"))


def test_calls_that_send_a_body_say_which() -> None:
    """Every operation of the table that takes something describes it, and says what permission it needs."""
    for name, row in OPERATIONS.items():
        method, one = LIVE[name]
        assert one["x-permission"] == (row.permission or None)
        assert one["x-credentials"] == sorted(row.doors)
        if method == "get":
            assert "requestBody" not in one
            assert not {"409", "415", "422"} & set(one["responses"])


@pytest.mark.parametrize("found", [GATEWAY, V1], ids=["gateway", "v1"])
def test_every_example_fits_its_schema(found: Json) -> None:
    """Each one once: refusals are the same for many calls."""
    shown = {
        json.dumps([said["schema"], said["example"]]): one["operationId"]
        for _method, one in openapi.operations(found)
        for _status, content, said in parts(one)
        if content != "multipart/form-data"
    }
    for written, name in shown.items():
        schema, example = json.loads(written)
        validator = Draft202012Validator({**schema, "components": found["components"]}, validate_formats=True)
        assert not [f"{name} {error.instance_path}: {error.message}" for error in validator.iter_errors(example)]
        assert "text" not in set(words_of(example)), f"{name}: nobody has thought of a value"


def words_of(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from words_of(one)
    elif isinstance(value, str):
        yield value


def test_an_empty_value_is_an_example_too() -> None:
    authorized = next(
        one for method, one in openapi.operations(GATEWAY) if one["operationId"] == "card-payments.authorize"
    )
    shown = authorized["responses"]["200"]["content"]["application/json"]["example"]
    assert shown["status"] == "Authorized"
    assert shown["declineReason"] is shown["acsUrl"] is None
    assert shown["requires3DS"] is False


def test_refusals_are_shown_as_they_are_said() -> None:
    known = {row.code: row.statuses for row in refusals.rows()}
    for name, (_method, one) in LIVE.items():
        for status, content, said in parts(one):
            if status != "asked" and int(status) >= 400:
                assert content == "application/problem+json", name
                assert said["example"]["status"] == int(status)
                assert int(status) in known[said["example"]["code"]], (name, status)


def test_refusals_of_v1_are_shown_as_they_are_said() -> None:
    said = {(status, code) for status, codes, *_rest in ERRORS for code in codes.split(", ")}
    for _method, one in openapi.operations(V1):
        for status, _content, part in parts(one):
            if status != "asked" and int(status) >= 400:
                assert (int(status), part["example"]["error"]["code"]) in said


# --- languages ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("describe", [openapi.document, reference_v1.document], ids=["gateway", "v1"])
def test_both_languages_are_the_same_document(describe: Any) -> None:
    english, indonesian = describe(), describe("id")
    assert without_words(english) == without_words(indonesian)


def without_words(part: Any) -> Any:
    if isinstance(part, list):
        return [without_words(one) for one in part]
    if isinstance(part, dict):
        said = {name for name in ("summary", "description") if isinstance(part.get(name), str)}
        return {name: without_words(inner) for name, inner in part.items() if name not in said}
    return part


def test_the_catalogue_knows_every_text_of_the_documents() -> None:
    known = {text.text for text in catalogue.texts()}
    assert set(openapi.texts()) | set(reference_v1.texts()) <= known


@pytest.mark.parametrize("texts", [openapi.texts, reference_v1.texts], ids=["gateway", "v1"])
def test_every_text_is_said_in_indonesian(texts: Any) -> None:
    found = {entry.msgid: entry.msgstr for entry in catalogue.open_catalogue("id")}
    assert not [text for text in texts() if found.get(text, "") in {"", text} and text not in SAME]


@pytest.mark.parametrize("path", ["/api/openapi.json", "/api/v1/openapi.json"])
def test_the_address_says_the_language(db: None, path: str) -> None:
    plain = Client().get(path, headers={"Accept-Language": "id"})
    told = Client().get(path, {"lang": "id"})
    assert (plain["Content-Language"], told["Content-Language"]) == ("en", "id")
    assert plain.content == Client().get(path).content == Client().get(path, {"lang": "xx"}).content
    assert plain["ETag"] != told["ETag"]
    assert plain["ETag"] == Client().get(path)["ETag"]
    again = Client().get(path, {"lang": "id"}, headers={"If-None-Match": told["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert Client().get(path, headers={"If-None-Match": told["ETag"]}).status_code == 200


def test_english_stays_english_whoever_asks_first() -> None:
    openapi.document.cache_clear()
    with override("id"):
        assert openapi.document()["info"]["description"] == GATEWAY["info"]["description"]
    openapi.document.cache_clear()
    assert translation.get_language() != "id"


def test_the_reference_speaks_the_readers_language(db: None) -> None:
    with override("id"):
        title, lead = (
            gettext("Payments by card"),
            gettext("Authorise an amount on a token; may answer with a 3DS challenge."),
        )
        note = gettext("Checked, and kept nowhere.")
    shown = Client().get("/api/docs/cardpayments", headers={"Accept-Language": "id"}).content.decode()
    assert title in shown
    assert lead.removesuffix(".") in shown
    assert note in shown
    assert "Checked, and kept nowhere." in Client().get("/api/docs/cardpayments").content.decode()
    assert (
        'href="/api/openapi.json?lang=id"'
        in Client().get("/api/docs", headers={"Accept-Language": "id"}).content.decode()
    )


def test_every_section_has_a_name_for_people(db: None) -> None:
    shown = Client().get("/api/docs").content.decode()
    for tag in ("CardPayments", "APIUsers", "KycAdmin", "BulkDisbursement"):
        assert f">{tag}<" not in shown
    assert "&#x60;" not in Client().get("/api/v1/docs/numbers").content.decode()
