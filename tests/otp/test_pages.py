"""The pages of numbers as a browser without JavaScript sees them, and the fragments htmx asks for."""

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Customer, User
from otp import polling, services
from otp.models import Favourite, Order, State
from tests.otp.helpers import (
    INDONESIA,
    TELEGRAM,
    WHATSAPP,
    WHATSAPP_INDONESIA,
    age,
    buy,
    deliver,
    fresh,
    fund,
    hold_of,
    look,
    place,
    shown_price,
    wallet,
)
from tests.simulators import Simulator
from wallets.services import hold_funds, release_hold

SignIn = Callable[[Any], Client]
BUY = "/numbers/"
LIVE = "/numbers/live/"
ORDERS = "/numbers/orders/"


@pytest.fixture
def browser(ayu: Customer, client_for: SignIn) -> Client:
    return client_for(ayu)


def _text(reply: Any) -> str:
    inline = re.sub(r"</?time[^>]*>", "", reply.content.decode())
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", inline))


def _fields(reply: Any, product: int = WHATSAPP_INDONESIA) -> dict[str, str]:
    """The hidden fields of the Buy button of one offer."""
    row = re.search(rf'id="offer-{product}".*?</tr>', reply.content.decode(), re.DOTALL)
    assert row, "the offer is not on the page"
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', row[0]))


def _offers(browser: Client, **query: Any) -> Any:
    return browser.get(BUY, {"service": WHATSAPP, "country": INDONESIA, **query})


# --- who may enter -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [BUY, LIVE, ORDERS])
def test_strangers_sign_in_first(client: Client, db: None, path: str) -> None:
    assert client.get(path).status_code == 302
    assert client.get(path, headers={"HX-Request": "true"})["HX-Redirect"].startswith("/account/login")


@pytest.mark.parametrize("path", [BUY, LIVE, ORDERS])
def test_staff_have_no_numbers(staff_user: Any, client_for: SignIn, path: str) -> None:
    assert client_for(staff_user).get(path).status_code == 404


def test_somebody_elses_order_does_not_exist(
    shop: Simulator, ayu: Customer, other_customer: Customer, client_for: SignIn
) -> None:
    order = buy(ayu)
    stranger = client_for(other_customer)
    for name in ("order", "cancel", "finish"):
        for key in (order.public_id, uuid4()):
            reply = stranger.post(reverse(f"otp:{name}", args=[key])) if name != "order" else None
            reply = reply or stranger.get(reverse("otp:order", args=[key]))
            assert reply.status_code == 404
            assert fresh(order).phone_number not in reply.content.decode()
    assert fresh(order).cancel_requested_at is None
    assert order.reference not in stranger.get(ORDERS, {"q": order.reference}).content.decode().split("<form")[0]
    assert fresh(order).phone_number not in stranger.get(LIVE).content.decode()


# --- buying --------------------------------------------------------------------------------------------------------


def test_search_finds_by_name_and_shows_the_first_ones_offers(shop: Simulator, browser: Client) -> None:
    page = browser.get(BUY, {"q": "whats"})
    assert page.status_code == 200
    assert "WhatsApp - Indonesia" in _text(page)
    assert "Rp5.400" in _text(page)
    assert "Telegram" not in _text(page).split("Services that fit")[1].split("Buy again")[0]
    assert "WhatsApp" in _text(browser.get(BUY, {"q": "wa"}))
    assert "Nothing found for “zzz”" in _text(browser.get(BUY, {"q": "zzz"}))


def test_the_search_fragment_is_the_same_markup_alone(shop: Simulator, browser: Client) -> None:
    fragment = browser.get(BUY, {"q": "whats"}, headers={"HX-Request": "true"}).content.decode()
    assert fragment.strip().startswith('<div id="offers">')
    assert "<html" not in fragment
    assert "WhatsApp - Indonesia" in fragment


@pytest.mark.parametrize(
    "query",
    [
        {"service": "x", "country": "-1"},
        {"service": "9" * 40, "country": "1e5"},
        {"q": "a" * 500},
        {"q": "\x00'\";--"},
        {"service": "99999", "country": "99999"},
    ],
)
def test_nonsense_in_the_address_is_no_error(shop: Simulator, browser: Client, query: dict[str, str]) -> None:
    assert browser.get(BUY, query).status_code == 200


