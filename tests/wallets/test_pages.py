"""The statement as a customer sees it: the page, its filters, and the export that equals it."""

import csv
import io
import re
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Customer
from wallets import services
from wallets.models import Account

pytestmark = pytest.mark.django_db
STATEMENT = "/wallet/"


def _history(customer: Customer, deposits: int = 1) -> None:
    for number in range(deposits):
        services.credit_from_provider(
            customer=customer,
            amount=Decimal(50_000),
            currency="IDR",
            channel="faspay_va",
            kind="deposit",
            reference=f"deposit:{number}",
            subject="deposit:7c0e2f0a-58a6-4a0f-9a52-0d8e7a3b1c11",
            memo="=HYPERLINK(BCA)",
        )
    services.hold_funds(
        customer=customer,
        amount=Decimal(3_500),
        currency="IDR",
        reference="hold:1",
        subject="order:5b0e2f0a-58a6-4a0f-9a52-0d8e7a3b1c22",
        memo="WhatsApp, Indonesia",
    )
    services.capture_hold(
        hold_reference="hold:1",
        reference="capture:1",
        kind="order",
        splits=[("clearing:otpzap", Decimal(3_000)), ("revenue:otp", Decimal(500))],
        subject="order:5b0e2f0a-58a6-4a0f-9a52-0d8e7a3b1c22",
        memo="WhatsApp, Indonesia",
    )


def _rows(client: Client, query: str = "") -> list[dict[str, str]]:
    answer = client.get(f"{STATEMENT}statement.csv{query}")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_a_line_says_why_how_much_and_what_was_left(
    customer: Customer, client_for: Callable[..., Client], no_ledger_problems: None
) -> None:
    _history(customer)
    page = client_for(customer).get(STATEMENT).content.decode()
    assert "Rp50.000" in page
    assert "Rp46.500" in page
    assert reverse("otp:order", args=["5b0e2f0a-58a6-4a0f-9a52-0d8e7a3b1c22"]) in page
    assert reverse("payments:deposit", args=["7c0e2f0a-58a6-4a0f-9a52-0d8e7a3b1c11"]) in page
    assert "WIB" in page


def test_export_equals_the_screen_under_every_filter(customer: Customer, client_for: Callable[..., Client]) -> None:
    _history(customer, deposits=30)
    client = client_for(customer)
    today = timezone.localdate().isoformat()
    for query in (
        "",
        "?direction=debit",
        "?direction=credit",
        f"?first={today}&last={today}",
        "?first=2001-01-01&last=2001-02-01",
    ):
        on_screen: list[str] = []
        url = STATEMENT + query
        while url:
            page = client.get(url).content.decode()
            on_screen += re.findall(r'<div class="ref[^"]*">([^<]+)</div>', page)
            following = re.search(r'href="([^"]*cursor=n[^"]*)"', page)
            url = STATEMENT + following.group(1).replace("&amp;", "&") if following else ""
        assert [row["Reference"] for row in _rows(client, query)] == on_screen


def test_export_adds_up_and_carries_no_formula(customer: Customer, client_for: Callable[..., Client]) -> None:
    _history(customer)
    rows = _rows(client_for(customer))
    assert [(row["Money in"], row["Money out"], row["Balance"]) for row in rows] == [
        ("", "3500", "46500"),
        ("50000", "", "50000"),
    ]
    assert all(not cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())
    assert rows[1]["Details"] == "'=HYPERLINK(BCA)"


def test_export_keeps_the_readers_zone_and_language(customer: Customer, client_for: Callable[..., Client]) -> None:
    _history(customer)
    client = client_for(customer)
    session = client.session
    session["timezone"] = "Africa/Freetown"
    session.save()
    assert {row["Zone"] for row in _rows(client)} == {"GMT"}


def test_page_costs_the_same_however_long_the_history(
    customer: Customer, client_for: Callable[..., Client], django_assert_max_num_queries: Callable[..., object]
) -> None:
    _history(customer, deposits=60)
    client = client_for(customer)
    with django_assert_max_num_queries(12):  # type: ignore[attr-defined]
        assert client.get(STATEMENT).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "?first=nonsense",
        "?first=2026-02-02&last=2026-01-01",
        "?cursor=n99999999999999999999",
        "?cursor=%00",
        "?direction=x",
        "?first=0001-01-01",
    ],
)
def test_a_strange_query_is_no_error(query: str, customer: Customer, client_for: Callable[..., Client]) -> None:
    _history(customer)
    assert client_for(customer).get(STATEMENT + query).status_code == 200


def test_strangers_are_sent_to_sign_in_and_staff_find_nothing(
    client: Client, staff_user: object, client_for: Callable[..., Client]
) -> None:
    assert client.get(STATEMENT).status_code == 302
    assert client_for(staff_user).get(STATEMENT).status_code == 404
    assert client_for(staff_user).get(STATEMENT + "statement.csv").status_code == 404


def test_nobody_sees_another_wallet(
    customer: Customer, other_customer: Customer, client_for: Callable[..., Client]
) -> None:
    _history(customer)
    assert "Rp50.000" not in client_for(other_customer).get(STATEMENT).content.decode()
    assert _rows(client_for(other_customer)) == []
    assert Account.objects.filter(customer=other_customer).count() == 0
