"""Statements: for any period and any zone opening + credits - debits = closing, and the pages miss nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import combinations_with_replacement
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Customer
from tests.examples import examples
from tests.wallets import ledger_state
from tests.wallets.ledger_state import capture, credit, hold, transfer
from wallets import selectors, services
from wallets.models import Account, LedgerCheck, Posting
from wallets.selectors import Period, entries, statement

pytestmark = pytest.mark.django_db

JAKARTA, UTC_ZONE = ZoneInfo("Asia/Jakarta"), ZoneInfo("UTC")
ZONES = [
    JAKARTA,
    UTC_ZONE,
    *map(ZoneInfo, ("Asia/Jayapura", "Asia/Kathmandu", "America/New_York", "Pacific/Kiritimati")),
]
# Daylight saving ends in New York on 1 November 2026: that day has 25 hours.
# The first line is at midnight in Jakarta, the third at midnight in UTC.
FIRST_DAY = datetime(2026, 10, 28, 17, tzinfo=UTC)
STEP = timedelta(hours=3, minutes=30)


@dataclass(frozen=True)
class Line:
    at: datetime
    amount: Decimal
    balance: Decimal


@dataclass(frozen=True)
class Story:
    account: Account
    lines: Sequence[Line]


@pytest.fixture
def story(customer: Customer, other_customer: Customer) -> Story:
    """Forty lines over six days, and another wallet's lines between."""
    for number in range(40):
        if number % 3 == 1:
            transfer(customer, other_customer, 100 + number, f"out-{number}")
        else:
            credit(customer, 1_000 + number, f"in-{number}")
    account = services.wallet_of(customer)
    with ledger_state.guards_down():
        ledger_state.run(
            "UPDATE wallets_posting SET created_at = %s + (version - 1) * %s WHERE account_id = %s",
            FIRST_DAY,
            STEP,
            account.pk,
        )
    balance = Decimal(0)
    lines = []
    for posting in Posting.objects.filter(account=account).order_by("version"):
        balance += posting.amount
        lines.append(Line(posting.created_at, posting.amount, balance))
    return Story(account, lines)


def expected(story: Story, period: Period) -> tuple[Decimal, Decimal, Decimal, Decimal, list[Line]]:
    """(opening, credits, debits, closing, lines), by adding up in Python."""

    def day(line: Line) -> date:
        return line.at.astimezone(period.zone).date()

    first, last = period.first or date.min, period.last or date.max
    within = [line for line in story.lines if first <= day(line) <= last]
    opening = sum((line.amount for line in story.lines if day(line) < first), Decimal(0))
    came = sum((line.amount for line in within if line.amount > 0), Decimal(0))
    went = -sum((line.amount for line in within if line.amount < 0), Decimal(0))
    return opening, came, went, opening + came - went, within


DAYS = [None, *(date(2026, 10, 27) + timedelta(days=n) for n in range(11))]


@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_opening_and_movements_are_closing_for_every_period(story: Story, zone: ZoneInfo) -> None:
    periods = [Period(zone, first, last) for first, last in combinations_with_replacement(DAYS[1:], 2)]
    periods += [Period(zone, first, None) for first in DAYS] + [Period(zone, None, last) for last in DAYS]
    for period in periods:
        found = statement(story.account, period, size=100)
        opening, came, went, closing, within = expected(story, period)
        assert (found.opening, found.credits, found.debits, found.closing) == (opening, came, went, closing), period
        assert found.opening + found.credits - found.debits == found.closing
        assert [p.amount for p in found.page.items] == [line.amount for line in reversed(within)]
        assert [p.balance_after for p in found.page.items] == [line.balance for line in reversed(within)]


@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_days_side_by_side_leave_no_gap(story: Story, zone: ZoneInfo) -> None:
    closing = Decimal(0)
    seen = 0
    for day in DAYS[1:]:
        found = statement(story.account, Period(zone, day, day), size=100)
        assert found.opening == closing
        closing = found.closing
        seen += len(found.page.items)
    assert seen == len(story.lines)
    assert closing == story.account.balance


@pytest.mark.parametrize("size", [1, 2, 7, 13, 39, 40, 41])
@pytest.mark.parametrize("direction", ["", "credit", "debit"])
@pytest.mark.parametrize(("first", "last"), [(None, None), (date(2026, 10, 30), date(2026, 11, 1))])
def test_the_pages_show_every_line_once(
    story: Story, size: int, direction: str, first: date | None, last: date | None
) -> None:
    period = Period(JAKARTA, first, last, direction)
    there: list[int] = []
    back: list[int] = []
    cursor: str | None = ""
    while cursor is not None:
        found = statement(story.account, period, cursor=cursor, size=size)
        there += [posting.version for posting in found.page.items]
        before, cursor = found.page.previous_cursor, found.page.next_cursor
    while before is not None:
        found = statement(story.account, period, cursor=before, size=size)
        back = [posting.version for posting in found.page.items] + back
        before = found.page.previous_cursor
    wanted = [p.version for p in entries(story.account, period)]
    assert there == wanted
    assert wanted == sorted(wanted, reverse=True)
    assert back == wanted[: len(back)]
    assert len(wanted) - len(back) <= size


