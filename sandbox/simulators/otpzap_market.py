"""The books of the simulated OTPZap: balance, orders, their states, refunds, and a log that only grows.

Amounts are whole rupiah. Rules from the OTPZap contract, sections 6 and 9.
"""

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from .otpzap_catalogue import Catalogue, Product
from .state import WIB, Row, StateFile

LIVE = ("pending", "otp_received")
# A fresh state file starts above every id an earlier one can have given out.
FIRST_ORDER_ID_EPOCH = 1_700_000_000


class Refusal(Exception):
    """An error the caller gets in the envelope of section 11."""

    def __init__(self, status: int, code: str, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.retry_after = None if retry_after is None else max(1, math.ceil(retry_after))


@dataclass
class MarketSettings:
    cancel_cooldown_seconds: float = 120.0
    window_seconds: float = 1200.0
    resend_lock_seconds: float = 60.0
    rate_per_minute: int = 300
    balance: int = 25_000_000


@dataclass
class Order:
    order_id: int
    product_id: int
    service_name: str
    country_name: str
    phone_number: str
    price: int
    created_at: float
    expires_at: float
    idempotency_key: str = ""
    status: str = "pending"
    otps: list[Row] = field(default_factory=list)
    resend_count: int = 0
    # Set by a resend; the gate opens when a check has shown an OTP that came after it.
    resend_locked_until: float | None = None
    otps_at_resend: int = 0
    finished_at: float | None = None
    replaced_by_order_id: int | None = None
    refund_amount: int = 0


class Market:
    """Every public method may be called from any thread."""

    def __init__(self, state: StateFile, now: Callable[[], float] = time.time) -> None:
        self.state, self.now = state, now
        self.lock = state.lock
        self.load()

    def load(self) -> None:
        self.catalogue = Catalogue()
        self.settings = MarketSettings(**self.state.rows("settings").get("market", {}))
        self.orders = {int(key): Order(**row) for key, row in self.state.rows("orders").items()}
        kept = self.state.rows("counters").get("last_order_id", {"value": -1})["value"]
        self.last_order_id = max(int(kept), *self.orders) if self.orders else int(kept)
        self.live = {order_id for order_id, order in self.orders.items() if order.status in LIVE}
        for key, row in self.state.rows("products").items():
            product = self.catalogue.products[int(key)]
            product.price, product.stock, product.active = row["price"], row["stock"], row["active"]

    def reset(self) -> None:
        """Forget everything but the last order id given out: a portal may still know the old ones."""
        with self.lock:
            self.state.clear("orders", "products", "settings", "events", "keys")
            self.state.put("counters", "last_order_id", {"value": self.last_order_id})
            self.load()

    # -- looking things up

    def product(self, product_id: int) -> Product:
        product = self.catalogue.products.get(product_id)
        if product is None or not product.active:
            raise Refusal(404, "NOT_FOUND", "Product not found")
        return product

    def order(self, order_id: int) -> Order:
        """The order as it stands now: what its window's end brings is done first. Refusal 404."""
        order = self.orders.get(order_id)
        if order is None:
            raise Refusal(404, "NOT_FOUND", "Order not found")
        self.settle(order)
        return order

    def settle(self, order: Order) -> None:
        if order.status in LIVE and self.now() >= order.expires_at:
            if order.status == "pending":
                self.refund(order, "failed")
            else:
                self.close(order, "success")

    # -- buying and ending

    def buy(self, product_id: int, idempotency_key: str = "") -> Order:
        """Take the price off the balance and give out a number. Refusals 402, 404, 409."""
        with self.lock:
            product = self.product(product_id)
            if product.stock < 1:
                raise Refusal(409, "OUT_OF_STOCK", "No number is available for this product")
            if self.settings.balance < product.price:
                raise Refusal(402, "INSUFFICIENT_BALANCE", "Balance is too low")
            return self.open(product, product.price, idempotency_key)

    def open(self, product: Product, price: int, idempotency_key: str) -> Order:
        now = self.now()
        order = Order(
            order_id=self.next_order_id(),
            product_id=product.id,
            service_name=product.service.name,
            country_name=product.country.name,
            phone_number=self.free_number(product),
            price=price,
            created_at=now,
            expires_at=now + self.settings.window_seconds,
            idempotency_key=idempotency_key,
        )
        self.orders[order.order_id] = order
        self.live.add(order.order_id)
        self.move_stock(product, -1)
        self.move_balance(-price)
        self.keep(order, "created")
        return order

    def next_order_id(self) -> int:
        self.last_order_id = self.last_order_id + 1 or int(self.now()) - FIRST_ORDER_ID_EPOCH
        return self.last_order_id

    def free_number(self, product: Product) -> str:
        taken = {self.orders[order_id].phone_number for order_id in self.live}
        while (number := product.country.random_number()) in taken:
            pass
        return number

    def cancel(self, order_id: int) -> Order:
        """Refusals 404, 409 when not pending, 429 inside the cooldown."""
        with self.lock:
            order = self.cancellable(order_id)
            self.refund(order, "cancelled")
            return order

    def cancellable(self, order_id: int) -> Order:
        order = self.order(order_id)
        if order.status != "pending":
            raise Refusal(409, "ORDER_NOT_PENDING", f"Order is {order.status}, not pending")
        left = self.cancel_available_at(order) - self.now()
        if left > 0:
            raise Refusal(429, "CANCEL_TOO_EARLY", "Cancel is not available yet", left)
        return order

    def cancel_available_at(self, order: Order) -> float:
        return order.created_at + self.settings.cancel_cooldown_seconds

    def replace(self, order_id: int, idempotency_key: str = "") -> tuple[Order, Order]:
        """Old and new order, the same product at the same price. Refusals as cancel, and 409 out of stock."""
        with self.lock:
            old = self.cancellable(order_id)
            product = self.product(old.product_id)
            if product.stock < 1:
                raise Refusal(409, "OUT_OF_STOCK", "No other number is available for this product")
            self.refund(old, "cancelled")
            new = self.open(product, old.price, idempotency_key)
            old.replaced_by_order_id = new.order_id
            self.keep(old, "replaced")
            return old, new

    def finish(self, order_id: int) -> Order:
        with self.lock:
            order = self.order(order_id)
            if order.status == "otp_received":
                self.close(order, "success")
            if order.status != "success":
                raise Refusal(409, "CONFLICT", f"Order is {order.status}; nothing to finish")
            return order

    def resend(self, order_id: int) -> Order:
        """Refusals 409 when not live, 422 when the service cannot, 429 while the gate is shut."""
        with self.lock:
            order = self.order(order_id)
            if order.status not in LIVE:
                raise Refusal(409, "CONFLICT", f"Order is {order.status}")
            if not self.catalogue.products[order.product_id].service.resend:
                raise Refusal(422, "RESEND_NOT_SUPPORTED", f"{order.service_name} does not support resend")
            if order.resend_locked_until is not None:
                left = order.resend_locked_until - self.now()
                raise Refusal(429, "RESEND_LOCKED", "Wait for the next OTP", left if left > 0 else 30)
            order.resend_count += 1
            order.resend_locked_until = self.now() + self.settings.resend_lock_seconds
            order.otps_at_resend = len(order.otps)
            self.keep(order, "resend")
            return order

    def check(self, order_id: int) -> Order:
        """The order; showing an OTP newer than the last resend opens the resend gate."""
        with self.lock:
            order = self.order(order_id)
            if order.resend_locked_until is not None and len(order.otps) > order.otps_at_resend:
                order.resend_locked_until = None
                self.keep(order)
            return order

    # -- what happens outside the API

    def deliver(self, order_id: int, code: str | None, message: str) -> Order:
        """An SMS arrives on the number. Refusal 409 when nobody rents it any more."""
        with self.lock:
            order = self.order(order_id)
            if order.status not in LIVE:
                raise Refusal(409, "CONFLICT", f"Order is {order.status}; nobody waits on that number")
            order.otps.append({"otp": code, "message": message, "received_at": self.now()})
            order.status = "otp_received"
            self.keep(order, "otp", otp_count=len(order.otps))
            return order

    def expire(self, order_id: int) -> Order:
        with self.lock:
            order = self.order(order_id)
            if order.status in LIVE:
                order.expires_at = self.now()
                self.settle(order)
            return order

    def fail(self, order_id: int) -> Order:
        with self.lock:
            order = self.order(order_id)
            if order.status != "pending":
                raise Refusal(409, "ORDER_NOT_PENDING", f"Order is {order.status}, not pending")
            self.refund(order, "failed")
            return order

    def live_order_on(self, phone_number: str) -> Order:
        digits = phone_number.lstrip("+")
        with self.lock:
            for order_id in self.live:
                if self.orders[order_id].phone_number.lstrip("+") == digits:
                    return self.orders[order_id]
        raise Refusal(404, "NOT_FOUND", "No live order has that number")

    def newest_first(self, limit: int, only_live: bool) -> list[Order]:
        with self.lock:
            for order_id in list(self.live):
                self.settle(self.orders[order_id])
            chosen = self.live if only_live else self.orders
            return [self.orders[order_id] for order_id in sorted(chosen, reverse=True)[:limit]]

    # -- keeping

    def refund(self, order: Order, status: str) -> None:
        order.refund_amount = order.price
        self.move_balance(order.price)
        self.move_stock(self.catalogue.products[order.product_id], +1)
        self.close(order, status)

    def close(self, order: Order, status: str) -> None:
        order.status = status
        order.finished_at = self.now()
        self.live.discard(order.order_id)
        self.keep(order, status)

    def keep(self, order: Order, event: str = "", **details: Any) -> None:
        self.state.put("orders", order.order_id, asdict(order))
        if event:
            entry = {"event": event, "order_id": order.order_id, "at": clock_text(self.now()), **details}
            entry |= {"price": order.price, "idempotency_key": order.idempotency_key or None}
            self.state.put("events", len(self.state.rows("events")) + 1, entry)

    def move_balance(self, amount: int) -> None:
        self.settings.balance += amount
        self.keep_settings()

    def keep_settings(self) -> None:
        self.state.put("settings", "market", asdict(self.settings))

    def move_stock(self, product: Product, by: int) -> None:
        product.stock += by
        self.keep_product(product)

    def keep_product(self, product: Product) -> None:
        row = {"price": product.price, "stock": product.stock, "active": product.active}
        self.state.put("products", product.id, row)


def clock_text(at: float) -> str:
    """The provider's own way to write a time (OTPZap contract 1)."""
    return datetime.fromtimestamp(at, WIB).strftime("%Y-%m-%d %H:%M:%S WIB")
