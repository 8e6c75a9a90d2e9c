"""What has changed between a yes and its doing: receivers, banks, limits, and what a second person has looked at."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Client, PortalUser, Role
from config.lib.clock import now
from payouts import fraud, starting
from payouts.errors import FundingMoved, NoRail, OverDailyLimit, SameBankReference
from payouts.models import Attempt, Bank, Batch, BlockedReceiver, Funding, Payout, Telco, TransferCode
from payouts.models.states import BatchState, Problem, Reason, State
from payouts.selectors import batches as selectors
from payouts.services import batches, funding, transfers
from tests.accounts import cast
from tests.payouts.desk import GOOD, Desk, desk, finished, rows_of
from tests.payouts.house import ACCOUNT, balance, fund, payment, program, somebody
from tests.payouts.sending import problems
from tests.simulators import Simulator
from wallets.models import Account
from wallets.selectors import client_balances

pytestmark = pytest.mark.django_db


@pytest.fixture
def poor(rail_sim: Simulator) -> Desk:
    return desk("Poor", money="0")


def block() -> None:
    BlockedReceiver.objects.create(receiver=GOOD[0], why="court order")


def close_bank() -> None:
    Bank.objects.filter(code="003").update(is_active=False)


def close_operator() -> None:
    Telco.objects.filter(code="76").update(is_active=False)


@pytest.mark.parametrize(
    ("change", "row", "problem"),
    [
        pytest.param(block, 1, Problem.BLOCKED_RECEIVER, id="blocked"),
        pytest.param(close_bank, 1, Problem.BANK_CLOSED, id="bank"),
        pytest.param(close_operator, 2, Problem.BANK_CLOSED, id="operator"),
    ],
)
def test_what_may_not_be_paid_any_more_does_not_begin(poor: Desk, change: Any, row: int, problem: Problem) -> None:
    batch = poor.approved("100", "200")
    assert batch.state == BatchState.AWAITING_FUNDS
    change()
    fund(poor.client)
    assert starting.start_due() == []
    batch.refresh_from_db()
    assert (batch.state, batch.approved_digest, batch.error) == (BatchState.VALIDATED, "", 1)
    assert rows_of(batch)[row - 1].problems.split(",")[0] == problem
    assert not Payout.objects.filter(batch=batch).exists()


def test_a_block_for_somebody_else_stops_nobody(poor: Desk) -> None:
    batch = poor.approved("100")
    BlockedReceiver.objects.create(receiver=GOOD[0], client=cast.company("Other"), why="theirs")
    fund(poor.client)
    assert [one.pk for one in starting.start_due()] == [batch.pk]


def test_a_frozen_balance_is_not_tried_again_and_again(poor: Desk) -> None:
    batch = poor.approved("100")
    fund(poor.client)
    Account.objects.filter(client=poor.client).update(status="frozen")
    assert starting.due() == []
    Account.objects.filter(client=poor.client).update(status="open")
    assert starting.due() == [batch.pk]


FAILS = ("003001000000000000", "001001014892010185")


def test_failed_rows_to_blocked_receivers_are_not_tried_again(poor: Desk) -> None:
    fund(poor.client)
    batch = finished(poor.approved("100", "200", to=FAILS))
    assert batch.state == BatchState.PARTLY_COMPLETED
    BlockedReceiver.objects.create(receiver=FAILS[0], why="court order")
    done = batches.retry(actor=poor.maker, batch=batch, items=[rows_of(batch)[0].public_id])
    assert done.payouts == []
    assert [one.reason for one in done.skipped] == [Reason.NO_RAIL.label]
    BlockedReceiver.objects.all().delete()
    Bank.objects.filter(code="003").update(is_active=False)
    assert batches.retry(actor=poor.maker, batch=batch).payouts == []
    Bank.objects.update(is_active=True)
    assert len(batches.retry(actor=poor.maker, batch=batch).payouts) == 1


def test_what_failed_of_a_batch_called_off_is_not_offered_again(poor: Desk) -> None:
    fund(poor.client)
    batch = finished(poor.approved("100", "200", to=FAILS))
    Batch.objects.filter(pk=batch.pk).update(cancel_requested_at=now())
    batch.refresh_from_db()
    assert selectors.progress(batch).retryable == 0
    done = batches.retry(actor=poor.maker, batch=batch, items=[rows_of(batch)[0].public_id])
    assert [one.reason for one in done.skipped] == [Reason.NO_ACCOUNT.label]


def test_another_try_counts_against_the_limit_of_the_day(poor: Desk, settings: Any) -> None:
    settings.PAYOUT_BATCH_DAILY_LIMIT = 1000
    fund(poor.client)
    batch = finished(poor.approved("600", "100", to=FAILS))
    other = poor.approved("500", name="Bonus")
    assert other.started_at is not None
    with pytest.raises(OverDailyLimit):
        batches.retry(actor=poor.maker, batch=batch)
    settings.PAYOUT_BATCH_DAILY_LIMIT = 1200
    assert len(batches.retry(actor=poor.maker, batch=batch).payouts) == 1
    with pytest.raises(OverDailyLimit):
        poor.approved("1", name="One more")
    assert problems() == []


def test_what_is_tried_again_counts_on_the_day_of_that(poor: Desk) -> None:
    batch = poor.made("1")
    asker = fraud.Asker(poor.client, False, batch_id=batch.pk)
    payout = payment(poor.client, ago=timedelta(days=2), batch=batch, attempts=2)
    assert fraud.spent_lately(asker, with_own=True) == 0
    Attempt.objects.create(payout=payout, number=2, started_at=now() - timedelta(hours=2))
    assert fraud.spent_lately(asker, with_own=True) == payout.amount
    assert fraud.spent_lately(asker) == 0


def test_a_bank_that_closed_meanwhile_keeps_the_code_good(rail_sim: Simulator) -> None:
    client = cast.company()
    fund(client, is_sandbox=True)
    actor = program(cast.api_user(client), is_sandbox=True)
    payout = transfers.initiate(actor=actor, account_number=ACCOUNT, amount=Decimal(100))
    close_bank()
    with pytest.raises(NoRail):
        transfers.authorise(actor=actor, payout=payout, code="123456")
    payout.refresh_from_db()
    code = TransferCode.objects.get(payout=payout)
    assert (payout.state, code.used_at, balance(client, is_sandbox=True)) == (State.PENDING, None, Decimal(100_000))
    Bank.objects.update(is_active=True)
    assert transfers.authorise(actor=actor, payout=payout, code="123456").state == State.AUTHORIZED


# --- top-ups ------------------------------------------------------------------------------------------------------


@pytest.fixture
def client(settings: Any) -> Client:
    settings.CLIENT_FUNDING_ACCOUNTS = {"SLE": "Rokel 002001000000000017 Gerbang"}
    return cast.company()


@pytest.fixture
def finder() -> PortalUser:
    return cast.person("support", Role.SUPPORT)


def announced(client: Client, name: str = "fatu") -> Funding:
    boss = cast.person(name, Role.PORTAL_ADMIN, client=client)
    return funding.announce(actor=somebody(boss.user), amount=Decimal(100), currency="SLE")


def test_another_finding_than_was_looked_at_is_not_confirmed(client: Client, finder: PortalUser) -> None:
    citra, dewi = (cast.person(name, Role.COMPANY_ADMIN) for name in ("citra", "dewi"))
    top_up = announced(client)
    found = funding.find(actor=somebody(finder.user), funding=top_up, received=Decimal(100), bank_reference="FT1")
    page = cast.browser_of(citra)
    text = page.get(f"/staff/fundings/{top_up.public_id}/").content.decode()
    assert found.finding in text
    funding.put_back(actor=somebody(dewi.user), funding=top_up, reason="somebody else's")
    again = funding.find(actor=somebody(finder.user), funding=top_up, received=Decimal(9000), bank_reference="FT2")
    with pytest.raises(FundingMoved):
        funding.confirm(actor=somebody(citra.user), funding=top_up, seen=found.finding)
    page.post(f"/staff/fundings/{top_up.public_id}/confirm/", {"seen": found.finding})
    assert client_balances(client, is_sandbox=False) == []
    page.post(f"/staff/fundings/{top_up.public_id}/confirm/", {"seen": again.finding})
    assert balance(client) == Decimal(9000)


@pytest.mark.parametrize("typed", ["ft 26325", " FT26325 "], ids=["spaces and small letters", "at the ends"])
def test_one_line_of_a_statement_is_one_line_however_it_is_typed(
    client: Client, finder: PortalUser, typed: str
) -> None:
    first, second = announced(client), announced(client, "musa")
    funding.find(actor=somebody(finder.user), funding=first, received=Decimal(100), bank_reference="FT26325")
    with pytest.raises(SameBankReference):
        funding.find(actor=somebody(finder.user), funding=second, received=Decimal(100), bank_reference=typed)
