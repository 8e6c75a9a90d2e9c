"""The API as a whole: every answer under /api, asked rightly and wrongly, is one that a program can read."""

import json
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client as Caller
from django.test.utils import CaptureQueriesContext
from redis.exceptions import ConnectionError as RedisAway

from accounts.access import policy
from accounts.access.table import OPERATIONS
from accounts.errors import NoClient
from accounts.models import ApiCall, Customer, User
from config.lib import limits
from config.openapi import document, operations
from config.openapi_examples import example, resolved
from tests.accounts import cast
from tests.accounts.calling import call, key_of, own_page, problem_of, signed_in_now
from tests.accounts.company import acting

pytestmark = pytest.mark.django_db


@pytest.fixture
def quiet(client: Caller) -> Caller:
    """A stranger who gets answers instead of our exceptions."""
    client.raise_request_exception = False
    return client


# --- refusals --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/api", "/api/", "/api/nothing", "/api/roles/", "/api/roles//", "/api/roles/%00", "/api/clients/%ff"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH"])
def test_unknown_addresses_are_problems_and_never_redirects(path: str, method: str, quiet: Caller) -> None:
    answer = quiet.generic(method, path, "{}", content_type="application/json")
    assert answer.status_code == 404
    assert problem_of(answer)["code"] == "not_found"


def test_a_wrong_method_says_which_are_right(quiet: Caller) -> None:
    answer = quiet.delete("/api/customers/login")
    assert answer.status_code == 405
    assert problem_of(answer)["code"] == "method_not_allowed"
    assert answer["Allow"] == "POST"


def test_an_id_that_is_none_is_not_found(staff_user: User) -> None:
    for odd in ("1", "x", "0b6f3c1e", "..", "0b6f3c1e-58a4-4c0f-9d55-2a7c1e9f4b1g"):
        answer = signed_in_now(staff_user).get(f"/api/clients/{odd}")
        assert answer.status_code == 404
        problem_of(answer)


def test_our_own_faults_are_problems_too(quiet: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a secret detail")

    monkeypatch.setattr("accounts.api.customers.customers.sign_in", broken)
    answer = quiet.post("/api/customers/login", {"email": "a@example.id", "password": "12345678"}, "application/json")
    assert answer.status_code == 500
    assert "secret" not in str(problem_of(answer))


def test_sessions_need_their_token_and_bearers_do_not(staff_user: User, customer: Customer) -> None:
    browser = Caller(enforce_csrf_checks=True)
    browser.force_login(staff_user)
    answer = browser.post("/api/sandbox-api-keys", "{}", "application/json")
    assert answer.status_code == 403
    assert problem_of(answer)["code"] == "csrf"


def test_answers_are_kept_by_nobody(customer: Customer) -> None:
    raw = key_of(customer).raw
    assert call(raw, own_page(customer))["Cache-Control"] == "no-store"
    assert call("tp_live_x", own_page(customer))["Cache-Control"] == "no-store"


def test_problems_speak_the_callers_language(quiet: Caller) -> None:
    answer = quiet.get("/api/nothing", headers={"Accept-Language": "id"})
    assert answer["Content-Language"] == "id"


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_a_stranger_is_told_so_in_json(name: str, quiet: Caller) -> None:
    row = OPERATIONS[name]
    path = row.path
    for part in ("apiUserId", "batchId", "clientId", "permissionId", "roleId", "sessionId", "id"):
        path = path.replace(f"{{{part}}}", "0b6f3c1e-58a4-4c0f-9d55-2a7c1e9f4b10")
    answer = quiet.generic(row.method, path, "{}", content_type="application/json")
    if row.doors:
        assert answer.status_code == 401
        assert answer["WWW-Authenticate"] == "Bearer"
    assert 400 <= answer.status_code < 500 or not row.doors
    if answer.status_code >= 400:
        problem_of(answer)


# --- bodies ----------------------------------------------------------------------------------------

_LOGIN = "/api/customers/login"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"[]",
        b"null",
        b"5",
        b'"text"',
        b"true",
        b"[{}]",
        b"{}",
        b'{"email": 5, "password": []}',
        b'{"email": null, "password": null}',
        b'{"email": "a@example.id", "email": "b@example.id", "password": "12345678"}',
        b'{"email": "a@example.id", "password": "1234\\u00005678"}',
        b'{"email": "a@example.id", "password": "1234\x005678"}',
        b'{"email": "a@example.id", "password": "\\ud800 12345678"}',
        b'{"email": "a@example.id", "password": "12345678", "\\udfff": 1}',
        b'{"email": "a@example.id", "password": "12345678", "x": NaN}',
        b'{"email": "a@example.id", "password": "12345678", "x": -Infinity}',
        b'{"email": "a@example.id", "password": "12345678", "x": 1e400}',
        b'{"email": "a@example.id", "password": "12345678", "x": 1e-400}',
        b'{"email": "a@example.id", "password": "12345678", "x": 1e99999999999999999999}',
        b'{"email": "a@example.id", "password": "12345678", "x": ' + b"9" * 5000 + b"}",
        b'{"email": "a@example.id", "password": "12345678", "x": ' + b"9" * 20 + b"}",
        b'{"email": "a@example.id", "password": "12345678", "x": 0.' + b"1" * 5000 + b"}",
        b"[" * 100_000,
        b"[" * 40 + b"]" * 40,
        b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
        b'{"email": "a@example.id", "password": "\xff12345678"}',
        '{"email": "a@example.id", "password": "12345678"}'.encode("utf-16"),
        '{"email": "a@example.id", "password": "12345678"}'.encode("utf-8-sig"),
    ],
)
def test_a_body_that_is_not_right_is_refused_with_what_is_wrong(body: bytes, quiet: Caller) -> None:
    answer = quiet.generic("POST", _LOGIN, body, content_type="application/json")
    assert answer.status_code == 400
    found = problem_of(answer)
    assert found["code"] == "invalid"
    assert found["errors"]


