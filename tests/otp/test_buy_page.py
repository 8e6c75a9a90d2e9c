"""The shop as a browser without JavaScript sees it, and the fragments htmx asks for."""

import html
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Customer
from otp.models import BlockedService, Favourite, Odds, Order
from tests.otp.helpers import INDONESIA, TELEGRAM, WHATSAPP, WHATSAPP_INDONESIA, buy, fresh, fund, look, place, wallet
from tests.simulators import Simulator

SignIn = Callable[[Any], Client]
BUY, MAIL, COMPARE, LIVE = "/numbers/", "/numbers/mail/", "/numbers/compare/", "/numbers/live/"
FIELDS = {"product": "1071", "service": "1", "country": "7", "price": "5400", "key": "B-12345678"}


@pytest.fixture
def browser(ayu: Customer, client_for: SignIn) -> Client:
    return client_for(ayu)


def _text(reply: Any) -> str:
    inline = re.sub(r"</?(time|strong)[^>]*>", "", reply.content.decode())
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", inline)))


def _line(reply: Any, key: str) -> str:
    found = re.search(rf'<li class="offer[^"]*" id="offer-{key}">.*?</li>', reply.content.decode(), re.DOTALL)
    assert found, "the offer is not on the page"
    return found[0]


def _fields_of(markup: str) -> dict[str, Any]:
    pairs = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', markup)
    several: dict[str, list[str]] = {}
    for name, value in pairs:
        several.setdefault(name, []).append(html.unescape(value))
    return {name: values if name == "domain" else values[-1] for name, values in several.items()}


def _fields(reply: Any, key: str = WHATSAPP_INDONESIA) -> dict[str, Any]:
    """The hidden fields of the Buy button of one offer."""
    return _fields_of(_line(reply, key))


def _order_of_lines(reply: Any) -> list[str]:
    return re.findall(r'<li class="offer[^"]*" id="offer-([^"]+)"', reply.content.decode())


def _offers(browser: Client, **query: Any) -> Any:
    return browser.get(BUY, {"service": WHATSAPP, "country": INDONESIA, **query})


def _inboxes(browser: Client, **query: Any) -> Any:
    return browser.get(MAIL, {"site": "openai.com", **query})


def _learnt(server: int, service_id: str, country_id: str, operator_id: str, *counts: int) -> None:
    orders, delivered, median, p90 = (*counts, 12, 80)[:4]
    Odds.objects.create(
        server=server,
        service_id=service_id,
        country_id=country_id,
        operator_id=operator_id,
        orders=orders,
        delivered=delivered,
        median_seconds=median,
        p90_seconds=p90,
        as_of=timezone.now(),
    )


# --- who may enter -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [BUY, MAIL, COMPARE])
def test_strangers_sign_in_first(client: Client, db: None, path: str) -> None:
    assert client.get(path).status_code == 302
    assert client.get(path, headers={"HX-Request": "true"})["HX-Redirect"].startswith("/account/login")


@pytest.mark.parametrize("path", [BUY, MAIL, COMPARE])
def test_staff_buy_nothing(staff_user: Any, client_for: SignIn, path: str) -> None:
    assert client_for(staff_user).get(path).status_code == 404


# --- numbers: finding --------------------------------------------------------------------------------------------


def test_search_finds_by_name_and_shows_the_first_ones_offers(shop: Simulator, browser: Client) -> None:
    page = browser.get(BUY, {"q": "whats"})
    assert page.status_code == 200
    assert "WhatsApp - Indonesia" in _text(page)
    assert "Rp5.400" in _text(page)
    assert "Telegram" not in _text(page).split("Services that fit")[1].split("Buy again")[0]
    assert "WhatsApp" in _text(browser.get(BUY, {"q": "wa"}))
    assert "Nothing found for “zzz”" in _text(browser.get(BUY, {"q": "zzz"}))


