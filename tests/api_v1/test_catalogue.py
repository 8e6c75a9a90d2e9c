"""The catalogue over the compatible API: shapes, our prices, pages, and how much of the supplier's time it may take."""

from typing import Any

import pytest

from otp.api_v1 import budget
from tests.api_v1.calling import Program, data_of, refusal_of
from tests.simulators import Simulator

pytestmark = pytest.mark.django_db


def asked(shop: Simulator, path: str) -> int:
    return sum(row["path"] == f"/api/v1/{path}" for row in shop.look("requests")["requests"])


def test_countries_and_services_are_ids_and_names(program: Program, shop: Simulator) -> None:
    countries = data_of(program.get("/countries"))["countries"]
    assert {"id": 7, "name": "Indonesia"} in countries
    for query in ({}, {"country_id": 7}):
        services = data_of(program.get("/services", **query))["services"]
        assert {"id": 1, "name": "WhatsApp"} in services
        assert all(one.keys() == {"id", "name"} for one in services)


def test_products_have_our_prices(program: Program, shop: Simulator) -> None:
    shop.control("product", product_id=1071, price=1_000, stock=3)
    told = data_of(program.get("/products", platform_id=1, country_id=7))
    product = next(one for one in told["products"] if one["product_id"] == 1071)
    assert product == {
        "product_id": 1071,
        "id": 1071,
        "name": product["name"],
        "platform_id": 1,
        "service_name": "WhatsApp",
        "country_id": 7,
        "country_name": "Indonesia",
        "price": 1_200,
        "stock": 3,
    }
    assert product["name"]
    assert told["count"] == told["total"] == len(told["products"])
    assert (told["page"], told["limit"]) == (1, 100)


def test_pages_and_order(program: Program, shop: Simulator) -> None:
    def prices(**query: Any) -> list[int]:
        return [one["price"] for one in data_of(program.get("/products", **query))["products"]]

    everything = prices(limit=1000)
    assert everything == sorted(everything)
    assert prices(sort="price_desc", limit=1000) == everything[::-1]
    assert prices(sort="nonsense", limit=1000) == everything
    told = data_of(program.get("/products", limit=2, page=2))
    assert (told["page"], told["limit"], told["count"], told["total"]) == (2, 2, 2, len(everything))
    assert [one["price"] for one in told["products"]] == everything[2:4]
    assert data_of(program.get("/products", limit=5000, page=0))["limit"] == 1000
    assert data_of(program.get("/products", page=9999))["products"] == []


@pytest.mark.parametrize("name", ["page", "limit"])
@pytest.mark.parametrize("value", ["x", "-1", "1.5", ""])
def test_pages_are_numbers(program: Program, name: str, value: str) -> None:
    told = refusal_of(program.get("/products", **{name: value}), 422, "VALIDATION_ERROR")
    assert list(told["details"]["fields"]) == [name]


def test_server_2(program: Program, shop: Simulator) -> None:
    country = next(one for one in data_of(program.get("/s2/countries"))["countries"] if one["name"] == "Indonesia")
    services = data_of(program.get("/s2/services", country_id=country["id"]))["services"]
    assert all(one.keys() == {"service_id", "service_name", "price", "stock"} for one in services)
    operators = data_of(program.get("/s2/operators", country_id=country["id"]))["operators"]
    assert operators[0]["id"] == "any"
    special = data_of(program.get("/s2/special"))["services"]
    assert special
    assert all(isinstance(one["price"], int) and one["price"] > 0 for one in [*services, *special])
    for path in ("/s2/services", "/s2/operators"):
        refusal_of(program.get(path), 422, "VALIDATION_ERROR")


def test_mail_domains_say_what_cancelling_costs(program: Program, shop: Simulator) -> None:
    assert "openai.com" in data_of(program.get("/s3/sites"))["sites"]
    told = data_of(program.get("/s3/domains", site="OpenAI.com "))
    assert told["site"] == "openai.com"
    for domain in told["domains"]:
        assert domain.keys() == {"domain", "stock", "price", "activation_rate", "cancel_fee"}
        assert 0 <= domain["cancel_fee"] <= domain["price"]
        assert domain["activation_rate"] is None or 0 <= domain["activation_rate"] <= 100


@pytest.mark.parametrize("site", ["", "x", "http://openai.com", "a b.com", "-.com", "x" * 200 + ".com", "öpen.ai"])
def test_odd_sites_are_422(program: Program, shop: Simulator, site: str) -> None:
    refusal_of(program.get("/s3/domains", site=site), 422, "VALIDATION_ERROR")
    assert asked(shop, "s3/domains") == 0


@pytest.mark.parametrize("value", ["a b", "\x00", "x" * 65, ""])
def test_odd_ids_are_422(program: Program, shop: Simulator, value: str) -> None:
    refusal_of(program.get("/s2/services", country_id=value), 422, "VALIDATION_ERROR")


@pytest.mark.parametrize("value", ["99999", "..", "'"])
@pytest.mark.parametrize("path", ["/s2/services", "/s2/operators"])
def test_what_the_supplier_does_not_have_is_not_its_fault(
    program: Program, shop: Simulator, path: str, value: str
) -> None:
    refusal_of(program.get(path, country_id=value), 404, "NOT_FOUND")


def test_many_reads_of_the_same_ask_the_supplier_once(program: Program, shop: Simulator) -> None:
    for _time in range(5):
        data_of(program.get("/products", platform_id=1, country_id=7))
    assert asked(shop, "products") == 1


def test_nobody_uses_up_the_suppliers_time(
    program: Program, stranger: Program, shop: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "PER_MINUTE", 3)
    for country in range(3):
        data_of(program.get("/services", country_id=country))
    answer = program.get("/services", country_id=4)
    refusal_of(answer, 429, "RATE_LIMIT_EXCEEDED")
    assert 0 < int(answer["Retry-After"]) <= 60
    assert data_of(stranger.get("/services", country_id=4))
    assert asked(shop, "services") == 4


def test_without_the_supplier_it_is_503(program: Program, shop: Simulator) -> None:
    shop.control("misbehave", operation="*", mode="502", times=20)
    for path in ("/countries", "/s2/countries", "/s3/sites"):
        refusal_of(program.get(path), 503, "SERVICE_UNAVAILABLE")
