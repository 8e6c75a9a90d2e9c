"""The processor of cards as a page: its own book, answers of holders, and mistakes to order."""

import re
from collections.abc import Callable
from typing import Any

import pytest
import requests
from django.test import Client
from django.urls import reverse

from accounts.models import Customer
from tests.simulators import Simulator


@pytest.fixture
def browser(client_for: Callable[[Customer], Client], customer: Customer, cards_sim: Simulator) -> Client:
    return client_for(customer)


def charge(cards: Simulator, reference: str, number: str) -> None:
    card = {"number": number, "expiryMonth": 12, "expiryYear": 2099}
    body = {"reference": reference, "amount": "12.50", "currency": "SLE", "orderId": "order 7", "card": card}
    headers = {"Authorization": f"Bearer {cards.secrets['api_key']}"}
    requests.post(f"{cards.url}/cards/v1/authorizations", json=body, headers=headers, timeout=5).raise_for_status()


def told(browser: Client, name: str, **form: Any) -> str:
    reply = browser.post(reverse(f"sandbox:{name}"), form, follow=True)
    assert reply.redirect_chain == [(reverse("sandbox:cards"), 302)]
    return " ".join(str(message) for message in reply.context["messages"])


def test_the_book_is_shown_without_numbers(browser: Client, cards_sim: Simulator) -> None:
    page = reverse("sandbox:cards")
    assert "Nothing was charged yet" in browser.get(page).content.decode()
    charge(cards_sim, "CP20260101AAAA", "4242424242424242")
    charge(cards_sim, "CP20260101BBBB", "4000000000009995")
    text = browser.get(page, headers={"HX-Request": "true"}).content.decode()
    assert "424242••••4242" in text
    assert "SLE 12.50" in text
    assert "insufficient funds" in text
    assert "<html" not in text


@pytest.mark.parametrize(("way", "words"), [("Y", "has confirmed"), ("N", "has refused")], ids=["yes", "no"])
def test_an_answer_is_given_for_the_holder(browser: Client, cards_sim: Simulator, way: str, words: str) -> None:
    charge(cards_sim, "CP20260101AAAA", "4000000000003220")
    text = browser.post(reverse("sandbox:card_challenge"), {"reference": "CP20260101AAAA", "way": way}).content.decode()
    assert words in text
    assert re.search(r"[\w-]{80,}\.[0-9a-f]{64}", text)


def test_mistakes_are_ordered_and_taken_back(browser: Client, cards_sim: Simulator) -> None:
    told(browser, "card_mood", mood="down")
    assert "out of order until" in browser.get(reverse("sandbox:cards")).content.decode()
    told(browser, "card_mood", mood="well")
    assert cards_sim.look("misbehave")["pending"] == []


def test_nonsense_is_told(browser: Client) -> None:
    assert told(browser, "card_mood", mood="dance")
    assert told(browser, "card_challenge", reference="../..", way="Y")
    assert "refused" in told(browser, "card_challenge", reference="CP20260101ZZZZ", way="Y")


def test_without_the_simulator_the_page_says_so(browser: Client, settings: Any) -> None:
    settings.SANDBOX_CARDS_URL = "http://127.0.0.1:9"
    page = browser.get(reverse("sandbox:cards"))
    assert page.status_code == 200
    assert "is not there" in page.content.decode()
