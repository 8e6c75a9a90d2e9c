"""Numbers over the compatible API: what is answered, and what stands in the rows afterwards."""

from datetime import timedelta
from decimal import Decimal

import pytest

from accounts.models import Customer
from otp.models import Order, State
from tests.api_v1.calling import Program, data_of, refusal_of
from tests.otp.helpers import activations, age, deliver, due_now, fresh, look, wallet
from tests.simulators import Simulator

pytestmark = pytest.mark.django_db

WHATSAPP_INDONESIA = 1071


def bought(program: Program) -> Order:
    return Order.objects.get(
        pk=data_of(program.post("/order/create", server=1, product_id=WHATSAPP_INDONESIA))["order_id"]
    )


def test_a_number_is_bought_with_its_id_alone(program: Program, ayu: Customer, shop: Simulator) -> None:
    told = data_of(program.post("/order/create", server=1, product_id=WHATSAPP_INDONESIA))
    order = Order.objects.get(customer=ayu)
    assert order.state == State.PENDING
    assert order.via == "api"
    assert told == {
        "order_id": order.pk,
        "server": 1,
        "status": "pending",
        "phone_number": order.phone_number,
        "service_name": "WhatsApp",
        "country_name": "Indonesia",
        "product_id": 1071,
        "service_id": 1,
        "country_id": 7,
        "operator_id": None,
        "price": int(order.price),
        "otp_code": None,
        "otps": [],
        "resend_count": 0,
        "resend_locked_until": None,
        "cancel_available_at": told["cancel_available_at"],
        "created_at": told["created_at"],
        "expires_at": told["expires_at"],
        "finished_at": None,
        "replaced_by_order_id": None,
        "refunded": False,
        "refund_amount": 0,
    }
    assert told["created_at"].endswith(" WIB")
    assert wallet(ayu) == (Decimal(100_000), order.price)
    assert len(activations(shop, order)) == 1