def test_one_click_buys_and_a_replayed_form_buys_nothing_more(shop: Simulator, browser: Client, ayu: Customer) -> None:
    fields = _fields(_offers(browser))
    first = browser.post(BUY, fields)
    assert (first.status_code, first["Location"]) == (302, LIVE)
    again = browser.post(BUY, fields)
    assert again.status_code == 302
    assert Order.objects.count() == 1
    assert wallet(ayu)[1] == Decimal(5400)


def test_every_button_has_a_key_of_its_own(shop: Simulator, browser: Client, ayu: Customer) -> None:
    place(ayu)
    keys = re.findall(r'name="key" value="([^"]+)"', _offers(browser).content.decode())
    assert len(keys) >= 2
    assert len(set(keys)) == len(keys)


def test_a_replayed_key_for_something_else_is_refused(shop: Simulator, browser: Client) -> None:
    fields = _fields(_offers(browser))
    browser.post(BUY, fields)
    other = browser.post(BUY, {**fields, "product": "1072"})
    assert other.status_code == 409
    assert "already used for another order" in _text(other)
    assert Order.objects.count() == 1


def test_a_changed_price_shows_both_and_asks_again(shop: Simulator, browser: Client) -> None:
    fields = _fields(_offers(browser))
    shop.control("product", product_id=int(WHATSAPP_INDONESIA), price=6000)
    refused = browser.post(BUY, fields)
    assert refused.status_code == 409
    assert "from Rp5.400 to Rp7.200" in _text(refused)
    assert not Order.objects.exists()
    asked = re.search(r'role="alert".*?</form>', refused.content.decode(), re.DOTALL)
    assert asked
    accepted = dict(re.findall(r'name="(\w+)" value="([^"]*)"', asked[0]))
    assert browser.post(BUY, accepted).status_code == 302
    assert Order.objects.get().price == Decimal(7200)


def test_sold_out_is_disabled_and_refused(shop: Simulator, browser: Client) -> None:
    fields = _fields(_offers(browser))
    shop.control("product", product_id=int(WHATSAPP_INDONESIA), stock=0)
    refused = browser.post(BUY, fields)
    assert refused.status_code == 409
    assert "sold out" in _text(refused)
    shown = _offers(browser)
    assert "Sold out" in _text(shown)
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
    fields = {"product": "1071", "service": "1", "country": "7", "price": "5400", "key": "B-12345678"}
    refused = browser.post(BUY, fields)
    assert refused.status_code == 409
    assert "Rp400 short" in _text(refused)
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    "broken",
    [
        {"product": "abc"},
        {"price": "1.5"},
        {"price": "-1"},
        {"price": "NaN"},
        {"key": "short"},
        {"key": "x" * 65},
        {"key": ""},
        {"product": str(2**70)},
        {"country": ""},
        {"price": "9" * 30},
    ],
)
def test_a_tampered_form_moves_nothing(shop: Simulator, browser: Client, broken: dict[str, str]) -> None:
    fields = {"product": "1071", "service": "1", "country": "7", "price": "5400", "key": "B-12345678"}
    assert browser.post(BUY, {**fields, **broken}).status_code == 400
    assert not Order.objects.exists()


def test_a_supplier_that_is_away_is_said_and_loses_nothing(shop: Simulator, browser: Client, settings: Any) -> None:
    settings.OTPZAP_BASE_URL = "http://127.0.0.1:9/api/v1"
    page = browser.get(BUY)
    assert page.status_code == 200
    assert "does not answer" in _text(page)
    fields = {"product": "1071", "service": "1", "country": "7", "price": "5400", "key": "B-12345678"}
    assert browser.post(BUY, fields).status_code == 409
    assert not Order.objects.exists()


def test_buy_again_is_one_click(shop: Simulator, browser: Client, ayu: Customer) -> None:
    order = buy(ayu)
    shop.control("fail", order_id=int(fresh(order).provider_order_id))
    look(order)
    page = browser.get(BUY).content.decode()
    again = page[page.index('id="again-title"') :]
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', again))
    assert browser.post(BUY, fields).status_code == 302
    assert Order.objects.count() == 2


