"""Payouts as staff see them: found by anything, closed by hand after twelve hours; banks, fees and blocks."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client as Browser

from accounts.models import AuditEntry, Client, PortalUser, Role
from config.lib.clock import now
from payouts import sending
from payouts.fees import Fees
from payouts.models import Attempt, Bank, BlockedReceiver, FeeRule, Payout, Telco
from payouts.models.states import Kind, Reason, State
from tests.accounts import cast
from tests.payouts.house import ACCOUNT, NUMBER, balance, fund, payment
from wallets import proof

pytestmark = pytest.mark.django_db

RULES = "/staff/payout-rules/"


@pytest.fixture
def client() -> Client:
    company = cast.company()
    fund(company, "1000")
    return company


@pytest.fixture
def citra() -> PortalUser:
    return cast.person("citra", Role.COMPANY_ADMIN)


@pytest.fixture
def desk(citra: PortalUser) -> Browser:
    return cast.browser_of(citra)


@pytest.fixture
def reader() -> Browser:
    return cast.browser_of(cast.person("auditor", Role.AUDITOR))


def doubtful(client: Client, hours: float) -> Payout:
    """Sent, and never answered for."""
    payout = payment(client, state=State.PENDING, fee=Decimal("2.50"))
    sending.reserve([payout], memo="for a test", caused_by=None)
    moment = now() - timedelta(hours=hours)
    rows = Payout.objects.filter(pk=payout.pk)
    rows.update(state=State.SENDING, sent_at=moment, rail="bank", attempts=1)
    rows.update(state=State.IN_DOUBT, in_doubt_since=moment)
    Attempt.objects.create(payout=payout, number=1, started_at=moment)
    payout.refresh_from_db()
    return payout


def settle(desk: Browser, payout: Payout, **given: str) -> Any:
    said = {
        "outcome": "unpaid",
        "evidence": "Line 7 of their statement",
        "reason": "Asked by mail, no such payment",
        "reference": payout.reference.lower(),
        **given,
    }
    return desk.post(f"/staff/payouts/{payout.public_id}/settle/", said)


def test_a_payout_is_found_by_anything_staff_may_be_told(desk: Browser, client: Client) -> None:
    mine = payment(client, receiver_name="Aminata Sesay", rail_id="RAIL-77", is_flagged=True)
    other = payment(cast.company("Rokel"), amount=Decimal(77), kind=Kind.MOBILE, receiver=NUMBER, receiver_code="076")
    payment(client, is_sandbox=True, reference="TPPLAY")

    def found(query: str) -> set[str]:
        text = desk.get(f"/staff/payouts/?{query}").content.decode()
        return set(re.findall(r"/staff/payouts/([0-9a-f-]{36})/", text))

    one, two = {str(mine.public_id)}, {str(other.public_id)}
    assert found("") == one | two
    for text in (mine.reference, "RAIL-77", "aminata", ACCOUNT, "nassit", str(mine.public_id)):
        assert found(f"q={text}") == one
    for text in ("77", "rokel", "+23276123456"):
        assert found(f"q={text.replace('+', '%2B')}") == two
    assert found("needs=flagged") == one
    assert found("kind=MobileMoney") == two
    assert found("q=TPPLAY") == set()
    assert found("needs=nonsense&state=x&cursor=p%00") == one | two


def test_a_page_tells_everything_to_staff_and_nothing_to_clients(desk: Browser, client: Client) -> None:
    payout = payment(
        client, rail_message="Declined by receiving institution", state=State.FAILED, reason=Reason.REFUSED
    )
    place = f"/staff/payouts/{payout.public_id}/"
    assert "Declined by receiving institution" in desk.get(place).content.decode()
    people = cast.browser_of(cast.person("fatu", Role.PORTAL_ADMIN, client=client))
    assert people.get(place).status_code == 404
    assert people.get("/staff/payouts/").status_code == 404
    assert people.get(RULES).status_code == 404
    assert "Declined" not in people.get(f"/company/transfers/{payout.public_id}/").content.decode()


def test_one_in_doubt_is_left_alone_for_twelve_hours(desk: Browser, client: Client) -> None:
    payout = doubtful(client, hours=11.9)
    text = desk.get(f"/staff/payouts/{payout.public_id}/").content.decode()
    assert "Close it by hand" not in text
    assert "It can be closed by hand from" in text
    assert settle(desk, payout).status_code == 302
    payout.refresh_from_db()
    assert payout.state == State.IN_DOUBT
    assert balance(client) == Decimal("897.50")
    assert not AuditEntry.objects.filter(action="payout.settled").exists()


@pytest.mark.parametrize(
    ("outcome", "state", "left"),
    [
        pytest.param("paid", State.COMPLETED, "897.50", id="paid"),
        pytest.param("unpaid", State.FAILED, "1000", id="unpaid"),
    ],
)
def test_afterwards_staff_close_it_with_a_reason(
    desk: Browser, client: Client, outcome: str, state: str, left: str
) -> None:
    payout = doubtful(client, hours=12.1)
    assert "Close it by hand" in desk.get(f"/staff/payouts/{payout.public_id}/?needs=stuck").content.decode()
    assert settle(desk, payout, outcome=outcome).status_code == 302
    payout.refresh_from_db()
    assert payout.state == state
    assert balance(client) == Decimal(left)
    entry = AuditEntry.objects.get(action="payout.settled")
    assert entry.after["reason"] == "Asked by mail, no such payment"
    assert entry.client_id == client.public_id
    assert proof.run().problems == []
    # Not twice.
    settle(desk, payout, outcome="paid")
    assert balance(client) == Decimal(left)


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"outcome": "maybe"}, id="outcome"),
        pytest.param({"evidence": ""}, id="evidence"),
        pytest.param({"reason": "because"}, id="reason"),
        pytest.param({"reference": "TP20260101ABCDEFGHIJ"}, id="reference"),
    ],
)
def test_closing_wants_every_word(desk: Browser, client: Client, given: dict[str, str]) -> None:
    payout = doubtful(client, hours=13)
    assert settle(desk, payout, **given).status_code == 422
    payout.refresh_from_db()
    assert payout.state == State.IN_DOUBT


def test_closing_wants_the_right_and_a_fresh_proof(client: Client, citra: PortalUser, reader: Browser) -> None:
    payout = doubtful(client, hours=13)
    assert settle(reader, payout).status_code == 404
    assert "Close it by hand" not in reader.get(f"/staff/payouts/{payout.public_id}/").content.decode()
    old = Browser()
    old.force_login(citra.user)
    answer = settle(old, payout)
    assert answer.status_code == 302
    assert "reauthenticate" in answer["Location"]
    payout.refresh_from_db()
    assert payout.state == State.IN_DOUBT


def test_the_export_of_staff_names_the_clients(desk: Browser, client: Client) -> None:
    payment(client)
    answer = desk.get("/staff/payouts/export/?q=nassit")
    lines = b"".join(answer.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert len(lines) == 2
    assert "Nassit" in lines[1]


# --- banks and operators --------------------------------------------------------------------------------------


def test_a_bank_and_an_operator_are_switched(desk: Browser) -> None:
    for place, model, code in (("banks", Bank, "003"), ("operators", Telco, "76")):
        for wanted, data in ((False, {}), (True, {"is_active": "on"})):
            desk.post(f"{RULES}{place}/{code}/switch/", data)
            assert model.objects.get(code=code).is_active is wanted
    entries = AuditEntry.objects.order_by("id").values_list("action", flat=True)
    assert list(entries) == ["bank.closed", "bank.opened", "operator.closed", "operator.opened"]
    # Quiet when it is so already.
    desk.post(f"{RULES}banks/003/switch/", {"is_active": "on"})
    assert AuditEntry.objects.count() == 4


def test_a_bank_is_added_and_renamed(desk: Browser) -> None:
    new = {"code": "016", "name": "New Bank", "short_name": "New", "swift_code": "newbslfr"}
    assert desk.post(f"{RULES}banks/", new).status_code == 302
    assert Bank.objects.get(code="016").swift_code == "NEWBSLFR"
    assert desk.post(f"{RULES}banks/", new).status_code == 422
    assert desk.post(f"{RULES}banks/", {**new, "code": "01a"}).status_code == 422
    named = {"name": "Newer Bank", "short_name": "Newer", "is_verified": "on"}
    assert desk.post(f"{RULES}banks/016/", named).status_code == 302
    assert Bank.objects.get(code="016").is_verified
    assert AuditEntry.objects.latest("id").after["name"] == "Newer Bank"
    assert desk.get(f"{RULES}banks/999/").status_code == 404


# --- fees -----------------------------------------------------------------------------------------------------


def test_a_client_gets_a_price_and_loses_it(desk: Browser, client: Client) -> None:
    price = {"client": str(client.public_id), "kind": Kind.BANK, "fixed": "1", "percent": "0.5", "minimum": "2"}
    assert desk.post(f"{RULES}fees/", price).status_code == 302
    rule = FeeRule.objects.get(client=client)
    assert Fees(client).of(Kind.BANK, Decimal(1000)) == Decimal("6.00")
    assert desk.post(f"{RULES}fees/", price).status_code == 422
    changed = {"fixed": "3", "percent": "0", "minimum": "0", "maximum": "5"}
    assert desk.post(f"{RULES}fees/{rule.pk}/", changed).status_code == 302
    assert Fees(client).of(Kind.BANK, Decimal(1000)) == Decimal("3.00")
    desk.post(f"{RULES}fees/{rule.pk}/remove/")
    assert not FeeRule.objects.filter(client=client).exists()
    actions = AuditEntry.objects.order_by("id").values_list("action", flat=True)
    assert list(actions) == ["fee_rule.added", "fee_rule.changed", "fee_rule.removed"]


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"percent": "101"}, id="over-all"),
        pytest.param({"minimum": "5", "maximum": "4"}, id="bounds"),
        pytest.param({"fixed": "-1"}, id="negative"),
        pytest.param({"fixed": "1.001"}, id="too-fine"),
        pytest.param({"fixed": "NaN"}, id="nan"),
        pytest.param({"fixed": "1e400"}, id="huge"),
    ],
)
def test_a_price_that_cannot_be_is_refused(desk: Browser, given: dict[str, str]) -> None:
    rule = FeeRule.objects.get(client=None, kind=Kind.BANK)
    price = {"fixed": "1", "percent": "0", "minimum": "0", **given}
    assert desk.post(f"{RULES}fees/{rule.pk}/", price).status_code == 422
    desk.post(f"{RULES}fees/{rule.pk}/remove/")
    assert FeeRule.objects.filter(pk=rule.pk, fixed=Decimal("2.50")).exists()


# --- receivers nobody pays ------------------------------------------------------------------------------------


def test_a_receiver_is_blocked_as_it_is_stored(desk: Browser, client: Client) -> None:
    for destination, who in (("+232 76 123456", ""), ("003 001 014892 010184", str(client.public_id))):
        data = {"destination": destination, "client": who, "why": "reported stolen"}
        assert desk.post(f"{RULES}blocked/", data).status_code == 302
        assert desk.post(f"{RULES}blocked/", data).status_code == 422
    rows = BlockedReceiver.objects.order_by("pk").values_list("receiver", "client")
    assert list(rows) == [(NUMBER, None), (ACCOUNT, client.pk)]
    assert NUMBER in desk.get(f"{RULES}blocked/?q=76%20123").content.decode()
    assert NUMBER not in desk.get(f"{RULES}blocked/?q=999").content.decode()
    desk.post(f"{RULES}blocked/{BlockedReceiver.objects.get(receiver=NUMBER).pk}/remove/")
    assert not BlockedReceiver.objects.filter(receiver=NUMBER).exists()
    assert desk.post(f"{RULES}blocked/", {"destination": "nonsense", "why": "reported"}).status_code == 422


def test_who_may_only_look_changes_nothing(reader: Browser) -> None:
    for place in ("", "banks/003/", "fees/", "blocked/"):
        text = reader.get(f"{RULES}{place}")
        assert text.status_code == 200
        assert b'method="post"' not in re.sub(rb'<form[^>]*action="/(account|language)[^"]*"[^>]*>', b"", text.content)
        assert reader.post(f"{RULES}{place or 'banks/003/switch/'}").status_code == 404