def test_the_sums_do_not_depend_on_page_or_direction(story: Story) -> None:
    whole = statement(story.account, Period(JAKARTA))
    for direction in ("credit", "debit"):
        part = statement(story.account, Period(JAKARTA, direction=direction), cursor="n20", size=3)
        assert (part.opening, part.credits, part.debits, part.closing) == (
            whole.opening,
            whole.credits,
            whole.debits,
            whole.closing,
        )
        assert all((posting.amount > 0) == (direction == "credit") for posting in part.page.items)


def test_a_day_belongs_to_the_readers_zone(customer: Customer) -> None:
    """Half past midnight in Jakarta is still the day before in UTC."""
    credit(customer, 500, "in")
    account = services.wallet_of(customer)
    with ledger_state.guards_down():
        ledger_state.run("UPDATE wallets_posting SET created_at = '2026-11-20 17:30+00'")
    assert statement(account, Period(JAKARTA, date(2026, 11, 21), date(2026, 11, 21))).credits == 500
    assert statement(account, Period(UTC_ZONE, date(2026, 11, 20), date(2026, 11, 20))).credits == 500
    assert statement(account, Period(UTC_ZONE, date(2026, 11, 21), date(2026, 11, 21))).opening == 500


def test_an_empty_wallet(customer: Customer) -> None:
    found = statement(services.wallet_of(customer), Period(JAKARTA))
    assert (found.opening, found.credits, found.debits, found.closing) == (0, 0, 0, 0)
    assert list(found.page.items) == []


@pytest.mark.examples
@given(cursor=st.text(max_size=12))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=examples(15, 300))
def test_no_cursor_breaks_a_statement(customer: Customer, cursor: str) -> None:
    statement(services.wallet_of(customer), Period(JAKARTA), cursor=cursor)


def test_a_statement_costs_as_much_for_a_long_ledger_as_for_a_short_one(
    story: Story, django_assert_num_queries: object
) -> None:
    with django_assert_num_queries(3):  # type: ignore[operator]
        found = statement(story.account, Period(JAKARTA, date(2026, 10, 30), date(2026, 10, 31)))
        assert [posting.transaction.reference for posting in found.page.items]


def test_what_is_reserved_is_listed_newest_first(customer: Customer) -> None:
    credit(customer, 100, "in")
    for number in range(3):
        hold(customer, 10, f"h{number}")
    capture("h1", "sale", ("revenue:otp", 10))
    found = selectors.open_holds(services.wallet_of(customer))
    assert [row.reference for row in found] == ["h2", "h0"]


def test_the_newest_lines_of_all_wallets(customer: Customer, other_customer: Customer) -> None:
    credit(customer, 100, "a")
    credit(customer, 1, "b", currency="SLE")
    transfer(customer, other_customer, 50, "c")
    found = selectors.recent_entries(customer, 2)
    assert [(row.transaction.reference, row.account.currency) for row in found] == [("c", "IDR"), ("b", "SLE")]


def test_the_accounts_of_the_house(customer: Customer) -> None:
    credit(customer, 100, "a")
    credit(customer, 100, "b", channel="sandbox")
    assert [account.code for account in selectors.house_accounts()] == ["clearing:bank"]
    assert [account.code for account in selectors.house_accounts(sandbox=True)] == ["clearing:sandbox"]


def test_the_newest_check(db: None) -> None:
    assert selectors.last_check() is None
    for postings in (1, 2):
        LedgerCheck.objects.create(seconds=0, postings=postings)
    newest = selectors.last_check()
    assert newest is not None
    assert newest.postings == 2


def test_a_statement_reads_by_index(story: Story) -> None:
    """However long the ledger is, a page of one wallet touches the rows of that wallet only."""
    queries = {
        "a page": entries(story.account, Period(JAKARTA, date(2026, 10, 30), date(2026, 10, 31)))[:25],
        "the balance": Posting.objects.filter(account=story.account).order_by("-version")[:1],
    }
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for name, query in queries.items():
            plan = query.explain()
            assert "wallets_posting" in plan, name
            assert "Seq Scan on wallets_posting" not in plan, name
