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
from otp.models import Order, State
from tests.otp.helpers import (
    age,
    buy,
    deliver,
    fresh,
    hold_of,
    look,
    place,
    shown_price,
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


# --- who may enter -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [LIVE, ORDERS])
def test_strangers_sign_in_first(client: Client, db: None, path: str) -> None:
    assert client.get(path).status_code == 302
    assert client.get(path, headers={"HX-Request": "true"})["HX-Redirect"].startswith("/account/login")


@pytest.mark.parametrize("path", [LIVE, ORDERS])
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
            with django_assert_max_num_queries(14) as captured:
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
