"""Every line of theirs ends with one receipt of ours or in a case, and every receipt with a line or in a case (L15)."""

import random
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.access.actors import command
from accounts.models import AuditEntry, Customer
from payments.models import PaymentCase, Receipt, SettlementLine, StaticAccount, StaticPayment
from payments.reconciling import files, runs
from payments.services import reconciliation
from tests.examples import examples
from tests.payments.reconciling import DAY, at, breaks, receipt, report, row_of, take, verdicts

pytestmark = pytest.mark.django_db


def test_what_both_have_matches(customer: Customer) -> None:
    mine = [receipt(customer, 10_000 + step) for step in range(5)]
    take([row_of(one) for one in mine])
    lines = SettlementLine.objects.order_by("pk")
    assert [line.receipt_id for line in lines] == [one.pk for one in mine]
    assert verdicts() == ["matched"] * 5
    assert breaks() == set()


@pytest.mark.parametrize("left", [{"Trx ID": ""}, {"Bill No": ""}, {"Trx ID": "", "Bill No": ""}])
def test_by_their_id_our_reference_or_number_amount_and_time(customer: Customer, left: dict[str, str]) -> None:
    mine = receipt(customer)
    receipt(customer)
    take([row_of(mine, **left)], channels=[])
    assert SettlementLine.objects.get().receipt == mine


def test_by_number_only_where_exactly_one_fits(customer: Customer) -> None:
    """Two payments to one number of the same amount on one day cannot be told apart, so neither is guessed."""
    one = receipt(customer, number="3702019999999999", paid_at=at(9))
    two = receipt(customer, number="3702019999999999", paid_at=at(10))
    nameless = {"Trx ID": "", "Bill No": ""}
    take([row_of(one, **nameless)], channels=[])
    assert verdicts() == ["missing_here"]
    near = receipt(customer, number="3702018888888888", paid_at=at(3))
    receipt(customer, number="3702018888888888", paid_at=at(20))
    take([row_of(near, **nameless)], channels=[])
    assert SettlementLine.objects.latest("pk").receipt == near
    assert two.settlement_lines.count() == 0


def test_another_number_or_amount_is_not_taken_by_number(customer: Customer) -> None:
    mine = receipt(customer)
    take([row_of(mine, **{"Trx ID": "", "Bill No": "", "Amount": "50.001"})])
    assert {kind for kind, _name in breaks()} == {"missing_here", "missing_there"}


def test_what_they_have_and_we_do_not_is_a_case_with_all_that_is_known(customer: Customer) -> None:
    mine = receipt(customer)
    row = row_of(mine) | {"Trx ID": "0098", "Bill No": "UNKNOWN0001", "Virtual Account No": "370209"}
    take([row_of(mine), row])
    case = PaymentCase.objects.get()
    assert (case.kind, case.amount, case.currency, case.channel) == ("missing_here", 50_000, "IDR", "faspay_va")
    assert (case.reference, case.provider, case.receipt) == ("UNKNOWN0001", "faspay_snap", None)
    assert "row 3" in case.note


def test_a_break_about_an_attempt_of_ours_names_its_deposit(customer: Customer) -> None:
    mine = receipt(customer)
    row = row_of(mine)
    attempt, deposit = mine.attempt, mine.deposit
    other = receipt(customer)
    assert attempt
    assert other.attempt
    row |= {"Trx ID": "", "Bill No": "GBNOTPAID0000001"}
    type(attempt).objects.create(deposit=deposit, method="va", bank="702", trx_id="GBNOTPAID0000001", state="closed")
    take([row], channels=[])
    case = PaymentCase.objects.get()
    assert (case.deposit, case.customer) == (deposit, customer)


def test_what_we_have_and_they_do_not_only_where_their_file_is_whole(customer: Customer) -> None:
    listed, unlisted = receipt(customer), receipt(customer)
    the_day_before = receipt(customer, paid_at=at(23, day=DAY - timedelta(days=1)))
    other_channel = receipt(customer, method="qris", channel="faspay_qris")
    take([row_of(listed)])
    assert breaks() == {("missing_there", unlisted.key)}
    case = PaymentCase.objects.get()
    assert case.receipt == unlisted
    assert not the_day_before.cases.exists()
    assert not other_channel.cases.exists()


