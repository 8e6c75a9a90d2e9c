"""Top up, deposit and list pages as a browser without JavaScript sees them, and the fragments that poll."""

import re
import secrets
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pgtrigger
import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from accounts.models import Customer, User
from payments import services, settlement
from payments.banks import BANKS
from payments.models import Deposit, DepositRequest, VirtualAccount
from tests.payments.conftest import House

pytestmark = pytest.mark.django_db
TOPUP = "/topup/"
KEY = "a-key-from-the-hidden-field"


def _send(client: Client, **fields: str) -> Any:
    return client.post(TOPUP, {"preset": "50000", "amount": "", "bank": "702", "idempotency_key": KEY, **fields})


def _url(deposit: Deposit, action: str = "deposit") -> str:
    return reverse(f"payments:{action}", args=[deposit.public_id])


def _poll(client: Client, deposit: Deposit, seen: str = "") -> Any:
    return client.get(_url(deposit), {"seen": seen} if seen else {}, headers={"HX-Request": "true"})


def _seen(html: str) -> str:
    found = re.search(r"seen=([0-9]+-[0-9]+)", html)
    assert found
    return found.group(1)


def _text(response: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


# --- asking for a number ---------------------------------------------------------------------------


def test_the_page_says_limits_banks_and_balance(signed_in: Client) -> None:
    page = _text(signed_in.get(TOPUP))
    for words in ("Rp10.000", "Rp10.000.000", "Rp50.000", "You have Rp0 available", "24 hours", "No fee"):
        assert words in page
    for bank in BANKS.values():
        assert bank.name in page


def test_sending_the_form_leads_to_the_invoice(house: House, signed_in: Client) -> None:
    answer = _send(signed_in)
    deposit = Deposit.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, _url(deposit))
    assert (deposit.amount, deposit.bank, deposit.state) == (Decimal(50_000), "702", "pending")
    assert deposit.expires_at - deposit.created_at == timedelta(hours=24)
    account = house.account(deposit)
    assert (account.state, account.sent_at) == ("submitting", None)
    settlement.submit(account.pk)
    page = signed_in.get(_url(deposit)).content.decode()
    number = house.account(deposit).number
    assert f'data-copy="{number}"' in page
    assert 'data-copy="50000"' in page
    assert " ".join(number[at : at + 4] for at in range(0, len(number), 4)) in page
    assert "BCA mobile" in page
    assert "data-deadline" in page


