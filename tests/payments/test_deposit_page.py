"""The page of one deposit: every stage in words, the poll, the two buttons, and nobody else's eyes."""

import re
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pgtrigger
import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Customer, User
from payments import settlement
from payments.models import Deposit
from tests.payments.browsing import TOPUP, poll, seen_in, text_of, url_of
from tests.payments.conftest import House

pytestmark = pytest.mark.django_db


def test_what_is_not_mine_does_not_exist(
    house: House, client_for: Callable[..., Client], other_customer: Customer, staff_user: User
) -> None:
    deposit = house.ask_for()
    for person in (other_customer, staff_user):
        client = client_for(person)
        assert client.get(url_of(deposit)).status_code == 404
        assert poll(client, deposit).status_code == 404
        assert poll(client, deposit, f"{deposit.version}-3-waiting").status_code == 404
        assert client.post(url_of(deposit, "check")).status_code == 404
        assert client.post(url_of(deposit, "cancel")).status_code == 404
    deposit.refresh_from_db()
    assert deposit.state == "pending"
    assert client_for(house.customer).get(reverse("payments:deposit", args=[uuid4()])).status_code == 404
    assert str(deposit.public_id) not in client_for(other_customer).get("/topup/deposits/").content.decode()


def test_strangers_sign_in_first(house: House) -> None:
    deposit = house.ask_for()
    for url in (TOPUP, "/topup/deposits/", url_of(deposit)):
        assert Client().get(url)["Location"].startswith("/account/login/")
    assert poll(Client(), deposit, f"{deposit.version}-3-waiting")["HX-Redirect"].startswith("/account/login/")


@pytest.mark.parametrize("action", ["check", "cancel"])
def test_actions_are_posted(house: House, signed_in: Client, action: str) -> None:
    assert signed_in.get(url_of(house.ask_for(), action)).status_code == 405


def test_every_stage_is_told_in_words(house: House, signed_in: Client) -> None:
    deposit = house.ask_only()
    assert "We are getting your number" in text_of(signed_in.get(url_of(deposit)))
    settlement.submit(house.account(deposit).pk)
    assert "Pay to this number" in text_of(signed_in.get(url_of(deposit)))
    Deposit.objects.filter(pk=deposit.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    ending = text_of(signed_in.get(url_of(deposit)))
    assert "The time to pay is over" in ending
    assert "data-copy" not in ending
    house.work()
    expired = text_of(signed_in.get(url_of(deposit)))
    assert "If you have paid, your money is not lost" in expired
    house.deliver(house.pay(deposit)[0])
    house.work()
    assert "arrived after the invoice had ended. It is in your wallet." in text_of(signed_in.get(url_of(deposit)))


def test_a_number_that_was_never_made_is_not_asked_about(house: House, signed_in: Client) -> None:
    deposit = house.ask_only()
    house.outlive(deposit)
    assert "Check now" not in text_of(signed_in.get(url_of(deposit)))


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("40000", "Rp40.000 arrived instead of Rp50.000. What arrived is in your wallet; the rest is not owed."),
        ("60000", "Rp60.000 arrived instead of Rp50.000. All of it is in your wallet."),
    ],
)
def test_less_and_more_are_told(house: House, signed_in: Client, amount: str, words: str) -> None:
    deposit = house.ask_for()
    house.deliver(house.pay(deposit, amount=amount)[0])
    house.work()
    assert words in text_of(signed_in.get(url_of(deposit)))


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("timeout_before_accept", "The bank has not answered yet"),
        ("unauthorized", "The bank did not make a number"),
        ("wrong_amount", "The bank made a wrong number"),
    ],
)
def test_failures_say_where_the_money_is(house: House, signed_in: Client, mode: str, words: str) -> None:
    house.sim.control("misbehave", operation="create-va", mode=mode)
    page = text_of(signed_in.get(url_of(house.ask_for())))
    assert words in page
    assert "othing" in page
    assert "charged" in page


def test_no_number_is_shown_that_must_not_be_paid(house: House, signed_in: Client) -> None:
    house.sim.control("misbehave", operation="create-va", mode="wrong_amount")
    deposit = house.ask_for()
    number = house.account(deposit).number
    assert number
    page = signed_in.get(url_of(deposit)).content.decode()
    assert number not in page
    assert number[:4] + " " + number[4:8] not in page