def test_both_servers_stand_side_by_side(shop: Simulator, browser: Client) -> None:
    page = _offers(browser)
    assert set(_order_of_lines(page)) == {"1071", "1072", "s2-wa"}
    assert "Server 1" in _line(page, "1071")
    assert "any operator" in _line(page, "s2-wa")


def test_the_search_fragment_is_the_same_markup_alone(shop: Simulator, browser: Client) -> None:
    fragment = browser.get(BUY, {"q": "whats"}, headers={"HX-Request": "true"}).content.decode()
    assert fragment.strip().startswith('<div id="offers">')
    assert "<html" not in fragment
    assert "WhatsApp - Indonesia" in fragment


@pytest.mark.parametrize("path", [BUY, MAIL, COMPARE])
@pytest.mark.parametrize(
    "query",
    [
        {"service": "x", "country": "-1", "called": "x"},
        {"service": "~~" + "9" * 40, "country": "~1e5", "called": "WhatsApp", "quantity": "-1"},
        {"q": "a" * 500, "site": "b" * 500, "called": "c" * 500, "sort": "x", "quantity": "11"},
        {"q": "\x00'\";--", "site": "\x00.com", "called": "\x00", "operator": "\x00", "domain": ["\x00"]},
        {"site": "http://[", "domain": ["x"] * 30, "pattern": "(", "subject": "s" * 999, "quantity": "1e9"},
        {"site": "javascript:alert(1)//x.com", "pattern": "(?=a)", "service": "99999", "country": "99999"},
    ],
    ids=["unknown", "long ids", "long words", "nul", "broken", "sly"],
)
def test_nonsense_in_the_address_is_no_error(shop: Simulator, browser: Client, path: str, query: Any) -> None:
    assert browser.get(path, query).status_code == 200


def test_another_country_keeps_the_service_by_its_name(shop: Simulator, browser: Client) -> None:
    page = browser.get(BUY, {"service": WHATSAPP, "called": "WhatsApp", "country": "12"})
    assert "Sierra Leone" in _line(page, "s2-wa")
    assert "is not sold for" in _text(browser.get(BUY, {"service": "10", "called": "Tokopedia", "country": "12"}))


def test_special_services_need_no_country(shop: Simulator, browser: Client) -> None:
    page = browser.get(BUY, {"q": "whatsapp business"})
    fields = _fields(page, "special-901")
    assert (fields["server"], fields["service"], fields["special"]) == ("2", "901", "1")
    assert "country" not in fields
    assert browser.post(BUY, fields).status_code == 302
    order = Order.objects.get()
    assert (order.is_special, order.service_name, order.price) == (True, "WhatsApp Business", Decimal(8700))


def test_the_operator_is_chosen_under_advanced(shop: Simulator, browser: Client) -> None:
    _learnt(2, "wa", INDONESIA, "xl", 20, 19)
    page = _offers(browser)
    assert re.search(r'<option value="xl">XL · 95 % of 20 orders</option>', page.content.decode())
    chosen = _offers(browser, operator="xl")
    assert _order_of_lines(chosen) == ["s2-wa"]
    assert "only Server 2" in _text(chosen) or "Only Server 2" in _text(chosen)
    assert browser.post(BUY, _fields(chosen, "s2-wa")).status_code == 302
    assert Order.objects.get().operator_name == "XL"


# --- numbers: which one ------------------------------------------------------------------------------------------


def test_a_rate_comes_with_its_sample_and_its_waits(shop: Simulator, browser: Client) -> None:
    _learnt(1, WHATSAPP, INDONESIA, "1071", 46, 40)
    line = _text_of(_line(_offers(browser), "1071"))
    assert "86 %" in line
    assert "40 of 46 orders worked" in line
    assert "half within 12 s, nine of ten within 1 min 20 s" in line


def test_few_orders_give_no_rate(shop: Simulator, browser: Client) -> None:
    _learnt(1, WHATSAPP, INDONESIA, "1071", 3, 3)
    page = _offers(browser)
    assert "3 of 3 orders worked so far: too few to tell" in _text_of(_line(page, "1071"))
    assert "%" not in _text_of(_line(page, "1071"))
    assert "No orders lately" in _text_of(_line(page, "1072"))


