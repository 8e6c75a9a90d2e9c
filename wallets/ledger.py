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
from django.db.backends.utils import CursorWrapper
from psycopg import Cursor
from psycopg import Error as PsycopgError

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
    return Posted(row[0], reference, row[1])


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
    row = _call(
        "SELECT transaction_id, replayed FROM ledger_move("
        "%s::text, %s::text, %s::text, %s::text, %s::text, %s::numeric, %s::text, %s::text, %s::bigint)",
        [reference, kind, source, target, currency, amount, subject, memo, caused_by_id],
    )
    return Posted(_known(row[0]), reference, row[1])


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
    row = _call(
        "SELECT hold_id, replayed FROM ledger_hold("
        "%s::text, %s::text, %s::text, %s::numeric, %s::text, %s::text, %s::timestamptz)",
        [reference, code, currency, amount, subject, memo, expires_at],
    )
    return Held(_known(row[0]), reference, row[1])


def release(*, hold_reference: str, expired: bool = False) -> bool:
    """Give a hold back. False when that had happened before; raises `HoldClosed` when it was captured."""
    state = "expired" if expired else "released"
    return bool(_call("SELECT ledger_release(%s::text, %s::text)", [hold_reference, state])[0])


def _call(sql: str, parameters: list[Any]) -> Any:
    try:
        with _cursor() as cursor:
            cursor.execute(sql, parameters)
            return cursor.fetchone()
    except DatabaseError as error:
        raise _named(error) from error


def _cursor() -> CursorWrapper:
    """A cursor that sends values apart from the statement, whose plan is then kept by the server.

    Django's own writes the values into the text. Behind a pooler the next statement may meet another session, which
    knows no plan of ours: nothing is prepared there.
    """
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    raw = connection.connection
    if raw.prepare_threshold is None and not connection.settings_dict["DISABLE_SERVER_SIDE_CURSORS"]:
        raw.prepare_threshold = 1
    cursor: Any = Cursor(raw)
    return connection.make_debug_cursor(cursor) if connection.queries_logged else connection.make_cursor(cursor)


def _known(row_id: int | None) -> int:
    if row_id is None:
        raise errors.UnknownAccount
    return row_id


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
