"""Server 2 of the simulated OTPZap (OTPZap contract 5 and 6)."""

from typing import Any

import phonenumbers
import pytest

from tests.sandbox.shop import Shop, code_of


def stock_and_price(shop: Shop, service_id: str = "wa") -> tuple[int, int]:
    services = shop.data(shop.get("s2/services", country_id=7))["services"]
    found = next(item for item in services if item["service_id"] == service_id)
    return found["stock"], found["price"]


def test_catalogues_have_the_shapes_of_section_5(shop: Shop) -> None:
    assert {"id": 7, "name": "Indonesia"} in shop.data(shop.get("s2/countries"))["countries"]
    service = shop.data(shop.get("s2/services", country_id=7))["services"][0]
    assert (service["service_id"], service["service_name"]) == ("wa", "WhatsApp")
    assert isinstance(service["price"], int)
    assert isinstance(service["stock"], int)
    operators = shop.data(shop.get("s2/operators", country_id=7))["operators"]
    assert operators[0]["id"] == "any"
    assert {"id": "telkomsel", "name": "Telkomsel"} in operators
    special = shop.data(shop.get("s2/special"))["services"]
    assert set(special[0]) == {"service_id", "service_name", "price", "stock"}


@pytest.mark.parametrize(("country", "answer"), [({}, 422), ({"country_id": "x"}, 422), ({"country_id": 999}, 404)])
def test_services_and_operators_belong_to_a_country(shop: Shop, country: dict[str, Any], answer: int) -> None:
    for path in ("s2/services", "s2/operators"):
        assert shop.get(path, **country).status_code == answer


def test_numbers_of_every_country_and_operator_are_possible(shop: Shop) -> None:
    shop.control("settings", rate_per_minute=1000)
    for country in shop.data(shop.get("s2/countries"))["countries"]:
        service = shop.data(shop.get("s2/services", country_id=country["id"]))["services"][0]
        shop.control("rental", country_id=country["id"], service_id=service["service_id"], stock=20)
        for operator in shop.data(shop.get("s2/operators", country_id=country["id"]))["operators"]:
            number = shop.rent(service["service_id"], country["id"], operator["id"])["phone_number"]
            assert phonenumbers.is_valid_number(phonenumbers.parse(number)), (country["name"], number)


def test_an_order_names_its_three_ids_and_takes_price_and_stock(shop: Shop) -> None:
    before, (stock, price) = shop.balance(), stock_and_price(shop)
    order = shop.rent(operator_id="xl")
    ids = {name: order[name] for name in ("server", "product_id", "service_id", "country_id", "operator_id")}
    assert ids == {"server": 2, "product_id": None, "service_id": "wa", "country_id": 7, "operator_id": "xl"}
    assert order["phone_number"][:6] in ("+62877", "+62878")
    assert (order["status"], order["price"]) == ("pending", price)
    assert stock_and_price(shop) == (stock - 1, price)
    assert shop.balance() == before - price


def test_a_special_service_needs_no_country(shop: Shop) -> None:
    order = shop.data(shop.post("order/create", server=2, service_id=901, service_name="WhatsApp Business"))
    assert (order["service_id"], order["country_id"], order["operator_id"]) == (901, None, None)
    assert order["country_name"] is None
    assert order["phone_number"].startswith("+62")


def test_the_first_code_says_success_and_the_number_lives_on(shop: Shop) -> None:
    order_id = shop.rent()["order_id"]
    shop.control("deliver", order_id=order_id, code="1111")
    assert (shop.check(order_id)["status"], shop.check(order_id)["finished_at"]) == ("success", None)
    assert shop.post("order/resend", order_id=order_id).status_code == 200
    assert code_of(shop.post("order/resend", order_id=order_id)) == (429, "RESEND_LOCKED")
    shop.control("deliver", order_id=order_id, code="2222")
    shown = shop.check(order_id)
    assert [otp["otp"] for otp in shown["otps"]] == ["1111", "2222"]
    assert (shown["status"], shown["resend_locked_until"]) == ("success", None)
    for _ in range(2):
        assert shop.data(shop.post("order/finish", order_id=order_id))["status"] == "success"
    assert shop.check(order_id)["finished_at"]
    assert code_of(shop.post("order/resend", order_id=order_id)) == (409, "CONFLICT")


