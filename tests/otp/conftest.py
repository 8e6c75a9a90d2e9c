from collections.abc import Iterator
from dataclasses import replace

import pytest

from accounts.models import Customer
from otp.models import PriceRule
from otp.providers.otpzap import operations
from tests.otp.helpers import fund, prove
from tests.simulators import Simulator


@pytest.fixture
def rule(db: None) -> PriceRule:
    """Everything costs 20 % more than at the supplier, in steps of Rp100."""
    return PriceRule.objects.create(percent=20, step=100)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence of the supplier is told after a second and a half, not after ten; what follows is the same."""
    for name, operation in list(vars(operations).items()):
        if isinstance(operation, operations.Operation):
            monkeypatch.setattr(operations, name, replace(operation, read=1.5))


@pytest.fixture
def shop(rule: PriceRule, otpzap_sim: Simulator) -> Iterator[Simulator]:
    """The simulated supplier with plenty of our money; whatever the test did, the books must add up after it."""
    otpzap_sim.control("settings", cancel_cooldown_seconds=0, balance=10_000_000)
    yield otpzap_sim
    prove()


@pytest.fixture
def ayu(customer: Customer) -> Customer:
    """Ayu with Rp100.000."""
    fund(customer)
    return customer