@pytest.mark.parametrize(
    "content", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
)
def test_another_kind_of_content_is_not_taken(content: str, quiet: Caller) -> None:
    answer = quiet.generic("POST", _LOGIN, b'{"email": "a@example.id"}', content_type=content)
    assert answer.status_code == 415
    assert "application/json" in problem_of(answer)["detail"]


def test_json_with_a_charset_is_json(quiet: Caller) -> None:
    answer = quiet.generic("POST", _LOGIN, b"{}", content_type="application/json; charset=utf-8")
    assert answer.status_code == 400


def test_a_body_may_be_so_large_and_no_larger(quiet: Caller) -> None:
    answer = quiet.generic(
        "POST", _LOGIN, b'{"x": "' + b"a" * django_settings.DATA_UPLOAD_MAX_MEMORY_SIZE + b'"}', "application/json"
    )
    assert answer.status_code == 413
    problem_of(answer)


def test_wrong_fields_are_named_as_the_caller_wrote_them(staff_user: User) -> None:
    answer = signed_in_now(staff_user).post("/api/clients/register", {"clientType": "Robot"}, "application/json")
    assert answer.status_code == 400
    names = set(problem_of(answer)["errors"])
    assert {"clientType", "contactPerson", "phoneNumber"} & names
    assert not any("_" in name for name in names)


def test_a_query_with_a_nul_is_refused(staff_user: User) -> None:
    browser = signed_in_now(staff_user)
    assert browser.get("/api/clients?search=%00").status_code < 500


# --- limits ----------------------------------------------------------------------------------------


