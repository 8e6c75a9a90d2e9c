"""What the pages of one order offer and say: one more, another number, inboxes, endings. As a browser without
JavaScript sees them, and as the fragments htmx asks for."""

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

from accounts.models import Customer
from otp import selectors
from otp.models import BlockedService, Order, OrderCode, Reason, Server, State
from tests.otp.helpers import OPERATOR, age, allow, break_next, buy, deliver, deliver_mail, fresh, look, wallet
from tests.simulators import Simulator

SignIn = Callable[[Any], Client]
LIVE = "/numbers/live/"
HTMX = {"HX-Request": "true"}
SITE = "openai.com"
STEPS = ("cancel", "finish", "resend", "replace", "reorder")


@pytest.fixture
def browser(ayu: Customer, client_for: SignIn, settings: Any) -> Client:
    allow(settings)
    return client_for(ayu)


def _text(reply: Any) -> str:
    inline = re.sub(r"</?time[^>]*>", "", reply.content.decode())
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", inline)).replace("&#x27;", "'").replace("&quot;", '"')


def _press(browser: Client, step: str, order: Order, **more: Any) -> Any:
    return browser.post(reverse(f"otp:{step}", args=[order.public_id]), {"next": LIVE}, **more)


def _buttons(reply: Any) -> list[str]:
    """The steps whose buttons can be pressed, in their order."""
    found = re.findall(
        r'<button class="btn[^"]*" id="(\w+)-[0-9a-f-]{36}" type="submit"([^>]*)>', reply.content.decode()
    )
    return [name for name, rest in found if "disabled" not in rest]


def _inbox(ayu: Customer, *domains: str, **more: Any) -> Order:
    return buy(ayu, server=Server.MAIL, product_id="", service_id=SITE, country_id="", domains=domains, **more)


# --- numbers -------------------------------------------------------------------------------------------------------


def test_each_state_offers_its_steps(shop: Simulator, browser: Client, ayu: Customer) -> None:
    order = buy(ayu)
    assert _buttons(browser.get(LIVE)) == ["replace", "cancel"]
    deliver(shop, order)
    look(order)
    assert _buttons(browser.get(LIVE)) == ["resend", "finish"]
    _press(browser, "finish", order)
    assert _buttons(browser.get(LIVE)) == []
    look(order)
    assert "Buy again" in _text(browser.get(LIVE))


def test_server_2_replaces_nothing(shop: Simulator, browser: Client, ayu: Customer) -> None:
    order = buy(ayu, **OPERATOR)
    assert _buttons(browser.get(LIVE)) == ["cancel"]
    assert "Only numbers of Server 1" in _text(_press(browser, "replace", order, follow=True))


def test_replacing_waits_for_the_cooldown_and_says_so(shop: Simulator, browser: Client, ayu: Customer) -> None:
    shop.control("settings", cancel_cooldown_seconds=120)
    order = buy(ayu)
    page = browser.get(LIVE)
    assert _buttons(page) == ["cancel"]
    assert f'data-enable-at="{timezone.localtime(fresh(order).cancel_allowed_at).isoformat(timespec="seconds")}' in (
        page.content.decode().replace("&#x2B;", "+")
    )
    assert "Cancel or replace in" in _text(page)
    assert "The supplier allows this in" in _text(_press(browser, "replace", order, follow=True))


def test_one_more_code_has_its_gate(shop: Simulator, browser: Client, ayu: Customer) -> None:
    order = buy(ayu)
    deliver(shop, order, "111111")
    look(order)
    _press(browser, "resend", order)
    assert "We are asking for it." in _text(browser.get(LIVE))
    look(order)
    assert "resend" not in _buttons(browser.get(LIVE))
    assert "already" in _text(_press(browser, "resend", order, follow=True))
    deliver(shop, order, "222222")
    look(order)
    page = browser.get(LIVE)
    assert '<output class="big-code">222222</output>' in page.content.decode()
    assert "Earlier messages (1)" in _text(page)
    assert "111111" in _text(page)


def test_a_service_that_cannot_resend_says_so_and_offers_it_no_more(
    shop: Simulator, browser: Client, ayu: Customer
) -> None:
    order = buy(ayu)
    deliver(shop, order)
    look(order)
    Order.objects.filter(pk=order.pk).update(resend_refusal="unsupported")
    page = browser.get(LIVE)
    assert _buttons(page) == ["finish"]
    assert "This service cannot send a message again." in _text(page)


