"""What reconciliation says of money that is late, or came by a way that was left."""

from datetime import timedelta

import pgtrigger
import pytest
from django.utils import timezone

from accounts.models import Customer
from config.lib.clock import JAKARTA
from payments.checks import ledger_problems
from payments.models import Deposit, PaymentAttempt, ProviderMessage
from payments.reconciling import asking, runs
from payments.static_numbers import announced_to
from tests.payments import gate as doors
from tests.payments.conftest import rewritten_history
from tests.payments.gate import NUMBER, PAYMENT, Gate, news
from tests.payments.reconciling import breaks, receipt, row_of, take

pytestmark = pytest.mark.django_db


def test_a_report_of_a_day_that_is_not_over_makes_nothing_missing(customer: Customer) -> None:
    today = timezone.now().astimezone(JAKARTA).date()
    listed, later = (receipt(customer, paid_at=timezone.now()) for _ in range(2))
    take([row_of(listed)], first=today, last=today)
    assert (breaks(), later.cases.count()) == (set(), 0)


def test_a_day_that_is_over_still_does(customer: Customer) -> None:
    yesterday = timezone.now().astimezone(JAKARTA).date() - timedelta(days=1)
    moment = timezone.now() - timedelta(days=1)
    listed, missing = (receipt(customer, paid_at=moment) for _ in range(2))
    take([row_of(listed)], first=yesterday, last=yesterday)
    assert breaks() == {("missing_there", missing.key)}


def test_what_was_left_for_another_way_is_asked_about_too(customer: Customer) -> None:
    paid = receipt(customer, paid_at=timezone.now())
    deposit = paid.deposit
    assert deposit is not None
    left = PaymentAttempt.objects.create(
        deposit=deposit, method="qris", bank="711", trx_id="LEFT000000000001", state="closed", sent_at=timezone.now()
    )
    Deposit.objects.filter(pk=deposit.pk).update(
        state="success", received_amount=50_000, paid_at=timezone.now(), ledger_reference=deposit.reference
    )
    run = runs.plan("faspay_snap", timezone.now().astimezone(JAKARTA).date())
    assert left in asking.to_ask(run)


def test_what_stands_still_is_said(gate: Gate, customer: Customer) -> None:
    attempt = doors.open_number(customer, "STILL00000000001", NUMBER)
    gate.send(PAYMENT, news(NUMBER, trxId="STILL00000000001"))
    assert ledger_problems_of("pending", "waited", "nobody will ask") == [False, False, False]
    long_ago = timezone.now() - timedelta(hours=1)
    with rewritten_history(), pgtrigger.ignore("payments.PaymentAttempt:named_once"):
        PaymentAttempt.objects.filter(pk=attempt.pk).update(created_at=long_ago)
        ProviderMessage.objects.update(received_at=long_ago, next_try_at=timezone.now())
    Deposit.objects.update(expires_at=long_ago)
    assert ledger_problems_of("pending", "waited", "nobody will ask") == [True, True, True]


def ledger_problems_of(*words: str) -> list[bool]:
    said = list(ledger_problems())
    return [any(word in line for line in said) for word in words]


def test_what_was_left_to_staff_takes_no_room(customer: Customer) -> None:
    account = doors.permanent(customer)
    left = account.payments.create(payment_request_id="left", amount=50_000)
    assert announced_to(customer) == 0
    account.payments.filter(pk=left.pk).update(next_check_at=timezone.now())
    assert announced_to(customer) == 50_000
