"""The customer's list, the cost of pages, and what staff find."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from accounts.models import User
from payments.models import Deposit
from tests.payments.browsing import TOPUP, url_of
from tests.payments.conftest import House

pytestmark = pytest.mark.django_db


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
        pages = [TOPUP, "/topup/deposits/", url_of(deposit), "/topup/deposits/?q=37020&state=pending"]
        counts.append([_queries(signed_in, url) for url in pages])
    assert counts[0] == counts[1]
    assert max(counts[0]) <= 12
    paid = Deposit.objects.latest("id")
    house.deliver(house.pay(paid)[0])
    house.work()
    assert _queries(signed_in, url_of(paid)) <= 12


def test_pages_are_translatable(house: House, signed_in: Client) -> None:
    deposit = house.ask_for()
    with translation.override("id"):
        for url in (TOPUP, "/topup/deposits/", url_of(deposit)):
            assert signed_in.get(url, headers={"Accept-Language": "id"}).status_code == 200


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
        ("paymentattempt", account.provider_trx_id),
        ("providermessage", account.number),
    ):
        page = client.get(f"/admin/payments/{model}/", {"q": text})
        assert page.status_code == 200
        assert page.context["cl"].result_count == 1
    for model, row in (
        ("deposit", deposit.pk),
        ("paymentattempt", account.pk),
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