def test_few_orders_of_its_own_borrow_those_of_the_place(shop: Simulator, browser: Client) -> None:
    _learnt(1, WHATSAPP, INDONESIA, "1071", 2, 2)
    _learnt(1, WHATSAPP, INDONESIA, "", 50, 30)
    assert "30 of 50 orders of all offers here" in _text_of(_line(_offers(browser), "1071"))


def _text_of(markup: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", markup.replace("\u00a0", " ")))


def test_the_three_sorts(shop: Simulator, browser: Client) -> None:
    _learnt(1, WHATSAPP, INDONESIA, "1072", 200, 190)
    _learnt(1, WHATSAPP, INDONESIA, "1071", 3, 3)
    _learnt(2, "wa", INDONESIA, "any", 50, 10)
    assert _order_of_lines(_offers(browser)) == ["1072", "1071", "s2-wa"]
    assert _order_of_lines(_offers(browser, sort="price"))[0] == "s2-wa"
    shop.control("product", product_id=1072, stock=9000)
    cache.clear()
    assert _order_of_lines(_offers(browser, sort="stock")) == ["1072", "1071", "s2-wa"]
    assert "Best chance" in _line(_offers(browser), "1072")
    shop.control("product", product_id=1072, stock=0)
    cache.clear()
    assert _order_of_lines(_offers(browser))[-1] == "1072"


# --- numbers: buying ---------------------------------------------------------------------------------------------


def test_one_click_buys_and_a_replayed_form_buys_nothing_more(shop: Simulator, browser: Client, ayu: Customer) -> None:
    fields = _fields(_offers(browser))
    first = browser.post(BUY, fields)
    assert (first.status_code, first["Location"]) == (302, LIVE)
    again = browser.post(BUY, fields)
    assert again.status_code == 302
    assert Order.objects.count() == 1
    assert wallet(ayu)[1] == Decimal(5400)


def test_several_are_bought_at_once_or_none(shop: Simulator, browser: Client, ayu: Customer) -> None:
    page = _offers(browser, quantity=3)
    line = _line(page, "1071")
    assert "Buy 3 for Rp16.200" in line
    assert 'data-confirm-amount="Rp16.200"' in line
    assert browser.post(BUY, _fields_of(line)).status_code == 302
    assert Order.objects.count() == 3
    assert wallet(ayu)[1] == Decimal(16_200)
    shop.control("product", product_id=1072, stock=2)
    cache.clear()
    assert "Only 2 left" in _line(_offers(browser, quantity=3), "1072")


def test_every_button_has_a_key_of_its_own(shop: Simulator, browser: Client, ayu: Customer) -> None:
    place(ayu)
    keys = re.findall(r'name="key" value="([^"]+)"', _offers(browser).content.decode())
    assert len(keys) >= 4
    assert len(set(keys)) == len(keys)


def test_a_replayed_key_for_something_else_is_refused(shop: Simulator, browser: Client) -> None:
    fields = _fields(_offers(browser))
    browser.post(BUY, fields)
    other = browser.post(BUY, {**fields, "product": "1072"})
    assert other.status_code == 409
    assert "already used for another order" in _text(other)
    assert Order.objects.count() == 1


def test_a_changed_price_shows_both_and_asks_again(shop: Simulator, browser: Client) -> None:
    fields = _fields(_offers(browser, quantity=2))
    shop.control("product", product_id=int(WHATSAPP_INDONESIA), price=6000)
    refused = browser.post(BUY, fields)
    assert refused.status_code == 409
    assert "from Rp5.400 to Rp7.200" in _text(refused)
    assert not Order.objects.exists()
    asked = re.search(r'role="alert".*?</form>', refused.content.decode(), re.DOTALL)
    assert asked
    assert "Buy 2 for Rp7.200 each" in asked[0]
    assert browser.post(BUY, _fields_of(asked[0])).status_code == 302
    assert [order.price for order in Order.objects.all()] == [Decimal(7200)] * 2


def test_sold_out_is_disabled_and_refused(shop: Simulator, browser: Client) -> None:
    fields = _fields(_offers(browser))
    shop.control("product", product_id=int(WHATSAPP_INDONESIA), stock=0)
    refused = browser.post(BUY, fields)
    assert refused.status_code == 409
    assert "sold out" in _text(refused)
    shown = _offers(browser)
    assert "Sold out" in _line(shown, "1071")
    assert _fields(shown) == {}


def test_a_product_that_is_gone_says_so(shop: Simulator, browser: Client) -> None:
    fields = _fields(_offers(browser))
    shop.control("product", product_id=int(WHATSAPP_INDONESIA), active=False)
    assert "no longer sold" in _text(browser.post(BUY, fields))


def test_short_of_balance_offers_the_difference(shop: Simulator, customer: Customer, client_for: SignIn) -> None:
    browser = client_for(customer)
    fund(customer, 5000)
    page = _offers(browser)
    assert f"{reverse('payments:topup')}?amount=400" in page.content.decode()
    refused = browser.post(BUY, FIELDS)
    assert refused.status_code == 409
    assert "Rp400 short" in _text(refused)
    assert refused.content.decode().count(f'href="{reverse("payments:topup")}?amount=400"') >= 2
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    "broken",
    [
        {"product": ""},
        {"product": "x" * 65},
        {"service": ""},
        {"country": ""},
        {"price": "1.5"},
        {"price": "-1"},
        {"price": "NaN"},
        {"price": "9" * 30},
        {"price": ""},
        {"key": "short"},
        {"key": "x" * 65},
        {"key": ""},
        {"quantity": "0"},
        {"quantity": "11"},
        {"quantity": "x"},
        {"server": "4"},
        {"server": "x"},
        {"server": "2", "special": "1"},
        {"server": "2", "country": ""},
        {"server": "3"},
        {"domain": "outlook.com"},
        {"server": "3", "service": "openai.com"},
        {"server": "3", "service": "openai.com", "domain": "outlook.com"},
        {"server": "3", "service": "openai.com", "domain": "outlook.com", "fee": "x"},
        {"server": "3", "service": "OPENAI", "domain": "outlook.com", "fee": "0"},
        {"server": "3", "service": "openai.com", "domain": ["outlook.com", "outlook.com"], "fee": "0"},
        {"server": "3", "service": "openai.com", "domain": "outlook.com", "fee": "0", "pattern": "("},
        {"product": "10\x0071"},
    ],
    ids=lambda broken: "&".join(f"{key}={value}"[:30] for key, value in broken.items()).replace("\x00", "0"),
)
def test_a_tampered_form_moves_nothing(shop: Simulator, browser: Client, broken: dict[str, Any]) -> None:
    assert browser.post(BUY, {**FIELDS, **broken}).status_code == 400
    assert not Order.objects.exists()


