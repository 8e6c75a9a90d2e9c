"""What the demo tells of cards: captured, partly given back, confirmed by the holder, declined, waiting, once."""

from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Client
from cards.models import CardPayment
from sandbox import demo_cards, demo_people
from tests.simulators import Simulator
from wallets.selectors import client_balances


@pytest.fixture
def nassit(db: None, cards_sim: Simulator) -> Client:
    roles = (*demo_people.STAFF, *demo_people.COLLEAGUES, "superadmin", "portal_admin")
    list(demo_people.make({role: f"pass-of-{role}" for role in roles}))
    return Client.objects.get(email=demo_people.PORTAL_ADMIN.email)


def test_every_story_is_told_once(nassit: Client, no_ledger_problems: None) -> None:
    told = list(demo_cards.tell())
    assert not [line for line in told if "left out" in line]
    rows = CardPayment.objects.filter(client=nassit, is_sandbox=False).order_by("id")
    assert list(rows.values_list("state", "captured", "refunded")) == [
        ("captured", Decimal(480), Decimal(0)),
        ("captured", Decimal(260), Decimal(85)),
        ("captured", Decimal(1200), Decimal(0)),
        ("declined", Decimal(0), Decimal(0)),
        ("authorized", Decimal(0), Decimal(0)),
    ]
    (leones,) = client_balances(nassit, is_sandbox=False)
    assert leones.available == sum((row.captured - row.fee - row.refunded for row in rows), Decimal(0))
    assert list(demo_cards.tell()) == []


def test_where_cards_are_closed_nothing_is_told(nassit: Client, settings: Any) -> None:
    settings.CARD_PROCESSOR_URL = ""
    assert list(demo_cards.tell()) == []