def test_a_replaced_number_leads_to_its_successor(shop: Simulator, browser: Client, ayu: Customer) -> None:
    order = buy(ayu)
    before = wallet(ayu)
    _press(browser, "replace", order)
    assert "A fresh number is on its way" in _text(browser.get(LIVE))
    look(order)
    old, new = fresh(order), Order.objects.get(replaces=order)
    assert wallet(ayu) == before
    board = _text(browser.get(LIVE))
    assert f"Instead of {old.spaced_number}" in board
    assert "Rp5.400 moved on to the new number." in board
    page = browser.get(old.get_absolute_url())
    assert new.get_absolute_url() in page.content.decode()
    assert "Replaced by another number" in _text(page)
    assert "The price moved on to the new number" in _text(page)
    assert old.get_absolute_url() in browser.get(new.get_absolute_url()).content.decode()


def test_a_number_that_cannot_be_replaced_goes_on(shop: Simulator, browser: Client, ayu: Customer) -> None:
    order = buy(ayu)
    _press(browser, "replace", order)
    break_next(shop, "order/replace", "out_of_stock")
    look(order)
    page = browser.get(LIVE)
    assert "This number was not replaced and goes on: The supplier has no other number" in _text(page)
    assert _buttons(page) == ["replace", "cancel"]


def test_a_lost_answer_to_a_replacement_is_said(shop: Simulator, browser: Client, ayu: Customer) -> None:
    order = buy(ayu)
    _press(browser, "replace", order)
    Order.objects.filter(pk=order.pk).update(replace_doubted_at=timezone.now())
    page = browser.get(LIVE)
    assert "We are asking again for the same replacement" in _text(page)
    assert _buttons(page) == []


def test_an_order_past_its_window_says_that_we_ask(shop: Simulator, browser: Client, ayu: Customer) -> None:
    order = buy(ayu)
    age(order, expires_at=timedelta(minutes=22))
    words = _text(browser.get(LIVE))
    assert "We are asking the supplier for the last word; Rp5.400 comes back" in words


# --- pressing buttons in place -------------------------------------------------------------------------------------


def test_a_button_answers_with_the_board_and_a_word(shop: Simulator, browser: Client, ayu: Customer) -> None:
    order = buy(ayu)
    reply = _press(browser, "cancel", order, headers=HTMX)
    fragment = reply.content.decode()
    assert reply.status_code == 200
    assert fragment.lstrip().startswith('<div id="live-orders"')
    assert "The cancellation is on its way." in fragment
    assert 'hx-swap-oob="beforeend:#toasts"' in fragment
    assert "<html" not in fragment


def test_a_button_on_the_page_of_an_order_answers_with_its_part(
    shop: Simulator, browser: Client, ayu: Customer
) -> None:
    order = buy(ayu)
    deliver(shop, order)
    look(order)
    url = reverse("otp:resend", args=[order.public_id])
    fragment = browser.post(url, {"next": order.get_absolute_url()}, headers=HTMX).content.decode()
    assert fragment.lstrip().startswith('<div class="row row-cards" id="whole-order"')
    assert "Asked for. The next code appears here by itself." in fragment


def test_a_refusal_in_place_stays_on_the_screen(shop: Simulator, browser: Client, ayu: Customer) -> None:
    order = buy(ayu)
    fragment = _press(browser, "finish", order, headers=HTMX).content.decode()
    assert "Finish it once a code has arrived." in fragment
    assert "data-passing" not in fragment


@pytest.mark.parametrize("step", STEPS)
def test_a_step_on_somebody_elses_order_does_not_exist(
    shop: Simulator, ayu: Customer, other_customer: Customer, client_for: SignIn, step: str
) -> None:
    order = buy(ayu)
    stranger = client_for(other_customer)
    for key in (order.public_id, uuid4()):
        url = reverse(f"otp:{step}", args=[key])
        assert stranger.post(url).status_code == 404
        assert stranger.post(url, headers=HTMX).status_code == 404
        assert stranger.get(url).status_code in (404, 405)
    assert fresh(order).version == order.version


@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_makes_no_sense_now_is_refused_in_words(
    shop: Simulator, browser: Client, ayu: Customer, step: str
) -> None:
    order = buy(ayu)
    shop.control("fail", order_id=int(fresh(order).provider_order_id))
    look(order)
    page = _press(browser, step, order, follow=True)
    assert page.status_code == 200
    assert page.context["messages"]
    assert fresh(order).state == State.FAILED