def test_other_amounts_and_fees(customer: Customer) -> None:
    more, less, fee = receipt(customer, 50_000), receipt(customer, 60_000), receipt(customer, 70_000)
    take(
        [
            row_of(more, Amount="55.000"),
            row_of(less, Amount="59.999"),
            row_of(fee, Fee="4.000", Net="65.000"),
        ]
    )
    assert breaks() == {
        ("amount_differs", more.key),
        ("amount_differs", less.key),
        ("fee_differs", fee.key),
    }
    assert PaymentCase.objects.get(kind="amount_differs", reference=more.key).amount == 55_000


def test_a_fee_that_we_know_is_compared(customer: Customer, settings: Any) -> None:
    settings.SETTLEMENT_FEES = {"faspay_va": "4440", "faspay_qris": "0.7%"}
    right, wrong = receipt(customer), receipt(customer)
    share = receipt(customer, 100_000, method="qris", channel="faspay_qris")
    take([row_of(right, Fee="4.440"), row_of(wrong, Fee="4.500"), row_of(share, Fee="700")])
    assert breaks() == {("fee_differs", wrong.key)}


def test_the_same_twice_in_a_file_is_a_break_once(customer: Customer) -> None:
    mine = receipt(customer)
    file = take([row_of(mine), row_of(mine), row_of(mine, **{"Trx ID": ""})])
    assert sorted(verdicts()) == ["duplicate", "duplicate", "matched"]
    assert {kind for kind, _name in breaks()} == {"settled_twice"}
    assert set(PaymentCase.objects.values_list("receipt", flat=True)) == {mine.pk}
    assert file.findings["warnings"] == 1


def test_what_an_earlier_file_said_is_no_news(customer: Customer) -> None:
    mine = receipt(customer)
    take([row_of(mine)])
    second = take([row_of(mine), row_of(receipt(customer))])
    assert verdicts() == ["matched", "repeated", "matched"]
    assert second.findings["before"] == 1
    assert breaks() == set()


def test_told_again_with_another_amount_is_a_break(customer: Customer) -> None:
    mine = receipt(customer)
    take([row_of(mine)])
    take([row_of(mine, Amount="40.000")])
    assert verdicts() == ["matched", "duplicate"]
    assert {kind for kind, _name in breaks()} == {"settled_twice"}


def test_what_was_not_paid_or_taken_back(customer: Customer) -> None:
    mine, back = receipt(customer), receipt(customer)
    take([row_of(mine, Status="Gagal"), row_of(back), row_of(back, Status="Reversal")])
    assert sorted(verdicts()) == ["matched", "not_paid", "reversed"]
    assert breaks() == {("missing_there", mine.key), ("refunded", back.key)}


def test_a_line_of_another_day_goes_to_its_own(customer: Customer) -> None:
    late = receipt(customer, paid_at=at(23, 50, day=DAY - timedelta(days=1)))
    take([row_of(late), row_of(receipt(customer))])
    assert SettlementLine.objects.get(receipt=late).day == DAY - timedelta(days=1)
    assert breaks() == set()


def test_a_payment_to_a_permanent_number_by_its_own_names(customer: Customer) -> None:
    account = StaticAccount.objects.create(
        customer=customer, bank="702", partner_service_id="370202", customer_no="1", number="3702021"
    )
    paid = StaticPayment.objects.create(
        account=account, payment_request_id="PRQ1", reference_no="REF1", amount=75_000, paid_at=at(9)
    )
    mine = Receipt.objects.create(
        channel="faspay_va",
        key="static:3702021:PRQ1",
        amount=75_000,
        currency="IDR",
        place="wallet",
        paid_at=at(9),
        ledger_reference="static",
        static_payment=paid,
    )
    rows = [{"Trx ID": "REF1", "Payment Date": "2026-11-18 09:00", "Amount": "75.000"}]
    take(rows)
    assert SettlementLine.objects.get().receipt == mine
    take([{"Virtual Account No": "3702021", "Payment Date": "2026-11-18", "Amount": "75000"}], channels=[])
    assert verdicts()[-1] == "missing_here" or SettlementLine.objects.latest("pk").receipt == mine


def test_again_changes_nothing_and_decided_things_stay(customer: Customer) -> None:
    mine = [receipt(customer) for _ in range(4)]
    file = take(
        [
            row_of(mine[0]),
            row_of(mine[1], Amount="1"),
            {**row_of(mine[2]), "Trx ID": "X", "Bill No": "Y", "Virtual Account No": ""},
        ]
    )
    before = (breaks(), list(SettlementLine.objects.order_by("pk").values()), PaymentCase.objects.count())
    type(file).objects.filter(pk=file.pk)
    for _ in range(2):
        run = runs.plan("faspay_snap", DAY)
        run.started_at = None
        runs.compare("faspay_snap", run)
        runs._let_go(run, None)
    after = (breaks(), list(SettlementLine.objects.order_by("pk").values()), PaymentCase.objects.count())
    assert after == before


