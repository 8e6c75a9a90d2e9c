"""The pages of a client's people about checkouts: a link to send, what became of it, the settings."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from accounts.access.actors import command
from accounts.models import Client, Role
from checkout.models import Session, Shop
from checkout.services import paying, sessions
from payments import tasks
from tests.accounts import cast

pytestmark = pytest.mark.django_db
LIST, NEW, SETTINGS = "/company/checkout/", "/company/checkout/new/", "/company/checkout/settings/"


@pytest.fixture
def fatu(shop: Client) -> Browser:
    return cast.browser_of(cast.person("fatu", Role.PORTAL_ADMIN, client=shop))


def text(answer: Any) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


def made(shop: Client, **more: Any) -> Session:
    wish: dict[str, Any] = {"amount": Decimal(250), "currency": "SLE", "description": "Invoice 77", **more}
    return sessions.create(client=shop, is_sandbox=wish.pop("is_sandbox", False), **wish)


def page_of(session: Session) -> str:
    return reverse("company:checkout", args=[session.public_id])


def test_a_link_is_made_once_and_can_be_paid(fatu: Browser, shop: Client) -> None:
    assert "No checkouts yet" in text(fatu.get(LIST))
    form = fatu.get(NEW)
    key = re.search(r'name="key" value="([^"]+)"', form.content.decode())
    assert key is not None
    said = {"currency": "SLE", "amount": "1,250.50", "description": "Invoice 77", "minutes": "60", "key": key[1]}
    answers = [fatu.post(NEW, said) for _ in range(2)]
    session = Session.objects.get()
    assert [answer["Location"] for answer in answers] == [page_of(session)] * 2
    assert (session.amount, session.expires_at - session.created_at) == (Decimal("1250.50"), timedelta(minutes=60))
    page = text(fatu.get(page_of(session)))
    assert f"/pay/{session.public_id}" in page
    assert "<svg" in page
    assert "Invoice 77" in text(fatu.get(LIST))
    assert Browser().get(f"/pay/{session.public_id}").status_code == 200
    picture = fatu.get(reverse("company:checkout_qr", args=[session.public_id]))
    assert (picture["Content-Type"], picture.content[:4]) == ("image/png", b"\x89PNG")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"amount": "much"}, "Enter an amount, for example 250.00."),
        ({"amount": "0"}, "Enter an amount"),
        ({"amount": "2.500"}, "can be read in one way only: 2500, or 2.50."),
        ({"amount": "250.50", "currency": "IDR"}, "Enter an amount, for example 250000."),
        ({"currency": "USD"}, "not one of the available choices"),
        ({"minutes": "2"}, "greater than or equal to 5"),
        ({"minutes": "20000"}, "less than or equal to 10080"),
        ({"minutes": ""}, "This field is required"),
        ({"key": ""}, "This field is required"),
    ],
    ids=["words", "nothing", "two-ways", "cents", "dollars", "short", "long", "open", "keyless"],
)
def test_what_is_wrong_is_said(fatu: Browser, wrong: dict[str, str], words: str) -> None:
    said = {"currency": "SLE", "amount": "250", "description": "", "minutes": "30", "key": str(uuid4()), **wrong}
    answer = fatu.post(NEW, said)
    assert answer.status_code == 422
    assert words in text(answer)
    assert not Session.objects.exists()


def test_the_list_is_narrowed(fatu: Browser, shop: Client) -> None:
    made(shop, description="First")
    sessions.cancel(session=made(shop, description="Second"), actor=command("test"))
    for query, found in (
        ({}, {"First", "Second"}),
        ({"group": "open"}, {"First"}),
        ({"group": "unpaid"}, {"Second"}),
        ({"group": "paid"}, set()),
        ({"q": "secon"}, {"Second"}),
        ({"q": "250"}, {"First", "Second"}),
        ({"q": str(Session.objects.get(description="First").public_id)}, {"First"}),
        ({"currency": "IDR"}, set()),
        ({"first": "2200-01-01"}, set()),
        ({"q": "\0", "group": "odd", "first": "x", "cursor": "odd"}, {"First", "Second"}),
    ):
        page = text(fatu.get(LIST, query))
        assert {word for word in ("First", "Second") if f">{word}<" in page} == found, query


def test_it_is_called_off(fatu: Browser, shop: Client) -> None:
    session = made(shop)
    where = reverse("company:checkout_cancel", args=[session.public_id])
    assert "Called off" in text(fatu.post(where, follow=True))
    session.refresh_from_db()
    assert session.state == "cancelled"
    assert "This page changes" not in text(fatu.get(page_of(session)))
    assert fatu.get(reverse("company:checkout_qr", args=[session.public_id])).status_code == 404


def test_what_the_payer_did_is_told(fatu: Browser, shop: Client) -> None:
    session = made(shop, amount=Decimal(50_000), currency="IDR", is_sandbox=True)
    Session.objects.filter(pk=session.pk).update(description="Play")
    paying.collect(session=session, press=uuid4(), method="qris")
    assert fatu.get(page_of(session)).status_code == 404, "pages show what is live"


def test_one_that_was_paid_says_by_what(fatu: Browser, shop: Client, faspay_sim: Any) -> None:
    session = made(shop, amount=Decimal(50_000), currency="IDR")
    attempt = paying.collect(session=session, press=uuid4(), method="va", bank="702")
    assert attempt.deposit is not None
    tasks.submit(attempt_id=attempt.deposit.attempts.get().pk)
    page = text(fatu.get(page_of(session)))
    assert "BCA" in page
    assert "Under way" in page
    trx_id = attempt.deposit.attempts.get().trx_id
    faspay_sim.control("pay", trxId=trx_id, send=False)
    attempt.deposit.attempts.update(next_check_at=timezone.now())
    tasks.ask(attempt_id=attempt.deposit.attempts.get().pk)
    session.refresh_from_db()
    assert session.state == "completed"
    page = text(fatu.get(page_of(session)))
    for words in ("Paid", "In your balance since", "Rp50.000", "Money arrived"):
        assert words in page, words


def test_a_poll_is_answered_only_when_something_is_new(fatu: Browser, shop: Client) -> None:
    session = made(shop)
    page = fatu.get(page_of(session)).content.decode()
    asked = re.search(r'hx-get="([^"]+)"', page)
    assert asked is not None
    assert fatu.get(asked[1], headers={"HX-Request": "true"}).status_code == 204
    Session.objects.filter(pk=session.pk).update(version=99)
    fresh = fatu.get(asked[1], headers={"HX-Request": "true"})
    assert (fresh.status_code, fresh.content[:100].count(b'id="session"')) == (200, 1)


def test_settings_count_for_new_ones(fatu: Browser, shop: Client) -> None:
    page = text(fatu.get(SETTINGS))
    assert page.count("checked") >= 4
    said = {"name": "Kush Market", "methods": ["card", "qris"], "minutes": "90"}
    assert fatu.post(SETTINGS, said)["Location"] == LIST
    kept = Shop.objects.get()
    assert (kept.name, kept.methods, kept.minutes) == ("Kush Market", ["card", "qris"], 90)
    assert "Kush Market" in text(fatu.get(NEW))
    for wrong in ({**said, "methods": []}, {**said, "minutes": "1"}, {**said, "name": "x" * 61}):
        assert fatu.post(SETTINGS, wrong).status_code == 422


def test_whom_the_pages_are_for(fatu: Browser, shop: Client) -> None:
    theirs = made(cast.company("Other"))
    for where in (page_of(theirs), reverse("company:checkout_qr", args=[theirs.public_id])):
        assert fatu.get(where).status_code == 404
    assert fatu.post(reverse("company:checkout_cancel", args=[theirs.public_id])).status_code == 404
    staff = cast.browser_of(cast.person("citra", Role.COMPANY_ADMIN))
    assert staff.get(LIST).status_code == 404


def test_constant_queries(fatu: Browser, shop: Client, django_assert_max_num_queries: Any) -> None:
    for number in range(12):
        made(shop, description=f"Number {number}")
    fatu.get(LIST)
    with django_assert_max_num_queries(12):
        fatu.get(LIST)
