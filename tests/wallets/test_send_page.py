"""Send: name the person, see who it is, send once, keep the receipt."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Customer
from tests.wallets.ledger_state import credit
from tests.wallets.spending_pages import PAY, SEND, hidden, look, press, text_of
from wallets.models import Transaction
from wallets.selectors import balance_in
from wallets.services import recipients, wallet_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def ayu(customer: Customer, client_for: Callable[..., Client], no_ledger_problems: None) -> Client:
    """Ayu's browser; she has Rp100.000."""
    credit(customer, 100_000, "in")
    return client_for(customer)


def test_from_name_to_receipt(ayu: Client, customer: Customer, other_customer: Customer) -> None:
    shown = look(ayu)
    words = text_of(shown)
    assert shown.status_code == 200
    assert "B*** S******" in words
    assert "Budi Santoso" not in shown.content.decode()
    assert "Rp30.000" in words
    assert "Rp70.000" in words
    assert balance_in(customer, "IDR") == 100_000
    done = press(ayu, shown)
    assert done.status_code == 302
    receipt = text_of(ayu.get(done.url))
    assert "Sent to B*** S******" in receipt
    assert "lunch" in receipt
    assert (balance_in(customer, "IDR"), balance_in(other_customer, "IDR")) == (70_000, 30_000)


def test_both_sides_have_the_receipt_and_nobody_else(
    ayu: Client, other_customer: Customer, staff_user: Any, client_for: Callable[..., Client]
) -> None:
    url = press(ayu, look(ayu)).url
    assert "Received from A** L******" in text_of(client_for(other_customer).get(url))
    stranger = Customer.objects.create(user=staff_user)
    assert client_for(stranger).get(url).status_code == 404
    assert Client().get(url).status_code == 302
    assert ayu.get(url.replace("transfers", "payments")).status_code == 404


def test_the_line_of_the_statement_leads_to_the_receipt(ayu: Client, other_customer: Customer) -> None:
    url = press(ayu, look(ayu)).url
    page = ayu.get("/wallet/").content.decode()
    assert f'href="{url}"' in page
    assert "B*** S******" in page
    today = timezone.localdate().isoformat()
    assert f"/wallet/?first={today}&amp;last={today}#line-2" in ayu.get(url).content.decode()


def test_pressed_twice_it_is_sent_once(ayu: Client, customer: Customer, other_customer: Customer) -> None:
    shown = look(ayu)
    first, second = press(ayu, shown), press(ayu, shown)
    assert first.url == second.url
    assert balance_in(customer, "IDR") == 70_000


def test_by_customer_number(ayu: Client, other_customer: Customer) -> None:
    for name in (str(other_customer.public_id), f" {str(other_customer.public_id).upper()} ", "BUDI@example.id "):
        assert "B*** S******" in text_of(look(ayu, recipient=name))


@pytest.mark.parametrize(
    "name", ["nobody@example.id", "6f0b8a1e-3f7f-4a0c-9d5e-2a4c7b1e9d10", "Budi Santoso", "citra@example.id", "@", "x"]
)
def test_nobody_by_that_name(ayu: Client, other_customer: Customer, staff_user: Any, name: str) -> None:
    page = look(ayu, recipient=name)
    assert page.status_code == 422
    assert "We found nobody" in text_of(page)
    assert 'value="30.000"' in page.content.decode()


def test_an_address_that_is_not_confirmed_receives_nothing(ayu: Client, other_customer: Customer) -> None:
    EmailAddress.objects.filter(user=other_customer.user).update(verified=False)
    assert look(ayu).status_code == 422
    assert look(ayu, recipient=str(other_customer.public_id)).status_code == 200


def test_not_to_oneself(ayu: Client) -> None:
    page = look(ayu, recipient="ayu@example.id")
    assert page.status_code == 422
    assert "your own wallet" in text_of(page)


def test_looking_for_people_is_slowed_down(ayu: Client, other_customer: Customer, monkeypatch: Any) -> None:
    monkeypatch.setattr(recipients, "PER_PERSON", 3)
    assert [look(ayu).status_code for _ in range(4)] == [200, 200, 200, 422]
    assert "many people" in text_of(look(ayu))


def test_whoever_has_no_money_learns_nothing(ayu: Client, other_customer: Customer) -> None:
    pages = [text_of(look(ayu, amount="100001", recipient=name)) for name in ("budi@example.id", "x@example.id")]
    assert [page.replace("budi@", "x@") for page in pages] == [pages[1]] * 2
    assert "does not cover" in pages[0]


@pytest.mark.parametrize("amount", ["", "0", "-5", "1.5", "abc", "1e5", "٣", "9" * 30, "NaN"])
def test_what_is_no_amount(ayu: Client, other_customer: Customer, amount: str) -> None:
    assert look(ayu, amount=amount).status_code == 422


