"""The page itself: its policy and scripts, what it answers to looks, and that it works for whoever may look at it."""

import re
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.contrib.staticfiles import finders
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from accounts.models import Client, Customer
from checkout.models import Session
from checkout.views.policy import SCRIPTS
from config.lib.clock import now
from payments.models import Deposit
from tests.cards.house import ASKS, SILENT
from tests.checkout.house import ask_for, fresh, look, pay, payment_of, time_passes, url

pytestmark = pytest.mark.django_db
DECLINED = "4000000000000002"


@pytest.fixture
def session(shop: Client) -> Session:
    return ask_for(shop)


def policy_of(session: Session) -> dict[str, list[str]]:
    header = Browser().get(url(session))["Content-Security-Policy"]
    return {name: sources for name, *sources in (part.split() for part in header.split("; "))}


def test_the_policy_names_each_script_and_nothing_else(session: Session) -> None:
    policy, text = policy_of(session), look(session)
    drawn = re.findall(r'<script src="([^"]+)"', text)
    assert policy["script-src"] == [f"http://testserver{name}" for name in drawn]
    assert len(drawn) == text.count("<script") == len(SCRIPTS)
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == ["'none'"]
    assert policy["form-action"] == policy["style-src"] == policy["connect-src"] == ["'self'"]
    assert not re.search(r'\s(style|on\w+)="', text)


def test_nothing_is_loaded_from_elsewhere(session: Session) -> None:
    for name in re.findall(r'(?:src|rel="(?:stylesheet|icon)" href)="([^"]+)"', look(session)):
        assert name.startswith(("/static/", "data:"))


def test_forms_may_go_to_the_bank_while_it_asks(session: Session) -> None:
    pay(session, ASKS)
    bank = "/".join(payment_of(session).acs_url.split("/")[:3])
    assert policy_of(session)["form-action"] == ["'self'", bank]


def test_it_is_not_kept_listed_or_framed(session: Session) -> None:
    answer = Browser().get(url(session))
    assert "no-store" in answer["Cache-Control"]
    assert "noindex" in answer["X-Robots-Tag"]
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"


def test_a_look_at_nothing_new_is_cheap(session: Session) -> None:
    seen = _poll_of(session)
    with CaptureQueriesContext(connection) as asked:
        answer = Browser().get(seen, headers={"HX-Request": "true"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert len(asked) <= 3


def test_a_page_of_another_kind_is_loaded_anew(session: Session) -> None:
    seen = _poll_of(session)
    pay(session)
    answer = Browser().get(seen, headers={"HX-Request": "true"})
    assert answer["HX-Refresh"] == "true"


def test_news_of_the_same_kind_come_as_a_part(session: Session) -> None:
    seen = _poll_of(session)
    pay(session, DECLINED)
    answer = Browser().get(seen, headers={"HX-Request": "true"})
    text = answer.content.decode()
    assert "Your bank declined the card" in text
    assert "<html" not in text


def test_a_paid_page_asks_no_more(session: Session) -> None:
    pay(session)
    assert "hx-get" not in look(session)


def test_it_goes_back_only_where_the_client_said(session: Session, shop: Client) -> None:
    pay(session)
    answer = Browser().get(url(session) + "?returnUrl=https://evil.example/&next=https://evil.example/")
    assert answer["Refresh"].startswith("5; url=https://shop.example/")
    assert 'href="https://evil' not in answer.content.decode()
    without = ask_for(shop, return_url="")
    pay(without)
    answer = Browser().get(url(without))
    assert "Refresh" not in answer
    assert "You can close this page" in answer.content.decode()


def test_without_scripts_it_loads_itself_again_while_money_moves(session: Session) -> None:
    pay(session, SILENT)
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in look(session)


def test_the_refused_form_leads_back_to_the_page(session: Session) -> None:
    for part in ("card", "by", "bank", "ask"):
        answer = Browser().get(url(session, part))
        assert (answer.status_code, answer["Location"]) == (303, url(session))


def test_a_link_of_a_deposit_still_works(customer: Customer, faspay_sim: object) -> None:
    deposit = Deposit.objects.create(
        customer=customer,
        amount=Decimal(50_000),
        currency="IDR",
        method="va",
        bank="702",
        expires_at=now() + timedelta(hours=1),
    )
    text = Browser().get(f"/pay/{deposit.public_id}").content.decode()
    assert "for the wallet of" in text
    assert Browser().get(f"/pay/{deposit.public_id}/card").status_code == 404
    assert Browser().get(f"/pay/{uuid4()}").status_code == 404


def test_it_is_written_in_both_languages(session: Session) -> None:
    payer = Browser(headers={"Accept-Language": "id"})
    assert 'lang="id"' in payer.get(url(session)).content.decode()


def test_words_of_the_client_are_shown_as_words(shop: Client) -> None:
    session = ask_for(shop, description='<img src=x onerror="alert(1)">')
    assert "&lt;img src=x" in look(session)


def test_what_is_long_over_is_not_asked_about(session: Session) -> None:
    time_passes(timedelta(hours=3))
    assert "hx-get" not in look(session)
    assert fresh(session).state == "open"


def test_every_script_of_the_inventory_is_ours() -> None:
    for name in SCRIPTS:
        assert finders.find(name), name


def _poll_of(session: Session) -> str:
    found = re.search(r'hx-get="([^"]+)"', look(session))
    assert found is not None
    return found[1].replace("&amp;", "&")
