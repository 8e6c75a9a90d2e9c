from dataclasses import dataclass
from typing import Any

import pytest

from accounts.models import Customer
from tests.wallets import ledger_state
from tests.wallets.ledger_state import capture, credit, hold, transfer
from wallets import services
from wallets.models import Account, Hold, Posting, Transaction


@pytest.fixture(autouse=True)
def _only_our_proofs(settings: Any) -> None:
    """What the other apps owe for their deposits and orders is proved in their tests."""
    settings.LEDGER_CHECKS = ["wallets.checks.ledger_problems"]


@dataclass(frozen=True)
class Scene:
    """A small ledger in which everything has happened once."""

    ayu: Account
    budi: Account
    leones: Account
    frozen: Account
    closed: Account
    bank: Account
    revenue: Account

    def names(self) -> dict[str, int]:
        """The ids that statements are filled in with."""
        return {
            **{name: account.pk for name, account in vars(self).items()},
            "posting": Posting.objects.order_by("id")[0].pk,
            "customer": self.ayu.customer_id or 0,
            **{f"hold_{hold.reference}": hold.pk for hold in Hold.objects.all()},
            **{f"did_{moved.reference}": moved.pk for moved in Transaction.objects.all()},
        }


@pytest.fixture
def scene(customer: Customer, other_customer: Customer) -> Scene:
    """Ayu has 70,000 (20,000 of it held), Budi 5,000 (all frozen later would be too easy), and some history."""
    credit(customer, 100_000, "in")
    credit(customer, 7_000, "wrong")
    services.reverse(reference_of_original="wrong", reference="undo", reason="a mistake", caused_by=None)
    hold(customer, 30_000, "used")
    capture("used", "sale", ("clearing:otpzap", 20_000), ("revenue:otp", 5_000))
    hold(customer, 9_000, "given_back")
    services.release_hold(hold_reference="given_back")
    hold(customer, 20_000, "open")
    transfer(customer, other_customer, 5_000, "gift")
    credit(customer, "12.50", "leones", currency="SLE")
    return Scene(
        ayu=services.wallet_of(customer),
        budi=services.wallet_of(other_customer),
        leones=services.wallet_of(customer, "SLE"),
        frozen=_frozen(other_customer),
        closed=Account.objects.create(code="equity:old", currency="IDR", status="closed"),
        bank=Account.objects.get(code="clearing:bank", currency="IDR"),
        revenue=Account.objects.get(code="revenue:otp", currency="IDR"),
    )


def _frozen(customer: Customer) -> Account:
    credit(customer, "3.00", "for_the_ice", currency="SLE")
    Account.objects.filter(customer=customer, currency="SLE").update(status="frozen")
    return services.wallet_of(customer, "SLE")


@pytest.fixture
def nothing_odd(db: None) -> Any:
    """Every invariant holds after the test."""
    yield
    assert ledger_state.problems() == []