def test_the_number_is_asked_for_after_the_commit(
    house: House, signed_in: Client, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks() as queued:
        _send(signed_in)
    assert len(queued) == 1
    assert house.requests("create-va") == []


def test_a_broker_that_is_away_is_no_error(
    house: House, signed_in: Client, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    def away(*args: Any, **kwargs: Any) -> None:
        raise ConnectionError("no broker")

    monkeypatch.setattr("celery.app.task.Task.apply_async", away)
    with django_capture_on_commit_callbacks(execute=True):
        assert _send(signed_in).status_code == 302
    assert Deposit.objects.count() == 1


def test_a_replayed_form_leads_to_the_same_invoice(house: House, signed_in: Client) -> None:
    places = {_send(signed_in)["Location"] for _ in range(3)}
    deposit = Deposit.objects.get()
    assert places == {_url(deposit)}
    settlement.submit(house.account(deposit).pk)
    house.deliver(house.pay(deposit)[0])
    house.work()
    assert _send(signed_in)["Location"] == _url(deposit), "also when it is paid: back and send again pays nothing twice"
    assert (Deposit.objects.count(), DepositRequest.objects.count()) == (1, 1)


def test_an_open_invoice_is_shown_again(house: House, signed_in: Client) -> None:
    first = _send(signed_in)["Location"]
    assert _send(signed_in, idempotency_key=secrets.token_hex(16))["Location"] == first
    assert _send(signed_in, idempotency_key=secrets.token_hex(16), bank="800")["Location"] != first
    assert _send(signed_in, idempotency_key=secrets.token_hex(16), preset="100000")["Location"] != first
    assert Deposit.objects.count() == 3


@pytest.mark.parametrize("how", ["paid", "expired", "failed", "nearly_over", "long_in_doubt", "cancelled"])
def test_an_invoice_that_cannot_be_paid_in_peace_is_not_shown_again(house: House, how: str) -> None:
    first = house.ask_for()
    account = house.account(first)
    if how == "paid":
        house.deliver(house.pay(first)[0])
        house.work()
    elif how == "expired":
        house.outlive(first)
    elif how == "failed":
        house.pay(first, status="06")
        house.question(first)
    elif how == "nearly_over":
        Deposit.objects.filter(pk=first.pk).update(expires_at=timezone.now() + timedelta(minutes=5))
    elif how == "cancelled":
        services.cancel_deposit(deposit=first)
    else:
        other = Deposit.objects.create(customer=house.customer, amount=75_000, bank="702", expires_at=first.expires_at)
        VirtualAccount.objects.create(
            deposit=other, trx_id="OLDOLDOLDOLDOLD1", state="in_doubt", created_at=timezone.now() - timedelta(minutes=3)
        )
        assert house.ask_only(75_000).pk != other.pk
        return
    assert account.pk
    assert house.ask_only().pk != first.pk


def test_the_same_key_with_other_content_is_refused(house: House, signed_in: Client) -> None:
    _send(signed_in)
    answer = _send(signed_in, preset="100000")
    assert answer.status_code == 422
    assert "already used" in _text(answer)
    assert Deposit.objects.count() == 1


def test_keys_are_each_customers_own(house: House, other_customer: Customer, client_for: Callable[..., Client]) -> None:
    _send(client_for(house.customer))
    _send(client_for(other_customer))
    assert Deposit.objects.filter(customer=other_customer).count() == 1
    assert Deposit.objects.count() == 2


@pytest.mark.parametrize("typed", ["75000", "75.000", "Rp 75.000", "rp75,000", " 75000 "])
def test_an_own_amount_may_be_typed_as_people_do(house: House, signed_in: Client, typed: str) -> None:
    assert _send(signed_in, preset="other", amount=typed).status_code == 302
    assert Deposit.objects.get().amount == Decimal(75_000)


def test_the_amount_alone_is_enough(house: House, signed_in: Client) -> None:
    answer = signed_in.post(TOPUP, {"amount": "60000", "bank": "702", "idempotency_key": KEY})
    assert answer.status_code == 302
    assert Deposit.objects.get().amount == Decimal(60_000)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "0",
        "-50000",
        "9999",
        "10000001",
        "50000.50",
        "50,5",
        "1e6",
        "NaN",
        "abc",
        "٥٠٠٠٠",
        "9" * 30,
        "7.50.00",
        "\x00",
        "½",
    ],
)
def test_bad_amounts_are_named_and_change_nothing(house: House, signed_in: Client, typed: str) -> None:
    answer = _send(signed_in, preset="other", amount=typed)
    assert answer.status_code == 422
    assert "is-invalid" in answer.content.decode()
    assert Deposit.objects.count() == 0


def test_two_different_amounts_are_for_the_person_to_settle(house: House, signed_in: Client) -> None:
    answer = _send(signed_in, amount="75000")
    assert answer.status_code == 422
    assert "Clear one of them" in _text(answer)


@pytest.mark.parametrize("bank", ["", "999", "6011", "702 ", "BCA", "\x00"])
def test_an_unknown_bank_is_refused(house: House, signed_in: Client, bank: str) -> None:
    answer = _send(signed_in, bank=bank)
    assert answer.status_code == 422
    assert "Choose a bank from the list." in _text(answer)
    assert Deposit.objects.count() == 0


@pytest.mark.parametrize("preset", ["1", "51000", "x", "-1"])
def test_an_unknown_preset_is_refused(house: House, signed_in: Client, preset: str) -> None:
    assert _send(signed_in, preset=preset).status_code == 422


@pytest.mark.parametrize("key", ["", "short", "with blank and more", "x" * 65, "\x00" * 20])
def test_a_page_without_a_usable_key_is_sent_once_more(house: House, signed_in: Client, key: str) -> None:
    answer = _send(signed_in, idempotency_key=key)
    assert (answer.status_code, Deposit.objects.count()) == (422, 0)
    fresh = re.search(r'name="idempotency_key" value="([^"]+)"', answer.content.decode())
    assert fresh
    assert _send(signed_in, idempotency_key=fresh.group(1)).status_code == 302


def test_a_corrected_form_keeps_its_key_and_choices(house: House, signed_in: Client) -> None:
    page = _send(signed_in, preset="other", amount="5").content.decode()
    assert f'value="{KEY}"' in page
    assert re.search(r'value="702" checked', page)
    assert 'value="5"' in page


def test_the_last_choice_is_offered_again(house: House, signed_in: Client) -> None:
    house.ask_for(250_000, "800")
    page = signed_in.get(TOPUP).content.decode()
    assert re.search(r'value="800" checked', page)
    assert re.search(r'value="250000" checked', page)
    assert re.search(r'value="other" checked', signed_in.get(TOPUP + "?amount=13500").content.decode())
    assert signed_in.get(TOPUP, {"amount": "<script>"}).status_code == 200


