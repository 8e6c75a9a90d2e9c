"""Every answer under /api/v1, asked rightly and wrongly, is in the envelope: no problem+json, no page."""

import json
from decimal import Decimal
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from redis.exceptions import ConnectionError as RedisAway

from accounts.access import tokens
from accounts.access.actors import command
from accounts.models import ApiCall, ApiKey, Customer, User
from accounts.services import keys
from config.lib import limits
from config.openapi import operations
from config.reference_v1 import document
from otp.models import Order
from tests.accounts import cast
from tests.api_v1.calling import Program, data_of, program_of, refusal_of
from tests.otp.helpers import due_now, look
from tests.simulators import Simulator
from wallets import services as wallets
from wallets.models import Account

pytestmark = pytest.mark.django_db

# OTPZap contract 2.
CONTRACT = """
GET /balance | POST /topup/create | GET /topup/check | GET /countries | GET /services | GET /products
GET /s2/countries | GET /s2/services | GET /s2/operators | GET /s2/special | GET /s3/sites | GET /s3/domains
POST /order/create | GET /order/check | POST /order/cancel | POST /order/finish | POST /order/resend
POST /order/replace | POST /order/email-create | GET /order/email-check | POST /order/email-reorder
POST /order/email-cancel | POST /order/email-finish | GET /webhook/get | PATCH /webhook/update
"""
ROWS = [tuple(row.split()) for row in CONTRACT.strip().replace("\n", " | ").split(" | ")]


def ask(program: Program, method: str, path: str, body: str = "{}") -> Any:
    return program.get(path) if method == "GET" else program.send(method, path, body)


def test_there_are_as_many_operations_as_in_the_contract() -> None:
    assert len(ROWS) == 25
    served = {
        (method.upper(), path.removeprefix("/api/v1"))
        for path, found in document()["paths"].items()
        for method in found
    }
    assert served == set(ROWS)


@pytest.mark.parametrize(("method", "path"), ROWS, ids=lambda word: word)
def test_nobody_gets_in_without_a_key(method: str, path: str, customer: Customer, staff_user: User) -> None:
    answer = ask(Program(), method, path)
    refusal_of(answer, 401, "UNAUTHORIZED")
    assert answer["WWW-Authenticate"] == "Bearer"
    refusal_of(ask(Program("tp_live_aaaaaaaa_" + "0" * 40), method, path), 401, "UNAUTHORIZED")
    # A session opens nothing here, so no page elsewhere can use it.
    browser = Client(raise_request_exception=False)
    browser.force_login(customer.user)
    refusal_of(ask(Program("", browser), method, path), 401, "UNAUTHORIZED")
    # Nor does the token of the gateway API, nor a key that has no wallet.
    refusal_of(ask(Program(tokens.issue(customer)), method, path), 401, "UNAUTHORIZED")
    refusal_of(ask(Program(staff_key(staff_user)), method, path), 403, "FORBIDDEN")


def staff_key(user: User) -> str:
    return keys.issue(actor=command("tests"), user=user, is_sandbox=False).raw


def test_a_key_of_a_client_has_no_wallet() -> None:
    bot = cast.api_user(cast.company("Nassit"))
    raw = keys.issue(actor=command("tests"), api_user=bot, is_sandbox=False).raw
    refusal_of(Program(raw).get("/balance"), 403, "FORBIDDEN")


def test_where_addresses_must_be_confirmed_nothing_is_bought_before(program: Program, settings: Any) -> None:
    settings.REQUIRE_CONFIRMED_EMAIL_FOR_API = True
    EmailAddress.objects.update(verified=False)
    refusal_of(program.post("/order/create", product_id=1071), 403, "EMAIL_NOT_CONFIRMED")
    assert data_of(program.get("/balance"))


def test_who_shows_a_key_that_was_taken_away_is_told(program: Program) -> None:
    ApiKey.objects.update(revoked_at="2026-01-01T00:00:00Z")
    refusal_of(program.get("/balance"), 403, "FORBIDDEN")
    # Whoever only guesses its name is not.
    refusal_of(Program(program.bearer[:-1] + "x").get("/balance"), 401, "UNAUTHORIZED")


