"""What the demo tells of numbers and inboxes, through the real services and the simulators."""

from typing import Any

import pytest

from accounts.models import Customer
from otp.models import Order, Server, State
from sandbox import demo_history
from tests.sandbox.merchant import Inbox
from tests.simulators import Simulator


@pytest.mark.usefixtures("no_ledger_problems")
def test_the_history_has_every_server_and_is_told_once(
    customer: Customer, otpzap_sim: Simulator, faspay_sim: Simulator, inbox: Inbox
) -> None:
    otpzap_sim.control("webhook", url=f"{inbox.url}/hook", secret="0123456789abcdef")
    lines = list(demo_history.tell(customer))
    assert lines[-1] == "history: three numbers running"
    assert states(customer, Server.PRODUCTS) == ["expired", "otp_received", "pending", "success", "success", "success"]
    assert states(customer, Server.OPERATORS) == ["otp_received", "success"]
    assert states(customer, Server.MAIL) == ["cancelled", "pending", "success"]
    given_back = Order.objects.get(server=Server.MAIL, state=State.CANCELLED)
    assert 0 < given_back.charged < given_back.price
    assert inbox.received == []
    assert list(demo_history.tell(customer)) == []


def test_a_history_that_cannot_be_told_stops_nothing(
    customer: Customer, otpzap_sim: Simulator, faspay_sim: Simulator
) -> None:
    otpzap_sim.control("misbehave", operation="order/create", mode="no_data", times=-1)
    assert list(demo_history.tell(customer))[-1].startswith("history: ")
    assert otpzap_sim.look("settings")["webhook_quiet"] == 0


def states(customer: Customer, server: Any) -> list[str]:
    return sorted(Order.objects.filter(customer=customer, server=server).values_list("state", flat=True))