def test_a_supplier_that_is_away_is_said_and_loses_nothing(shop: Simulator, browser: Client, settings: Any) -> None:
    settings.OTPZAP_BASE_URL = "http://127.0.0.1:9/api/v1"
    for path in (BUY, MAIL, f"{MAIL}?site=openai.com", f"{COMPARE}?called=WhatsApp"):
        page = browser.get(path)
        assert page.status_code == 200
        assert "does not answer" in _text(page)
    assert browser.post(BUY, FIELDS).status_code == 409
    assert not Order.objects.exists()


def test_one_server_away_leaves_the_other(shop: Simulator, browser: Client) -> None:
    for operation in ("s2/countries", "s2/services", "s2/special"):
        shop.control("misbehave", operation=operation, mode="502", times=-1)
    page = _offers(browser)
    assert set(_order_of_lines(page)) == {"1071", "1072"}
    assert "some offers may be missing" in _text(page)


def test_what_nobody_may_buy_is_told_and_not_proposed(shop: Simulator, browser: Client) -> None:
    assert BlockedService.objects.filter(words__iexact="DANA", at_order=True).exists()
    page = browser.get(BUY, {"q": "dana"})
    assert "DANA may not be used" in _text(page)
    assert _order_of_lines(page) == []
    assert ">DANA<" not in browser.get(BUY, {"country": INDONESIA}).content.decode()
    assert "DANA may not be used" in _text(browser.get(COMPARE, {"called": "DANA"}))
    assert browser.post(BUY, {**FIELDS, "product": "22071", "service": "22"}).status_code == 409
    assert not Order.objects.exists()