def test_too_many_open_invoices_are_refused_in_words(
    house: House, signed_in: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services.deposits, "OPEN_LIMIT", 2)
    house.ask_only(50_000)
    house.ask_only(60_000)
    answer = _send(signed_in, preset="100000")
    assert answer.status_code == 422
    assert "waiting for payment" in _text(answer)


def test_a_form_from_elsewhere_is_refused(house: House) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(house.customer.user)
    assert _send(client).status_code == 403


# --- one deposit ------------------------------------------------------------------------------------


def test_what_is_not_mine_does_not_exist(
    house: House, client_for: Callable[..., Client], other_customer: Customer, staff_user: User
) -> None:
    deposit = house.ask_for()
    for person in (other_customer, staff_user):
        client = client_for(person)
        assert client.get(_url(deposit)).status_code == 404
        assert _poll(client, deposit).status_code == 404
        assert _poll(client, deposit, f"{deposit.version}-3").status_code == 404
        assert client.post(_url(deposit, "check")).status_code == 404
        assert client.post(_url(deposit, "cancel")).status_code == 404
    deposit.refresh_from_db()
    assert deposit.state == "pending"
    assert client_for(house.customer).get(reverse("payments:deposit", args=[uuid4()])).status_code == 404
    assert str(deposit.public_id) not in client_for(other_customer).get("/topup/deposits/").content.decode()


def test_strangers_sign_in_first(house: House) -> None:
    deposit = house.ask_for()
    for url in (TOPUP, "/topup/deposits/", _url(deposit)):
        assert Client().get(url)["Location"].startswith("/account/login/")
    assert _poll(Client(), deposit, f"{deposit.version}-3")["HX-Redirect"].startswith("/account/login/")


@pytest.mark.parametrize("action", ["check", "cancel"])
def test_actions_are_posted(house: House, signed_in: Client, action: str) -> None:
    assert signed_in.get(_url(house.ask_for(), action)).status_code == 405


def test_every_stage_is_told_in_words(house: House, signed_in: Client) -> None:
    deposit = house.ask_only()
    assert "We are getting your number" in _text(signed_in.get(_url(deposit)))
    settlement.submit(house.account(deposit).pk)
    assert "Pay to this number" in _text(signed_in.get(_url(deposit)))
    Deposit.objects.filter(pk=deposit.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    ending = _text(signed_in.get(_url(deposit)))
    assert "The time to pay is over" in ending
    assert "data-copy" not in ending
    house.work()
    expired = _text(signed_in.get(_url(deposit)))
    assert "If you have paid, your money is not lost" in expired
    house.deliver(house.pay(deposit)[0])
    house.work()
    assert "arrived after the invoice had ended. It is in your wallet all the same." in _text(
        signed_in.get(_url(deposit))
    )


def test_a_number_that_was_never_made_is_not_asked_about(house: House, signed_in: Client) -> None:
    deposit = house.ask_only()
    house.outlive(deposit)
    assert "Check now" not in _text(signed_in.get(_url(deposit)))


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("40000", "The invoice was for Rp50.000; Rp40.000 arrived. What arrived is in your wallet"),
        ("60000", "The invoice was for Rp50.000; Rp60.000 arrived. All of it is in your wallet."),
    ],
)
def test_less_and_more_are_told(house: House, signed_in: Client, amount: str, words: str) -> None:
    deposit = house.ask_for()
    house.deliver(house.pay(deposit, amount=amount)[0])
    house.work()
    assert words in _text(signed_in.get(_url(deposit)))


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
    page = _text(signed_in.get(_url(house.ask_for())))
    assert words in page
    assert "othing" in page
    assert "charged" in page


def test_no_number_is_shown_that_must_not_be_paid(house: House, signed_in: Client) -> None:
    house.sim.control("misbehave", operation="create-va", mode="wrong_amount")
    deposit = house.ask_for()
    number = house.account(deposit).number
    assert number
    page = signed_in.get(_url(deposit)).content.decode()
    assert number not in page
    assert number[:4] + " " + number[4:8] not in page