# --- inboxes -------------------------------------------------------------------------------------------------------


def test_an_inbox_waits_with_its_address_and_its_fee(shop: Simulator, browser: Client, ayu: Customer) -> None:
    order = _inbox(ayu, "gmail.com")
    page = browser.get(LIVE)
    assert f'data-copy="{order.mail_address}"' in page.content.decode()
    words = _text(page)
    assert "The mail appears here by itself" in words
    assert "Cancelling before that costs Rp500; waiting until the end costs nothing." in words
    assert _buttons(page) == ["cancel"]
    form = re.search(r"<form[^>]*cancel/[^>]*>", page.content.decode())
    assert form
    assert 'data-confirm-amount="Rp500"' in form[0]
    assert "goes back to your wallet" in form[0]


def test_a_cancelled_inbox_tells_the_fee(shop: Simulator, browser: Client, ayu: Customer) -> None:
    order = _inbox(ayu, "gmail.com")
    held = order.price
    _press(browser, "cancel", order)
    look(order)
    assert fresh(order).charged == Decimal(500)
    words = _text(browser.get(LIVE))
    back = f"Rp{held - 500:,.0f}".replace(",", ".")
    assert f"Rp500 was kept as the cancellation fee, {back} is back in your wallet." in words
    story = _text(browser.get(order.get_absolute_url()))
    assert "Cancellation fee paid from your wallet" in story
    assert "The rest is back in your wallet" in story


HTML = (
    '<div style="display:none">hidden words</div><h1>Verify</h1><p>Your code is <b>0417</b></p>'
    '<img src="https://track.example/p.gif"><script>steal()</script>'
    '<a href="https://auth.openai.com/verify?t=1&u=2" onclick="steal()">Verify my email</a>'
    '<a href="javascript:steal()">press</a>'
)


def test_a_mail_is_read_as_text_with_its_code_and_its_link(shop: Simulator, browser: Client, ayu: Customer) -> None:
    order = _inbox(ayu, "gmail.com")
    deliver_mail(shop, order, "0417", sender="OpenAI <no@tm.openai.com>", subject="<b>Hi</b> & welcome", text=HTML)
    look(order)
    for page in (browser.get(LIVE), browser.get(order.get_absolute_url())):
        content = page.content.decode()
        assert '<output class="big-code">0417</output>' in content
        assert "&lt;b&gt;Hi&lt;/b&gt; &amp; welcome" in content
        assert "OpenAI &lt;no@tm.openai.com&gt;" in content
        assert 'href="https://auth.openai.com/verify?t=1&amp;u=2"' in content
        assert "Open auth.openai.com" in _text(page)
        for forbidden in ("steal", "track.example", "hidden words", "javascript:", "<h1>Verify"):
            assert forbidden not in content.split("<main")[1]
        for link in re.findall(r"<a [^>]*auth\.openai\.com[^>]*>", content):
            assert 'rel="noopener noreferrer nofollow"' in link
            assert 'target="_blank"' in link
            assert 'referrerpolicy="no-referrer"' in link


def test_one_more_mail_costs_nothing_and_is_waited_for(shop: Simulator, browser: Client, ayu: Customer) -> None:
    order = _inbox(ayu, "gmail.com")
    deliver_mail(shop, order, "111111", subject="First")
    look(order)
    assert _buttons(browser.get(LIVE)) == ["reorder", "finish"]
    before = wallet(ayu)
    _press(browser, "reorder", order)
    look(order)
    page = browser.get(LIVE)
    assert "Waiting for one more mail. It costs nothing more." in _text(page)
    assert "every 2s" in page.content.decode()
    assert _buttons(page) == ["finish"]
    deliver_mail(shop, order, "222222", subject="Second")
    look(order)
    assert wallet(ayu) == before
    page = browser.get(order.get_absolute_url())
    assert "Mails (2)" in _text(page)
    assert page.content.decode().index("Second") < page.content.decode().rindex("First")


def test_an_inbox_that_got_nothing_says_what_next(shop: Simulator, browser: Client, ayu: Customer) -> None:
    order = _inbox(ayu, "gmail.com")
    shop.control("mail/expire", ref=fresh(order).provider_order_id)
    look(order)
    words = _text(browser.get(LIVE))
    assert "is back in your wallet." in words
    assert "Try another inbox" in words


