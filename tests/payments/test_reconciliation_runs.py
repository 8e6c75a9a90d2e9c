"""A run asks what is to be asked, at a pace, and compares; doing it again changes nothing."""

import io
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.access.actors import command
from accounts.models import Customer
from config.lib.clock import JAKARTA
from payments import tasks
from payments.banking_days import day_of
from payments.models import PaymentCase, ProviderExchange, Receipt, ReconciliationRun, SettlementLine
from payments.reconciling import runs
from payments.services import reconciliation
from tests.payments.conftest import House
from tests.payments.ovo_house import PHONE, OvoHouse
from tests.payments.reconciling import DAY, breaks, receipt, report, row_of

pytestmark = pytest.mark.django_db


def today() -> date:
    return timezone.now().astimezone(JAKARTA).date()


def compare(provider: str = "faspay_snap", day: date | None = None) -> ReconciliationRun:
    run = runs.plan(provider, day or today())
    runs.work(run.pk)
    run.refresh_from_db()
    return run


def test_what_is_known_by_a_notification_alone_is_confirmed_by_a_question(house: House) -> None:
    deposit = house.ask_for(50_000)
    house.deliver(house.pay(deposit)[0])
    house.work()
    asked = len(house.requests("status"))
    run = compare()
    assert (run.state, run.asked, run.matched, run.breaks) == ("done", 1, 1, 0)
    assert len(house.requests("status")) == asked + 1
    line = SettlementLine.objects.get()
    assert (line.source, line.status, line.receipt) == ("status", "paid", Receipt.objects.get())
    assert compare().asked == 0


def test_what_was_paid_and_never_told_is_credited_by_asking(house: House) -> None:
    deposit = house.ask_for(50_000)
    house.pay(deposit)
    assert house.balance == 0
    run = compare()
    assert house.balance == 50_000
    assert (run.matched, run.breaks) == (1, 0)


def test_what_is_not_paid_is_no_break(house: House) -> None:
    house.ask_for(50_000)
    run = compare()
    assert (run.asked, run.breaks) == (1, 0)
    assert SettlementLine.objects.get().verdict == "not_paid"


def test_what_they_deny_although_we_credited_it_is_a_break(house: House) -> None:
    deposit = house.ask_for(50_000)
    house.deliver(house.pay(deposit)[0])
    house.work()
    house.sim.control("reset")
    run = compare()
    assert run.breaks == 1
    case = PaymentCase.objects.get()
    assert (case.kind, case.receipt, case.deposit) == ("missing_there", Receipt.objects.get(), deposit)


def test_an_answer_that_does_not_come_is_counted_and_asked_again_next_time(house: House) -> None:
    deposit = house.ask_for(50_000)
    house.deliver(house.pay(deposit)[0])
    house.work()
    house.sim.control("misbehave", operation="status", mode="502")
    run = compare()
    assert (run.state, run.asked, run.unanswered, run.breaks) == ("done", 0, 1, 0)
    assert compare().asked == 1


def test_questions_keep_their_pace_and_go_on_later(house: House, settings: Any) -> None:
    settings.RECONCILIATION_PER_MINUTE = 2
    for step in range(3):
        deposit = house.ask_for(50_000 + step)
        house.deliver(house.pay(deposit)[0])
    house.work()
    run = compare()
    assert (run.state, run.asked) == ("running", 2)
    assert run.pk in runs.due()
    settings.RECONCILIATION_PER_MINUTE = 60
    tasks.reconcile()
    run.refresh_from_db()
    assert (run.state, run.asked, run.matched) == ("done", 3, 3)


def test_every_question_is_on_record(house: House) -> None:
    deposit = house.ask_for(50_000)
    house.deliver(house.pay(deposit)[0])
    house.work()
    before = ProviderExchange.objects.count()
    compare()
    assert ProviderExchange.objects.count() == before + 1


def test_one_run_of_a_day_at_a_time(customer: Customer) -> None:
    first = runs.plan("faspay_snap", DAY)
    assert runs.plan("faspay_snap", DAY) == first
    assert reconciliation.request_run(actor=command("t"), provider="faspay_snap", day=DAY) == first
    runs.work(first.pk)
    assert runs.plan("faspay_snap", DAY) != first


