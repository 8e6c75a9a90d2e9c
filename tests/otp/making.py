"""Orders as they stand in the table, without a supplier: for what only reads them."""

import uuid
from decimal import Decimal
from typing import Any

from accounts.models import Customer
from config.lib import clock
from otp.models import DELIVERED, LIVE, UNSENT, Order, State


def make_order(customer: Customer, *, state: str = State.PENDING, **more: Any) -> Order:
    """An order in ``state`` with everything the table demands of one; ``more`` overrules."""
    now = clock.now()
    name = uuid.uuid4().hex
    price = more.get("price", Decimal(1000))
    delivered = state in DELIVERED
    row: dict[str, Any] = {
        "reference": f"T{name}",
        "idempotency_key": name,
        "hold_reference": f"T{name}-hold",
        "product_id": "1",
        "service_id": "1",
        "service_name": "WhatsApp",
        "country_id": "7",
        "country_name": "Indonesia",
        "cost": price,
        "price": price,
        "state": state,
        "created_at": now,
        "sent_at": None if state == State.CREATED else now,
        "activated_at": None if state in UNSENT else now,
        "provider_order_id": "" if state in UNSENT else name,
        "next_poll_at": now if state in LIVE else None,
        "finished_at": None if state in LIVE else now,
        "captured_at": now if delivered else None,
        "code_count": 1 if delivered else 0,
        "charged": price if delivered else Decimal(0),
    }
    return Order.objects.create(customer=customer, **{**row, **more})
