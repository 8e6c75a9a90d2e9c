"""Ask the provider what became of a number, and act on what it says."""

import logging
import uuid
from datetime import datetime, timedelta

from django.db import transaction

from config.lib.errors import ProviderError
from payments.models import Deposit, VirtualAccount
from payments.providers.faspay_snap import adapter
from payments.providers.faspay_snap.adapter import Flag
from payments.settlement import pace
from payments.settlement.crediting import Arrival, credit, flag
from payments.settlement.rows import Locked, fenced, is_leased, lease, lock
from payments.settlement.submitting import adopt, fail
from wallets.errors import LedgerError

State = VirtualAccount.State
ASKABLE = frozenset({State.IN_DOUBT, State.OPEN, State.CLOSED})
# So often, over so long, must the provider deny a number before we believe that it was never made.
DENIALS = 3
DENIED_FOR = timedelta(seconds=60)

logger = logging.getLogger(__name__)


def ask(va_id: int) -> None:
    """One status question, if one is due. Safe to call again at any time."""
    begun = _begin(va_id)
    if begun is None:
        return
    ref, token = begun
    try:
        status = adapter.ask_status(ref)
    except adapter.NoSuchVa as error:
        _record_denial(va_id, token, error.code)
    except ProviderError as error:
        _record_silence(va_id, token, error.code)
    else:
        _record(va_id, token, status)


@transaction.atomic
def _begin(va_id: int) -> tuple[adapter.VaRef, uuid.UUID] | None:
    rows = lock(va_id, wait=False)
    if rows is None or rows.va.state not in ASKABLE or is_leased(rows):
        return None
    if rows.va.next_check_at is None or rows.va.next_check_at > rows.now:
        return None
    token = lease(rows)
    rows.va.asked_at = rows.now
    rows.va.questions += 1
    rows.save("lease_token", "lease_until", "asked_at", "questions")
    return ref_of(rows), token


def ref_of(rows: Locked) -> adapter.VaRef:
    """How the provider knows this account."""
    va = rows.va
    return adapter.VaRef(
        trx_id=va.trx_id,
        bank=rows.deposit.bank,
        partner_service_id=va.partner_service_id,
        customer_no=va.customer_no,
        number=va.number,
        provider_trx_id=va.provider_trx_id,
    )


def _record(va_id: int, token: uuid.UUID, status: adapter.VaStatus) -> None:
    try:
        with transaction.atomic():
            rows = fenced(va_id, token)
            if rows:
                _act(rows, status)
                _finish(rows, status.code)
    except LedgerError as error:
        logger.error("virtual account %s: the ledger refused its money: %s", va_id, error.code)
        _record_refused_money(va_id, token, status.code)


def _act(rows: Locked, status: adapter.VaStatus) -> None:
    if status.number:
        adopt(rows, status.number, status.partner_service_id, status.customer_no)
    if status.flag is Flag.PAID:
        _take_money(rows, status)
    elif status.flag is Flag.REFUNDED:
        flag(rows, "refunded")
    elif status.flag in {Flag.CANCELLED, Flag.FAILED} and rows.va.state in {State.OPEN, State.IN_DOUBT}:
        fail(rows, "closed_by_bank", status.code)


def _take_money(rows: Locked, status: adapter.VaStatus) -> None:
    if status.amount:
        credit(rows, Arrival(status.amount, status.currency, status.paid_at))
    else:
        flag(rows, "paid_without_amount")


@transaction.atomic
def _record_denial(va_id: int, token: uuid.UUID, code: str) -> None:
    """The provider knows no such number. Of one in doubt that is believed only after a while."""
    rows = fenced(va_id, token)
    if rows is None:
        return
    rows.va.not_found += 1
    rows.save("not_found")
    since = rows.va.in_doubt_since
    if rows.va.state == State.IN_DOUBT and since and _believed(rows, since):
        fail(rows, "not_made", code)
    else:
        _finish(rows, code)


def _believed(rows: Locked, since: datetime) -> bool:
    return rows.va.not_found >= DENIALS and rows.now - since >= DENIED_FOR


@transaction.atomic
def _record_silence(va_id: int, token: uuid.UUID, code: str) -> None:
    rows = fenced(va_id, token)
    if rows:
        _finish(rows, code)


@transaction.atomic
def _record_refused_money(va_id: int, token: uuid.UUID, code: str) -> None:
    rows = fenced(va_id, token)
    if rows:
        flag(rows, "ledger_refused")
        _finish(rows, code)


def _finish(rows: Locked, code: str) -> None:
    """Let go, and note when to ask again."""
    rows.release()
    rows.va.last_code = code
    rows.va.next_check_at = _next(rows)
    rows.save("last_code", "next_check_at", "lease_token", "lease_until")


def _next(rows: Locked) -> datetime | None:
    va = rows.va
    if va.state == State.IN_DOUBT and va.in_doubt_since:
        return pace.in_doubt(va.in_doubt_since, va.questions, rows.now)
    if va.state == State.OPEN and rows.deposit.state == Deposit.State.PENDING:
        return pace.waiting(va.opened_at or va.created_at, rows.now)
    if va.state in {State.OPEN, State.CLOSED} and rows.deposit.state != Deposit.State.SUCCESS:
        return pace.after_the_end(rows.deposit.expires_at, rows.now)
    return None
