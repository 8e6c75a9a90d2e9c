"""Shared steps of the number tests: money in, buy, look at rows on both sides."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db.models.functions import Now

from accounts.models import Customer
from config.lib.ids import new_reference
from otp import catalogue, checks, polling, services
from otp.models import Order
from otp.wanted import Wanted
from tests.simulators import Simulator
from wallets import proof
from wallets import services as wallets
from wallets.models import Hold
from wallets.selectors import balances

INDONESIA, WHATSAPP, TELEGRAM = "7", "1", "2"
WHATSAPP_INDONESIA = "1071"
# What else may be bought: a number of Server 2, a special one, an inbox. What has no product has no page price.
OPERATOR = {"server": 2, "product_id": "", "service_id": "wa", "country_id": "7", "operator_id": "telkomsel"}
SPECIAL = {"server": 2, "product_id": "", "service_id": "901", "country_id": "", "is_special": True}
INBOX = {"server": 3, "product_id": "", "service_id": "openai.com", "country_id": "", "domains": ("outlook.com",)}


def fund(customer: Customer, rupiah: int = 100_000) -> None:
    wallets.credit_from_provider(
        customer=customer,
        amount=Decimal(rupiah),
        currency="IDR",
        channel="test",
        kind="deposit",
        reference=new_reference("T"),
        subject="",
        memo="for tests",
    )


def allow(settings: Any, *, live: int = 100) -> None:
    """So many orders alive at one time, and no other limit in the way."""
    settings.ORDER_LIMITS = dict.fromkeys(settings.ORDER_LIMITS, (live, 10_000, 10**12))
    settings.ORDER_CANCEL_FREE = 10_000


def wallet(customer: Customer) -> tuple[Decimal, Decimal]:
    """(balance, held) in rupiah."""
    found = balances(customer)[0]
    return found.balance, found.held


def shown_price(product_id: str = WHATSAPP_INDONESIA) -> Decimal:
    return catalogue.fresh_offer(product_id=product_id, service_id=WHATSAPP, country_id=INDONESIA).price


def place(customer: Customer, **changed: Any) -> Order:
    """An order as the Buy button makes it; no worker has seen it yet."""
    how = {name: changed.pop(name) for name in ("idempotency_key", "expected_price", "via") if name in changed}
    asked = {"product_id": WHATSAPP_INDONESIA, "service_id": WHATSAPP, "country_id": INDONESIA, **changed}
    how.setdefault("idempotency_key", new_reference("K"))
    if "expected_price" not in how:
        how["expected_price"] = shown_price() if "server" not in asked else None
    return services.buy(customer=customer, wanted=Wanted(**asked), **how)[0]


def buy(customer: Customer, **changed: Any) -> Order:
    """An order with its number."""
    order = place(customer, **changed)
    assert polling.attend(order.pk)
    return fresh(order)


def fresh(order: Order) -> Order:
    return Order.objects.get(pk=order.pk)


def due_now(order: Order) -> None:
    """Let the time until the order's next turn pass."""
    Order.objects.filter(pk=order.pk).update(next_poll_at=Now() - timedelta(seconds=1))


def age(order: Order, **fields: timedelta) -> None:
    """Move moments of an order into the past: ``age(order, expires_at=timedelta(minutes=30))``."""
    row = fresh(order)
    moved = {name: getattr(row, name) - back for name, back in fields.items()}
    Order.objects.filter(pk=order.pk).update(**moved)


def lose_lease(order: Order) -> None:
    """The worker that held it died long ago."""
    Order.objects.filter(pk=order.pk).update(lease_until=Now() - timedelta(seconds=1))


def look(order: Order) -> Order:
    """One turn now."""
    assert polling.attend(order.pk)
    return fresh(order)


def hold_of(order: Order) -> Hold:
    return Hold.objects.get(reference=order.hold_reference)


def activations(sim: Simulator, order: Order | None = None) -> list[dict[str, Any]]:
    """The simulator's own log, of one order or of all."""
    found: list[dict[str, Any]] = sim.look("activations")["activations"]
    return [row for row in found if order is None or row["idempotency_key"] == order.reference]


def deliver(sim: Simulator, order: Order, code: str = "004217", **more: Any) -> None:
    sim.control("deliver", order_id=int(fresh(order).provider_order_id), code=code, **more)


def inboxes(sim: Simulator, order: Order | None = None) -> list[dict[str, Any]]:
    """The simulator's own log of inboxes, of one order or of all."""
    found: list[dict[str, Any]] = sim.look("mails")["mails"]
    return [row for row in found if order is None or row["idempotency_key"] == order.reference]


def deliver_mail(sim: Simulator, order: Order, code: str = "004217", **more: Any) -> None:
    sim.control("mail/deliver", ref=fresh(order).provider_order_id, code=code, **more)


def break_next(sim: Simulator, operation: str, mode: str, **more: Any) -> None:
    sim.control("misbehave", operation=operation, mode=mode, **more)


def prove() -> None:
    """Ledger and orders explain each other to the last rupiah."""
    assert list(checks.ledger_problems()) == []
    assert proof.run().problems == []