def test_buy_again_is_one_click(shop: Simulator, browser: Client, ayu: Customer) -> None:
    order = buy(ayu)
    shop.control("fail", order_id=int(fresh(order).provider_order_id))
    look(order)
    page = browser.get(BUY).content.decode()
    assert browser.post(BUY, _fields_of(page[page.index('id="again-title"') :])).status_code == 302
    assert Order.objects.count() == 2


def test_favourites_of_every_kind_are_kept_dropped_and_lead_back(shop: Simulator, browser: Client) -> None:
    keep = reverse("otp:favourite")
    kinds = [
        ({"service": TELEGRAM, "country": INDONESIA}, "Telegram, Indonesia"),
        ({"server": "2", "service": "wa", "country": INDONESIA}, "WhatsApp, Indonesia"),
        ({"server": "2", "service": "901"}, "WhatsApp Business"),
        ({"server": "3", "service": "openai.com"}, "openai.com"),
    ]
    for fields, name in kinds:
        asked = {**fields, "wanted": "1", "next": BUY}
        assert browser.post(keep, asked)["Location"] == BUY
        browser.post(keep, asked)
        kept = Favourite.objects.get()
        assert str(kept) == name
        page = browser.get(kept.get_absolute_url())
        assert page.status_code == 200
        assert len(_order_of_lines(page)) >= 1
        assert name in _text(page)
        browser.post(keep, {**fields, "next": BUY})
        assert not Favourite.objects.exists()


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"service": "99999", "country": INDONESIA}, 302),
        ({"service": "1"}, 400),
        ({"service": "", "country": "7"}, 400),
        ({"server": "3", "service": "no site"}, 400),
        ({"server": "9", "service": "1", "country": "7"}, 400),
    ],
    ids=["gone", "nowhere", "nothing", "no site", "no server"],
)
def test_no_favourite_of_what_is_not_sold(
    shop: Simulator, browser: Client, fields: dict[str, str], status: int
) -> None:
    assert browser.post(reverse("otp:favourite"), {**fields, "wanted": "1"}).status_code == status
    assert not Favourite.objects.exists()


def test_a_favourite_leads_back_to_us_only(shop: Simulator, browser: Client) -> None:
    asked = {"service": TELEGRAM, "country": INDONESIA, "wanted": "1", "next": "https://evil.example/"}
    assert browser.post(reverse("otp:favourite"), asked)["Location"] == BUY


# --- inboxes -----------------------------------------------------------------------------------------------------


def test_a_site_leads_to_domains_with_price_fee_stock_and_rate(shop: Simulator, browser: Client) -> None:
    _learnt(3, "openai.com", "", "outlook.com", 30, 27)
    line = _text_of(_line(_inboxes(browser), "outlook-com"))
    for words in (
        "outlook.com",
        "530 in stock",
        "cancelling costs Rp250",
        "27 of 30 orders worked",
        "The supplier says",
    ):
        assert words in line
    assert "cancelling costs nothing" in _line(_inboxes(browser), "mail-com")
    assert "Sold out" in _line(_inboxes(browser), "gmx-com")


