"""Ask the provider for a number: claim, call, record. One request for one trxId, whatever happens."""

import logging
import uuid
from datetime import timedelta

from django.db import transaction

from config.lib.errors import ProviderError
from config.lib.ids import new_trx_id
from payments.models import Deposit, VirtualAccount
from payments.providers.faspay_snap import adapter
from payments.settlement import pace
from payments.settlement.crediting import flag
from payments.settlement.rows import Locked, fenced, is_leased, lease, lock

State = VirtualAccount.State
DESCRIPTION = "Gerbang top up"
# After so long without a connection the customer should not wait any longer.
GIVE_UP = timedelta(minutes=5)
ATTEMPTS = 3

logger = logging.getLogger(__name__)


def submit(va_id: int) -> None:
    """Make the number of a virtual account that was never sent. Safe to call again at any time."""
    begun = _begin(va_id)
    if begun is None:
        return
    order, token = begun
    try:
        made = adapter.create_va(order)
    except adapter.WrongAnswer as error:
        _record_wrong_answer(va_id, token, error)
    except ProviderError as error:
        _record_error(va_id, token, error)
    else:
        _record_made(va_id, token, made)


@transaction.atomic
def _begin(va_id: int) -> tuple[adapter.VaOrder, uuid.UUID] | None:
    """Commit that the request is about to leave us. A request that may have left already is in doubt instead."""
    rows = lock(va_id, wait=False)
    if rows is None or rows.va.state != State.SUBMITTING or is_leased(rows):
        return None
    if rows.va.sent_at is not None:
        doubt(rows)
        return None
    if rows.deposit.state != Deposit.State.PENDING:
        return None
    token = lease(rows)
    rows.va.sent_at = rows.now
    rows.va.tries += 1
    rows.save("sent_at", "tries", "lease_token", "lease_until")
    return _order_of(rows), token


def _order_of(rows: Locked) -> adapter.VaOrder:
    deposit = rows.deposit
    user = deposit.customer.user
    return adapter.VaOrder(
        trx_id=rows.va.trx_id,
        amount=deposit.amount,
        currency=deposit.currency,
        bank=deposit.bank,
        name=user.display_name,
        email=user.email,
        phone=deposit.customer.phone,
        description=DESCRIPTION,
        created_at=deposit.created_at,
        expires_at=deposit.expires_at,
    )


def doubt(rows: Locked, code: str = "") -> None:
    """Nobody knows whether the number was made: ask, never send again."""
    rows.va.state = State.IN_DOUBT
    rows.va.in_doubt_since = rows.now
    rows.va.next_check_at = pace.in_doubt(rows.now, 0, rows.now)
    rows.va.last_code = code
    rows.release()
    rows.save("state", "in_doubt_since", "next_check_at", "last_code", "lease_token", "lease_until")


@transaction.atomic
def _record_made(va_id: int, token: uuid.UUID, made: adapter.MadeVa) -> None:
    rows = fenced(va_id, token)
    if rows is None:
        logger.warning("virtual account %s: the answer came after the lease", va_id)
        return
    adopt(rows, made.number, made.partner_service_id, made.customer_no)
    rows.va.provider_trx_id = made.provider_trx_id
    rows.va.last_code = made.code
    rows.release()
    rows.save("provider_trx_id", "last_code", "lease_token", "lease_until")


def adopt(rows: Locked, number: str, partner_service_id: str, customer_no: str) -> None:
    """A number is known to exist; from now on it is asked about until it is paid or long over."""
    va = rows.va
    if not va.number:
        va.number, va.partner_service_id, va.customer_no = number, partner_service_id, customer_no
        rows.save("number", "partner_service_id", "customer_no")
    if va.state in {State.SUBMITTING, State.IN_DOUBT}:
        waiting = rows.deposit.state == Deposit.State.PENDING
        va.state = State.OPEN if waiting else State.CLOSED
        va.opened_at = rows.now
        va.next_check_at = (
            pace.waiting(rows.now, rows.now) if waiting else pace.after_the_end(rows.deposit.expires_at, rows.now)
        )
        rows.save("state", "opened_at", "next_check_at")


@transaction.atomic
def _record_wrong_answer(va_id: int, token: uuid.UUID, error: adapter.WrongAnswer) -> None:
    rows = fenced(va_id, token)
    if rows is None or rows.va.state != State.SUBMITTING:
        return
    made = error.made
    # The number is kept, so that money paid to it by whatever accident is found; nobody is shown it.
    rows.va.number, rows.va.partner_service_id, rows.va.customer_no = (
        made.number,
        made.partner_service_id,
        made.customer_no,
    )
    rows.save("number", "partner_service_id", "customer_no")
    fail(rows, "wrong_answer", error.code)
    flag(rows, "wrong_answer")


@transaction.atomic
def _record_error(va_id: int, token: uuid.UUID, error: ProviderError) -> None:
    rows = fenced(va_id, token)
    if rows is None or rows.va.state != State.SUBMITTING:
        return
    if error.outcome_unknown:
        doubt(rows, error.code)
    elif not error.retryable:
        fail(rows, "refused", error.code)
    elif error.code:
        _try_afresh(rows, error)
    else:
        _try_later(rows)


def _try_later(rows: Locked) -> None:
    """Not one byte left us, so the same request may be sent again."""
    if rows.now - rows.va.created_at > GIVE_UP:
        fail(rows, "unreachable", "")
        return
    rows.va.sent_at = None
    rows.va.next_check_at = pace.unreachable(rows.va.tries, rows.now)
    rows.release()
    rows.save("sent_at", "next_check_at", "lease_token", "lease_until")


def _try_afresh(rows: Locked, error: ProviderError) -> None:
    """Refused for now, definitely: a new attempt gets a new trxId, the old one is never sent again."""
    if rows.deposit.virtual_accounts.count() >= ATTEMPTS:
        fail(rows, "busy", error.code)
        return
    _close_attempt(rows, error.code)
    wait = timedelta(seconds=min(error.retry_after or 5, 60))
    VirtualAccount.objects.create(deposit=rows.deposit, trx_id=new_trx_id(), next_check_at=rows.now + wait)


def fail(rows: Locked, reason: str, code: str) -> None:
    """No number will come of it: the attempt and its deposit have failed."""
    _close_attempt(rows, code)
    if rows.deposit.state == Deposit.State.PENDING:
        rows.deposit.state = Deposit.State.FAILED
        rows.deposit.reason = reason
        rows.touch("state", "reason")


def _close_attempt(rows: Locked, code: str) -> None:
    rows.va.state = State.FAILED
    rows.va.last_code = code
    rows.va.next_check_at = None
    rows.release()
    rows.save("state", "last_code", "next_check_at", "lease_token", "lease_until")
