"""Numbers over the compatible API: what is answered, and what stands in the rows afterwards."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Customer
from config.lib.clock import wib
from otp.api_v1 import outcomes
from otp.models import BlockedService, Order, Reason, State
from tests.api_v1.calling import Json, Program, data_of, refusal_of
from tests.otp.helpers import activations, age, deliver, due_now, fresh, hold_of, look, wallet
from tests.simulators import Simulator

pytestmark = pytest.mark.django_db

WHATSAPP_INDONESIA = 1071


def ordered(program: Program, **body: Any) -> Json:
    return data_of(program.post("/order/create", **{"server": 1, "product_id": WHATSAPP_INDONESIA, **body}))


def bought(program: Program, **body: Any) -> Order:
    return Order.objects.get(pk=ordered(program, **body)["order_id"])


def checked(program: Program, order: Order) -> Json:
    return data_of(program.get("/order/check", order_id=order.pk))


# --- buying ----------------------------------------------------------------------------------------


def test_a_number_is_bought_with_its_id_alone(program: Program, ayu: Customer, shop: Simulator) -> None:
    told = ordered(program)
    order = Order.objects.get(customer=ayu)
    assert (order.state, order.via) == (State.PENDING, "api")
    assert told == {
        "order_id": order.pk,
        "server": 1,
        "status": "pending",
        "phone_number": order.phone_number,
        "service_name": "WhatsApp",
        "country_name": "Indonesia",
        "product_id": 1071,
        "service_id": 1,
        "country_id": 7,
        "operator_id": None,
        "price": int(order.price),
        "otp_code": None,
        "otps": [],
        "resend_count": 0,
        "resend_locked_until": None,
        "cancel_available_at": wib(order.cancel_allowed_at),
        "created_at": wib(order.created_at),
        "expires_at": wib(order.expires_at),
        "finished_at": None,
        "replaced_by_order_id": None,
        "refunded": False,
        "refund_amount": 0,
    }
    assert wallet(ayu) == (Decimal(100_000), order.price)
    assert len(activations(shop, order)) == 1
    assert data_of(program.get("/balance")) == {"balance": 100_000 - int(order.price), "currency": "IDR"}


def test_the_server_is_read_from_the_ids(program: Program, shop: Simulator) -> None:
    assert data_of(program.post("/order/create", product_id="1071"))["server"] == 1
    special = data_of(program.get("/s2/special"))["services"][0]
    told = data_of(program.post("/order/create", service_id=special["service_id"]))
    assert (told["server"], told["country_id"], told["price"]) == (2, None, special["price"])
    assert Order.objects.get(pk=told["order_id"]).is_special


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "service_id"),
        ({"server": 1}, "product_id"),
        ({"server": 2, "country_id": 7}, "service_id"),
        ({"server": 3, "product_id": 1071}, "server"),
        ({"server": True, "product_id": 1071}, "server"),
        ({"server": 1, "product_id": True}, "product_id"),
        ({"server": 1, "product_id": [1071]}, "product_id"),
        ({"server": 1, "product_id": ""}, "product_id"),
        ({"server": 2, "service_id": ["1", "2"], "country_id": 7}, "service_id"),
        ({"server": 1, "product_id": 1071, "service_name": "Telegram"}, "service_name"),
        ({"server": 1.5, "product_id": 1071}, "server"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_is_wrong_is_named(
    program: Program, ayu: Customer, shop: Simulator, body: dict[str, Any], field: str
) -> None:
    told = refusal_of(program.post("/order/create", **body), 422, "VALIDATION_ERROR")
    assert list(told["details"]["fields"]) == [field]
    assert not Order.objects.exists()
    assert wallet(ayu) == (Decimal(100_000), Decimal(0))


def test_what_is_blocked_is_neither_listed_nor_sold(program: Program, ayu: Customer, shop: Simulator) -> None:
    BlockedService.objects.all().delete()
    assert "GoPay" in [one["service_name"] for one in data_of(program.get("/s2/special"))["services"]]
    BlockedService.objects.bulk_create(BlockedService(words=words, why="a test") for words in ("whatsapp", "gopay"))
    assert "GoPay" not in [one["service_name"] for one in data_of(program.get("/s2/special"))["services"]]
    assert {"id": 1, "name": "WhatsApp"} not in data_of(program.get("/services"))["services"]
    assert data_of(program.get("/products", platform_id=1, country_id=7))["products"] == []
    refusal_of(program.post("/order/create", product_id=WHATSAPP_INDONESIA), 403, "SERVICE_BLOCKED")
    assert wallet(ayu) == (Decimal(100_000), Decimal(0))


def test_what_nobody_sells_is_not_found(program: Program, shop: Simulator) -> None:
    refusal_of(program.post("/order/create", server=1, product_id=99_999_999), 404, "NOT_FOUND")
    refusal_of(program.post("/order/create", server=2, service_id="nothing", country_id=7), 404, "NOT_FOUND")
    assert not Order.objects.exists()


def test_without_money_it_is_402_with_the_figures(stranger: Program, other_customer: Customer, shop: Simulator) -> None:
    told = refusal_of(stranger.post("/order/create", product_id=WHATSAPP_INDONESIA), 402, "INSUFFICIENT_BALANCE")
    assert told["details"]["available"] == 0
    assert told["details"]["needed"] == told["details"]["shortfall"] > 0
    assert not Order.objects.exists()


def test_a_sold_out_product_is_refused_before_anything_is_held(
    program: Program, ayu: Customer, shop: Simulator
) -> None:
    shop.control("product", product_id=WHATSAPP_INDONESIA, stock=0)
    refusal_of(program.post("/order/create", product_id=WHATSAPP_INDONESIA), 409, "OUT_OF_STOCK")
    assert wallet(ayu) == (Decimal(100_000), Decimal(0))


@pytest.mark.parametrize(
    ("mode", "status", "code"),
    [
        ("out_of_stock", 409, "OUT_OF_STOCK"),
        ("insufficient_balance", 503, "SERVICE_UNAVAILABLE"),
        ("not_found", 404, "NOT_FOUND"),
        ("success_false", 502, "UPSTREAM_REJECTED"),
    ],
)
def test_a_supplier_that_says_no_costs_nothing(
    program: Program, ayu: Customer, shop: Simulator, mode: str, status: int, code: str
) -> None:
    shop.control("misbehave", operation="order/create", mode=mode, times=1)
    refusal_of(program.post("/order/create", product_id=WHATSAPP_INDONESIA), status, code)
    assert Order.objects.get().state == State.FAILED
    assert wallet(ayu) == (Decimal(100_000), Decimal(0))


def test_an_answer_that_got_lost_is_pending_until_it_is_found(
    program: Program, shop: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outcomes, "PATIENCE_SECONDS", 0.0)
    shop.control("misbehave", operation="order/create", mode="reset_after_accept", times=1)
    told = ordered(program)
    order = Order.objects.get()
    assert (told["status"], told["phone_number"]) == ("pending", None)
    assert order.state == State.IN_DOUBT
    assert told["expires_at"] == wib(order.created_at + timedelta(minutes=20))
    refusal_of(program.post("/order/cancel", order_id=order.pk), 429, "CANCEL_TOO_EARLY")
    due_now(order)
    look(order)
    assert checked(program, order)["phone_number"] == fresh(order).phone_number
    assert len(activations(shop)) == 1


def test_a_supplier_that_is_away_is_503(program: Program, shop: Simulator) -> None:
    data_of(program.get("/products"))
    shop.control("misbehave", operation="products", mode="502", times=3)
    refusal_of(program.post("/order/create", product_id=WHATSAPP_INDONESIA), 503, "SERVICE_UNAVAILABLE")
    assert not Order.objects.exists()


# --- looking ---------------------------------------------------------------------------------------


def test_codes_come_oldest_first_and_the_latest_is_the_code(program: Program, shop: Simulator) -> None:
    order = bought(program)
    deliver(shop, order, "004217", message="Your code is 004217")
    look(order)
    deliver(shop, order, "990011", message="Your code is 990011")
    look(order)
    told = checked(program, order)
    assert (told["status"], told["otp_code"]) == ("otp_received", "990011")
    assert [one["otp"] for one in told["otps"]] == ["004217", "990011"]
    assert told["otps"][0]["message"] == "Your code is 004217"
    assert told["otps"][0]["received_at"].endswith(" WIB")
    assert (told["refunded"], told["refund_amount"]) == (False, 0)


def test_text_without_a_code_has_a_null_for_it(program: Program, shop: Simulator) -> None:
    order = bought(program)
    deliver(shop, order, None, message="Open https://example.org/x")  # type: ignore[arg-type]
    look(order)
    told = checked(program, order)
    assert (told["status"], told["otp_code"]) == ("otp_received", None)
    assert told["otps"][0]["otp"] is None


def test_a_number_that_failed_is_refunded(program: Program, ayu: Customer, shop: Simulator) -> None:
    order = bought(program)
    shop.control("fail", order_id=int(order.provider_order_id))
    look(order)
    told = checked(program, order)
    assert (told["status"], told["refunded"], told["refund_amount"]) == ("failed", True, int(order.price))
    assert told["finished_at"]
    assert wallet(ayu) == (Decimal(100_000), Decimal(0))


def test_an_expired_one_is_called_failed(program: Program, shop: Simulator) -> None:
    order = bought(program)
    shop.control("expire", order_id=int(order.provider_order_id))
    age(order, expires_at=timedelta(minutes=30))
    look(order)
    assert fresh(order).state == State.EXPIRED
    assert checked(program, order)["status"] == "failed"


@pytest.mark.parametrize("order_id", ["", "x", "-1", "1.5", "9" * 40, "٣"])
def test_odd_numbers_are_no_orders(program: Program, shop: Simulator, order_id: str) -> None:
    refusal_of(program.get("/order/check", order_id=order_id), 422, "VALIDATION_ERROR")


def test_somebody_elses_order_is_as_unknown_as_any(program: Program, stranger: Program, shop: Simulator) -> None:
    order = bought(program)
    unknown = refusal_of(stranger.get("/order/check", order_id=order.pk + 1000), 404, "NOT_FOUND")
    foreign = refusal_of(stranger.get("/order/check", order_id=order.pk), 404, "NOT_FOUND")
    assert unknown["message"] == foreign["message"]
    for path in ("/order/cancel", "/order/finish", "/order/resend", "/order/replace"):
        refusal_of(stranger.post(path, order_id=order.pk), 404, "NOT_FOUND")
    assert fresh(order).state == State.PENDING
    assert fresh(order).version == order.version


# --- cancelling, finishing -------------------------------------------------------------------------


def test_cancelling_gives_the_money_back_at_once(program: Program, ayu: Customer, shop: Simulator) -> None:
    order = bought(program)
    told = data_of(program.post("/order/cancel", order_id=order.pk))
    assert told == {
        "order_id": order.pk,
        "status": "cancelled",
        "refund_amount": int(order.price),
        "balance": 100_000,
    }
    assert fresh(order).reason == Reason.CANCELLED_BY_CUSTOMER
    assert hold_of(order).state == "released"
    refusal_of(program.post("/order/cancel", order_id=order.pk), 409, "ORDER_NOT_PENDING")


def test_within_the_cooldown_nothing_is_queued(program: Program, shop: Simulator) -> None:
    order = bought(program)
    Order.objects.filter(pk=order.pk).update(cancel_allowed_at=timezone.now() + timedelta(seconds=90))
    answer = program.post("/order/cancel", order_id=order.pk)
    refusal_of(answer, 429, "CANCEL_TOO_EARLY")
    assert 85 <= int(answer["Retry-After"]) <= 90
    assert fresh(order).cancel_requested_at is None


def test_a_supplier_that_refuses_to_cancel_is_502_and_the_order_lives(program: Program, shop: Simulator) -> None:
    order = bought(program)
    shop.control("misbehave", operation="order/cancel", mode="502", times=1)
    refusal_of(program.post("/order/cancel", order_id=order.pk), 502, "UPSTREAM_REJECTED")
    assert (fresh(order).state, checked(program, order)["status"]) == (State.PENDING, "pending")
    assert hold_of(order).state == "open"


def test_a_code_that_comes_first_wins(program: Program, ayu: Customer, shop: Simulator) -> None:
    order = bought(program)
    deliver(shop, order)
    refusal_of(program.post("/order/cancel", order_id=order.pk), 409, "ORDER_NOT_PENDING")
    assert checked(program, order)["otp_code"] == "004217"
    assert wallet(ayu) == (Decimal(100_000) - order.price, Decimal(0))


def test_finishing_may_be_repeated_and_needs_a_code(program: Program, shop: Simulator) -> None:
    order = bought(program)
    refusal_of(program.post("/order/finish", order_id=order.pk), 409, "CONFLICT")
    deliver(shop, order)
    look(order)
    for _time in range(2):
        told = data_of(program.post("/order/finish", order_id=str(order.pk)))
        assert told == {"order_id": order.pk, "status": "success"}
    assert fresh(order).state == State.SUCCESS


# --- resending, replacing --------------------------------------------------------------------------


def test_a_resend_is_one_for_each_message(program: Program, shop: Simulator) -> None:
    order = bought(program)
    deliver(shop, order)
    look(order)
    told = data_of(program.post("/order/resend", order_id=order.pk))
    assert (told["order_id"], told["status"], told["resend_count"]) == (order.pk, "otp_received", 1)
    answer = program.post("/order/resend", order_id=order.pk)
    refusal_of(answer, 429, "RESEND_LOCKED")
    assert int(answer["Retry-After"]) > 0
    deliver(shop, order, "555555")
    due_now(order)
    look(order)
    assert checked(program, order)["otp_code"] == "555555"
    assert checked(program, order)["resend_locked_until"] is None


def test_a_replacement_is_a_new_order_at_the_same_price(program: Program, ayu: Customer, shop: Simulator) -> None:
    order = bought(program)
    told = data_of(program.post("/order/replace", order_id=order.pk, key="swap-1"))
    new = Order.objects.get(replaces=order)
    assert (told["old_order_id"], told["order_id"], told["phone_number"]) == (order.pk, new.pk, new.phone_number)
    assert told["order"] == checked(program, new)
    old = checked(program, order)
    assert (old["status"], old["replaced_by_order_id"]) == ("cancelled", new.pk)
    assert (old["refunded"], old["refund_amount"]) == (True, int(order.price))
    assert wallet(ayu) == (Decimal(100_000), order.price)
    again = program.post("/order/replace", order_id=order.pk, key="swap-1")
    assert data_of(again) == told
    assert again["Idempotent-Replayed"] == "true"
    refusal_of(program.post("/order/replace", order_id=order.pk, key="swap-2"), 409, "ORDER_NOT_PENDING")
    assert Order.objects.count() == 2


def test_a_replacement_whose_answer_got_lost_is_found_by_its_key(
    program: Program, ayu: Customer, shop: Simulator
) -> None:
    order = bought(program)
    shop.control("misbehave", operation="order/replace", mode="reset_after_accept", times=1)
    answer = program.post("/order/replace", order_id=order.pk, key="swap-1")
    if answer.status_code != 200:
        refusal_of(answer, 409, "REQUEST_IN_PROGRESS")
        assert answer["Retry-After"] == "2"
        due_now(order)
        look(order)
        answer = program.post("/order/replace", order_id=order.pk, key="swap-1")
    new = Order.objects.get(replaces=order)
    assert data_of(answer)["order_id"] == new.pk
    assert wallet(ayu) == (Decimal(100_000), order.price)
    assert len(activations(shop)) == 2


def test_a_replacement_that_is_sold_out_leaves_the_order(program: Program, shop: Simulator) -> None:
    order = bought(program)
    shop.control("misbehave", operation="order/replace", mode="out_of_stock", times=1)
    refusal_of(program.post("/order/replace", order_id=order.pk), 409, "OUT_OF_STOCK")
    assert checked(program, order)["status"] == "pending"


def test_server_2_says_success_and_lives_on(program: Program, shop: Simulator) -> None:
    country = next(one for one in data_of(program.get("/s2/countries"))["countries"] if one["name"] == "Indonesia")
    service = data_of(program.get("/s2/services", country_id=country["id"]))["services"][0]
    order = bought(program, server=2, product_id=None, service_id=service["service_id"], country_id=country["id"])
    assert order.operator_id == "any"
    deliver(shop, order)
    look(order)
    assert (fresh(order).state, checked(program, order)["status"]) == (State.OTP_RECEIVED, "success")
    refusal_of(program.post("/order/replace", order_id=order.pk), 422, "NOT_SUPPORTED")
