"""Every number of every home can be pressed, and leads to a list that has exactly as many rows as it says."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client as Browser

from accounts.models import Client, Customer, PortalUser, Role, User
from config.lib import clock
from otp.models import Reason as OrderReason
from otp.models import State as OrderState
from payouts.models import Batch
from payouts.models.states import Reason, State
from tests.accounts.cast import browser_of, person
from tests.kyc import reviewing
from tests.otp.helpers import fund
from tests.otp.making import make_order
from tests.payments.gate import open_number
from tests.payouts.house import payment
from tests.reports.numbers import numbers_of

pytestmark = pytest.mark.django_db
ClientFor = Callable[[User | Customer], Browser]
MOST = 500


@pytest.fixture
def busy(customer: Customer, wages: Batch, nassit: Client) -> None:
    """Something of everything that homes count."""
    fund(customer)
    now = clock.now()
    for wait in (20, 100, 2000):
        begun = now - timedelta(seconds=wait)
        make_order(customer, state=OrderState.SUCCESS, price=Decimal(3000), activated_at=begun, captured_at=now)
    for service in ("WhatsApp", "WhatsApp", "Telegram"):
        make_order(customer, state=OrderState.EXPIRED, reason=OrderReason.NO_CODE, service_name=service)
    make_order(customer, state=OrderState.PENDING)
    open_number(customer, "TRX0000000000001", "3702019999999999")
    payment(nassit, state=State.FAILED, reason=Reason.REFUSED)
    doubtful: dict[str, Any] = {"sent_at": now, "in_doubt_since": now, "is_reserved": True}
    payment(nassit, state=State.IN_DOUBT, **doubtful)
    for minutes in (5, 30 * 60):
        reviewing.case(minutes=minutes)


def judge(browser: Browser, path: str) -> None:
    answer = browser.get(path)
    assert answer.status_code == 200
    numbers = numbers_of(answer.content.decode())
    assert len(numbers) < MOST
    assert [number.text for number in numbers if not number.url] == []
    wrong = [one for number in dict.fromkeys(numbers) if (one := _judged(browser, path, number.url, number.count))]
    assert wrong == []


def _judged(browser: Browser, path: str, url: str, count: int | None) -> str:
    answer = browser.get(url if url.startswith("/") else f"{path}{url}")
    if answer.status_code != 200:
        return f"{url}: {answer.status_code}"
    rows = rows_of(answer.context)
    return f"{count} -> {url}: {rows} rows" if count is not None and rows not in (None, count) else ""


def rows_of(context: Any) -> int | None:
    """How many rows a list shows; None where it has further pages, or is no list."""
    if "page" in context and getattr(context["page"], "next_cursor", None):
        return None
    if "page" in context and hasattr(context["page"], "items"):
        return len(context["page"].items)
    return len(context["lines"]) if "lines" in context else None


def test_of_a_customer(busy: None, customer: Customer, client_for: ClientFor) -> None:
    judge(client_for(customer), "/")


def test_of_a_client(busy: None, fatu: PortalUser) -> None:
    judge(browser_of(fatu), "/company/")


def test_of_an_approver(busy: None) -> None:
    judge(browser_of(person("dian", Role.APPROVER)), "/review/overview/")


@pytest.mark.parametrize(
    "roles", [[Role.SUPER_ADMIN, Role.COMPANY_ADMIN], [Role.SUPPORT], [Role.AUDITOR], [Role.APPROVER]], ids=str
)
def test_of_the_desk(busy: None, roles: list[str]) -> None:
    judge(browser_of(person("citra", *roles)), "/staff/")
