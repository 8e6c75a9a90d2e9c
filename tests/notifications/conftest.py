from collections.abc import Callable, Iterator
from typing import Any

import pytest

from accounts.access.actors import Actor, Origin
from accounts.models import Customer
from notifications.models import Owner, WebhookEndpoint
from notifications.services import webhooks
from tests.notifications.receiver import Receiver, receiver

SECRET = "00112233445566778899aabbccddeeff0011223344556677"


@pytest.fixture
def program(settings: Any) -> Iterator[Receiver]:
    """A program of Ayu's that listens on this machine, which the sandbox allows."""
    with receiver() as made:
        settings.WEBHOOK_LOCAL_RECEIVERS = [made.place]
        yield made


@pytest.fixture
def webhook(customer: Customer, program: Receiver) -> WebhookEndpoint:
    """Ayu's webhook, for everything."""
    webhooks.change(actor=actor_for(customer), owner=Owner(customer), url=f"{program.url}/hook", secret=SECRET)
    return WebhookEndpoint.objects.get(customer=customer)


def actor_for(customer: Customer) -> Actor:
    return Actor(kind="customer", origin=Origin(via="api"), user=customer.user, customer=customer)


@pytest.fixture
def tell(customer: Customer) -> Callable[..., None]:
    """Something happened to Ayu's order; ``key`` makes it one."""

    def emit(key: str = "1", event: str = "order.otp_received", **more: Any) -> None:
        data = {"order_id": 65, "otp_code": "123456", **more}
        webhooks.emit(customer=customer, event=event, subject="65", key=key, data=lambda: data)

    return emit
