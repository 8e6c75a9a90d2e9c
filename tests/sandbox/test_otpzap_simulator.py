"""The simulated OTPZap keeps the rules of the OTPZap contract; driven over HTTP as a process."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import phonenumbers
import pytest
import requests

from tests.sandbox.shop import WHATSAPP_INDONESIA, WIB_TIME, Shop, code_of
from tests.simulators import start_otpzap

# -- catalogue and envelope


def test_a_wrong_key_is_refused_in_the_envelope(shop: Shop) -> None:
    shop.session.headers["Authorization"] = "Bearer other"
    assert code_of(shop.get("balance")) == (401, "UNAUTHORIZED")


def test_catalogue_has_the_shapes_of_section_4(shop: Shop) -> None:
    countries = shop.get("countries").json()["data"]["countries"]
    services = shop.get("services", country_id=7).json()["data"]["services"]
    products = shop.get("products", platform_id=1, country_id=7).json()["data"]
    assert {"id": 7, "name": "Indonesia"} in countries
    assert {"id": 1, "name": "WhatsApp"} in services
    assert products["count"] == products["total"] == 2
    first = products["products"][0]
    assert (first["product_id"], first["platform_id"], first["country_id"]) == (WHATSAPP_INDONESIA, 1, 7)
    assert isinstance(first["price"], int)
    assert first["stock"] > 0


def test_products_page_and_sort(shop: Shop) -> None:
    everything = shop.get("products", limit=1000).json()["data"]["products"]
    second = shop.get("products", page=2, limit=10).json()["data"]
    assert [item["id"] for item in second["products"]] == [item["id"] for item in everything[10:20]]
    dearest = shop.get("products", sort="price_desc").json()["data"]["products"]
    assert dearest[0]["price"] == max(item["price"] for item in everything)
    assert {item["price"] for item in everything} <= set(range(900, 25_001))
    assert any(item["stock"] == 0 for item in everything)
    assert code_of(shop.get("products", page="x")) == (422, "VALIDATION_ERROR")


def test_numbers_are_possible_in_their_country(shop: Shop) -> None:
    for product in shop.get("products", platform_id=1, limit=1000).json()["data"]["products"]:
        shop.control("product", product_id=product["id"], stock=5)
        number = shop.buy(product["id"])["phone_number"]
        assert phonenumbers.is_valid_number(phonenumbers.parse(number)), (product["country_name"], number)


# -- the life of an order


def test_an_order_takes_price_and_stock_and_looks_like_section_6_2(shop: Shop) -> None:
    before = shop.balance()
    order = shop.buy()
    product = shop.get("products", platform_id=1, country_id=7).json()["data"]["products"][0]
    assert (order["status"], order["price"], order["otps"]) == ("pending", product["price"], [])
    assert order["phone_number"].startswith("+628")
    assert shop.balance() == before - order["price"]
    assert product["stock"] == 841
    for name in ("created_at", "expires_at", "cancel_available_at"):
        assert WIB_TIME.fullmatch(order[name])


def test_codes_arrive_as_text_with_their_zeros(shop: Shop) -> None:
    order = shop.buy()
    shop.control("deliver", phone_number=order["phone_number"], code="001234")
    shop.control("deliver", order_id=order["order_id"], message="Open https://example.id/x to sign in")
    shown = shop.check(order["order_id"])
    assert shown["status"] == "otp_received"
    assert shown["otp_code"] == "001234"
    assert [otp["otp"] for otp in shown["otps"]] == ["001234", None]
    assert WIB_TIME.fullmatch(shown["otps"][0]["received_at"])


def test_a_code_as_number_is_refused_by_the_control_page(shop: Shop) -> None:
    order = shop.buy()
    with pytest.raises(requests.HTTPError):
        shop.control("deliver", order_id=order["order_id"], code=1234)


def test_cancel_waits_two_minutes_and_gives_everything_back_once(shop: Shop) -> None:
    before = shop.balance()
    order_id = shop.buy()["order_id"]
    early = shop.post("order/cancel", order_id=order_id)
    assert code_of(early) == (429, "CANCEL_TOO_EARLY")
    assert 110 <= int(early.headers["Retry-After"]) <= 120
    shop.control("settings", cancel_cooldown_seconds=0)
    done = shop.post("order/cancel", order_id=order_id).json()["data"]
    assert done == {"order_id": order_id, "status": "cancelled", "refund_amount": 4500, "balance": before}
    assert code_of(shop.post("order/cancel", order_id=order_id)) == (409, "ORDER_NOT_PENDING")
    assert shop.balance() == before


def test_cancel_after_a_code_is_too_late(shop: Shop) -> None:
    shop.control("settings", cancel_cooldown_seconds=0)
    order_id = shop.buy()["order_id"]
    shop.control("deliver", order_id=order_id, code="1111")
    assert code_of(shop.post("order/cancel", order_id=order_id)) == (409, "ORDER_NOT_PENDING")


def test_the_end_of_the_window_fails_and_refunds(shop: Shop) -> None:
    before = shop.balance()
    shop.control("settings", window_seconds=0)
    order = shop.buy()
    shown = shop.check(order["order_id"])
    assert (shown["status"], shown["refunded"], shown["refund_amount"]) == ("failed", True, order["price"])
    assert shop.balance() == before


def test_the_end_of_the_window_after_a_code_is_success(shop: Shop) -> None:
    order_id = shop.buy()["order_id"]
    shop.control("deliver", order_id=order_id, code="2222")
    shop.control("expire", order_id=order_id)
    shown = shop.check(order_id)
    assert (shown["status"], shown["refunded"]) == ("success", False)


def test_finish_needs_a_code_and_may_be_repeated(shop: Shop) -> None:
    order_id = shop.buy()["order_id"]
    assert code_of(shop.post("order/finish", order_id=order_id)) == (409, "CONFLICT")
    shop.control("deliver", order_id=order_id, code="3333")
    for _ in range(2):
        assert shop.post("order/finish", order_id=order_id).json()["data"]["status"] == "success"


def test_one_resend_until_a_check_has_shown_the_next_code(shop: Shop) -> None:
    order_id = shop.buy()["order_id"]
    shop.control("deliver", order_id=order_id, code="1")
    assert shop.post("order/resend", order_id=order_id).json()["data"]["resend_count"] == 1
    locked = shop.post("order/resend", order_id=order_id)
    assert code_of(locked) == (429, "RESEND_LOCKED")
    assert int(locked.headers["Retry-After"]) > 0
    assert WIB_TIME.fullmatch(shop.check(order_id)["resend_locked_until"])
    shop.control("deliver", order_id=order_id, code="2")
    assert code_of(shop.post("order/resend", order_id=order_id)) == (429, "RESEND_LOCKED")
    assert shop.check(order_id)["resend_locked_until"] is None
    assert shop.post("order/resend", order_id=order_id).json()["data"]["resend_count"] == 2


def test_not_every_service_can_send_again(shop: Shop) -> None:
    netflix = shop.get("products", platform_id=14, sort="available_desc").json()["data"]["products"][0]
    order_id = shop.buy(netflix["id"])["order_id"]
    assert shop.post("order/resend", order_id=order_id).status_code == 422


def test_replace_swaps_the_number_at_the_old_price(shop: Shop) -> None:
    old = shop.buy()
    after_buying = shop.balance()
    assert code_of(shop.post("order/replace", order_id=old["order_id"])) == (429, "CANCEL_TOO_EARLY")
    shop.control("settings", cancel_cooldown_seconds=0, balance=0)
    shop.control("product", product_id=WHATSAPP_INDONESIA, price=9000)
    data = shop.post("order/replace", order_id=old["order_id"]).json()["data"]
    assert data["old_order_id"] == old["order_id"]
    assert data["order"]["price"] == old["price"]
    assert data["phone_number"] != old["phone_number"]
    assert shop.balance() == 0
    ended = shop.check(old["order_id"])
    assert (ended["status"], ended["replaced_by_order_id"]) == ("cancelled", data["order_id"])
    assert after_buying > 0


def test_replace_without_stock_leaves_the_order_alone(shop: Shop) -> None:
    shop.control("settings", cancel_cooldown_seconds=0)
    shop.control("product", product_id=WHATSAPP_INDONESIA, stock=1)
    old = shop.buy()
    assert code_of(shop.post("order/replace", order_id=old["order_id"])) == (409, "OUT_OF_STOCK")
    assert shop.check(old["order_id"])["status"] == "pending"


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({}, (422, "VALIDATION_ERROR")),
        ({"server": 2, "product_id": WHATSAPP_INDONESIA}, (422, "VALIDATION_ERROR")),
        ({"server": 1, "product_id": True}, (422, "VALIDATION_ERROR")),
        ({"server": 1, "product_id": 1}, (404, "NOT_FOUND")),
        ({"server": 1, "product_id": WHATSAPP_INDONESIA, "service_name": "Google"}, (422, "VALIDATION_ERROR")),
    ],
)
def test_bad_orders_are_refused(shop: Shop, body: dict[str, Any], answer: tuple[int, str]) -> None:
    assert code_of(shop.post("order/create", **body)) == answer
    assert shop.activations() == []


def test_sold_out_withdrawn_and_unpaid_are_three_answers(shop: Shop) -> None:
    body: dict[str, Any] = {"server": 1, "product_id": WHATSAPP_INDONESIA}
    shop.control("settings", balance=10)
    assert code_of(shop.post("order/create", **body)) == (402, "INSUFFICIENT_BALANCE")
    shop.control("product", product_id=WHATSAPP_INDONESIA, stock=0)
    assert code_of(shop.post("order/create", **body)) == (409, "OUT_OF_STOCK")
    shop.control("product", product_id=WHATSAPP_INDONESIA, active=False)
    assert code_of(shop.post("order/create", **body)) == (404, "NOT_FOUND")


def test_unknown_orders_are_404_everywhere(shop: Shop) -> None:
    assert code_of(shop.get("order/check", order_id=1)) == (404, "NOT_FOUND")
    for operation in ("cancel", "finish", "resend", "replace"):
        assert code_of(shop.post(f"order/{operation}", order_id=1)) == (404, "NOT_FOUND")


# -- idempotency and rate limit


def test_same_key_and_body_is_the_same_order(shop: Shop) -> None:
    first = shop.post("order/create", key="key-1", server=1, product_id=WHATSAPP_INDONESIA)
    again = shop.post("order/create", key="key-1", product_id=WHATSAPP_INDONESIA, server=1)
    assert again.json() == first.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(shop.activations()) == 1
    assert shop.activations()[0]["idempotency_key"] == "key-1"


def test_same_key_with_another_body_is_refused(shop: Shop) -> None:
    shop.post("order/create", key="key-1", server=1, product_id=WHATSAPP_INDONESIA)
    other = shop.post("order/create", key="key-1", server=1, product_id=WHATSAPP_INDONESIA + 1)
    assert code_of(other) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert code_of(shop.post("order/create", key="a b", server=1)) == (422, "VALIDATION_ERROR")


def test_a_storm_of_one_key_makes_one_order(shop: Shop) -> None:
    def buy(_: int) -> int:
        reply = shop.post("order/create", key="storm", server=1, product_id=WHATSAPP_INDONESIA)
        return int(reply.json()["data"]["order_id"])

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(buy, range(40)))) == 1
    assert len(shop.activations()) == 1


def test_the_rate_limit_counts_in_a_sliding_window(shop: Shop) -> None:
    shop.control("settings", rate_per_minute=5)
    answers = [shop.get("balance") for _ in range(7)]
    assert [reply.status_code for reply in answers] == [200] * 5 + [429] * 2
    assert code_of(answers[-1]) == (429, "RATE_LIMIT_EXCEEDED")
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
    assert answers[0].headers["X-RateLimit-Remaining"] == "4"
    seen = shop.simulator.look("requests")
    assert (seen["total"], seen["peak_per_60_seconds"]) == (7, 7)
    assert seen["requests"][0]["status"] == 429
    assert shop.simulator.secrets["api_key"] not in str(seen)


# -- misbehaviour


@pytest.mark.parametrize(
    ("mode", "accepted"),
    [
        ("timeout_after_accept", True),
        ("timeout_before_accept", False),
        ("reset_after_accept", True),
        ("reset_before_accept", False),
        ("cut", True),
    ],
)
def test_connections_break_before_or_after_accepting(shop: Shop, mode: str, accepted: bool) -> None:
    shop.control("misbehave", operation="order/create", mode=mode)
    with pytest.raises(requests.RequestException):
        shop.post("order/create", key="k", timeout=0.5, server=1, product_id=WHATSAPP_INDONESIA)
    assert len(shop.activations()) == int(accepted)
    again = shop.post("order/create", key="k", server=1, product_id=WHATSAPP_INDONESIA)
    assert ("Idempotent-Replayed" in again.headers) is accepted
    assert len(shop.activations()) == 1
    assert shop.simulator.look("requests")["requests"][1]["status"] is None


def test_a_reset_is_a_reset(shop: Shop) -> None:
    shop.control("misbehave", operation="balance", mode="reset_after_accept")
    with pytest.raises(requests.ConnectionError, match="reset by peer"):
        shop.get("balance")


@pytest.mark.parametrize(
    ("mode", "status", "accepted"),
    [
        ("429", 429, False),
        ("502", 502, False),
        ("503", 503, False),
        ("502_after_accept", 502, True),
        ("html", 200, True),
        ("truncated", 200, True),
        ("empty", 200, True),
        ("success_false", 200, False),
        ("unauthorized", 401, False),
        ("out_of_stock", 409, False),
        ("insufficient_balance", 402, False),
        ("request_in_progress", 409, False),
    ],
)
def test_answers_break_as_ordered(shop: Shop, mode: str, status: int, accepted: bool) -> None:
    shop.control("misbehave", operation="order/create", mode=mode, retry_after=7)
    reply = shop.post("order/create", server=1, product_id=WHATSAPP_INDONESIA)
    assert reply.status_code == status
    assert len(shop.activations()) == int(accepted)
    if mode == "429":
        assert reply.headers["Retry-After"] == "7"
    if mode in ("html", "truncated", "empty"):
        with pytest.raises(requests.JSONDecodeError):
            reply.json()


def test_a_slow_answer_comes_late_but_whole(shop: Shop) -> None:
    shop.control("misbehave", operation="order/create", mode="slow", seconds=1.5, times=2)
    with pytest.raises(requests.ReadTimeout):
        shop.post("order/create", key="k", timeout=0.2, server=1, product_id=WHATSAPP_INDONESIA)
    late = shop.post("order/create", key="k", server=1, product_id=WHATSAPP_INDONESIA)
    assert late.headers["Idempotent-Replayed"] == "true"


def test_unknown_orders_to_misbehave_are_refused(shop: Shop) -> None:
    for wrong in ({"operation": "order/steal", "mode": "502"}, {"mode": "dance"}, {"mode": "502", "x": 1}):
        with pytest.raises(requests.HTTPError):
            shop.control("misbehave", **wrong)


# -- memory


def test_a_restart_keeps_everything_and_order_ids_never_return(tmp_path: Path) -> None:
    with start_otpzap(tmp_path) as simulator:
        shop = Shop(simulator)
        order = shop.post("order/create", key="k", server=1, product_id=WHATSAPP_INDONESIA).json()["data"]
        shop.control("deliver", order_id=order["order_id"], code="007")
        balance = shop.balance()
    with (tmp_path / "state.json").open("a") as file:
        file.write('["orders","1",{"order_id":')  # a process killed while writing
    with start_otpzap(tmp_path) as simulator:
        shop = Shop(simulator)
        assert shop.balance() == balance
        assert shop.check(order["order_id"])["otp_code"] == "007"
        again = shop.post("order/create", key="k", server=1, product_id=WHATSAPP_INDONESIA)
        assert again.json()["data"]["order_id"] == order["order_id"]
        shop.control("reset")
        assert shop.activations() == []
        assert shop.buy()["order_id"] > order["order_id"]


def test_the_log_only_grows_and_tells_every_step(shop: Shop) -> None:
    shop.control("settings", cancel_cooldown_seconds=0)
    first, second = shop.buy()["order_id"], shop.buy()["order_id"]
    shop.control("deliver", order_id=first, code="1")
    shop.post("order/cancel", order_id=second)
    events = shop.simulator.look("log")["events"]
    assert [(event["event"], event["order_id"]) for event in events] == [
        ("created", first),
        ("created", second),
        ("otp", first),
        ("cancelled", second),
    ]