def test_a_run_that_somebody_works_on_is_left_alone(customer: Customer) -> None:
    run = runs.plan("faspay_snap", DAY)
    ReconciliationRun.objects.filter(pk=run.pk).update(
        state="running", started_at=timezone.now(), lease_until=timezone.now() + timedelta(minutes=1)
    )
    runs.work(run.pk)
    run.refresh_from_db()
    assert run.state == "running"
    assert run.pk not in runs.due()


def test_a_worker_that_died_is_followed_by_another(customer: Customer) -> None:
    run = runs.plan("faspay_snap", DAY)
    ReconciliationRun.objects.filter(pk=run.pk).update(
        state="running", started_at=timezone.now(), lease_until=timezone.now() - timedelta(seconds=1)
    )
    tasks.reconcile()
    run.refresh_from_db()
    assert run.state == "done"


@pytest.mark.parametrize("day", [today() + timedelta(days=1)])
def test_tomorrow_is_not_compared(day: date) -> None:
    with pytest.raises(reconciliation.FileRefused):
        reconciliation.request_run(actor=command("t"), provider="faspay_snap", day=day)


def test_every_night_yesterday_and_what_is_still_open(customer: Customer) -> None:
    tasks.reconcile_nightly()
    yesterday = today() - timedelta(days=1)
    assert set(ReconciliationRun.objects.values_list("day", flat=True)) == {yesterday}
    assert ReconciliationRun.objects.count() == 3
    tasks.reconcile_nightly()
    assert ReconciliationRun.objects.count() == 3


# --- OVO ------------------------------------------------------------------------------------------------------


def test_an_ovo_history_against_what_arrived(ovo_house: OvoHouse, customer: Customer) -> None:
    ovo_house.linked()
    ovo_house.tell(ovo_house.push(50_000))
    missing = receipt(customer, method="ovo", channel="faspay_ovo", phone=PHONE, paid_at=timezone.now())
    run = compare("faspay_ovo")
    assert (run.asked, run.matched) == (1, 1)
    assert breaks() == {("missing_there", missing.key)}
    line = SettlementLine.objects.get()
    assert (line.source, line.verdict, line.amount) == ("history", "matched", 50_000)
    compare("faspay_ovo")
    assert PaymentCase.objects.count() == 1


def test_an_ovo_payment_that_nobody_told_of_is_found_in_the_history(ovo_house: OvoHouse) -> None:
    """The engine is sent to look for itself; what it credits solves the break."""
    ovo_house.linked()
    deposit = ovo_house.push(50_000)
    ovo_house.finish(deposit)
    assert compare("faspay_ovo").breaks == 1
    assert PaymentCase.objects.get().deposit == deposit
    tasks.call(provider="faspay_ovo")
    assert ovo_house.balance == 50_000
    assert compare("faspay_ovo").breaks == 0
    assert PaymentCase.objects.get().action == "matched"


def test_an_ovo_id_of_another_day_is_another_payment(ovo_house: OvoHouse, customer: Customer) -> None:
    ovo_house.linked()
    deposit = ovo_house.push(50_000)
    ovo_house.tell(deposit)
    same = ovo_house.attempt(deposit).provider_trx_id
    old = timezone.now() - timedelta(days=40)
    other = receipt(customer, method="ovo", channel="faspay_ovo", provider_trx_id=same, paid_at=old)
    compare("faspay_ovo")
    assert SettlementLine.objects.get().receipt == deposit.receipts.get()
    assert not other.settlement_lines.exists()


# --- manage.py reconcile ------------------------------------------------------------------------------------


def test_the_command_takes_a_report_in_and_fails_while_something_is_open(customer: Customer, tmp_path: Path) -> None:
    mine, unlisted = receipt(customer), receipt(customer)
    path = tmp_path / "report.csv"
    path.write_bytes(report([row_of(mine)]))
    out = io.StringIO()
    with pytest.raises(CommandError, match="1 open break"):
        call_command("reconcile", provider="faspay_snap", file=path, stdout=out)
    assert unlisted.key in out.getvalue()
    assert "they say Rp50.000 in 1, we have Rp100.000 in 2" in out.getvalue()
    path.write_bytes(report([row_of(mine), row_of(unlisted)]))
    call_command("reconcile", provider="faspay_snap", file=path, stdout=out)
    call_command("reconcile", provider="faspay_snap", day=DAY, stdout=out)
    assert day_of(mine.paid_at or timezone.now()) == DAY
