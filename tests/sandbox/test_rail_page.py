"""The banks that we pay to, as a page: their own book, and mistakes to order."""

from collections.abc import Callable
from typing import Any

import pytest
import requests
from django.test import Client
from django.urls import reverse

from accounts.models import Customer
from tests.simulators import Simulator


@pytest.fixture
def browser(client_for: Callable[[Customer], Client], customer: Customer, rail_sim: Simulator) -> Client:
    return client_for(customer)


def pay(rail: Simulator, reference: str, account: str) -> None:
    body = {"reference": reference, "network": "bank", "institution": account[:3], "account": account, "holder": ""}
    body |= {"amount": "12.50", "currency": "SLE", "narration": ""}
    headers = {"Authorization": f"Bearer {rail.secrets['api_key']}"}
    requests.post(f"{rail.url}/rail/v1/payouts", json=body, headers=headers, timeout=5).raise_for_status()


def post(browser: Client, name: str, **form: Any) -> str:
    reply = browser.post(reverse(f"sandbox:{name}"), form, follow=True)
    assert reply.redirect_chain == [(reverse("sandbox:rail"), 302)]
    return " ".join(str(message) for message in reply.context["messages"])


def test_the_book_is_shown_and_what_was_paid_can_come_back(browser: Client, rail_sim: Simulator) -> None:
    assert "Nothing was paid yet" in browser.get(reverse("sandbox:rail")).content.decode()
    pay(rail_sim, "TP20260101AAAA", "003001014892010184")
    page = browser.get(reverse("sandbox:rail")).content.decode()
    assert "003001014892010184" in page
    assert "SLE 12.50" in page
    assert "sends it back" in post(browser, "rail_end", reference="TP20260101AAAA", way="return")
    assert rail_sim.look("totals")["by_status"] == {"returned": {"count": 1, "cents": 1250}}
    assert "only what was paid" in post(browser, "rail_end", reference="TP20260101AAAA", way="return")


def test_what_was_taken_is_decided_by_hand(browser: Client, rail_sim: Simulator) -> None:
    for ending, way, status in (("AAAA", "pay", "paid"), ("BBBB", "reject", "rejected")):
        pay(rail_sim, f"TP20260101{ending}", "003001014892012222")
        post(browser, "rail_end", reference=f"TP20260101{ending}", way=way)
        assert rail_sim.look(f"payouts?reference=TP20260101{ending}")["payouts"][0]["status"] == status


def test_mistakes_are_ordered_and_taken_back(browser: Client, rail_sim: Simulator) -> None:
    post(browser, "rail_mood", mood="down")
    assert "out of order until" in browser.get(reverse("sandbox:rail")).content.decode()
    post(browser, "rail_mood", mood="well")
    assert rail_sim.look("misbehave")["pending"] == []


def test_nonsense_is_told(browser: Client) -> None:
    assert post(browser, "rail_mood", mood="dance")
    assert post(browser, "rail_end", reference="../..", way="return")


def test_without_the_simulator_the_page_says_so(browser: Client, settings: Any) -> None:
    settings.SANDBOX_RAIL_URL = "http://127.0.0.1:9"
    page = browser.get(reverse("sandbox:rail"))
    assert page.status_code == 200
    assert "is not there" in page.content.decode()
