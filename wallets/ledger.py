"""The only door to the ledger's database functions (wallets/sql/ledger.sql).

Amounts are `Decimal` in the account's currency; every call is one statement, so it is atomic by itself. Inside a
transaction a refusal ends that transaction, as any database error does: let it out of the ``atomic`` block.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import Error as DatabaseError
from django.db import connection

from wallets import errors


@dataclass(frozen=True)
class Posted:
    """A transaction that stands. ``replayed`` when the reference had been posted before with the same content."""

    transaction_id: int
    reference: str
    replayed: bool


@dataclass(frozen=True)
class Held:
    """A hold that stands. ``replayed`` as in `Posted`."""

    hold_id: int
    reference: str
    replayed: bool


def post(
    *,
    reference: str,
    kind: str,
    legs: Mapping[int, Decimal],
    hold_reference: str | None = None,
    reverses: str | None = None,
    subject: str = "",
    memo: str = "",
    caused_by_id: int | None = None,
) -> Posted:
    """Post ``legs`` (account id -> signed amount, summing to zero per currency) once under ``reference``.

    With ``hold_reference`` the hold is captured by what its account pays here and the rest of it is freed; with
    ``reverses`` the legs must mirror that transaction. Raises the errors of `wallets.errors`.
    """
    accounts = sorted(legs)
    row = _call(
        "SELECT transaction_id, replayed FROM ledger_post("
        "%s, %s, %s::bigint[], %s::numeric[], %s::text, %s::text, %s, %s, %s::bigint)",
        [
            reference,
            kind,
            accounts,
            [legs[account] for account in accounts],
            hold_reference,
            reverses,
            subject,
            memo,
            caused_by_id,
        ],
    )
    return Posted(row[0], reference, row[1])


def hold(
    *,
    account_id: int,
    amount: Decimal,
    reference: str,
    subject: str = "",
    memo: str = "",
    expires_at: datetime | None = None,
) -> Held:
    """Set ``amount`` aside, once per ``reference``. Raises `InsufficientFunds` when it is not available."""
    row = _call(
        "SELECT hold_id, replayed FROM ledger_hold(%s, %s::bigint, %s::numeric, %s, %s, %s::timestamptz)",
        [reference, account_id, amount, subject, memo, expires_at],
    )
    return Held(row[0], reference, row[1])


def release(*, hold_reference: str, expired: bool = False) -> bool:
    """Give a hold back. False when that had happened before; raises `HoldClosed` when it was captured."""
    state = "expired" if expired else "released"
    return bool(_call("SELECT ledger_release(%s, %s)", [hold_reference, state])[0])


def _call(sql: str, parameters: list[Any]) -> Any:
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return cursor.fetchone()
    except DatabaseError as error:
        raise _named(error) from error


def _named(error: DatabaseError) -> Exception:
    cause: Any = error.__cause__
    state = getattr(cause, "sqlstate", None) or ""
    if state == "GB001":
        available, needed = cause.diag.message_detail.split()
        return errors.InsufficientFunds(Decimal(available), Decimal(needed))
    if state == "GB005":
        known = {"hold": errors.UnknownHold, "transaction": errors.UnknownTransaction}
        return known.get(cause.diag.constraint_name, errors.LedgerError)(str(cause))
    if state == "GB008":
        return errors.InvalidAmount(str(cause))
    if state == "23505" and "reverses" in (cause.diag.constraint_name or ""):
        return errors.AlreadyReversed(str(cause))
    named = {
        "GB002": errors.ReferenceConflict,
        "GB003": errors.HoldClosed,
        "GB004": errors.UnbalancedTransaction,
        "GB006": errors.AccountFrozen,
        "GB007": errors.AlreadyReversed,
        "22003": errors.InvalidAmount,
    }.get(state)
    return named(str(cause)) if named else error