@pytest.mark.parametrize(
    "path",
    ["", "/", "/nothing", "/order", "/order/", "/order/create/", "/balance/", "/order/%00", "/%ff", "/docs/nothing"],
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH"])
def test_unknown_addresses_are_not_found(program: Program, method: str, path: str) -> None:
    answer = program.send(method, path, "{}")
    if path == "/docs/nothing" and method != "GET":
        refusal_of(answer, 405, "METHOD_NOT_ALLOWED")
    else:
        refusal_of(answer, 404, "NOT_FOUND")


@pytest.mark.parametrize(("method", "path"), ROWS, ids=lambda word: word)
def test_a_wrong_method_says_which_is_right(program: Program, method: str, path: str) -> None:
    answer = program.send("DELETE", path, "{}")
    refusal_of(answer, 405, "METHOD_NOT_ALLOWED")
    assert answer["Allow"] == method


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b" ", b"{", b"[]", b"null", b"5", b'"text"', b"[{}]", b"[" * 5000, b"\xff\xfe"),
        *(b'{"order_id": 1, "order_id": 2}', b'{"order_id": NaN}', b'\xef\xbb\xbf{"order_id": 1}'),
        *(b'{"order_id": "\\u0000"}', b'{"order_id": 1e999}'),
    ],
    ids=lambda body: str(body[:30]),
)
def test_bodies_that_nobody_can_read_are_422(program: Program, body: bytes) -> None:
    told = refusal_of(program.send("POST", "/order/cancel", body), 422, "VALIDATION_ERROR")
    assert told["details"]["fields"]


def test_any_kind_of_content_is_read_as_json(program: Program, shop: Simulator) -> None:
    """PHP and curl say that JSON is a form when nobody tells them otherwise."""
    answer = program.client.post(
        "/api/v1/order/create",
        json.dumps({"product_id": 1071}),
        content_type="application/x-www-form-urlencoded",
        headers={"Authorization": f"Bearer {program.bearer}"},
    )
    assert data_of(answer)["product_id"] == 1071


def test_a_body_that_is_too_large_is_413(program: Program) -> None:
    body = json.dumps({"order_id": 1, "more": "x" * (2 * 1024 * 1024)})
    refusal_of(program.send("POST", "/order/cancel", body), 413, "PAYLOAD_TOO_LARGE")
    refusal_of(program.send("POST", "/order/cancel", json.dumps({"more": "x" * 400_000})), 413, "PAYLOAD_TOO_LARGE")