def test_success_shows_the_new_balance_and_what_to_do_next(house: House, signed_in: Client) -> None:
    deposit = house.ask_for()
    house.deliver(house.pay(deposit)[0])
    house.work()
    page = signed_in.get(_url(deposit)).content.decode()
    assert "Rp50.000 is in your wallet" in page
    assert "You now have Rp50.000 available." in page
    assert reverse("otp:buy") in page
    assert f'data-arrival="{deposit.public_id}-paid"' in page
    assert "hx-trigger" not in re.search(r'<div id="live"[^>]*>', page).group(0)  # type: ignore[union-attr]
    assert 'data-copy="37020' not in page


def test_an_unchanged_poll_is_empty_and_costs_one_read(house: House, signed_in: Client) -> None:
    deposit = house.ask_for()
    seen = _seen(signed_in.get(_url(deposit)).content.decode())
    assert _poll(signed_in, deposit, seen).status_code == 204
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert _poll(signed_in, deposit, seen).status_code == 204
    ours = [query["sql"] for query in queries if "payments_" in query["sql"]]
    assert len(ours) == 1
    assert len(queries) <= 2, "the other one is the signed-in person"


def test_the_poll_shows_each_change_once_and_stops_at_the_end(house: House, signed_in: Client) -> None:
    deposit = house.ask_only()
    html = signed_in.get(_url(deposit)).content.decode()
    assert 'hx-trigger="every 1s' in html
    settlement.submit(house.account(deposit).pk)
    fragment = _poll(signed_in, deposit, _seen(html))
    assert fragment.status_code == 200
    html = fragment.content.decode()
    assert "<html" not in html
    assert 'hx-trigger="every 3s' in html
    assert "BCA mobile" in html, "the steps come with the number"
    assert _poll(signed_in, deposit, _seen(html)).status_code == 204
    house.deliver(house.pay(deposit)[0])
    house.work()
    last = _poll(signed_in, deposit, _seen(html)).content.decode()
    assert "is in your wallet" in last
    assert "every" not in re.search(r'<div id="live"[^>]*>', last).group(0)  # type: ignore[union-attr]


def test_the_poll_slows_down_with_time(house: House, signed_in: Client) -> None:
    deposit = house.ask_for()
    seen = _seen(signed_in.get(_url(deposit)).content.decode())
    for age, every in ((timedelta(minutes=16), 10), (timedelta(hours=3), 30)):
        with pgtrigger.ignore("payments.Deposit:asked_once"):
            Deposit.objects.filter(pk=deposit.pk).update(created_at=timezone.now() - age)
        fragment = _poll(signed_in, deposit, seen)
        assert fragment.status_code == 200
        seen = _seen(fragment.content.decode())
        assert seen.endswith(f"-{every}")
        assert _poll(signed_in, deposit, seen).status_code == 204


def test_a_number_that_takes_long_is_admitted(house: House, signed_in: Client) -> None:
    deposit = house.ask_only()
    seen = _seen(signed_in.get(_url(deposit)).content.decode())
    with pgtrigger.ignore("payments.Deposit:asked_once"):
        Deposit.objects.filter(pk=deposit.pk).update(created_at=timezone.now() - timedelta(seconds=30))
    assert "Nothing has been charged. If you are in a hurry" in _text(_poll(signed_in, deposit, seen))


@pytest.mark.parametrize("seen", ["", "1", "1-", "-1", "x-y", "9" * 30 + "-3", "1-" + "9" * 30, "²-3"])
def test_nonsense_in_a_poll_is_answered_with_the_fragment(house: House, signed_in: Client, seen: str) -> None:
    assert _poll(signed_in, house.ask_for(), seen).status_code == 200


def test_check_now_by_form_and_by_fragment(house: House, signed_in: Client) -> None:
    deposit = house.ask_for()
    assert signed_in.post(_url(deposit, "check"))["Location"] == _url(deposit)
    settlement.ask(house.account(deposit).pk)
    assert len(house.requests("status")) == 1
    again = signed_in.post(_url(deposit, "check"), headers={"HX-Request": "true"})
    assert again.status_code == 200
    assert "a moment ago" in _text(again)
    assert again.content.decode().count('id="live"') == 1


def test_cancelling_by_the_page(house: House, signed_in: Client) -> None:
    deposit = house.ask_for()
    answer = signed_in.post(_url(deposit, "cancel"))
    assert [str(message) for message in get_messages(answer.wsgi_request)]
    assert "You cancelled this top up" in _text(signed_in.get(_url(deposit)))
    paid = house.ask_for(75_000)
    house.deliver(house.pay(paid)[0])
    house.work()
    signed_in.post(_url(paid, "cancel"))
    paid.refresh_from_db()
    assert paid.state == "success"


# --- the list --------------------------------------------------------------------------------------


