"""What the demo tells of checkouts: paid, declined and still open, called off, waiting, once."""

import pytest

from accounts.models import Client
from checkout.models import Session
from sandbox import demo_checkout, demo_people
from tests.simulators import Simulator


@pytest.fixture
def nassit(db: None, cards_sim: Simulator, faspay_sim: Simulator) -> Client:
    roles = (*demo_people.STAFF, *demo_people.COLLEAGUES, "superadmin", "portal_admin")
    list(demo_people.make({role: f"pass-of-{role}" for role in roles}))
    return Client.objects.get(email=demo_people.PORTAL_ADMIN.email)


def test_every_story_is_told_once(nassit: Client, no_ledger_problems: None) -> None:
    told = list(demo_checkout.tell())
    assert not [line for line in told if "left out" in line]
    rows = Session.objects.filter(client=nassit, is_sandbox=False).order_by("id")
    assert list(rows.values_list("state", "currency")) == [
        ("completed", "SLE"),
        ("open", "SLE"),
        ("cancelled", "SLE"),
        ("open", "SLE"),
        ("open", "IDR"),
    ]
    assert list(demo_checkout.tell()) == []