def test_favourites_are_kept_dropped_and_first(shop: Simulator, browser: Client) -> None:
    fields = {"service": TELEGRAM, "country": INDONESIA, "wanted": "1", "next": BUY}
    assert browser.post("/numbers/favourite/", fields).status_code == 302
    browser.post("/numbers/favourite/", fields)
    kept = Favourite.objects.get()
    assert (kept.service_name, kept.country_name) == ("Telegram", "Indonesia")
    assert "Telegram, Indonesia" in _text(browser.get(BUY))
    browser.post("/numbers/favourite/", {**fields, "wanted": ""})
    assert not Favourite.objects.exists()
    browser.post("/numbers/favourite/", {**fields, "service": 99999})
    assert not Favourite.objects.exists()
    assert browser.post("/numbers/favourite/", {"service": "x"}).status_code == 400
    evil = browser.post("/numbers/favourite/", {**fields, "next": "https://evil.example/"})
    assert evil["Location"] == BUY


# --- live ----------------------------------------------------------------------------------------------------------


def _poll(browser: Client, page: Any) -> Any:
    version = re.search(r'data-version="([^"]+)"', page.content.decode())
    assert version
    return browser.get(LIVE, {"v": version[1]}, headers={"HX-Request": "true"})


def test_live_page_follows_an_order_to_its_code(shop: Simulator, browser: Client, ayu: Customer) -> None:
    order = place(ayu)
    page = browser.get(LIVE)
    assert "Your number is being bought" in _text(page)
    assert _poll(browser, page).status_code == 204
    polling.attend(order.pk)
    page = _poll(browser, page)
    number = fresh(order).phone_number
    assert page.status_code == 200
    assert number in page.content.decode()
    assert f'data-copy="{number}"' in page.content.decode()
    assert f'data-copy="{number[3:]}"' in page.content.decode()  # as it is typed inside Indonesia
    assert "every 2s" in page.content.decode()
    deliver(shop, order, "004217")
    assert _poll(browser, page).status_code == 204
    look(order)
    page = _poll(browser, page)
    assert '<output class="big-code">004217</output>' in page.content.decode()
    assert "every 6s" in page.content.decode()
    services.finish_order(order=order)
    look(order)
    page = _poll(browser, page)
    assert "every" not in page.content.decode().split("hx-trigger")[1].split("hx-swap")[0]
    assert "Done." in _text(page)


def test_doubt_is_said_in_words(shop: Simulator, browser: Client, ayu: Customer) -> None:
    order = place(ayu)
    shop.control("misbehave", operation="order/create", mode="reset_after_accept")
    look(order)
    words = _text(browser.get(LIVE))
    assert "never bought twice" in words
    assert "Rp5.400 stays set aside" in words


def test_cancel_too_early_names_the_moment(shop: Simulator, browser: Client, ayu: Customer) -> None:
    shop.control("settings", cancel_cooldown_seconds=120)
    order = buy(ayu)
    reply = browser.post(reverse("otp:cancel", args=[order.public_id]), {"next": LIVE})
    assert (reply.status_code, reply["Location"]) == (302, LIVE)
    assert re.search(
        r"It will be cancelled at \d\d:\d\d:\d\d WIB, as soon as the supplier allows", _text(browser.get(LIVE))
    )


def test_the_lost_race_is_told_with_its_moment(shop: Simulator, browser: Client, ayu: Customer) -> None:
    order = buy(ayu)
    deliver(shop, order, "0815")
    browser.post(reverse("otp:cancel", args=[order.public_id]))
    look(order)
    words = _text(browser.get(LIVE))
    assert re.search(r"Not refunded, because the code arrived at \d\d:\d\d:\d\d WIB", words)
    assert "0815" in words
    late = browser.post(reverse("otp:cancel", args=[order.public_id]), follow=True)
    assert "can no longer be cancelled" in _text(late)


