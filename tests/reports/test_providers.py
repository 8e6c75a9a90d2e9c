"""How those outside do, on the desk's home: counted from what happened, judged by the settings, shown to who may."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from accounts.models import Client, Customer, Role
from cards.models import State as CardState
from cards.models.states import Reason as CardReason
from config.lib import clock
from otp.models import Reason as OrderReason
from otp.models import State as OrderState
from payments.models import ProviderExchange
from payouts.models import Attempt
from payouts.models.states import Reason, State
from reports.overviews import providers
from tests.accounts.cast import browser_of, person
from tests.otp.making import make_order
from tests.payouts.house import payment
from tests.reports.things import charged

pytestmark = pytest.mark.django_db
_LONG_AGO = timedelta(hours=30)


@pytest.fixture
def desk() -> Browser:
    return browser_of(person("citra", Role.SUPER_ADMIN, Role.COMPANY_ADMIN))


def told(desk: Browser) -> dict[str, providers.Provider]:
    cache.clear()
    return {str(one.name): one for one in desk.get("/staff/").context["providers"]}


def ordered(customer: Customer, *, wait: int = 0, ago: timedelta = timedelta(0), **given: Any) -> None:
    """Sent a minute and ``ago`` earlier; its number was there after ``wait`` seconds, or never."""
    asked = clock.now() - timedelta(minutes=1) - ago
    begun = asked + timedelta(seconds=wait) if wait else None
    make_order(customer, created_at=asked, sent_at=asked, activated_at=begun, **given)


def test_otpzap_by_its_orders(desk: Browser, customer: Customer) -> None:
    assert (told(desk)["OTPZap"].percent, told(desk)["OTPZap"].state) == ("–", "health:unknown")
    for wait in (1, 2, 3):
        ordered(customer, state=OrderState.EXPIRED, reason=OrderReason.NO_CODE, wait=wait)
    ordered(customer, state=OrderState.FAILED, reason=OrderReason.OUT_OF_STOCK)
    ordered(customer, state=OrderState.FAILED, reason=OrderReason.UNREACHABLE)
    ordered(customer, state=OrderState.FAILED, reason=OrderReason.UNREACHABLE, ago=_LONG_AGO)
    ordered(Customer.objects.create(user=customer.user, is_sandbox=True), state=OrderState.FAILED)
    found = told(desk)["OTPZap"]
    assert (found.day.calls, found.day.failures, found.percent) == (5, 1, "80 %")
    assert found.day.median_ms == 2000
    assert found.mistake == OrderReason.UNREACHABLE.label
    assert desk.get(found.calls_url).status_code == desk.get(found.url).status_code == 200


def test_rails_by_the_times_they_were_tried(desk: Browser, nassit: Client) -> None:
    now = clock.now()
    for reason, rail in ((Reason.NONE, "bank"), (Reason.NO_ACCOUNT, "bank"), (Reason.UNREACHABLE, "mobile")):
        state = State.FAILED if reason else State.COMPLETED
        payout = payment(nassit, rail=rail, state=state, reason=reason)
        result = "failed" if reason else "paid"
        begun = now - timedelta(seconds=4)
        Attempt.objects.create(payout=payout, number=1, result=result, reason=reason, started_at=begun, ended_at=now)
    doubted: dict[str, Any] = {"sent_at": now, "in_doubt_since": now, "is_reserved": True}
    payout = payment(nassit, rail="bank", state=State.IN_DOUBT, **doubted)
    Attempt.objects.create(payout=payout, number=1, started_at=now - timedelta(seconds=4))
    found = told(desk)
    banks, mobile = found["Payout rail, banks"], found["Payout rail, mobile money"]
    # What the bank refuses is an answer; what it says nothing about is none.
    assert (banks.day.calls, banks.day.failures, banks.mistake) == (3, 1, "No clear answer")
    assert (mobile.day.calls, mobile.day.failures, mobile.percent) == (1, 1, "0 %")
    assert banks.day.median_ms == 4000
    assert desk.get(banks.calls_url).status_code == 200


def test_cards_and_payment_providers(desk: Browser, nassit: Client) -> None:
    charged(nassit, processor="acme")
    charged(nassit, CardState.DECLINED, reason=CardReason.INSUFFICIENT_FUNDS, processor="acme")
    charged(nassit, CardState.DECLINED, reason=CardReason.NEVER_ARRIVED, processor="acme")
    charged(nassit, CardState.DECLINED, reason=CardReason.NEVER_ARRIVED, processor="acme", ago=_LONG_AGO)
    asked: dict[str, Any] = {"provider": "faspay_snap", "operation": "status", "method": "POST", "address": "x"}
    for status, outcome in ((200, "ok"), (502, "unknown"), (200, "ok")):
        ProviderExchange.objects.create(**asked, status=status, outcome=outcome, elapsed_ms=40, code="")
    found = told(desk)
    cards, faspay = found["Cards, acme"], found["Faspay SNAP"]
    assert (cards.day.calls, cards.day.failures, cards.percent) == (3, 1, "66 %")
    assert (faspay.day.calls, faspay.day.failures, faspay.mistake) == (3, 1, "HTTP 502")
    assert faspay.usual == "40 ms"
    assert desk.get(cards.calls_url).status_code == desk.get(faspay.calls_url).status_code == 200


def test_a_row_of_failures_is_down(desk: Browser, customer: Customer) -> None:
    for _ in range(5):
        ordered(customer, state=OrderState.FAILED, reason=OrderReason.UNREACHABLE)
    assert told(desk)["OTPZap"].state == "health:down"
    for _ in range(5):
        ordered(customer, state=OrderState.FAILED, reason=OrderReason.OUT_OF_STOCK, ago=-timedelta(seconds=30))
    assert told(desk)["OTPZap"].state == "health:ok"


def test_each_sees_those_it_looks_after(nassit: Client) -> None:
    charged(nassit, processor="acme", amount=Decimal(5))
    auditor = browser_of(person("dewi", Role.AUDITOR))
    assert {"OTPZap", "Cards, acme"} <= set(told(auditor))
    cache.clear()
    assert "providers" not in browser_of(person("dian", Role.APPROVER)).get("/staff/").context


def test_all_of_them_are_one_question(customer: Customer) -> None:
    for _ in range(20):
        ordered(customer, state=OrderState.FAILED, reason=OrderReason.UNREACHABLE)
    with CaptureQueriesContext(connection) as spent:
        assert providers._count()[providers.OTPZAP].calls == 20
    assert len(spent) == 1
