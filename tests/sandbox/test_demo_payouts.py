"""What the demo tells of money out: a balance, transfers and batches in every state worth seeing, once."""

from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Client
from payouts.models import Batch, Payout
from payouts.selectors.balances import standings
from sandbox import demo_payouts, demo_people
from tests.simulators import Simulator


@pytest.fixture
def nassit(db: None, rail_sim: Simulator, settings: Any) -> Client:
    settings.CLIENT_FUNDING_ACCOUNTS = {"SLE": "Rokel 002001000000000017 Gerbang"}
    roles = (*demo_people.STAFF, *demo_people.COLLEAGUES, "superadmin", "portal_admin")
    list(demo_people.make({role: f"pass-of-{role}" for role in roles}))
    return Client.objects.get(email=demo_people.PORTAL_ADMIN.email)


def test_every_story_is_told_once(nassit: Client, no_ledger_problems: None) -> None:
    told = list(demo_payouts.tell())
    assert not [line for line in told if "left out" in line]
    assert list(Batch.objects.order_by("id").values_list("name", "state")) == [
        ("Stipends May", "completed"),
        ("Pensions May", "partly_completed"),
        ("Pensions June", "awaiting_approval"),
        ("Stipends June", "validated"),
    ]
    assert [batch.failed for batch in Batch.objects.filter(name="Pensions May")] == [1]
    assert [batch.error for batch in Batch.objects.filter(name="Stipends June")] == [2]
    states = Payout.objects.filter(batch=None).order_by("id").values_list("state", flat=True)
    assert list(states) == ["completed", "completed", "failed", "pending"]
    paid = Payout.objects.filter(state="completed")
    spent = sum((one.amount + one.fee for one in paid), Decimal(0))
    (leones,) = standings(nassit)
    assert (leones.available, leones.on_the_way) == (demo_payouts.BALANCE - spent, Decimal(0))
    assert list(demo_payouts.tell()) == []


def test_without_a_rail_nothing_is_told(nassit: Client, settings: Any) -> None:
    settings.PAYOUT_RAIL_URL = ""
    assert list(demo_payouts.tell()) == []