def test_cancelled_rentals_are_paid_back(shop: Shop) -> None:
    before, shelf = shop.balance(), stock_and_price(shop)
    order_id = shop.rent()["order_id"]
    assert code_of(shop.post("order/cancel", order_id=order_id)) == (429, "CANCEL_TOO_EARLY")
    shop.control("settings", cancel_cooldown_seconds=0)
    assert shop.data(shop.post("order/cancel", order_id=order_id))["balance"] == before
    assert stock_and_price(shop) == shelf


def test_the_window_of_a_rental_ends(shop: Shop) -> None:
    used, unused = shop.rent()["order_id"], shop.rent()["order_id"]
    shop.control("deliver", order_id=used, code="1")
    for order_id in (used, unused):
        shop.control("expire", order_id=order_id)
    assert (shop.check(used)["status"], shop.check(used)["refunded"]) == ("success", False)
    assert (shop.check(unused)["status"], shop.check(unused)["refunded"]) == ("failed", True)


def test_only_server_1_can_replace(shop: Shop) -> None:
    shop.control("settings", cancel_cooldown_seconds=0)
    order_id = shop.rent()["order_id"]
    assert shop.post("order/replace", order_id=order_id).status_code == 422
    assert shop.check(order_id)["status"] == "pending"


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({}, 422),
        ({"service_id": "wa"}, 422),
        ({"service_id": "wa", "country_id": 7}, 422),
        ({"service_id": "wa", "country_id": "x", "operator_id": "any"}, 422),
        ({"service_id": ["wa", "tg"], "country_id": 7, "operator_id": "any"}, 422),
        ({"service_id": "wa,tg", "country_id": 7, "operator_id": "any"}, 422),
        ({"service_id": "zz", "country_id": 7, "operator_id": "any"}, 404),
        ({"service_id": "wa", "country_id": 1, "operator_id": "any"}, 404),
        ({"service_id": "wa", "country_id": 7, "operator_id": "orange"}, 404),
        ({"service_id": "wa", "country_id": 7, "operator_id": "any", "service_name": "Google"}, 422),
        ({"service_id": 901, "service_name": "GoPay"}, 422),
    ],
)
def test_bad_rentals_are_refused(shop: Shop, body: dict[str, Any], answer: int) -> None:
    assert shop.post("order/create", server=2, **body).status_code == answer
    assert shop.activations() == []


def test_an_operator_may_have_nothing_left(shop: Shop) -> None:
    shop.control("operator", country_id=7, operator_id="xl", sold_out=True)
    body = {"server": 2, "service_id": "wa", "country_id": 7}
    assert code_of(shop.post("order/create", operator_id="xl", **body)) == (409, "OUT_OF_STOCK")
    assert shop.rent()["phone_number"]
    for name in ("telkomsel", "indosat", "tri"):
        shop.control("operator", country_id=7, operator_id=name, sold_out=True)
    assert code_of(shop.post("order/create", operator_id="any", **body)) == (409, "OUT_OF_STOCK")


def test_prices_and_stock_change_between_looking_and_buying(shop: Shop) -> None:
    shop.control("rental", service_id="wa", country_id=7, price=9999, stock=1)
    assert shop.rent()["price"] == 9999
    body = {"server": 2, "service_id": "wa", "country_id": 7, "operator_id": "any"}
    assert code_of(shop.post("order/create", **body)) == (409, "OUT_OF_STOCK")
    shop.control("rental", service_id=901, active=False)
    assert shop.post("order/create", server=2, service_id=901).status_code in (404, 422)


def test_numeric_ids_may_come_as_text(shop: Shop) -> None:
    reply = shop.post("order/create", server="2", service_id="901")
    assert shop.data(reply)["service_name"] == "WhatsApp Business"