def test_the_list_is_searched_filtered_and_paged(house: House, signed_in: Client) -> None:
    deposits = [house.ask_for(10_000 + number * 1_000) for number in range(3)]
    house.deliver(house.pay(deposits[0], amount="12345")[0])
    house.work()
    number = house.account(deposits[1]).number

    def found(**query: str) -> list[str]:
        page = signed_in.get("/topup/deposits/", query).content.decode()
        return re.findall(r'href="/topup/deposits/([0-9a-f-]{36})/"', page)

    ids = [str(deposit.public_id) for deposit in deposits]
    assert found() == ids[::-1]
    assert found(state="success") == [ids[0]]
    assert found(state="nonsense") == ids[::-1]
    assert found(q=number[-8:]) == [ids[1]]
    assert found(q=f"{number[:4]} {number[4:]}") == [ids[1]]
    assert found(q="Rp12.000") == [ids[2]]
    assert found(q="12345") == [ids[0]] or set(found(q="12345")) >= {ids[0]}
    assert found(q=ids[1]) == [ids[1]]
    assert found(q="zzz") == []
    for odd in ("\x00", "'; --", "%", "٣", "9" * 100, "💸"):
        assert signed_in.get("/topup/deposits/", {"q": odd, "cursor": odd}).status_code == 200


def test_pages_of_the_list_meet_without_a_gap(house: House, signed_in: Client) -> None:
    for number in range(30):
        Deposit.objects.create(
            customer=house.customer, amount=10_000 + number, bank="702", expires_at=timezone.now() + timedelta(hours=1)
        )
    first = signed_in.get("/topup/deposits/").content.decode()
    older = re.search(r'rel="next" href="([^"]+)"', first)
    assert older
    second = signed_in.get("/topup/deposits/" + older.group(1).replace("&amp;", "&")).content.decode()
    ids = re.findall(r'href="/topup/deposits/([0-9a-f-]{36})/"', first + second)
    assert len(ids) == len(set(ids)) == 30


def _queries(client: Client, url: str, **headers: str) -> int:
    client.get(url)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url, headers=headers).status_code == 200
    return len(queries)


def test_query_counts_are_constant_and_small(house: House, signed_in: Client) -> None:
    counts = []
    for number in (1, 12):
        for extra in range(number):
            house.ask_for(20_000 + number * 1_000 + extra)
        deposit = Deposit.objects.latest("id")
        pages = [TOPUP, "/topup/deposits/", _url(deposit), "/topup/deposits/?q=37020&state=pending"]
        counts.append([_queries(signed_in, url) for url in pages])
    assert counts[0] == counts[1]
    assert max(counts[0]) <= 12
    paid = Deposit.objects.latest("id")
    house.deliver(house.pay(paid)[0])
    house.work()
    assert _queries(signed_in, _url(paid)) <= 12


def test_pages_are_translatable(house: House, signed_in: Client) -> None:
    deposit = house.ask_for()
    with translation.override("id"):
        for url in (TOPUP, "/topup/deposits/", _url(deposit)):
            assert signed_in.get(url, headers={"Accept-Language": "id"}).status_code == 200


# --- staff ------------------------------------------------------------------------------------------


def test_staff_find_everything_by_any_number_and_change_nothing(
    house: House, client_for: Callable[..., Client], staff_user: User
) -> None:
    deposit = house.ask_for()
    house.deliver(house.pay(deposit)[0])
    house.work()
    account, client = house.account(deposit), client_for(staff_user)
    for model, text in (
        ("deposit", account.number),
        ("deposit", account.trx_id),
        ("deposit", str(deposit.public_id)),
        ("deposit", "ayu@example.id"),
        ("virtualaccount", account.provider_trx_id),
        ("providermessage", account.number),
    ):
        page = client.get(f"/admin/payments/{model}/", {"q": text})
        assert page.status_code == 200
        assert page.context["cl"].result_count == 1
    for model, row in (
        ("deposit", deposit.pk),
        ("virtualaccount", account.pk),
        ("providermessage", account.messages.get().pk),
    ):
        detail = client.get(f"/admin/payments/{model}/{row}/change/")
        assert detail.status_code == 200
        assert b'name="_save"' not in detail.content
        assert client.get(f"/admin/payments/{model}/add/").status_code == 403
        assert client.post(f"/admin/payments/{model}/{row}/delete/", {"post": "yes"}).status_code == 403
    assert (
        account.number
        in client.get(f"/admin/payments/providermessage/{account.messages.get().pk}/change/").content.decode()
    )
