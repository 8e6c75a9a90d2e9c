"""Rows of an upload: what is wrong with them, what is strange, and what the batch adds up to."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given as given_that
from hypothesis import settings as hypothesis
from hypothesis import strategies as some

from accounts.access.actors import Actor
from accounts.models import Client, Role
from config.lib.clock import now
from payouts import checking
from payouts.checking.rows import Checker
from payouts.files import Given
from payouts.models import Bank, Batch, BatchRow, BlockedReceiver, FeeRule
from payouts.models.states import BatchState, Kind, Problem, RowState, State
from tests.accounts.cast import company, person
from tests.payouts.house import payment, somebody
from tests.payouts.uploads import ACCOUNT, NUMBER, as_csv, as_xlsx, problems, uploaded

pytestmark = pytest.mark.django_db


def batch_of(actor: Actor, *lines: tuple[str, ...]) -> Batch:
    return uploaded(actor, as_csv([(*line, "", "", "")[:4] for line in lines]))


def adds_up(batch: Batch) -> bool:
    """Counters and totals against a recount of the rows, outside the database."""
    found = list(BatchRow.objects.filter(batch=batch))
    good = [row for row in found if row.state in ("valid", "warning")]
    return (batch.rows, batch.valid, batch.warning, batch.error, batch.excluded, batch.amount, batch.fees) == (
        len(found),
        *(sum(row.state == state for row in found) for state in RowState.values),
        sum((row.amount or 0 for row in good), Decimal(0)),
        sum((row.fee for row in good), Decimal(0)),
    )


def submitted(batch: Batch, state: str = "awaiting_approval") -> None:
    """As the flow of batches would have it."""
    for step in ("awaiting_approval", "approved")[: 1 if state == "awaiting_approval" else 2]:
        approved = {"approved_at": now(), "approved_digest": "x"} if step == "approved" else {}
        Batch.objects.filter(pk=batch.pk).update(state=step, **approved)


def test_an_upload_is_read_priced_and_counted(maker: Actor) -> None:
    batch = batch_of(maker, (ACCOUNT, "100", "Ann", "Salary"), ("+232 76 123-456", "50.5"), ("x", "5"), (ACCOUNT, ""))
    assert (batch.state, batch.rows, batch.warning, batch.error) == (BatchState.VALIDATED, 4, 2, 2)
    assert (batch.amount, batch.fees) == (Decimal("150.50"), Decimal("3.01"))
    assert adds_up(batch)
    first, second, *_wrong = BatchRow.objects.filter(batch=batch).order_by("position")
    assert (first.kind, first.receiver, first.receiver_code, first.fee) == (Kind.BANK, ACCOUNT, "003", Decimal("2.50"))
    assert (second.kind, second.receiver, second.receiver_code) == (Kind.MOBILE, NUMBER, "076")
    assert (second.destination, second.amount_text, second.line) == ("+232 76 123-456", "50.5", 3)
    assert first.reference.startswith(f"TP{now():%Y%m%d}")
    assert first.reference != second.reference


@pytest.mark.parametrize(
    ("destination", "amount", "problem"),
    [
        ("", "5", Problem.NO_DESTINATION),
        ("hello", "5", Problem.BAD_DESTINATION),
        ("12", "5", Problem.BAD_DESTINATION),
        ("0" * 35, "5", Problem.BAD_DESTINATION),
        ("999001014892010184", "5", Problem.UNKNOWN_BANK),
        ("+23211123456", "5", Problem.UNKNOWN_OPERATOR),
        ("3.00101E+17", "5", Problem.MANGLED_NUMBER),
        (ACCOUNT, "", Problem.NO_AMOUNT),
        (ACCOUNT, "five", Problem.BAD_AMOUNT),
        (ACCOUNT, "1.234", Problem.TOO_FINE),
        (ACCOUNT, "50000.01", Problem.OVER_LIMIT),
    ],
)
def test_rows_that_cannot_be_paid(maker: Actor, destination: str, amount: str, problem: Problem) -> None:
    batch = batch_of(maker, (destination, amount, "Ann"))
    assert (problems(batch), batch.error, batch.amount) == ([problem.value], 1, 0)


def test_names_that_are_too_long_or_more_than_names(maker: Actor) -> None:
    batch = batch_of(
        maker,
        (ACCOUNT, "1", "x" * 121),
        (ACCOUNT, "2", "", "x" * 201),
        (ACCOUNT, "3", "=cmd|' /C calc'!A0"),
        ("x", "y", "x" * 400, "<b>"),
    )
    assert problems(batch) == ["long_text", "long_text", "bad_text", "bad_destination,bad_amount,long_text,bad_text"]


def test_banks_that_are_closed_and_receivers_that_are_blocked(maker: Actor, payer: Client) -> None:
    Bank.objects.filter(code="003").update(is_active=False)
    BlockedReceiver.objects.create(receiver=NUMBER, client=payer, why="fraud")
    assert problems(batch_of(maker, (ACCOUNT, "5"), (NUMBER, "5"))) == ["bank_closed", "blocked_receiver"]


def test_what_is_strange_is_said_and_paid(maker: Actor) -> None:
    batch = batch_of(maker, (ACCOUNT, "20000"), ("003123", "5"), (ACCOUNT[2:], "7"))
    assert problems(batch) == ["large,new_receiver", "unusual_length,new_receiver", "zero_lost,new_receiver"]
    assert [row.receiver for row in BatchRow.objects.filter(batch=batch).order_by("position")][2] == ACCOUNT
    assert (batch.warning, batch.error) == (3, 0)


def test_a_workbook_whose_numbers_lost_their_zeros(maker: Actor) -> None:
    batch = uploaded(maker, as_xlsx([(int(ACCOUNT), 5, "", ""), (int(NUMBER), 5, "", "")]))
    assert problems(batch) == ["mangled_number", "new_receiver"]


def test_a_row_that_is_there_twice(maker: Actor, payer: Client) -> None:
    payment(payer, receiver=ACCOUNT, amount=Decimal(999))
    batch = batch_of(maker, (ACCOUNT, "5"), (ACCOUNT, "5.00"), (ACCOUNT, "6"), ("x", "5"), ("x", "5"))
    assert problems(batch) == ["same_in_file", "same_in_file", "", "bad_destination", "bad_destination"]
    assert (batch.valid, batch.warning, batch.error) == (1, 2, 2)


def test_what_was_paid_lately_is_not_paid_again_unnoticed(maker: Actor, payer: Client, settings: Any) -> None:
    days = timedelta(days=settings.PAYOUT_DUPLICATE_DAYS)
    payment(payer, receiver=ACCOUNT, amount=Decimal("5.00"), ago=days - timedelta(hours=1))
    payment(payer, receiver=ACCOUNT, amount=Decimal(6), ago=days + timedelta(hours=1))
    payment(payer, receiver=ACCOUNT, amount=Decimal(7), state=State.FAILED)
    payment(payer, receiver=ACCOUNT, amount=Decimal(8), is_sandbox=True)
    batch = batch_of(maker, *[(ACCOUNT, amount) for amount in ("5", "6", "7", "8")])
    assert problems(batch) == ["same_lately", "", "", ""]


def test_a_payment_on_its_way_counts_as_paid_and_its_receiver_is_still_new(maker: Actor, payer: Client) -> None:
    payment(payer, receiver=ACCOUNT, amount=Decimal(5), state=State.PENDING)
    assert problems(batch_of(maker, (ACCOUNT, "5"))) == ["new_receiver,same_lately"]


def test_a_stranger_s_payments_say_nothing(maker: Actor, payer: Client) -> None:
    payment(
        Client.objects.create(client_type=Client.Kind.COMPANY, name="Other", email="o@example.sl"), amount=Decimal(5)
    )
    assert problems(batch_of(maker, (ACCOUNT, "5"))) == ["new_receiver"]


@pytest.mark.parametrize("state", ["awaiting_approval", "approved"])
def test_the_same_file_again_while_the_first_one_waits(maker: Actor, state: str) -> None:
    first = batch_of(maker, (ACCOUNT, "5"), (NUMBER, "6"))
    second = batch_of(maker, (ACCOUNT, "5"), (NUMBER, "7"))
    # Two drafts: perhaps one of them is thrown away.
    assert problems(second) == ["new_receiver", "new_receiver"]
    submitted(first, state)
    checking.judge_again(second)
    assert problems(second) == ["new_receiver,same_lately", "new_receiver"]
    assert adds_up(second)
    Batch.objects.filter(pk=first.pk).update(state="cancelled")
    checking.judge_again(second)
    assert problems(second) == ["new_receiver", "new_receiver"]


def test_judging_again_writes_only_what_has_changed(maker: Actor, payer: Client) -> None:
    batch = batch_of(maker, (ACCOUNT, "5"), (ACCOUNT, "5"), (NUMBER, "6"))
    payment(payer, receiver=ACCOUNT, amount=Decimal(1))
    FeeRule.objects.create(client=payer, kind=Kind.BANK, fixed=Decimal(1))
    with CaptureQueriesContext(connection) as caught:
        checking.judge_again(batch)
    assert problems(batch) == ["same_in_file", "same_in_file", "new_receiver"]
    assert (batch.fees, batch.version > 1) == (Decimal("2.50"), True)
    assert adds_up(batch)
    with CaptureQueriesContext(connection) as again:
        checking.judge_again(batch)
    assert sum("UPDATE" in query["sql"] and "batchrow" in query["sql"] for query in again) == 0
    assert len(caught) < 25


def test_totals_by_bank_are_of_good_rows(maker: Actor) -> None:
    lines = [(ACCOUNT, "5"), (ACCOUNT, "7"), (NUMBER, "100"), ("x", "5"), ("002001014892010184", "1")]
    totals = checking.totals_by_bank(batch_of(maker, *lines))
    assert [(one.code, one.rows, one.amount, one.fees) for one in totals] == [
        ("076", 1, Decimal(100), Decimal(1)),
        ("003", 2, Decimal(12), Decimal(5)),
        ("002", 1, Decimal(1), Decimal("2.50")),
    ]
    assert (totals[0].name, totals[1].name) == ("Orange", "Sierra Leone Commercial Bank")


@pytest.mark.parametrize(
    "change",
    [
        {"amount": Decimal("5.01")},
        {"fee": Decimal("0.01")},
        {"receiver": "003001014892010185"},
        {"receiver_code": "004"},
        {"receiver_name": "Ben"},
        {"narration": "Rent"},
        {"reference": "TP00000000OTHER"},
        {"state": RowState.EXCLUDED},
        {"position": 9},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_digest_names_exactly_what_is_approved(maker: Actor, change: dict[str, Any]) -> None:
    batch = batch_of(maker, (ACCOUNT, "5", "Ann", "Salary"), (NUMBER, "6"), ("x", "7"))
    before = checking.digest_of(batch)
    assert len(before) == 64
    assert checking.digest_of(batch) == before
    BatchRow.objects.filter(batch=batch, position=1).update(**change)
    assert checking.digest_of(batch) != before


def test_the_digest_does_not_depend_on_wrong_rows_and_tells_batches_apart(maker: Actor) -> None:
    batch = batch_of(maker, (ACCOUNT, "5"), ("x", "7"))
    before = checking.digest_of(batch)
    BatchRow.objects.filter(batch=batch, position=2).update(state=RowState.EXCLUDED, narration="else")
    assert checking.digest_of(batch) == before
    assert checking.digest_of(batch_of(maker, (ACCOUNT, "5"))) != before


def test_a_long_upload_costs_as_many_queries_as_a_short_one(maker: Actor, payer: Client) -> None:
    batch = Batch.objects.create(reference="TB1", client=payer, name="x", origin="file")
    checker, counts = Checker(batch), []
    for length in (1, 500):
        rows = [Given(1, f"003{number:015}", "5") for number in range(length)]
        with CaptureQueriesContext(connection) as caught:
            checker.check(rows)
        counts.append(len(caught))
    assert counts[0] == counts[1] < 12


CELLS = some.text(max_size=40)


@hypothesis(max_examples=25, deadline=None, derandomize=True)
@given_that(
    some.lists(
        some.tuples(
            some.sampled_from([ACCOUNT, NUMBER, "+23277111222", "", "x"]) | CELLS,
            some.sampled_from(["5", "5.00", "1,234.50", "0", "60000", ""]) | CELLS,
            CELLS,
            CELLS,
        ),
        min_size=1,
        max_size=12,
    )
)
def test_whatever_is_uploaded_every_row_is_counted_once(lines: list[tuple[str, ...]]) -> None:
    maker = _somebody_of_a_company()
    batch = uploaded(maker, as_csv(lines))
    if batch.state == BatchState.UNREADABLE:
        return
    assert adds_up(batch)
    assert batch.rows >= sum(
        any(cell.strip() for cell in line[:2]) for line in lines if not any("\n" in c for c in line)
    )


def _somebody_of_a_company() -> Actor:
    found = Client.objects.filter(name="Property").first()
    if found is None:
        found = company("Property")
        person("prop", Role.PORTAL_ADMIN, client=found)
    return somebody(found.people.get().user)
