"""Every operation of the simulated OTPZap can break, and odd answers are odd in one way only."""

from typing import Any

import pytest
import requests

from tests.sandbox.shop import WHATSAPP_INDONESIA, Shop, code_of

READING = (
    *("balance", "topup/check", "countries", "services", "products"),
    *("s2/countries", "s2/services", "s2/operators", "s2/special", "s3/sites", "s3/domains"),
    *("order/check", "order/email-check", "webhook/get"),
)
CHANGING = (
    "topup/create",
    *(f"order/{name}" for name in ("create", "cancel", "finish", "resend", "replace")),
    *(f"order/email-{name}" for name in ("create", "reorder", "cancel", "finish")),
)


def call(shop: Shop, operation: str) -> requests.Response:
    if operation == "webhook/update":
        return shop.patch(operation)
    return shop.get(operation) if operation in READING else shop.post(operation)


def test_there_are_twenty_five_operations(shop: Shop) -> None:
    shop.control("misbehave", operation="*", mode="502", times=-1)
    operations = (*READING, *CHANGING, "webhook/update")
    assert len(operations) == 25
    assert {call(shop, operation).status_code for operation in operations} == {502}
    requests.delete(f"{shop.simulator.url}/_control/misbehave", timeout=5)
    assert shop.get("balance").status_code == 200


@pytest.mark.parametrize("operation", [*READING, *CHANGING, "webhook/update"])
def test_each_breaks_by_its_own_name(shop: Shop, operation: str) -> None:
    shop.control("misbehave", operation=operation, mode="503", retry_after=9)
    assert shop.get("balance" if operation != "balance" else "countries").status_code == 200
    reply = call(shop, operation)
    assert code_of(reply) == (503, "SERVICE_UNAVAILABLE")
    assert reply.headers["Retry-After"] == "9"
    assert call(shop, operation).status_code != 503


def test_too_little_money_has_many_statuses(shop: Shop) -> None:
    for status in ("400", "403", "409", "422"):
        shop.control("misbehave", operation="order/create", mode="insufficient_balance", code=status)
        assert code_of(shop.post("order/create")) == (int(status), "INSUFFICIENT_BALANCE")


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("order/create", {"server": 1, "product_id": WHATSAPP_INDONESIA}),
        ("order/create", {"server": 2, "service_id": "wa", "country_id": 7, "operator_id": "any"}),
        ("order/email-create", {"site": "openai.com", "domain": "outlook.com"}),
        ("topup/create", {"amount": 5_000}),
    ],
    ids=["server1", "server2", "mail", "topup"],
)
@pytest.mark.parametrize("mode", ["timeout_after_accept", "reset_after_accept", "cut", "502_after_accept"])
def test_a_broken_answer_can_be_asked_for_again(shop: Shop, operation: str, body: dict[str, Any], mode: str) -> None:
    shop.control("misbehave", operation=operation, mode=mode)
    try:
        assert shop.post(operation, key="k", timeout=0.5, **body).status_code == 502
    except requests.RequestException:
        assert mode != "502_after_accept"
    made = {name: len(shop.simulator.look(name)[name]) for name in ("activations", "mails", "topups")}
    assert sum(made.values()) == 1
    again = shop.post(operation, key="k", **body)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert {name: len(shop.simulator.look(name)[name]) for name in made} == made


def test_an_early_replacement_is_not_remembered_for_its_key(shop: Shop) -> None:
    old = shop.buy()["order_id"]
    assert shop.post("order/replace", key="k", order_id=old).status_code == 429
    shop.control("settings", cancel_cooldown_seconds=0)
    new = shop.data(shop.post("order/replace", key="k", order_id=old))["order_id"]
    assert shop.data(shop.post("order/replace", key="k", order_id=old))["order_id"] == new
    assert code_of(shop.post("order/replace", key="other", order_id=old)) == (409, "ORDER_NOT_PENDING")


@pytest.mark.parametrize(
    ("mode", "name", "value"),
    [
        ("text_numbers", "price", "4500"),
        ("fractions", "price", 4500.0),
        ("wrong_price", "price", 9000),
        ("no_price", "price", None),
        ("no_expiry", "expires_at", None),
        ("no_id", "order_id", None),
        ("unknown_status", "status", "sleeping"),
        ("peer_words", "status", "waiting"),
    ],
)
def test_odd_answers_are_odd_in_one_way(shop: Shop, mode: str, name: str, value: Any) -> None:
    order = shop.buy()
    shop.control("misbehave", operation="order/check", mode=mode)
    odd = shop.check(order["order_id"])
    assert (odd[name], type(odd[name])) == (value, type(value))
    assert shop.check(order["order_id"]) == order