def test_the_page_shows_what_is_left_of_the_day(ayu: Client, other_customer: Customer, settings: Any) -> None:
    settings.KYC_LEVELS = {"basic": [200_000, 40_000, 50_000], "verified": [1, 1, 1]}
    assert "Rp50.000 of Rp50.000" in text_of(ayu.get(SEND))
    press(ayu, look(ayu))
    page = ayu.get(SEND)
    assert "Rp20.000 of Rp50.000" in text_of(page)
    assert 'max="50000" value="20000"' in page.content.decode()
    for amount, words in (("20.001", "is left today"), ("40.001", "at most Rp40.000")):
        refused = look(ayu, amount=amount)
        assert refused.status_code == 422
        assert words in text_of(refused)


def test_what_changed_since_the_look_is_seen_when_sending(ayu: Client, other_customer: Customer) -> None:
    shown, other = look(ayu, amount="80.000"), look(ayu, amount="80.000")
    assert press(ayu, shown).status_code == 302
    refused = press(ayu, other)
    assert refused.status_code == 422
    assert "does not cover" in text_of(refused)
    assert 'value="80000"' in refused.content.decode()


def test_change_leads_back_with_everything_filled_in(ayu: Client, other_customer: Customer) -> None:
    page = press(ayu, look(ayu), step="edit").content.decode()
    for value in ("budi@example.id", "30000", "lunch"):
        assert f'value="{value}"' in page
    assert Transaction.objects.filter(kind="transfer").count() == 0


def test_what_was_looked_at_cannot_be_altered(
    ayu: Client, customer: Customer, other_customer: Customer, client_for: Callable[..., Client]
) -> None:
    shown = look(ayu)
    signed = hidden(shown, "confirmed")
    for confirmed in ("", "x", signed[:-2], signed + "x"):
        answer = ayu.post(SEND, {"confirmed": confirmed, "step": "do"})
        assert (answer.status_code, "too old" in text_of(answer)) == (422, True)
    # Somebody else's, and one for another purpose.
    assert client_for(other_customer).post(SEND, {"confirmed": signed, "step": "do"}).status_code == 422
    assert ayu.post(PAY, {"confirmed": signed, "step": "do"}).status_code == 422
    assert balance_in(customer, "IDR") == 100_000


def test_forgery_from_another_site_is_refused(customer: Customer, other_customer: Customer) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(customer.user)
    assert look(browser).status_code == 403


def test_notes_are_text(ayu: Client, other_customer: Customer, client_for: Callable[..., Client]) -> None:
    done = press(ayu, look(ayu, note="<script>alert(1)</script>"))
    for browser in (ayu, client_for(other_customer)):
        for url in (done.url, "/wallet/"):
            page = browser.get(url).content.decode()
            assert "<script>alert" not in page
            assert "&lt;script&gt;" in page
    assert look(ayu, note="x" * 201).status_code == 422


def test_a_link_may_fill_the_form_in(ayu: Client) -> None:
    page = ayu.get(SEND, {"recipient": "budi@example.id", "amount": "5000", "note": '"><script>'}).content.decode()
    assert 'value="budi@example.id"' in page
    assert 'value="5000"' in page
    assert "><script>" not in page.split("<main")[1]


def test_staff_without_a_wallet_have_no_such_page(staff_user: Any, client_for: Callable[..., Client]) -> None:
    for path in (SEND, PAY):
        assert client_for(staff_user).get(path).status_code == 404
        assert Client().get(path).status_code == 302


def _cost(act: Callable[[], Any]) -> tuple[int, Any]:
    with CaptureQueriesContext(connection) as queries:
        answer = act()
    return len(queries), answer


def test_pages_cost_few_queries(ayu: Client, other_customer: Customer) -> None:
    wallet_of(other_customer)
    ayu.get(SEND)
    form, _page = _cost(lambda: ayu.get(SEND))
    looking, shown = _cost(lambda: look(ayu))
    sending, done = _cost(lambda: press(ayu, shown))
    reading, _page = _cost(lambda: ayu.get(done.url))
    # One of each page is the bell.
    assert [form, looking, sending, reading] == [5, 6, 17, 5]


@pytest.mark.django_db(transaction=True)
def test_pressed_twice_at_the_same_moment(customer: Customer, other_customer: Customer, client_for: Any) -> None:
    credit(customer, 100_000, "in")
    browsers = [client_for(customer) for _ in range(4)]
    shown = look(browsers[0])
    barrier = threading.Barrier(4)

    def click(browser: Client) -> str:
        try:
            barrier.wait()
            return str(press(browser, shown).url)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        urls = list(pool.map(click, browsers))
    assert len(set(urls)) == 1
    assert balance_in(customer, "IDR") == Decimal(70_000)
