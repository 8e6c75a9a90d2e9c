"""The short cache, search, and prices."""

import time
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from otp import catalogue, pricing
from otp.errors import SupplierAway
from otp.models import PriceRule
from otp.providers.types import Service
from tests.otp.helpers import INDONESIA, WHATSAPP, WHATSAPP_INDONESIA
from tests.simulators import Simulator


def _asked(sim: Simulator) -> int:
    return int(sim.look("requests")["total"])


def _older(key: str, seconds: float) -> None:
    at, rows = cache.get(f"otp:shelf:{key}")
    cache.set(f"otp:shelf:{key}", (at - seconds, rows), timeout=600)


def test_a_fresh_copy_costs_no_call(shop: Simulator) -> None:
    first = catalogue.products(WHATSAPP, INDONESIA)
    before = _asked(shop)
    again = catalogue.products(WHATSAPP, INDONESIA)
    assert [product.id for product in again.items] == [product.id for product in first.items]
    assert again.items[0].cost == Decimal(4500)
    assert _asked(shop) == before


def test_after_half_a_minute_it_is_read_again(shop: Simulator) -> None:
    catalogue.products(WHATSAPP, INDONESIA)
    _older(f"products:{WHATSAPP}:{INDONESIA}", 31)
    shop.control("product", product_id=int(WHATSAPP_INDONESIA), price=4600)
    assert catalogue.products(WHATSAPP, INDONESIA).items[0].cost == Decimal(4600)


def test_an_older_copy_stands_in_with_its_age(shop: Simulator, settings: Any) -> None:
    storefront.window(words="whats", service_id="", country_id=INDONESIA, usual_country_id="")
    for key in ("countries", f"services:{INDONESIA}", f"products:{WHATSAPP}:{INDONESIA}"):
        _older(key, 300)
    settings.OTPZAP_BASE_URL = "http://127.0.0.1:9/api/v1"
    window = storefront.window(words="whats", service_id="", country_id=INDONESIA, usual_country_id="")
    assert window.offers
    assert window.as_of
    assert 295 < time.time() - window.as_of.timestamp() < 310


def test_a_supplier_that_is_away_is_left_alone_for_a_moment(shop: Simulator) -> None:
    shop.control("misbehave", operation="countries", mode="502", times=-1)
    before = _asked(shop)
    for _attempt in range(5):
        with pytest.raises(SupplierAway):
            catalogue.countries()
    assert _asked(shop) - before == 1


def test_without_redis_the_shop_is_away_not_broken(shop: Simulator, settings: Any) -> None:
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:9/0"}}
    assert storefront.window(words="", service_id="", country_id="", usual_country_id="").away


NAMES = ["WhatsApp", "Telegram", "X (Twitter)", "Google", "LINE", "LinkedIn", "Signal", "OpenAI", "Apple"]
SERVICES = [Service(number, name) for number, name in enumerate(NAMES, 1)]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("wa", ["WhatsApp"]),
        ("WHATS", ["WhatsApp"]),
        ("line", ["LINE"]),
        ("lin", ["LINE", "LinkedIn"]),
        ("twitter", ["X (Twitter)"]),
        ("chatgpt", ["OpenAI"]),
        ("al", ["Signal"]),
        ("app", ["Apple", "WhatsApp"]),
        ("zzz", []),
    ],
)
def test_search_by_name(words: str, found: list[str]) -> None:
    assert [service.name for service in catalogue.search(SERVICES, words, lambda service: service.name)] == found


def test_the_country_falls_back_to_what_is_usual_and_to_home(shop: Simulator) -> None:
    def country(wanted: int | None, usual: int | None) -> str:
        found = storefront.window(words="", service_id="", country_id=wanted, usual_country_id=usual).country
        return found.name if found else ""

    assert [country(3, 6), country(None, 6), country(999, 999)] == ["India", "Malaysia", "Indonesia"]


# --- prices --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cost", "percent", "fixed", "step", "price"),
    [
        (4500, 20, 0, 100, 5400),
        (4501, 20, 0, 100, 5500),
        (4500, 0, 0, 1, 4500),
        (3333, "12.5", 250, 1, 4000),
        (3333, "12.5", 250, 50, 4000),
        (0, 0, 0, 1, 1),
        (1, 0, 0, 500, 500),
    ],
)
def test_price_is_cost_and_margin_rounded_up(cost: int, percent: Any, fixed: int, step: int, price: int) -> None:
    rule = PriceRule(percent=Decimal(percent), fixed=Decimal(fixed), step=step)
    assert pricing.price_of(Decimal(cost), rule) == Decimal(price)


@given(
    st.integers(0, 10**9),
    st.decimals(0, 1000, places=2),
    st.integers(0, 10**6),
    st.sampled_from([1, 10, 50, 100, 1000]),
)
def test_a_price_never_falls_below_its_parts(cost: int, percent: Decimal, fixed: int, step: int) -> None:
    price = pricing.price_of(Decimal(cost), PriceRule(percent=percent, fixed=Decimal(fixed), step=step))
    exact = Decimal(cost) * (1 + percent / 100) + fixed
    assert price == price.to_integral_value()
    assert max(exact, Decimal(1)) <= price < exact + max(step, 2)


def test_the_narrowest_rule_is_in_force(db: None) -> None:
    assert pricing.rule_for(1, "1") is pricing.DEFAULT_RULE
    everything = PriceRule.objects.create(percent=10)
    assert pricing.rule_for(1, "1") == everything
    server = PriceRule.objects.create(server=2, percent=15)
    own = PriceRule.objects.create(server=1, service_id="1", percent=50)
    assert [pricing.rule_for(*of) for of in ((1, "1"), (2, "1"), (1, "2"))] == [own, server, everything]


def test_there_is_one_rule_per_service_and_one_for_all(db: None) -> None:
    PriceRule.objects.create(percent=10)
    for twin in ({"percent": 20}, {"service_id": "1", "percent": 20}, {"server": 1, "service_id": "1", "percent": -1}):
        with pytest.raises(IntegrityError), transaction.atomic():
            PriceRule.objects.create(**twin)