def test_a_link_that_is_none_is_not_offered(shop: Simulator, browser: Client, ayu: Customer) -> None:
    order = _inbox(ayu, "gmail.com")
    deliver_mail(shop, order, "111111")
    look(order)
    count = fresh(order).code_count
    OrderCode.objects.create(
        order=order, position=count, link="javascript:steal()", message="x", received_at=timezone.now()
    )
    assert "javascript" not in browser.get(LIVE).content.decode()


# --- messages that were kept back ----------------------------------------------------------------------------------


def test_a_message_kept_back_is_said_and_not_shown(shop: Simulator, browser: Client, ayu: Customer) -> None:
    order = buy(ayu)
    BlockedService.objects.create(words="Bank Nusa", why="A bank.", at_order=False)
    deliver(shop, order, "991122", message="Bank Nusa: 991122 is your code")
    look(order)
    page = browser.get(LIVE)
    assert "A message was kept back" in _text(page)
    assert "data-arrival" not in page.content.decode()
    assert "big-code" not in page.content.decode()
    assert "991122" not in page.content.decode()
    assert "kept back because of who sent it" in _text(browser.get(order.get_absolute_url()))


# --- endings -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason != Reason.NONE])
@pytest.mark.parametrize("server", list(Server))
def test_every_ending_says_what_happened_and_where_the_money_is(reason: str, server: int) -> None:
    order = Order(
        server=server,
        service_id="1",
        service_name="X",
        country_id="7",
        state=State.CANCELLED,
        reason=reason,
        price=Decimal(5000),
        currency="IDR",
    )
    ending = selectors.ending_of(order)
    assert ending
    assert ending.title == Reason(reason).label
    assert "Rp5.000" in ending.money
    assert ending.tone in ("danger", "warning", "neutral")


@pytest.mark.parametrize("state", [state for state in State if state not in ("cancelled", "failed", "expired")])
def test_what_lives_or_has_delivered_has_no_ending(state: str) -> None:
    assert selectors.ending_of(Order(state=state, price=Decimal(1))) is None


# --- the board -----------------------------------------------------------------------------------------------------


def test_each_shortcut_copies_one_thing(shop: Simulator, browser: Client, ayu: Customer) -> None:
    first, second, third = buy(ayu), buy(ayu), _inbox(ayu, "gmail.com")
    for order, code in ((second, "222222"), (first, "111111")):
        deliver(shop, order, code)
        look(order)
    page = browser.get(LIVE).content.decode()
    assert page.count('data-copy-key="c"') == 1
    assert page.count('data-copy-key="n"') == 1
    named = re.search(r'data-copy="([^"]+)"[^>]*data-copy-key="n"', page)
    assert named
    assert named[1] == third.mail_address


def test_the_orders_of_a_sandbox_profile_are_no_news(browser: Client, ayu: Customer) -> None:
    """A program that tries our API with a sandbox key must not make the page of its owner ask for more each time."""
    page = browser.get(LIVE).content.decode()
    version = re.search(r'data-version="([^"]+)"', page)
    assert version
    twin = Customer.objects.create(user=ayu.user, is_sandbox=True)
    Order.objects.create(
        customer=twin,
        reference="OTPSANDBOX",
        hold_reference="OTPSANDBOX-hold",
        idempotency_key="K",
        service_id="1",
        service_name="X",
        cost=Decimal(1),
        price=Decimal(1),
        next_poll_at=timezone.now(),
    )
    assert browser.get(LIVE, {"v": version[1]}, headers=HTMX).status_code == 204


def test_history_filters_by_kind_and_finds_addresses(shop: Simulator, browser: Client, ayu: Customer) -> None:
    number, inbox = buy(ayu), _inbox(ayu, "gmail.com")
    deliver_mail(shop, inbox, "737373", subject="Very special words", sender="who@example.org")
    inbox = look(inbox)
    mails = browser.get("/numbers/orders/", {"kind": "mail"}).content.decode()
    assert inbox.get_absolute_url() in mails
    assert number.get_absolute_url() not in mails
    numbers = browser.get("/numbers/orders/", {"kind": "sms"}).content.decode()
    assert inbox.get_absolute_url() not in numbers
    for words in (inbox.mail_address, "openai", "special words", "who@example.org", "737373"):
        found = browser.get("/numbers/orders/", {"q": words}).content.decode()
        assert inbox.get_absolute_url() in found
        assert number.get_absolute_url() not in found
    assert browser.get("/numbers/orders/", {"kind": "x"}).status_code == 200
