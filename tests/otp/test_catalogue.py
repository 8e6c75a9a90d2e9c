"""The short cache, search, and prices."""

import time
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from otp import catalogue, pricing, storefront
from otp.errors import ProductGone, SupplierAway
from otp.models import Odds, PriceRule
from otp.providers.types import Service
from otp.storefront import Asked
from otp.wanted import Wanted
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
    storefront.window(Asked(words="whats", country=INDONESIA))
    for key in ("countries", f"services:{INDONESIA}", f"products:{WHATSAPP}:{INDONESIA}"):
        _older(key, 300)
    settings.OTPZAP_BASE_URL = "http://127.0.0.1:9/api/v1"
    window = storefront.window(Asked(words="whats", country=INDONESIA))
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
    assert storefront.window(Asked()).away


NAMES = ["WhatsApp", "Telegram", "X (Twitter)", "Google", "LINE", "LinkedIn", "Signal", "OpenAI", "Apple"]
SERVICES = [Service(str(number), name) for number, name in enumerate(NAMES, 1)]


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
    def country(wanted: str = "", usual: str = "") -> str:
        place = storefront.window(Asked(country=wanted, usual_country=usual)).place
        return place.name if place else ""

    assert [country("3", "6"), country("", "6"), country("999", "999")] == ["India", "Malaysia", "Indonesia"]
    assert country("~106") == "Malaysia"


# --- three servers -------------------------------------------------------------------------------------------------


def test_one_country_of_two_servers_is_one_place(shop: Simulator) -> None:
    places = storefront.window(Asked()).places
    assert [place.name for place in places] == sorted(place.name for place in places)
    assert [(place.s1, place.s2) for place in places if place.name in ("Indonesia", "Malaysia")] == [
        ("7", "7"),
        ("6", "106"),
    ]


def test_what_nobody_asked_for_yet_begins_with_what_everybody_wants(shop: Simulator) -> None:
    assert [good.name for good in storefront.window(Asked()).found][:3] == ["WhatsApp", "Telegram", "Google"]
    about = {"delivered": 1, "as_of": datetime.now(UTC)}
    Odds.objects.create(server=2, service_id="mt", orders=4, **about)
    Odds.objects.create(server=1, service_id="26", orders=9, **about)
    assert [good.name for good in storefront.window(Asked()).found][:3] == ["Signal", "Steam", "WhatsApp"]


def test_a_name_list_may_be_older_than_a_price_list(shop: Simulator) -> None:
    catalogue.countries(), catalogue.s2_services(INDONESIA)
    _older("countries", 200)
    _older(f"s2:services:{INDONESIA}", 31)
    before = _asked(shop)
    assert not catalogue.countries().stale
    assert _asked(shop) == before
    catalogue.s2_services(INDONESIA)
    assert _asked(shop) == before + 1


def test_a_quote_of_server_2_names_service_country_and_operator(shop: Simulator) -> None:
    shop.control("rental", service_id="wa", country_id=7, price=4000, stock=3)
    quote = catalogue.quote(Wanted(server=2, service_id="wa", country_id="7", operator_id="telkomsel"))
    assert (quote.service_name, quote.country_name, quote.operator_name) == ("WhatsApp", "Indonesia", "Telkomsel")
    assert (quote.cost, quote.price, quote.stock) == (Decimal(4000), Decimal(4800), 3)
    whoever = catalogue.quote(Wanted(server=2, service_id="wa", country_id="7", operator_id="any"))
    assert (whoever.operator_name, whoever.wanted.operator_id) == ("", "any")


def test_a_quote_of_a_special_service_has_no_country(shop: Simulator) -> None:
    quote = catalogue.quote(Wanted(server=2, service_id="901", is_special=True))
    assert (quote.service_name, quote.country_name, quote.price) == ("WhatsApp Business", "", Decimal(8700))


def test_a_quote_of_several_domains_is_the_dearest_of_them(shop: Simulator) -> None:
    for name, price, fee, stock in (("outlook.com", 1000, 300, 5), ("mail.com", 2000, 0, 7)):
        shop.control("domain", domain=name, price=price, cancel_fee=fee, stock=stock)
    catalogue.mail_domains("x.com")
    listed = {row.domain: row for row in catalogue.mail_domains("x.com").items}
    quote = catalogue.quote(Wanted(server=3, service_id="x.com", domains=("outlook.com", "mail.com")))
    assert [domain.domain for domain in quote.domains] == ["outlook.com", "mail.com"]
    assert quote.cost == listed["mail.com"].cost
    assert quote.price == max(domain.price for domain in quote.domains)
    assert quote.cancel_fee == listed["outlook.com"].cancel_fee == Decimal(300)
    assert quote.stock == 12


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(product_id="999999", service_id="1", country_id="7"),
        Wanted(product_id="999999"),
        Wanted(server=2, service_id="zz", country_id="7"),
        Wanted(server=2, service_id="wa", country_id="7", operator_id="nobody"),
        Wanted(server=2, service_id="wa", is_special=True),
        Wanted(server=3, service_id="openai.com"),
        Wanted(server=3, service_id="openai.com", domains=("mail.com", "nowhere.example")),
    ],
    ids=["product", "id alone", "service", "operator", "special", "no domain", "one domain"],
)
def test_what_is_not_sold_has_no_quote(shop: Simulator, wanted: Wanted) -> None:
    with pytest.raises(ProductGone):
        catalogue.quote(wanted)


def test_a_product_is_found_by_its_id_alone(shop: Simulator) -> None:
    assert catalogue.quote(Wanted(product_id="22071")).service_name == "DANA"
    cache.clear()
    catalogue.products(WHATSAPP, INDONESIA)
    before = _asked(shop)
    found = catalogue.find_product(WHATSAPP_INDONESIA)
    assert (found.service_name, found.country_name, found.cost) == ("WhatsApp", "Indonesia", Decimal(4500))
    assert _asked(shop) == before + 1


def test_a_server_that_is_away_says_so_whatever_is_wanted(shop: Simulator, settings: Any) -> None:
    settings.OTPZAP_BASE_URL = "http://127.0.0.1:9/api/v1"
    for wanted in (
        Wanted(product_id="1071"),
        Wanted(server=2, service_id="wa", country_id="7"),
        Wanted(server=3, service_id="openai.com", domains=("mail.com",)),
    ):
        with pytest.raises(SupplierAway):
            catalogue.quote(wanted)


@pytest.mark.parametrize(
    ("typed", "site"),
    [
        ("openai.com", "openai.com"),
        (" HTTPS://WWW.OpenAI.com:443/a?b#c ", "openai.com"),
        ("user:pass@x.com", "x.com"),
        ("bücher.de", "xn--bcher-kva.de"),
        ("a.b.co.id.", "a.b.co.id"),
        ("localhost", ""),
        ("10.0.0.1", ""),
        ("http://[::1", ""),
        ("-x.com", ""),
        ("x..com", ""),
        ("", ""),
    ],
)
def test_a_site_is_read_from_what_people_paste(typed: str, site: str) -> None:
    assert storefront.site_of(typed) == site


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