def test_what_is_left_stands_in_the_answer(customer: Customer, settings: Any) -> None:
    settings.API_RATE_PER_MINUTE = 3
    raw, path = key_of(customer).raw, own_page(customer)
    answers = [call(raw, path) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [answer["X-RateLimit-Remaining"] for answer in answers] == ["2", "1", "0", "0"]
    assert {answer["X-RateLimit-Limit"] for answer in answers} == {"3"}
    assert all(1 <= int(answer["X-RateLimit-Reset"]) <= 60 for answer in answers)
    assert 1 <= int(answers[-1]["Retry-After"]) <= 60
    assert problem_of(answers[-1])["code"] == "too_many_requests"
    assert list(ApiCall.objects.order_by("-id").values_list("status", flat=True)[:2]) == [429, 200]


def test_each_key_has_its_own_measure(customer: Customer, settings: Any) -> None:
    settings.API_RATE_PER_MINUTE = 1
    first, second = key_of(customer).raw, key_of(customer).raw
    path = own_page(customer)
    assert [call(raw, path).status_code for raw in (first, second, first)] == [200, 200, 429]


def test_unknown_addresses_count_as_well(customer: Customer, settings: Any) -> None:
    settings.API_RATE_PER_MINUTE = 1
    raw = key_of(customer).raw
    assert [call(raw, "/api/nothing").status_code for _ in range(2)] == [404, 429]


def test_keys_that_do_not_work_are_slowed_by_place_and_good_ones_are_not(customer: Customer, settings: Any) -> None:
    settings.API_REFUSED_PER_MINUTE = 2
    raw, path, bad = key_of(customer).raw, own_page(customer), "tp_live_abcdefgh_" + "0" * 40
    assert [call(bad, path).status_code for _ in range(3)] == [401, 401, 429]
    assert "X-RateLimit-Limit" not in call(bad, path)
    assert call(raw, path).status_code == 200
    assert call(bad, path, address="198.51.100.1").status_code == 401
    six = ["2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8:0:1::1"]
    assert [call(bad, path, address=one).status_code for one in six] == [401, 401, 429, 401]


@pytest.fixture
def _no_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    class Away:
        def eval(self, *_: object) -> None:
            raise RedisAway("away")

    monkeypatch.setattr(limits, "_client", lambda key: Away())


@pytest.mark.usefixtures("_no_redis")
def test_what_cannot_be_counted_is_not_let_in(customer: Customer) -> None:
    for raw in (key_of(customer).raw, "tp_live_abcdefgh_" + "0" * 40):
        answer = call(raw, own_page(customer))
        assert answer.status_code == 503
        assert problem_of(answer)["code"] == "try_again"


# --- its description --------------------------------------------------------------------------------


def test_the_description_is_read_and_nothing_else(quiet: Caller) -> None:
    answer = quiet.get("/api/openapi.json")
    assert answer.status_code == 200
    assert answer.json() == json.loads(json.dumps(document()))
    for method in ("POST", "PUT", "DELETE"):
        refused = quiet.generic(method, "/api/openapi.json")
        assert refused.status_code == 405
        problem_of(refused)


def test_every_operation_of_the_table_is_described() -> None:
    found = {operation["operationId"]: operation for _method, operation in operations(document())}
    assert set(found) == set(OPERATIONS)
    for name, operation in found.items():
        row = OPERATIONS[name]
        assert operation["summary"].endswith("."), name
        assert bool(operation["security"]) == bool(row.doors), name
        assert operation["x-permission"] == (row.permission or None)
        refusals = {status: part for status, part in operation["responses"].items() if int(status) >= 400}
        assert set(refusals) >= {"400", "401", "403", "404", "405", "429"}
        assert all(set(part["content"]) == {"application/problem+json"} for part in refusals.values())


def test_examples_fit_their_schemas() -> None:
    for _method, operation in operations(document()):
        for part in operation.get("requestBody", {}).get("content", {}).values():
            schema = resolved(part["schema"], document())
            value = part["example"]
            if schema.get("type") == "array":
                schema, value = resolved(schema["items"], document()), value[0]
            if schema.get("type") == "object":
                assert set(schema.get("required", [])) <= set(value), operation["operationId"]


def test_an_example_ends_where_a_schema_goes_round() -> None:
    found = {"components": {"schemas": {"Tree": {"type": "object", "properties": {"next": {"$ref": "#/c/s/Tree"}}}}}}
    assert example({"$ref": "#/components/schemas/Tree"}, found)


def test_the_documentation_is_ours_alone(quiet: Caller) -> None:
    answer = quiet.get("/api/docs")
    assert answer.status_code == 200
    text = answer.content.decode()
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert not [
        part for part in text.split('"') if part.startswith(("http://", "https://")) and "127.0.0.1" not in part
    ]
    for operation in OPERATIONS.values():
        assert operation.path in text


def test_each_section_shows_its_operations(quiet: Caller) -> None:
    answer = quiet.get("/api/docs/sandboxapikeys")
    text = answer.content.decode()
    assert "SandboxApiKeys.Create" in text
    assert "keyPrefix" in text
    assert "curl" in text
    assert quiet.get("/api/docs/nothing").status_code == 404


def test_reading_the_documentation_asks_the_database_nothing(quiet: Caller) -> None:
    quiet.get("/api/docs")
    with CaptureQueriesContext(connection) as cost:
        quiet.get("/api/docs/customerwallet")
    assert not cost.captured_queries


def test_staff_without_a_client_have_none_to_act_for(staff_user: User) -> None:
    with pytest.raises(NoClient):
        policy.own_client(acting(staff_user))
    portal = cast.person("dewi", client=cast.company())
    assert policy.own_client(acting(portal.user)) == portal.client