@pytest.mark.parametrize(
    "typed", ["OpenAI.com", " openai.com ", "https://www.openai.com/signup?x=1", "www.openai.com", "openai.com."]
)
def test_a_site_may_be_written_in_many_ways(shop: Simulator, browser: Client, typed: str) -> None:
    assert "Inboxes for openai.com" in _text(browser.get(MAIL, {"site": typed}))


@pytest.mark.parametrize("typed", ["openai", "a b.com", "127.0.0.1", "x" * 200 + ".com", "-a.com", "ünï..com"])
def test_what_is_no_site_is_said(shop: Simulator, browser: Client, typed: str) -> None:
    page = browser.get(MAIL, {"site": typed})
    assert "is no site" in _text(page)
    assert _order_of_lines(page) == []


def test_an_inbox_is_rented_with_one_click_at_the_price_shown(shop: Simulator, browser: Client, ayu: Customer) -> None:
    fields = _fields(_inboxes(browser, subject="your code", pattern=r"code (\d+)"), "outlook-com")
    assert browser.post(MAIL, fields)["Location"] == LIVE
    order = Order.objects.get()
    assert (order.service_id, [row["domain"] for row in order.domains]) == ("openai.com", ["outlook.com"])
    assert (order.subject_filter, order.pattern) == ("your code", r"code (\d+)")
    assert (order.price, order.cancel_fee) == (Decimal(fields["price"]), Decimal(250))
    assert wallet(ayu)[1] == order.price


def test_several_domains_stand_in_the_customers_order(shop: Simulator, browser: Client) -> None:
    page = _inboxes(browser)
    assert "Tried in this order" not in _text(page)
    page = browser.get(MAIL + _link(page, "turn-mail-com"))
    page = browser.get(MAIL + _link(page, "turn-outlook-com"))
    page = browser.get(MAIL + _link(page, "turn-hotmail-com"))
    assert _chosen(page) == ["mail.com", "outlook.com", "hotmail.com"]
    page = browser.get(MAIL + _link(page, "earlier-outlook-com"))
    assert _chosen(page) == ["outlook.com", "mail.com", "hotmail.com"]
    page = browser.get(MAIL + _link(page, "later-outlook-com"))
    page = browser.get(MAIL + _link(page, "drop-hotmail-com"))
    assert _chosen(page) == ["mail.com", "outlook.com"]
    assert "outlook.com is choice 2: leave it out" in _line(page, "outlook-com")
    assert _chosen(browser.get(MAIL + _link(page, "turn-outlook-com"))) == ["mail.com"]
    basket = page.content.decode().split('id="choices-title"')[1].split("</section>")[0]
    prices = {key: Decimal(_fields(page, key)["price"]) for key in ("mail-com", "outlook-com")}
    fields = _fields_of(basket)
    assert fields["domain"] == ["mail.com", "outlook.com"]
    assert Decimal(fields["price"]) == max(prices.values())
    assert browser.post(MAIL, fields).status_code == 302
    order = Order.objects.get()
    assert [Decimal(row["price"]) for row in order.domains] == [prices["mail-com"], prices["outlook-com"]]
    page = browser.get(MAIL + _link(browser.get(MAIL, {"site": "openai.com", "domain": "mail.com"}), "drop-mail-com"))
    assert _chosen(page) == []


def _link(page: Any, name: str) -> str:
    found = re.search(rf'id="{name}" href="([^"]+)"', page.content.decode())
    assert found, name
    return html.unescape(found[1])


def _chosen(page: Any) -> list[str]:
    return re.findall(r'class="choice-name">([^ ]+) ', page.content.decode())


def test_a_domain_that_is_gone_is_named(shop: Simulator, browser: Client) -> None:
    page = _inboxes(browser, domain=["nowhere.example", "mail.com"])
    assert "No longer sold for this site: nowhere.example." in _text(page)
    assert _chosen(page) == ["mail.com"]
    fields = {**_fields(page, "mail-com"), "domain": ["nowhere.example"]}
    assert "no longer sold" in _text(browser.post(MAIL, fields))


