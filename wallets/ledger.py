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
from psycopg import Error as PsycopgError

from config.lib import prepared
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
    found = _call(
        "SELECT ledger_post("
        "%s::text, %s::text, %s::bigint[], %s::numeric[], %s::text, %s::text, %s::text, %s::text, %s::bigint)",
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
    return Posted(abs(found), reference, found < 0)


def move(
    *,
    reference: str,
    kind: str,
    source: str,
    target: str,
    currency: str,
    amount: Decimal,
    subject: str = "",
    memo: str = "",
    caused_by_id: int | None = None,
) -> Posted:
    """Post ``amount`` from the account with the code ``source`` to ``target``, once under ``reference``.

    The commonest posting, in one round trip. Raises `UnknownAccount` when one of the two does not exist yet (nothing
    has failed in the database then), else the errors of `wallets.errors`.
    """
    found = _call(
        "SELECT ledger_move("
        "%s::text, %s::text, %s::text, %s::text, %s::text, %s::numeric, %s::text, %s::text, %s::bigint)",
        [reference, kind, source, target, currency, amount, subject, memo, caused_by_id],
    )
    if found is None:
        raise errors.UnknownAccount
    return Posted(abs(found), reference, found < 0)


def hold(
    *,
    code: str,
    currency: str,
    amount: Decimal,
    reference: str,
    subject: str = "",
    memo: str = "",
    expires_at: datetime | None = None,
) -> Held:
    """Set ``amount`` of the account ``code`` aside, once per ``reference``. Raises `InsufficientFunds` when it is not
    available, `UnknownAccount` as in `move`."""
    found = _call(
        "SELECT ledger_hold(%s::text, %s::text, %s::text, %s::numeric, %s::text, %s::text, %s::timestamptz)",
        [reference, code, currency, amount, subject, memo, expires_at],
    )
    if found is None:
        raise errors.UnknownAccount
    return Held(abs(found), reference, found < 0)


def release(*, hold_reference: str, expired: bool = False) -> bool:
    """Give a hold back. False when that had happened before; raises `HoldClosed` when it was captured."""
    state = "expired" if expired else "released"
    return bool(_call("SELECT ledger_release(%s::text, %s::text)", [hold_reference, state]))


def _call(sql: str, parameters: list[Any]) -> Any:
    try:
        row = prepared.fetch_one(sql, parameters)
    except DatabaseError as error:
        raise _named(error) from error
    return row[0] if row else None


_BY_STATE: dict[str, type[errors.LedgerError | errors.InvalidAmount]] = {
    "GB002": errors.ReferenceConflict,
    "GB003": errors.HoldClosed,
    "GB004": errors.UnbalancedTransaction,
    "GB005": errors.UnknownAccount,
    "GB006": errors.AccountFrozen,
    "GB007": errors.AlreadyReversed,
    "GB008": errors.InvalidAmount,
    "22003": errors.InvalidAmount,
}
_BY_CONSTRAINT: dict[str, type[errors.LedgerError]] = {
    "hold": errors.UnknownHold,
    "transaction": errors.UnknownTransaction,
    "transaction_hold_once": errors.HoldClosed,
    "transaction_reverses_once": errors.AlreadyReversed,
}


def _named(error: DatabaseError) -> Exception:
    cause: Any = error.__cause__
    state = getattr(cause, "sqlstate", None) or ""
    if state == "GB001":
        available, needed = cause.diag.message_detail.split()
        return errors.InsufficientFunds(Decimal(available), Decimal(needed))
    constraint = cause.diag.constraint_name if isinstance(cause, PsycopgError) else None
    named = _BY_CONSTRAINT.get(constraint or "") or _BY_STATE.get(state)
    return named(str(cause)) if named else error