def test_a_refused_cancel_is_told(shop: Simulator, browser: Client, ayu: Customer) -> None:
    order = buy(ayu)
    browser.post(reverse("otp:cancel", args=[order.public_id]))
    shop.control("misbehave", operation="order/cancel", mode="502", times=9)
    look(order)
    assert "has not accepted the cancellation yet" in _text(browser.get(LIVE))
    for _attempt in range(4):
        age(order, cancel_next_at=timedelta(hours=1))
        look(order)
    assert "did not accept the cancellation" in _text(browser.get(LIVE))


@pytest.mark.parametrize("how", ["expire", "fail"])
def test_the_end_without_a_code_says_where_the_money_is(
    shop: Simulator, browser: Client, ayu: Customer, how: str
) -> None:
    order = buy(ayu)
    shop.control(how, order_id=int(fresh(order).provider_order_id))
    look(order)
    assert "Rp5.400 is back in your wallet." in _text(browser.get(LIVE))
    assert hold_of(order).state in ("released", "expired")


def test_several_orders_one_poll(
    shop: Simulator, browser: Client, ayu: Customer, django_assert_num_queries: Any
) -> None:
    orders = [buy(ayu) for _ in range(3)]
    deliver(shop, orders[1])
    look(orders[1])
    page = browser.get(LIVE)
    assert page.content.decode().count("<article") == 3
    board = page.content.decode().split("<main")[1].split("</main>")[0]
    assert board.count("hx-get") == 1
    with django_assert_num_queries(1):
        assert _poll(browser, page).status_code == 204


def test_the_quick_answer_is_for_active_customers_only(
    shop: Simulator, browser: Client, ayu: Customer, staff_user: User, client_for: Any
) -> None:
    buy(ayu)
    page = browser.get(LIVE)
    assert _poll(client_for(staff_user), page).status_code == 404
    assert _poll(Client(), page).headers["HX-Redirect"].startswith("/account/login/")
    User.objects.filter(pk=ayu.user_id).update(is_active=False)
    assert _poll(browser, page).headers["HX-Redirect"].startswith("/account/login/")


def test_what_ended_long_ago_leaves_the_board(shop: Simulator, browser: Client, ayu: Customer) -> None:
    order = buy(ayu)
    shop.control("fail", order_id=int(fresh(order).provider_order_id))
    look(order)
    assert "<article" in browser.get(LIVE).content.decode()
    age(order, shown_until=timedelta(minutes=11))
    assert "Nothing is waiting for a code" in _text(browser.get(LIVE))


# --- one order and history -----------------------------------------------------------------------------------------


def test_the_detail_tells_what_happened_and_where_the_money_is(shop: Simulator, browser: Client, ayu: Customer) -> None:
    order = buy(ayu)
    deliver(shop, order, "004217")
    look(order)
    words = _text(browser.get(order.get_absolute_url()))
    for said in ("You ordered a number", "Price set aside", "Number received", "Code arrived", "Paid from your wallet"):
        assert said in words
    assert words.index("You ordered a number") < words.index("Number received") < words.index("Code arrived")
    assert order.reference in words
    assert fresh(order).provider_order_id in words


def test_the_detail_of_every_state_can_be_read(shop: Simulator, browser: Client, ayu: Customer) -> None:
    orders = {State.CREATED: place(ayu), State.PENDING: buy(ayu)}
    shop.control("misbehave", operation="order/create", mode="reset_after_accept")
    orders[State.IN_DOUBT] = buy(ayu)
    for state, how in ((State.EXPIRED, "expire"), (State.FAILED, "fail")):
        orders[state] = buy(ayu)
        shop.control(how, order_id=int(fresh(orders[state]).provider_order_id))
        look(orders[state])
    orders[State.CANCELLED] = services.request_cancel(order=buy(ayu))
    look(orders[State.CANCELLED])
    for state, order in orders.items():
        assert fresh(order).state == state
        reply = browser.get(order.get_absolute_url())
        assert reply.status_code == 200
        part = browser.get(order.get_absolute_url(), {"v": fresh(order).version}, headers={"HX-Request": "true"})
        assert part.status_code == 204
        part = browser.get(order.get_absolute_url(), {"v": "0"}, headers={"HX-Request": "true"})
        assert "<html" not in part.content.decode()
        assert "What happened" in part.content.decode()


