"""Looking at the ledger from outside, and the means to break it on purpose."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db import connection

from accounts.models import Customer
from wallets import services
from wallets.services import Posted

_INVARIANTS = (Path(__file__).parent / "invariants.sql").read_text()
TABLES = ("wallets_posting", "wallets_transaction", "wallets_hold", "wallets_account")


def look() -> dict[str, Any]:
    """Problems and a print of every row, as they are now; equal prints mean equal bytes."""
    with connection.cursor() as cursor:
        cursor.execute(_INVARIANTS)
        found = cursor.fetchone()[0]
    return dict(json.loads(found)) if isinstance(found, str) else dict(found)


def problems() -> list[str]:
    return list(look()["problems"])


def credit(customer: Customer, amount: Decimal | int, reference: str, **other: Any) -> Posted:
    """Money from a bank, as the payments app would book it."""
    given = {"currency": "IDR", "channel": "bank", "kind": "deposit", "subject": "deposit:1", "memo": "from the bank"}
    return services.credit_from_provider(
        customer=customer, amount=Decimal(amount), reference=reference, **{**given, **other}
    )


def hold(customer: Customer, amount: Decimal | int, reference: str, **other: Any) -> services.Held:
    given = {"currency": "IDR", "subject": "order:1", "memo": "a number"}
    return services.hold_funds(customer=customer, amount=Decimal(amount), reference=reference, **{**given, **other})


def capture(hold_reference: str, reference: str, *splits: tuple[str, int | Decimal], **other: Any) -> Posted:
    given = {"kind": "order", "subject": "order:1", "memo": "a number"}
    return services.capture_hold(
        hold_reference=hold_reference,
        reference=reference,
        splits=[(code, Decimal(amount)) for code, amount in splits],
        **{**given, **other},
    )


def transfer(sender: Customer, recipient: Customer, amount: Decimal | int, reference: str, **other: Any) -> Posted:
    given = {"currency": "IDR", "memo": "thank you", "caused_by": None}
    return services.transfer(
        sender=sender, recipient=recipient, amount=Decimal(amount), reference=reference, **{**given, **other}
    )


@contextmanager
def guards_down() -> Iterator[None]:
    """What only the owner of the tables can do: write with every rule of the ledger switched off."""
    # Inside a test's transaction the foreign keys still wait to be checked, and a table with such checks due
    # cannot be altered.
    _alter("DISABLE")
    yield
    _alter("ENABLE")


def _alter(what: str) -> None:
    with connection.cursor() as cursor:
        if connection.in_atomic_block:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(";".join(f"ALTER TABLE {table} {what} TRIGGER USER" for table in TABLES))


def wipe() -> None:
    """Empty the ledger between examples that really commit."""
    with guards_down(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM wallets_posting; DELETE FROM wallets_transaction")
        cursor.execute("DELETE FROM wallets_hold; DELETE FROM wallets_account; DELETE FROM wallets_ledgercheck")


def run(sql: str, *parameters: Any) -> int:
    """One statement; returns how many rows it wrote or found."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters or None)
        return int(cursor.rowcount)


def value(sql: str, *parameters: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters or None)
        return cursor.fetchone()[0]
