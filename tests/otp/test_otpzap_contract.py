"""The contract, held against the simulator."""

from dataclasses import dataclass

import pytest

from tests.otp.contract import Contract, Shop
from tests.simulators import Simulator


@dataclass
class Counter:
    """The simulator's control pages as hands behind the counter."""

    sim: Simulator
    service: str = "WhatsApp"
    country: str = "Indonesia"
    site: str = "openai.com"

    def deliver(self, order_id: str, code: str | None, message: str) -> None:
        self.sim.control("deliver", order_id=int(order_id), code=code, message=message)

    def deliver_mail(self, ref: str, *, sender: str, subject: str, text: str) -> None:
        self.sim.control("mail/deliver", ref=ref, sender=sender, subject=subject, text=text)

    def let_cancel(self) -> None:
        self.sim.control("settings", cancel_cooldown_seconds=0)

    def expire(self, order_id: str) -> None:
        self.sim.control("expire", order_id=int(order_id))

    def expire_mail(self, ref: str) -> None:
        self.sim.control("mail/expire", ref=ref)

    def drain(self) -> None:
        self.sim.control("settings", balance=0)

    def pay(self, topup_id: str) -> None:
        self.sim.control("topup/pay", order_id=topup_id)


class TestSimulator(Contract):
    @pytest.fixture
    def shop(self, otpzap_sim: Simulator) -> Shop:
        otpzap_sim.control("settings", balance=10_000_000)
        return Counter(otpzap_sim)
