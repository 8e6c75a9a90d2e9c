"""Which event tells of what, once each, with the object as the API answers it."""

import json
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Customer
from config.lib import clock
from notifications.models import WebhookDelivery, WebhookEndpoint
from otp import news as of_orders
from otp import wire
from otp.models import Order, OrderCode, Reason, Server, State
from payments import news as of_deposits
from payments.models import Deposit

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(customer: Customer) -> Order:
    return Order.objects.create(
        reference="order-1",
        customer=customer,
        idempotency_key="order-1",
        product_id="1",
        service_id="1",
        service_name="WhatsApp",
        country_name="Indonesia",
        cost=Decimal(1000),
        price=Decimal(1500),
        hold_reference="hold-1",
        next_poll_at=clock.now(),
    )


def told() -> list[tuple[str, str, dict[str, Any]]]:
    rows = WebhookDelivery.objects.order_by("id")
    return [(row.event, row.subject, json.loads(bytes(row.body))["data"]) for row in rows]


@pytest.mark.parametrize(
    ("server", "state", "event", "status"),
    [
        (Server.PRODUCTS, State.SUCCESS, "order.finished", "success"),
        (Server.PRODUCTS, State.CANCELLED, "order.cancelled", "cancelled"),
        (Server.OPERATORS, State.FAILED, "order.failed", "failed"),
        (Server.PRODUCTS, State.EXPIRED, "order.failed", "failed"),
        (Server.MAIL, State.SUCCESS, "email.finished", "success"),
        (Server.MAIL, State.CANCELLED, "email.cancelled", "cancelled"),
        (Server.MAIL, State.FAILED, "email.cancelled", "cancelled"),
        (Server.MAIL, State.EXPIRED, "email.expired", "expired"),
    ],
)
def test_ends(webhook: WebhookEndpoint, order: Order, server: Server, state: State, event: str, status: str) -> None:
    order.server, order.state = server, state
    for _again in range(2):
        of_orders.changed(order, was=State.PENDING, codes_before=0)
    ((named, subject, data),) = told()
    assert (named, data["status"], data["version"]) == (event, status, order.version)
    assert subject == (wire.ref_of(order) if order.is_mail else str(order.pk))
    if state != State.SUCCESS:
        assert data["refund_amount"] == 1500


def test_each_message_once(webhook: WebhookEndpoint, order: Order) -> None:
    order.state = State.OTP_RECEIVED
    for count in (1, 1, 2):
        order.code_count = count
        of_orders.changed(order, was=State.PENDING, codes_before=count - 1)
        of_orders.changed(order, was=State.OTP_RECEIVED, codes_before=count)
    assert [event for event, _subject, _data in told()] == ["order.otp_received"] * 2


def test_an_inbox_full_of_long_mails_is_told_with_shorter_texts(webhook: WebhookEndpoint, order: Order) -> None:
    order.server, order.state, order.code_count = Server.MAIL, State.OTP_RECEIVED, 40
    for position in range(40):
        OrderCode.objects.create(
            order=order, position=position, code=f"{position:06}", message="\u6f22" * 20_000, received_at=clock.now()
        )
    of_orders.changed(order, was=State.PENDING, codes_before=39)
    ((event, _subject, data),) = told()
    assert (event, data["otp_code"], data["messages"][-1]["otp"]) == ("email.received", "000039", "000039")
    assert data["messages"][-1]["text"].endswith("\u6f22\u2026")
    assert len(bytes(WebhookDelivery.objects.get().body)) <= 256 * 1024


def test_nothing_new_is_not_told(webhook: WebhookEndpoint, order: Order) -> None:
    of_orders.changed(order, was=State.CREATED, codes_before=0)
    order.state = State.PENDING
    of_orders.changed(order, was=State.SUBMITTING, codes_before=0)
    assert told() == []


def test_another_number_instead(webhook: WebhookEndpoint, order: Order) -> None:
    new = Order.objects.get(pk=order.pk)
    new.pk, new.public_id, new.reference, new.idempotency_key = None, order.customer.public_id, "order-2", "order-2"
    new.hold_reference, new.replaces, new._state.adding = "hold-2", order, True
    new.save(force_insert=True)
    order.state, order.reason = State.CANCELLED, Reason.REPLACED
    of_orders.changed(order, was=State.PENDING, codes_before=0)
    ((event, subject, data),) = told()
    assert (event, subject) == ("order.replaced", str(order.pk))
    assert (data["old_order_id"], data["new_order_id"], data["order_id"]) == (order.pk, new.pk, new.pk)


@pytest.mark.parametrize(
    ("state", "event", "status"),
    [
        ("success", "deposit.success", "success"),
        ("expired", "deposit.expired", "expired"),
        ("cancelled", "deposit.expired", "expired"),
        ("failed", "deposit.failed", "failed"),
    ],
)
def test_deposits(customer: Customer, webhook: WebhookEndpoint, state: str, event: str, status: str) -> None:
    deposit = Deposit.objects.create(customer=customer, amount=Decimal(50_000), bank="702", expires_at=clock.now())
    deposit.refresh_from_db()
    of_deposits.changed(deposit)
    assert told() == []
    deposit.state = state
    for _again in range(2):
        of_deposits.changed(deposit)
    ((named, subject, data),) = told()
    assert (named, data["status"], data["amount"], data["order_id"]) == (event, status, 50_000, subject)
