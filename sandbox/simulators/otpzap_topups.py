"""Deposits at the simulated OTPZap: QRIS invoices in whole rupiah (OTPZap contract 3.2 to 3.4)."""

import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass

from .otpzap_house import House, Refusal

LEAST, MOST = 5_000, 10_000_000


@dataclass
class Topup:
    """`paid_at_gateway`: somebody paid, whether OTPZap has noticed or not."""

    order_id: str
    account: int
    amount: int
    total_amount: int
    payment_url: str
    created_at: float
    expires_at: float
    status: str = "pending"
    paid_at_gateway: float | None = None
    paid_at: float | None = None


def tell_nobody(topup: Topup) -> None:
    """Until somebody listens."""


class Till:
    """Every public method may be called from any thread. `account` is the caller's; None is the control page."""

    def __init__(self, house: House) -> None:
        self.house, self.state, self.lock, self.now = house, house.state, house.lock, house.now
        self.tell: Callable[[Topup], None] = tell_nobody
        self.load()

    def load(self) -> None:
        self.topups = {key: Topup(**row) for key, row in self.state.rows("topups").items()}

    def reset(self) -> None:
        self.state.clear("topups")
        self.load()

    def invoice(self, account: int, amount: int, page: str) -> Topup:
        """A new invoice; `page` is where invoices are paid. Refusal 422."""
        if not LEAST <= amount <= MOST:
            raise Refusal(422, "VALIDATION_ERROR", f"amount must be {LEAST} to {MOST}")
        with self.lock:
            now, order_id = self.now(), f"APIDEP-{account}-{secrets.token_hex(6)}"
            ends = now + self.house.settings.topup_seconds
            total = amount + self.free_suffix(amount)
            topup = Topup(order_id, account, amount, total, f"{page}{order_id}", now, ends)
            self.topups[order_id] = topup
            self.keep(topup, "topup_created")
            return topup

    def free_suffix(self, amount: int) -> int:
        """What makes the sum to pay unlike every other one that is waited for."""
        taken = {topup.total_amount - amount for topup in self.topups.values() if topup.status == "pending"}
        free = [suffix for suffix in range(1, 1000) if suffix not in taken]
        if not free:
            raise Refusal(503, "SERVICE_UNAVAILABLE", "Too many open invoices")
        return secrets.choice(free)

    def topup(self, order_id: str, account: int | None = None) -> Topup:
        """Refusal 404, somebody else's too."""
        found = self.topups.get(order_id)
        if found is None or account not in (None, found.account):
            raise Refusal(404, "NOT_FOUND", "Deposit not found")
        if found.status == "pending" and self.now() >= found.expires_at and found.paid_at_gateway is None:
            found.status = "expired"
            self.keep(found, "topup_expired")
        return found

    def check(self, order_id: str, account: int | None = None) -> Topup:
        """Looking also makes OTPZap ask the gateway."""
        with self.lock:
            topup = self.topup(order_id, account)
            if topup.paid_at_gateway is not None:
                self.credit(topup)
            return topup

    def credit(self, topup: Topup) -> None:
        """Once, and the amount without the suffix; also when it comes after the end (contract 12.24)."""
        if topup.status in ("success", "failed"):
            return
        topup.status, topup.paid_at = "success", topup.paid_at_gateway
        self.house.move(topup.account, topup.amount)
        self.keep(topup, "topup_success")
        self.tell(topup)

    # -- what happens outside the API

    def pay(self, order_id: str, noticed: bool = True) -> Topup:
        """Somebody pays by QRIS; when not `noticed` OTPZap learns of it from the next check. Refusal 409."""
        with self.lock:
            topup = self.topup(order_id)
            if topup.status == "failed" or topup.paid_at_gateway is not None:
                raise Refusal(409, "CONFLICT", f"The invoice is {topup.status}, or paid already")
            topup.paid_at_gateway = self.now()
            self.keep(topup, "topup_paid")
            if noticed:
                self.credit(topup)
            return topup

    def fail(self, order_id: str) -> Topup:
        """The gateway refuses. Refusal 409."""
        return self.close(order_id, "failed")

    def expire(self, order_id: str) -> Topup:
        """Its time ends now. Refusal 409."""
        return self.close(order_id, "expired")

    def close(self, order_id: str, status: str) -> Topup:
        with self.lock:
            topup = self.topup(order_id)
            if topup.status != "pending":
                raise Refusal(409, "CONFLICT", f"The invoice is {topup.status}")
            topup.status, topup.expires_at = status, min(topup.expires_at, self.now())
            self.keep(topup, f"topup_{status}")
            return topup

    def newest_first(self, limit: int) -> list[Topup]:
        with self.lock:
            return [self.topup(order_id) for order_id in reversed(self.topups)][:limit]

    def keep(self, topup: Topup, event: str) -> None:
        self.state.put("topups", topup.order_id, asdict(topup))
        self.house.note(event, topup=topup.order_id, amount=topup.amount)
