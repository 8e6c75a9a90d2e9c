"""Checkouts as programs and people make them: what is refused, what is answered, what a program is told."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client as Browser

from accounts.access.actors import system
from accounts.models import ApiUser, AuditEntry, Client
from checkout.errors import BadSession, NoWayToPay, SessionOver, TryUnderWay
from checkout.models import Method, Session, Shop, State
from checkout.services import return_urls, sessions, shops
from config.lib.clock import now
from config.lib.errors import Invalid
from notifications.models import WebhookDelivery, WebhookEndpoint
from tests.accounts import cast
from tests.accounts.calling import call, key_of
from tests.cards.house import SILENT
from tests.checkout.house import BACK, ask_for, fresh, look, pay, stage, sweep, time_passes

pytestmark = pytest.mark.django_db
PATH = "/api/checkout/sessions"
GIVEN = {"amount": 250, "currency": "SLE", "returnUrl": BACK}


def test_a_program_opens_a_checkout_and_reads_it(key: str) -> None:
    made = call(key, PATH, "POST", GIVEN | {"description": "Order 7"})
    assert made.status_code == 201
    body = made.json()
    assert body["sessionUrl"].endswith(f"/pay/{body['sessionId']}")
    assert {name: body[name] for name in ("amount", "currency", "returnUrl", "status", "methods")} == {
        "amount": 250,
        "currency": "SLE",
        "returnUrl": BACK,
        "status": "Open",
        "methods": ["card"],
    }
    assert (body["paymentReference"], body["completedAt"]) == (None, None)
    assert call(key, f"{PATH}/{body['sessionId']}").json() == body
    session = Session.objects.get()
    assert session.expires_at - session.created_at == timedelta(minutes=30)
    pay(session)
    paid = call(key, f"{PATH}/{body['sessionId']}").json()
    assert (paid["status"], paid["paymentReference"]) == ("Completed", fresh(session).payment_reference)
    assert paid["completedAt"] is not None


def test_the_same_call_twice_makes_one(key: str) -> None:
    answers = [
        Browser()
        .post(
            PATH,
            GIVEN,
            content_type="application/json",
            headers={"Authorization": f"Bearer {key}", "Idempotency-Key": "order-7"},
        )
        .json()["sessionId"]
        for _turn in range(2)
    ]
    assert answers[0] == answers[1]
    assert Session.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": 0}, "amount"),
        ({"amount": 1.005}, "amount"),
        ({"amount": "12"}, "amount"),
        ({"currency": "USD"}, "currency"),
        ({"currency": "sle"}, "currency"),
        ({"currency": "SLEX"}, "currency"),
        ({"returnUrl": ""}, "returnUrl"),
        ({"returnUrl": "/thanks"}, "returnUrl"),
        ({"returnUrl": "javascript:alert(1)"}, "returnUrl"),
        ({"description": "see https://elsewhere.example"}, "description"),
        ({"description": "x" * 201}, "description"),
    ],
    ids=str,
)
def test_what_is_wrong_is_refused_at_its_field(key: str, change: dict[str, Any], field: str) -> None:
    refused = call(key, PATH, "POST", GIVEN | change)
    assert refused.status_code == 400
    assert field in refused.json()["errors"]
    assert not Session.objects.exists()


def test_others_see_nothing(key: str, play_key: str) -> None:
    made = call(key, PATH, "POST", GIVEN).json()["sessionId"]
    stranger = key_of(cast.api_user(cast.company("Other"), "Spy")).raw
    for raw in (stranger, play_key):
        assert call(raw, f"{PATH}/{made}").status_code == 404
    assert call(key, f"{PATH}/nothing").status_code == 404


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example",
        "https://shop.example:8443/a/b?x=1&y=%20",
        "https://xn--bcher-kva.example/",
        "https://[2001:db8::1]/back",
    ],
)
def test_addresses_to_go_back_to(url: str) -> None:
    assert return_urls.check(url, is_sandbox=False) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/",
        "http://localhost:3000/",
        "https://",
        "https:///path",
        "//shop.example/",
        "https://user@shop.example/",
        "https://user:pw@shop.example/",
        "https://@shop.example/",
        "https://shop.example/#done",
        "https://shop.example/#",
        "https://shop.example:99999/",
        "https://shop.example:x/",
        "https://shop.example/a b",
        "https://shop.example\\@evil.example/",
        "https://shop.example/\r\nSet-Cookie: a=b",
        "https://sh\u00f6p.example/",
        "data:text/html,hello",
        "https://shop_1.example/;" + "x" * 2000,
        "https://[::1",
    ],
    ids=repr,
)
def test_addresses_that_nobody_is_sent_to(url: str) -> None:
    with pytest.raises(BadSession):
        return_urls.check(url, is_sandbox=False)


def test_a_developers_own_machine_in_the_sandbox_only() -> None:
    for url in ("http://localhost:3000/back", "http://127.0.0.1/", "http://[::1]:8000/"):
        assert return_urls.check(url, is_sandbox=True) == url
    for url in ("http://localhost.evil.example/", "http://shop.example/", "http://127.0.0.2/"):
        with pytest.raises(BadSession):
            return_urls.check(url, is_sandbox=True)


def test_the_address_is_told_how_it_ended_and_keeps_its_own_query() -> None:
    told = return_urls.told("https://shop.example/a?b=1&status=Completed&c=", session_id="s", status="Expired")
    assert told == "https://shop.example/a?b=1&c=&sessionId=s&status=Expired"
    signed = "https://shop.example/a?b=caf%E9%20au+lait&flag&sig=a/b%2Bc=&%73tatus=Completed"
    assert return_urls.told(signed, session_id="s", status="Expired") == (
        "https://shop.example/a?b=caf%E9%20au+lait&flag&sig=a/b%2Bc=&sessionId=s&status=Expired"
    )


def test_a_client_decides_what_its_checkouts_offer(shop: Client, settings: Any) -> None:
    shops.configure(actor=system("test"), client=shop, name="Kush Crafts", methods=["card"], minutes=60)
    session = ask_for(shop)
    assert session.expires_at - session.created_at == timedelta(hours=1)
    assert "Kush Crafts" in look(session)
    shops.configure(actor=system("test"), client=shop, name="", methods=[Method.VA], minutes=60)
    with pytest.raises(NoWayToPay):
        ask_for(shop)
    assert AuditEntry.objects.filter(action="shop.changed").count() == 2


@pytest.mark.parametrize(
    ("name", "methods", "minutes"),
    [("ok", [], 30), ("ok", ["cash"], 30), ("ok", ["card"], 4), ("ok", ["card"], 10_081), ("x" * 61, ["card"], 30)],
    ids=["no way", "unknown way", "too short", "too long", "long name"],
)
def test_settings_that_make_no_sense(shop: Client, name: str, methods: list[str], minutes: int) -> None:
    with pytest.raises(Invalid):
        shops.configure(actor=system("test"), client=shop, name=name, methods=methods, minutes=minutes)
    assert not Shop.objects.exists()


def test_a_checkout_is_called_off_once_and_not_while_money_moves(shop: Client) -> None:
    session, busy, paid = ask_for(shop), ask_for(shop), ask_for(shop)
    for _turn in range(2):
        assert sessions.cancel(session=session, actor=system("test")).state == State.CANCELLED
    assert AuditEntry.objects.filter(action="checkout.cancelled").count() == 1
    assert "has called this payment off" in look(session)
    assert pay(session).status_code == 409
    pay(busy, SILENT)
    with pytest.raises(TryUnderWay):
        sessions.cancel(session=busy, actor=system("test"))
    pay(paid)
    with pytest.raises(SessionOver):
        sessions.cancel(session=paid, actor=system("test"))


def test_the_clients_program_is_told_of_the_end(shop: Client) -> None:
    told = {"url": "https://shop.example/hook", "events": ["checkout.completed", "checkout.expired"]}
    WebhookEndpoint.objects.create(client=shop, secret=b"x", secret_set_at=now(), **told)
    paid, late = ask_for(shop), ask_for(shop, minutes=5)
    pay(paid)
    time_passes(timedelta(minutes=6))
    sweep()
    heard = [(one.event, one.subject) for one in WebhookDelivery.objects.filter(event__startswith="checkout.")]
    assert sorted(heard) == sorted(
        [("checkout.completed", str(paid.public_id)), ("checkout.expired", str(late.public_id))]
    )
    assert stage(late) == "expired"


def test_nobody_writes_a_checkout_over(shop: Client, bot: ApiUser) -> None:
    session = ask_for(shop, api_user=bot)
    pay(session)
    paid = fresh(session)
    for field, value in (("amount", Decimal(1)), ("state", State.OPEN), ("return_url", "https://evil.example/")):
        setattr(paid, field, value)
        with pytest.raises(DatabaseError), transaction.atomic():
            paid.save(update_fields=[field])
        paid = fresh(session)