def test_our_own_faults_are_500_without_a_word_of_theirs(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a secret detail")

    monkeypatch.setattr("payments.api_v1.balances", broken)
    told = refusal_of(program.get("/balance"), 500, "INTERNAL_ERROR")
    assert "secret" not in str(told)


def test_limits_count_by_key(program: Program, ayu: Customer, settings: Any) -> None:
    settings.API_RATE_PER_MINUTE = 3
    other = program_of(ayu)
    for left in (2, 1, 0):
        answer = program.get("/balance")
        assert data_of(answer)
        assert (answer["X-RateLimit-Limit"], answer["X-RateLimit-Remaining"]) == ("3", str(left))
    answer = program.get("/balance")
    refusal_of(answer, 429, "RATE_LIMIT_EXCEEDED")
    assert 0 < int(answer["Retry-After"]) <= 60
    assert data_of(other.get("/balance"))


def test_the_limit_is_300_a_minute() -> None:
    assert django_settings.API_RATE_PER_MINUTE == 300


def test_without_a_counter_nobody_is_let_in(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(key: str) -> Any:
        raise RedisAway("gone")

    monkeypatch.setattr(limits, "_client", away)
    refusal_of(program.get("/balance"), 503, "SERVICE_UNAVAILABLE")


def test_calls_are_in_the_log_of_the_key(program: Program) -> None:
    program.get("/balance")
    program.get("/order/check", order_id=5)
    calls = list(ApiCall.objects.order_by("id").values_list("route", "path", "status"))
    assert calls == [
        ("/api/v1/balance", "/api/v1/balance", 200),
        ("/api/v1/order/check", "/api/v1/order/check", 404),
    ]


def test_messages_speak_the_callers_language(program: Program) -> None:
    answer = program.client.get("/api/v1/nothing", headers={"Accept-Language": "id"})
    assert answer["Content-Language"] == "id"


def test_the_gateway_api_still_speaks_its_own(program: Program) -> None:
    for path in ("/api/nothing", "/api/v10", "/api/v1x/balance"):
        answer = program.client.get(path)
        assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


def test_a_look_at_an_order_costs_few_queries(program: Program, shop: Simulator) -> None:
    order_id = data_of(program.post("/order/create", product_id=1071))["order_id"]
    with CaptureQueriesContext(
        connection,
    ) as found:
        data_of(program.get("/order/check", order_id=order_id))
    # Key, customer, order, codes; and the log of the call with the key's last use.
    assert len(found) <= 8, [query["sql"][:90] for query in found]


def test_every_operation_says_what_it_answers() -> None:
    for _method, operation in operations(document()):
        assert {"200", "401", "403", "404", "422", "429"} <= set(operation["responses"])
        assert operation["summary"]
        assert operation["security"] == [{"apiKey": []}]


# --- the sandbox -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "path"), [row for row in ROWS if row[0] == "POST"], ids=lambda word: word)
def test_a_key_of_the_sandbox_buys_only_where_everything_is_simulated(
    method: str, path: str, ayu: Customer, settings: Any
) -> None:
    program = program_of(ayu, is_sandbox=True)
    settings.SANDBOX_ENABLED = False
    refusal_of(ask(program, method, path), 403, "FORBIDDEN")
    settings.SANDBOX_ENABLED = True
    assert ask(program, method, path).status_code == 422


def test_a_key_of_the_sandbox_has_a_wallet_of_its_own(ayu: Customer, program: Program, shop: Simulator) -> None:
    sandbox = program_of(ayu, is_sandbox=True)
    assert data_of(sandbox.get("/balance"))["balance"] == 0
    assert data_of(sandbox.get("/countries"))["countries"]
    order_id = data_of(program.post("/order/create", product_id=1071))["order_id"]
    refusal_of(sandbox.get("/order/check", order_id=order_id), 404, "NOT_FOUND")


@pytest.mark.parametrize("simulator", ["", "http://127.0.0.1:9"], ids=["none", "another"])
def test_play_money_buys_nothing_at_the_real_supplier(
    ayu: Customer, shop: Simulator, settings: Any, simulator: str
) -> None:
    """A portal for trying things out may well speak to the real OTPZap."""
    settings.SANDBOX_ENABLED, settings.SANDBOX_OTPZAP_URL = True, simulator
    sandbox = program_of(ayu, is_sandbox=True)
    refusal_of(sandbox.post("/order/create", product_id=1071), 403, "FORBIDDEN")
    inbox = {"site": "openai.com", "domain": "outlook.com"}
    refusal_of(sandbox.post("/order/email-create", **inbox), 403, "FORBIDDEN")


def test_what_the_sandbox_buys_stands_in_books_of_its_own(ayu: Customer, shop: Simulator, settings: Any) -> None:
    """The proofs after the test find real and play money in one transaction, and sums that do not fit."""
    settings.SANDBOX_ENABLED = True
    sandbox = program_of(ayu, is_sandbox=True)
    play = Customer.objects.get(user=ayu.user, is_sandbox=True)
    wallets.credit_from_provider(
        customer=play,
        amount=Decimal(50_000),
        currency="IDR",
        channel="sandbox",
        kind="deposit",
        reference="play",
        subject="",
        memo="for tests",
    )
    for program in (program_of(ayu), sandbox):
        order = Order.objects.get(pk=data_of(program.post("/order/create", product_id=1071))["order_id"])
        shop.control("deliver", order_id=int(order.provider_order_id), code="1")
        due_now(order)
        assert look(order).captured_at
    codes = ("clearing:otpzap", "clearing:otpzap:sandbox", "revenue:otp", "revenue:otp:sandbox")
    assert [Account.objects.get(code=code).balance for code in codes] == [4500, 4500, 900, 900]