@pytest.mark.parametrize("by", ["number", "local", "part", "service", "code", "message", "reference", "public_id"])
def test_history_finds_by(shop: Simulator, browser: Client, ayu: Customer, by: str) -> None:
    order, other = buy(ayu), buy(ayu, product_id="1072", expected_price=shown_price("1072"))
    deliver(shop, order, "004217", message="Kode rahasia 004217")
    look(order)
    order = fresh(order)
    number = order.phone_number
    words = {
        "number": f"{number[:3]} {number[3:7]}-{number[7:]}",
        "local": f"0{number[3:]}",
        "part": number[-6:],
        "service": "whats",
        "code": "004217",
        "message": "rahasia",
        "reference": order.reference,
        "public_id": str(order.public_id),
    }[by]
    found = browser.get(ORDERS, {"q": words}).content.decode()
    assert order.get_absolute_url() in found
    assert (other.get_absolute_url() in found) == (by == "service")


def test_history_filters_by_state_and_day(shop: Simulator, browser: Client, ayu: Customer) -> None:
    order = buy(ayu)
    today = fresh(order).created_at.astimezone().date().isoformat()
    assert order.get_absolute_url() in browser.get(ORDERS, {"state": "live"}).content.decode()
    assert "Nothing fits" in _text(browser.get(ORDERS, {"state": "code"}))
    assert order.get_absolute_url() in browser.get(ORDERS, {"first": today}).content.decode()
    assert "Nothing fits" in _text(browser.get(ORDERS, {"last": "2020-01-01"}))
    for query in ({"first": "x"}, {"state": "x"}, {"cursor": "n9x"}, {"first": "2026-02-02", "last": "2026-01-01"}):
        assert browser.get(ORDERS, query).status_code == 200
    assert browser.get(ORDERS, {"last": "9999-12-31", "first": "0001-01-01"}).status_code == 200


def test_history_pages_keep_the_filter(shop: Simulator, browser: Client, ayu: Customer) -> None:
    _many_orders(ayu, 30)
    first = browser.get(ORDERS, {"q": "many"})
    older = re.search(r'rel="next" href="([^"]+)"', first.content.decode())
    assert older
    assert "q=many" in older[1]
    second = browser.get(ORDERS + older[1].replace("&amp;", "&"))
    assert first.content.decode().count("<tr>") + second.content.decode().count("<tr>") == 2 + 30


def test_no_page_grows_queries_with_its_rows(
    shop: Simulator, browser: Client, ayu: Customer, django_assert_max_num_queries: Any
) -> None:
    paths = [BUY, LIVE, ORDERS, f"{BUY}?q=whats", buy(ayu).get_absolute_url()]
    counts = []
    for rows in (3, 40):
        _many_orders(ayu, rows)
        found = []
        for path in paths:
            with django_assert_max_num_queries(12) as captured:
                assert browser.get(path).status_code == 200
            found.append(len(captured))
        counts.append(found)
    assert counts[0] == counts[1]


def _many_orders(customer: Customer, count: int) -> None:
    """Orders that were cancelled, made without asking the supplier."""
    now = timezone.now()
    orders = [
        Order(
            reference=f"OLD{uuid4().hex[:24]}",
            hold_reference=f"OLD{uuid4().hex}",
            customer=customer,
            idempotency_key=uuid4().hex,
            product_id="1",
            service_id="1",
            service_name="Many",
            country_id="7",
            country_name="Indonesia",
            cost=Decimal(1),
            price=Decimal(1),
            state=State.CANCELLED,
            sent_at=now,
            finished_at=now,
            shown_until=now + timedelta(minutes=10),
        )
        for _ in range(count)
    ]
    for order in Order.objects.bulk_create(orders):
        reference = order.hold_reference
        hold_funds(customer=customer, amount=order.price, currency="IDR", reference=reference, subject="", memo="")
        release_hold(hold_reference=reference)


@pytest.mark.parametrize(
    ("number", "shown"),
    [("+6281234567890", "+62 812-3456-7890"), ("+23276123456", "+232 76 123456"), ("not a number", "not a number")],
)
def test_a_number_is_shown_in_groups(number: str, shown: str) -> None:
    assert Order(phone_number=number).spaced_number == shown
