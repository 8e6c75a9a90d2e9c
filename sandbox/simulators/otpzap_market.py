"""The SMS orders of the simulated OTPZap, of Server 1 and 2: their states, their money, their numbers.

Amounts are whole rupiah. Rules from the OTPZap contract, sections 6 and 9.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from .otpzap_catalogue import Catalogue, Product
from .otpzap_house import FIRST_ACCOUNT, House, Refusal
from .otpzap_rentals import Operator, Rental, RentalCatalogue
from .state import Row

# A fresh state file starts above every id an earlier one can have given out.
FIRST_ORDER_ID_EPOCH = 1_700_000_000

Offer = Product | Rental


@dataclass
class Order:
    """`finished_at` is None as long as the number is ours: on Server 2 also after the first OTP made it "success"."""

    order_id: int
    product_id: int | None
    service_name: str
    country_name: str | None
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
    account: int = FIRST_ACCOUNT
    server: int = 1
    service_id: str | int | None = None
    country_id: int | None = None
    operator_id: str | None = None

    @property
    def live(self) -> bool:
        return self.finished_at is None

    @property
    def shelf(self) -> str:
        """Where its offer lies."""
        if self.server == 1:
            return str(self.product_id)
        return f"s2:{'' if self.country_id is None else self.country_id}:{self.service_id}"


Told = Callable[[str, Order, Row], None]


def tell_nobody(event: str, order: Order, more: Row) -> None:
    """Until somebody listens."""


class Market:
    """Every public method may be called from any thread. `account` is the caller's; None is the control page."""

    def __init__(self, house: House) -> None:
        self.house, self.state, self.lock, self.now = house, house.state, house.lock, house.now
        self.tell: Told = tell_nobody
        self.load()

    def load(self) -> None:
        self.catalogue, self.rentals = Catalogue(), RentalCatalogue()
        self.orders = {int(key): Order(**row) for key, row in self.state.rows("orders").items()}
        kept = self.state.rows("counters").get("last_order_id", {"value": -1})["value"]
        self.last_order_id = max(int(kept), *self.orders) if self.orders else int(kept)
        self.live = {order_id for order_id, order in self.orders.items() if order.live}
        for key, row in self.state.rows("products").items():
            offer = self.offer(key)
            offer.price, offer.stock, offer.active = row["price"], row["stock"], row["active"]

    def reset(self) -> None:
        """Forget everything but the last order id given out: a portal may still know the old ones."""
        self.state.clear("orders", "products")
        self.state.put("counters", "last_order_id", {"value": self.last_order_id})
        self.load()

    # -- looking things up

    def offer(self, shelf: str) -> Offer:
        return self.catalogue.products[int(shelf)] if shelf.isdecimal() else self.rentals.rentals[shelf]

    def product(self, product_id: int) -> Product:
        product = self.catalogue.products.get(product_id)
        if product is None or not product.active:
            raise Refusal(404, "NOT_FOUND", "Product not found")
        return product

    def order(self, order_id: int, account: int | None = None) -> Order:
        """The order as it stands now: what its window's end brings is done first. Refusal 404, somebody else's too."""
        order = self.orders.get(order_id)
        if order is None or account not in (None, order.account):
            raise Refusal(404, "NOT_FOUND", "Order not found")
        self.settle(order)
        return order

    def settle(self, order: Order) -> None:
        if order.live and self.now() >= order.expires_at:
            if order.otps:
                self.close(order)
            else:
                self.refund(order, "failed")

    # -- buying and ending

    def buy(
        self, offer: Offer, account: int, idempotency_key: str = "", operator: Operator | None = None, asked: str = ""
    ) -> Order:
        """Take the price off the balance and give out a number. Refusals 402, 409. `asked`: the operator's id."""
        with self.lock:
            if offer.stock < 1 or (operator and operator.sold_out):
                raise Refusal(409, "OUT_OF_STOCK", "No number is available")
            self.house.pay(account, offer.price)
            words = {"account": account, "idempotency_key": idempotency_key, "operator_id": asked or None}
            return self.open(offer, offer.price, operator, words)

    def open(self, offer: Offer, price: int, operator: Operator | None, words: Row) -> Order:
        now = self.now()
        order = Order(
            order_id=self.next_order_id(),
            **{"product_id": None, **offer.words},
            service_name=offer.service_name,
            country_name=offer.country_name,
            phone_number=self.free_number(offer, operator),
            price=price,
            created_at=now,
            expires_at=now + self.house.settings.window_seconds,
            **words,
        )
        self.orders[order.order_id] = order
        self.live.add(order.order_id)
        self.move_stock(offer, -1)
        self.keep(order, "created")
        return order

    def next_order_id(self) -> int:
        self.last_order_id = self.last_order_id + 1 or int(self.now()) - FIRST_ORDER_ID_EPOCH
        return self.last_order_id

    def free_number(self, offer: Offer, operator: Operator | None) -> str:
        taken = {self.orders[order_id].phone_number for order_id in self.live}
        draw = offer.country.random_number if isinstance(offer, Product) else lambda: offer.random_number(operator)
        while (number := draw()) in taken:
            pass
        return number

    def cancel(self, order_id: int, account: int | None = None) -> Order:
        """Refusals 404, 409 when not pending, 429 inside the cooldown."""
        with self.lock:
            order = self.cancellable(order_id, account)
            self.refund(order, "cancelled")
            self.tell("order.cancelled", order, {})
            return order

    def cancellable(self, order_id: int, account: int | None) -> Order:
        order = self.order(order_id, account)
        if order.status != "pending":
            raise Refusal(409, "ORDER_NOT_PENDING", f"Order is {order.status}, not pending")
        left = self.cancel_available_at(order) - self.now()
        if left > 0:
            raise Refusal(429, "CANCEL_TOO_EARLY", "Cancel is not available yet", left)
        return order

    def cancel_available_at(self, order: Order) -> float:
        return order.created_at + self.house.settings.cancel_cooldown_seconds

    def replace(self, order_id: int, account: int, idempotency_key: str = "") -> tuple[Order, Order]:
        """Old and new order, the same product at the same price. Refusals as cancel, 409 out of stock, 422 Server 2."""
        with self.lock:
            if self.order(order_id, account).server != 1:
                raise Refusal(422, "REPLACE_NOT_SUPPORTED", "Only orders of server 1 can be replaced")
            old = self.cancellable(order_id, account)
            offer = self.offer(old.shelf)
            if not offer.active or offer.stock < 1:
                raise Refusal(409, "OUT_OF_STOCK", "No other number is available for this product")
            self.refund(old, "cancelled")
            self.house.move(account, -old.price)
            new = self.open(offer, old.price, None, {"account": account, "idempotency_key": idempotency_key})
            old.replaced_by_order_id = new.order_id
            self.keep(old, "replaced")
            self.tell("order.replaced", new, {"old_order_id": old.order_id, "new_order_id": new.order_id})
            return old, new

    def finish(self, order_id: int, account: int | None = None) -> Order:
        """Refusal 409 without an OTP; saying it twice changes nothing."""
        with self.lock:
            order = self.order(order_id, account)
            if not order.otps:
                raise Refusal(409, "CONFLICT", f"Order is {order.status}; nothing to finish")
            if order.live:
                self.close(order)
            return order

    def resend(self, order_id: int, account: int | None = None) -> Order:
        """Refusals 409 when not live, 422 when the service cannot, 429 while the gate is shut."""
        with self.lock:
            order = self.order(order_id, account)
            if not order.live:
                raise Refusal(409, "CONFLICT", f"Order is {order.status}")
            if not self.offer(order.shelf).resend:
                raise Refusal(422, "RESEND_NOT_SUPPORTED", f"{order.service_name} does not support resend")
            if order.resend_locked_until is not None:
                left = order.resend_locked_until - self.now()
                raise Refusal(429, "RESEND_LOCKED", "Wait for the next OTP", left if left > 0 else 30)
            order.resend_count += 1
            order.resend_locked_until = self.now() + self.house.settings.resend_lock_seconds
            order.otps_at_resend = len(order.otps)
            self.keep(order, "resend")
            return order

    def check(self, order_id: int, account: int | None = None) -> Order:
        """The order; showing an OTP newer than the last resend opens the resend gate."""
        with self.lock:
            order = self.order(order_id, account)
            if order.resend_locked_until is not None and len(order.otps) > order.otps_at_resend:
                order.resend_locked_until = None
                self.keep(order)
            return order

    # -- what happens outside the API

    def deliver(self, order_id: int, code: str | None, message: str) -> Order:
        """An SMS arrives on the number. Refusal 409 when nobody rents it any more."""
        with self.lock:
            order = self.order(order_id)
            if not order.live:
                raise Refusal(409, "CONFLICT", f"Order is {order.status}; nobody waits on that number")
            order.otps.append({"otp": code, "message": message, "received_at": self.now()})
            order.status = "otp_received" if order.server == 1 else "success"
            self.keep(order, "otp", otp_count=len(order.otps))
            self.tell("order.otp_received", order, {})
            return order

    def expire(self, order_id: int) -> Order:
        with self.lock:
            order = self.order(order_id)
            if order.live:
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
        self.house.move(order.account, order.price)
        self.move_stock(self.offer(order.shelf), +1)
        self.end(order, status)
        if status == "failed" and self.house.settings.tell_failures:
            self.tell("order.cancelled", order, {})

    def close(self, order: Order) -> None:
        self.end(order, "success")
        self.tell("order.finished", order, {})

    def end(self, order: Order, status: str) -> None:
        order.status = status
        order.finished_at = self.now()
        self.live.discard(order.order_id)
        self.keep(order, status)

    def keep(self, order: Order, event: str = "", **details: Any) -> None:
        self.state.put("orders", order.order_id, asdict(order))
        if event:
            details |= {"price": order.price, "idempotency_key": order.idempotency_key or None}
            self.house.note(event, order_id=order.order_id, **details)

    def move_stock(self, offer: Offer, by: int) -> None:
        offer.stock += by
        self.keep_offer(offer)

    def keep_offer(self, offer: Offer) -> None:
        row = {"price": offer.price, "stock": offer.stock, "active": offer.active}
        self.state.put("products", offer.shelf, row)