@pytest.mark.parametrize("wrong", [{"pattern": "(?=x)"}, {"pattern": "("}, {"subject": "x" * 256}])
def test_nothing_is_sold_with_a_filter_that_cannot_be_kept(
    shop: Simulator, browser: Client, wrong: dict[str, str]
) -> None:
    page = _inboxes(browser, **wrong)
    assert page.content.decode().count("Correct the filters first") >= 5
    assert 'role="alert"' in page.content.decode()
    assert _fields(page, "outlook-com") == {}


def test_a_refused_inbox_shows_the_same_wish_again(shop: Simulator, browser: Client, customer: Customer) -> None:
    page = _inboxes(browser, domain=["mail.com", "outlook.com"], subject="code")
    basket = _fields_of(page.content.decode().split('id="choices-title"')[1].split("</section>")[0])
    shop.control("domain", domain="outlook.com", price=9000)
    refused = browser.post(MAIL, basket)
    assert refused.status_code == 409
    assert "The price changed" in _text(refused)
    assert _chosen(refused) == ["mail.com", "outlook.com"]
    assert 'value="code"' in refused.content.decode()


def test_a_fee_that_rose_since_it_was_shown_is_asked_about(shop: Simulator, browser: Client, ayu: Customer) -> None:
    fields = _fields(_inboxes(browser), "outlook-com")
    assert fields["fee"] == "250"
    shop.control("domain", domain="outlook.com", cancel_fee=400)
    refused = browser.post(MAIL, fields)
    assert refused.status_code == 409
    assert "The cancellation fee changed from Rp250 to Rp400" in _text(refused)
    assert not Order.objects.exists()
    again = _fields_of(refused.content.decode().split("failure-body")[1].split("</section>")[0])
    assert browser.post(MAIL, again)["Location"] == LIVE
    assert Order.objects.get().cancel_fee == Decimal(400)


def test_a_blocked_site_is_told_and_not_proposed(shop: Simulator, browser: Client) -> None:
    assert BlockedService.objects.filter(words__iexact="paypal", at_order=True).exists()
    assert ">paypal.com<" not in browser.get(MAIL).content.decode()
    page = browser.get(MAIL, {"site": "paypal.com"})
    assert "paypal.com may not be used" in _text(page)
    assert _order_of_lines(page) == []


# --- comparing ---------------------------------------------------------------------------------------------------


def test_countries_are_compared_over_both_servers(shop: Simulator, browser: Client) -> None:
    _learnt(1, WHATSAPP, "12", "", 40, 39)
    page = browser.get(COMPARE, {"called": "WhatsApp"})
    names = re.findall(r'class="offer-title">([^<]+)<', page.content.decode())
    assert names[0] == "Sierra Leone"
    assert {"Indonesia", "Malaysia", "India"} <= set(names)
    assert "Server 2 has not been looked at yet for" in _text(page)
    again = browser.get(COMPARE, {"called": "WhatsApp", "sort": "price"})
    assert "Server 2 has not been looked at yet for" not in _text(again)
    assert re.findall(r'class="offer-title">([^<]+)<', again.content.decode())[0] == "India"
    links = [html.unescape(link) for link in re.findall(r'href="(/numbers/\?called[^"]+)"', again.content.decode())]
    assert parse_qs(urlsplit(links[0]).query) == {"called": ["WhatsApp"], "country": ["3"]}
    assert _order_of_lines(browser.get(links[0]))
    assert "not sold anywhere" in _text(browser.get(COMPARE, {"called": "Nothing"}))


# --- how much it asks --------------------------------------------------------------------------------------------


def test_a_look_at_the_shop_costs_few_queries_and_no_calls_when_warm(
    shop: Simulator, browser: Client, django_assert_max_num_queries: Any
) -> None:
    _offers(browser)
    before = shop.look("requests")["total"]
    with django_assert_max_num_queries(12):
        browser.get(BUY, {"service": WHATSAPP, "country": INDONESIA}, headers={"HX-Request": "true"})
    assert shop.look("requests")["total"] == before