def test_what_fits_later_solves_its_case(customer: Customer) -> None:
    here, there = receipt(customer), receipt(customer)
    row = row_of(here)
    Receipt.objects.filter(pk=here.pk)
    ghost = {**row, "Trx ID": "LATER1", "Bill No": "LATER1", "Virtual Account No": ""}
    take([ghost, row])
    assert {kind for kind, _name in breaks()} == {"missing_here", "missing_there"}
    Receipt.objects.create(
        channel="faspay_va",
        key="LATER1",
        amount=50_000,
        currency="IDR",
        place="wallet",
        paid_at=at(9),
        ledger_reference="later",
    )
    take([row_of(there)], channels=[])
    runs.compare("faspay_snap", runs.plan("faspay_snap", DAY))
    assert breaks() == set()
    assert set(PaymentCase.objects.values_list("action", flat=True)) == {"matched"}
    assert AuditEntry.objects.filter(action="payment_case.matched").count() == 2


def test_what_a_person_proposed_is_not_solved_over_their_head(customer: Customer, staff_user: Any) -> None:
    mine = receipt(customer)
    take([row_of(receipt(customer))])
    case = PaymentCase.objects.get(reference=mine.key)
    PaymentCase.objects.filter(pk=case.pk).update(
        state="proposed", action="explain", proposed_by=staff_user, proposed_at=at(12)
    )
    take([row_of(mine)], channels=[])
    case.refresh_from_db()
    assert case.state == "proposed"


def test_the_database_keeps_it_one_to_one(customer: Customer) -> None:
    mine = receipt(customer)
    take([row_of(mine), row_of(mine, **{"Trx ID": "OTHER"})])
    second = SettlementLine.objects.latest("pk")
    with pytest.raises(IntegrityError), transaction.atomic():
        SettlementLine.objects.filter(pk=second.pk).update(verdict="matched", receipt=mine)


# --- any set of receipts and lines ------------------------------------------------------------------------

TRICKS = ["same", "same", "same", "drop", "twice", "alter", "ghost", "fee", "failed", "nameless"]


@pytest.mark.examples
@settings(max_examples=examples(10, 200), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tricks=st.lists(st.sampled_from(TRICKS), min_size=1, max_size=14), seed=st.integers(0, 10**6))
def test_the_breaks_are_exactly_what_was_put_in(customer: Customer, tricks: list[str], seed: int) -> None:
    dice = random.Random(seed)
    with transaction.atomic():
        expected: Counter[str] = Counter()
        rows: list[dict[str, str]] = []
        for trick in tricks:
            mine = receipt(customer, dice.choice([10_000, 50_000]))
            row = row_of(mine)
            if trick in {"drop", "failed"}:
                expected["missing_there"] += 1
                rows += [{**row, "Status": "Expired"}] if trick == "failed" else []
                continue
            if trick == "alter":
                row["Amount"] = str(mine.amount + dice.choice([-1, 1, 5_000]))
                expected["amount_differs"] += 1
            elif trick == "fee":
                row |= {"Fee": "1.000", "Net": str(mine.amount)}
                expected["fee_differs"] += 1
            elif trick == "twice":
                rows.append(dict(row))
                expected["settled_twice"] += 1
            elif trick == "ghost":
                ghost = {**row, "Trx ID": f"G{mine.pk}", "Bill No": f"H{mine.pk}", "Virtual Account No": ""}
                rows.append(ghost)
                expected["missing_here"] += 1
            elif trick == "nameless":
                row |= {"Trx ID": "", "Bill No": ""}
            rows.append(row)
        dice.shuffle(rows)
        if rows:
            file = reconciliation.upload(actor=command("t"), provider="faspay_snap", name="x.csv", content=report(rows))
            reconciliation.take_in(
                actor=command("t"), file=file, covers_from=DAY, covers_to=DAY, channels=["faspay_va"]
            )
            files.work(file.pk)
            found = Counter(PaymentCase.objects.values_list("kind", flat=True))
            assert found == expected
            paid = SettlementLine.objects.filter(status="paid")
            assert not paid.filter(verdict="matched", receipt__isnull=True).exists()
            assert not paid.exclude(verdict="matched").filter(case__isnull=True).exists()
            matched = paid.filter(verdict__in=["matched", "amount_differs", "fee_differs"])
            assert matched.values("receipt").distinct().count() == matched.count()
        transaction.set_rollback(True)
