"""The proof that a program written for OTPZap works here: our own client, pointed at our own API, in the same tests as
against the simulator."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import override_settings

from accounts.models import Customer
from config.lib.clock import now
from config.lib.ids import new_reference, read_opaque_id
from otp import polling, wire
from otp.models import Order, PriceRule
from payments import settlement
from payments.models import Deposit
from payments.wire import ID_PREFIX
from tests.api_v1.calling import program_of
from tests.api_v1.portal import running_portal
from tests.otp.contract import Contract, Shop
from tests.otp.helpers import due_now, fund
from tests.simulators import Simulator
from wallets import services as wallets
from wallets.selectors import balances

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(120)]


@dataclass
class Counter:
    """What happens to the orders of Ayu, whose program is the client: at the supplier, and then in our books."""

    otpzap: Simulator
    faspay: Simulator
    customer: Customer
    service: str = "WhatsApp"
    country: str = "Indonesia"
    site: str = "openai.com"

    def deliver(self, order_id: str, code: str | None, message: str) -> None:
        order = Order.objects.get(pk=order_id)
        self.otpzap.control("deliver", order_id=int(order.provider_order_id), code=code, message=message)
        self._look(order)

    def deliver_mail(self, ref: str, *, sender: str, subject: str, text: str) -> None:
        order = self._inbox(ref)
        self.otpzap.control("mail/deliver", ref=order.provider_order_id, sender=sender, subject=subject, text=text)
        self._look(order)

    def let_cancel(self) -> None:
        self.otpzap.control("settings", cancel_cooldown_seconds=0)
        Order.objects.filter(cancel_allowed_at__isnull=False).update(cancel_allowed_at=now() - timedelta(seconds=1))

    def expire(self, order_id: str) -> None:
        order = Order.objects.get(pk=order_id)
        self.otpzap.control("expire", order_id=int(order.provider_order_id))
        self._look(order)

    def expire_mail(self, ref: str) -> None:
        order = self._inbox(ref)
        self.otpzap.control("mail/expire", ref=order.provider_order_id)
        self._look(order)

    def drain(self) -> None:
        left = next(one.available for one in balances(self.customer) if one.currency == "IDR")
        wallets.hold_funds(
            customer=self.customer, amount=left, currency="IDR", reference=new_reference("D"), subject="", memo="all"
        )

    def pay(self, topup_id: str) -> None:
        attempt = Deposit.objects.get(public_id=read_opaque_id(ID_PREFIX, topup_id)).attempts.get()
        self.faspay.control("qr/pay", qrContent=attempt.content, send=False)
        settlement.ask(attempt.pk)

    def _inbox(self, ref: str) -> Order:
        return Order.objects.get(public_id=read_opaque_id(wire.REF_PREFIX, ref))

    def _look(self, order: Order) -> None:
        """A worker's turn."""
        due_now(order)
        with self._as_the_portal():
            assert polling.attend(order.pk)

    @contextmanager
    def _as_the_portal(self) -> Iterator[None]:
        # In this process the settings lead the client to the portal; a worker asks the supplier.
        where = {"OTPZAP_BASE_URL": f"{self.otpzap.url}/api/v1", "OTPZAP_API_KEY": self.otpzap.secrets["api_key"]}
        with override_settings(**where):
            yield


@pytest.fixture(scope="module")
def portal(django_db_setup: None, _otpzap_process: Simulator, _faspay_process: Simulator) -> Iterator[str]:
    with running_portal(_otpzap_process, _faspay_process) as url:
        yield url


class TestOurs(Contract):
    @pytest.fixture
    def shop(
        self, portal: str, customer: Customer, otpzap_sim: Simulator, faspay_sim: Simulator, settings: Any
    ) -> Shop:
        otpzap_sim.control("settings", balance=10_000_000)
        fund(customer, 1_000_000)
        # Our own price rules: nothing on the wire says what a number cost us.
        PriceRule.objects.create(percent=Decimal(20), step=100)
        settings.FASPAY_QRIS_CHANNEL = "711"
        settings.OTPZAP_BASE_URL = f"{portal}/api/v1"
        settings.OTPZAP_API_KEY = program_of(customer).bearer
        settings.OTPZAP_API_KEYS = []
        return Counter(otpzap_sim, faspay_sim, customer)
