"""Two people at the desk where payment cases are decided, through the pages."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.test import Client
from django.urls import reverse

from accounts.models import Customer, PortalUser
from payments.checks import ledger_problems
from payments.models import Deposit, PaymentCase, Receipt
from wallets import checks
from wallets.models import Account
from wallets.selectors import balance_in
from wallets.services import wallet_of


def address(name: str, thing: PaymentCase | Deposit) -> str:
    return reverse(f"staff:{name}", args=[thing.public_id])


@dataclass
class Desk:
    """``maker`` proposes (Support), ``checker`` and ``other`` decide (CompanyAdmins)."""

    maker: Client
    checker: Client
    other: Client
    people: dict[str, PortalUser]

    def propose(self, case: PaymentCase, action: str, *, by: Client | None = None, **more: Any) -> Any:
        case.refresh_from_db()
        form = {"version": case.version, "action": action, "note": "The bank confirmed it by phone.", **more}
        answer = (by or self.maker).post(address("case_propose", case), form)
        case.refresh_from_db()
        return answer

    def decide(self, case: PaymentCase, what: str = "approve", *, by: Client | None = None, **more: Any) -> Any:
        case.refresh_from_db()
        form = {"version": case.version, "note": "Not so.", **more}
        answer = (by or self.checker).post(address(f"case_{what}", case), form)
        case.refresh_from_db()
        return answer

    def settle(self, case: PaymentCase, action: str, **more: Any) -> PaymentCase:
        self.propose(case, action, **more)
        assert case.state == "proposed", self.said(self.maker, case)
        self.decide(case)
        return case

    def said(self, who: Client, case: PaymentCase) -> str:
        """What the page of the case says now, messages included."""
        return who.get(address("case", case)).content.decode()


def house_balance(code: str, currency: str = "IDR") -> Decimal:
    found = Account.objects.filter(code=code, currency=currency).values_list("balance", flat=True).first()
    return found or Decimal(0)


def wallet(customer: Customer, currency: str = "IDR") -> Decimal:
    return balance_in(customer, currency)


def place_of(case: PaymentCase) -> str:
    """Where the money of a case is, as the receipt says now; "" without one."""
    return Receipt.objects.get(pk=case.receipt_id).place if case.receipt_id else ""


def problems() -> list[str]:
    """Everything that does not add up, here and in the ledger."""
    return [*ledger_problems(), *checks.ledger_problems()]


@contextmanager
def closed_wallet(customer: Customer) -> Iterator[Account]:
    """Nothing goes in or out meanwhile."""
    account = wallet_of(customer)
    Account.objects.filter(pk=account.pk).update(status="closed")
    yield account
    Account.objects.filter(pk=account.pk).update(status="open")
