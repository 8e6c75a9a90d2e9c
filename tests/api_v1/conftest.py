from collections.abc import Iterator

import pytest

from accounts.models import Customer
from otp.models import PriceRule
from tests.api_v1.calling import Program, program_of
from tests.otp.helpers import fund, prove
from tests.simulators import Simulator


@pytest.fixture
def shop(db: None, otpzap_sim: Simulator) -> Iterator[Simulator]:
    """The simulated supplier, our prices 20 % above its own; afterwards the books must add up."""
    PriceRule.objects.create(percent=20, step=100)
    otpzap_sim.control("settings", cancel_cooldown_seconds=0, balance=10_000_000)
    yield otpzap_sim
    prove()


@pytest.fixture
def ayu(customer: Customer) -> Customer:
    """Ayu with Rp100.000."""
    fund(customer)
    return customer


@pytest.fixture
def program(ayu: Customer) -> Program:
    """Ayu's program, with a live key."""
    return program_of(ayu)


@pytest.fixture
def stranger(other_customer: Customer) -> Program:
    """Budi's program."""
    return program_of(other_customer)