def test_success_shows_the_new_balance_and_what_to_do_next(house: House, signed_in: Client) -> None:
    deposit = house.ask_for()
    house.deliver(house.pay(deposit)[0])
    house.work()
    page = signed_in.get(url_of(deposit)).content.decode()
    assert "Rp50.000 is in your wallet" in page
    assert "You now have Rp50.000 available." in page
    assert reverse("otp:buy") in page
    assert f'data-arrival="{deposit.public_id}-paid"' in page
    assert "hx-trigger" not in re.search(r'<div id="live"[^>]*>', page).group(0)  # type: ignore[union-attr]
    assert 'data-copy="37020' not in page


def test_an_unchanged_poll_is_empty_and_costs_one_read(house: House, signed_in: Client) -> None:
    deposit = house.ask_for()
    seen = seen_in(signed_in.get(url_of(deposit)).content.decode())
    assert poll(signed_in, deposit, seen).status_code == 204
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert poll(signed_in, deposit, seen).status_code == 204
    ours = [query["sql"] for query in queries if "payments_" in query["sql"]]
    assert len(ours) == 1
    assert len(queries) <= 2, "the other one is the signed-in person"


def test_the_poll_shows_each_change_once_and_stops_at_the_end(house: House, signed_in: Client) -> None:
    deposit = house.ask_only()
    html = signed_in.get(url_of(deposit)).content.decode()
    assert 'hx-trigger="every 1s' in html
    settlement.submit(house.account(deposit).pk)
    fragment = poll(signed_in, deposit, seen_in(html))
    assert fragment.status_code == 200
    html = fragment.content.decode()
    assert "<html" not in html
    assert 'hx-trigger="every 3s' in html
    assert "BCA mobile" in html, "the steps come with the number"
    assert poll(signed_in, deposit, seen_in(html)).status_code == 204
    house.deliver(house.pay(deposit)[0])
    house.work()
    last = poll(signed_in, deposit, seen_in(html)).content.decode()
    assert "is in your wallet" in last
    assert "every" not in re.search(r'<div id="live"[^>]*>', last).group(0)  # type: ignore[union-attr]


def test_the_poll_slows_down_with_time(house: House, signed_in: Client) -> None:
    deposit = house.ask_for()
    seen = seen_in(signed_in.get(url_of(deposit)).content.decode())
    for age, every in ((timedelta(minutes=16), 10), (timedelta(hours=3), 30)):
        with pgtrigger.ignore("payments.Deposit:asked_once"):
            Deposit.objects.filter(pk=deposit.pk).update(created_at=timezone.now() - age)
        fragment = poll(signed_in, deposit, seen)
        assert fragment.status_code == 200
        seen = seen_in(fragment.content.decode())
        assert seen.endswith(f"-{every}-waiting")
        assert poll(signed_in, deposit, seen).status_code == 204


def test_a_number_that_takes_long_is_admitted(house: House, signed_in: Client) -> None:
    deposit = house.ask_only()
    seen = seen_in(signed_in.get(url_of(deposit)).content.decode())
    with pgtrigger.ignore("payments.Deposit:asked_once"):
        Deposit.objects.filter(pk=deposit.pk).update(created_at=timezone.now() - timedelta(seconds=30))
    assert "Nothing has been charged. If you are in a hurry" in text_of(poll(signed_in, deposit, seen))


@pytest.mark.parametrize("seen", ["", "1", "1-", "-1", "x-y", "9" * 30 + "-3", "1-" + "9" * 30, "²-3"])
def test_nonsense_in_a_poll_is_answered_with_the_fragment(house: House, signed_in: Client, seen: str) -> None:
    assert poll(signed_in, house.ask_for(), seen).status_code == 200


def test_check_now_by_form_and_by_fragment(house: House, signed_in: Client) -> None:
    deposit = house.ask_for()
    assert signed_in.post(url_of(deposit, "check"))["Location"] == url_of(deposit)
    settlement.ask(house.account(deposit).pk)
    assert len(house.requests("status")) == 1
    again = signed_in.post(url_of(deposit, "check"), headers={"HX-Request": "true"})
    assert again.status_code == 200
    assert "a moment ago" in text_of(again)
    assert again.content.decode().count('id="live"') == 1


def test_cancelling_by_the_page(house: House, signed_in: Client) -> None:
    deposit = house.ask_for()
    answer = signed_in.post(url_of(deposit, "cancel"))
    assert [str(message) for message in get_messages(answer.wsgi_request)]
    assert "You cancelled this top up" in text_of(signed_in.get(url_of(deposit)))
    paid = house.ask_for(75_000)
    house.deliver(house.pay(paid)[0])
    house.work()
    signed_in.post(url_of(paid, "cancel"))
    paid.refresh_from_db()
    assert paid.state == "success"