def test_answers_by_other_names(shop: Shop) -> None:
    order_id = shop.buy()["order_id"]
    shop.control("deliver", order_id=order_id, code="123")
    for mode in ("peer_names", "bare_codes", "wrapped", "other_order", "rfc_times", "no_data"):
        shop.control("misbehave", operation="order/check", mode=mode)
    peer, bare, wrapped, other, rfc, nothing = (
        shop.get("order/check", order_id=order_id).json()["data"] for _ in range(6)
    )
    assert (peer["id"], peer["sms"][0]["code"]) == (order_id, "123")
    assert bare["otps"] == ["123"]
    assert wrapped["order"]["order_id"] == order_id
    assert other["order_id"] != order_id
    assert rfc["expires_at"].endswith("+07:00")
    assert nothing is None


def test_lists_without_their_name(shop: Shop) -> None:
    for path, query in (("countries", {}), ("s2/operators", {"country_id": 7}), ("s3/domains", {"site": "x.com"})):
        shop.control("misbehave", operation=path, mode="bare_list")
        assert isinstance(shop.get(path, **query).json()["data"], list)


ODD_VALUES: tuple[Any, ...] = (
    *(None, True, -1, 0, 10**40, 1.5, "", " ", "x" * 5000, "\x00", "\ud800", "١", "[", "(?P<a>", "a{1000}{1000}"),
    *([], {}, [[]], ["gmail.com"] * 60, {"a": 1}),
)
FIELDS = {
    "topup/create": ("amount",),
    "order/create": ("server", "product_id", "service_id", "country_id", "operator_id", "service_name"),
    "order/email-create": ("site", "domain", "domains", "qty", "subject", "regex"),
    "webhook/update": ("url", "events", "secret", "is_active"),
}
SENSIBLE: dict[str, dict[str, Any]] = {
    "topup/create": {"amount": 5_000},
    "order/create": {"server": 2, "service_id": "wa", "country_id": 7, "operator_id": "any"},
    "order/email-create": {"site": "openai.com", "domain": "outlook.com"},
    "webhook/update": {"url": "https://portal.example.com/hook", "events": ["*"]},
}


@pytest.mark.parametrize("operation", [*CHANGING, "webhook/update"])
def test_no_odd_body_breaks_it(shop: Shop, operation: str) -> None:
    shop.control("settings", rate_per_minute=100_000)
    send = shop.patch if operation == "webhook/update" else shop.post
    for field in FIELDS.get(operation, ("order_id", "ref")):
        for value in ODD_VALUES:
            reply = send(operation, **{**SENSIBLE.get(operation, {}), field: value})
            assert reply.status_code < 500, (field, value, reply.text)
            assert reply.json()["success"] is (reply.status_code == 200)


@pytest.mark.parametrize(
    "body",
    ["", "[]", "nul", "\xff", "[" * 100_000, '{"amount":' + "9" * 5000 + "}"],
    ids=["nothing", "list", "word", "bytes", "deep", "long"],
)
def test_no_body_that_is_no_object_breaks_it(shop: Shop, body: str) -> None:
    for operation in CHANGING:
        url = f"{shop.simulator.url}/api/v1/{operation}"
        reply = shop.session.post(url, data=body.encode("latin-1"), headers={"Idempotency-Key": "k"}, timeout=10)
        assert code_of(reply) == (422, "VALIDATION_ERROR")


@pytest.mark.parametrize("operation", READING)
def test_no_odd_query_breaks_it(shop: Shop, operation: str) -> None:
    shop.control("settings", rate_per_minute=100_000)
    for name in ("country_id", "platform_id", "page", "limit", "sort", "order_id", "ref", "site"):
        for value in ("", "0", "-1", "x" * 3000, "9" * 400, "\x00", "١", "é", "a.b", "1e3"):
            reply = shop.get(operation, **{name: value})
            assert reply.status_code < 500, (name, value, reply.text)
