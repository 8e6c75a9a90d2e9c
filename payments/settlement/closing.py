"""Ends of invoices: time over, or called off by the customer."""

import logging
from datetime import timedelta

from django.db import transaction

from config.lib.errors import ProviderError
from payments.exchanges import recorded
from payments.methods import METHODS, OVO
from payments.models import Deposit, PaymentAttempt
from payments.settlement.asking import ref_of
from payments.settlement.gateways import gateway_of
from payments.settlement.rows import Locked, is_leased, lock

State = PaymentAttempt.State
_LOOK_AFTER_DELETING = timedelta(minutes=1)
# An attempt that nobody has been able to tell of for so long may be left for another one.
LEFT_IN_DOUBT_AFTER = timedelta(seconds=20)
# After the time to answer OVO's question is over, its answer may still be on its way.
_HEAR_OF_A_PUSH = timedelta(seconds=15)

logger = logging.getLogger(__name__)


@transaction.atomic
def expire(deposit_id: int) -> None:
    """End an invoice whose time is over by the database's clock; then ask once whether it was paid after all."""
    attempt_id = PaymentAttempt.objects.filter(deposit=deposit_id).order_by("-id").values_list("pk", flat=True).first()
    rows = lock(attempt_id, wait=False) if attempt_id else None
    if rows is None or rows.deposit.state != Deposit.State.PENDING or rows.deposit.expires_at > rows.now:
        return
    rows.deposit.state = Deposit.State.EXPIRED
    rows.touch("state")
    _end_account(rows)


def _end_account(rows: Locked) -> None:
    attempt = rows.attempt
    if attempt.state == State.SUBMITTING and attempt.sent_at is not None:
        return  # on its way, or in doubt: its own step finds the deposit over
    never_sent = attempt.state == State.SUBMITTING
    if attempt.state not in {State.SUBMITTING, State.IN_DOUBT, State.OPEN}:
        return
    attempt.state = State.CLOSED
    attempt.page_url = ""
    attempt.next_check_at = None if never_sent else rows.now
    rows.save("state", "page_url", "next_check_at")


@transaction.atomic
def cancel(attempt_id: int) -> bool:
    """Call off an unpaid deposit whose number is known, or whose attempt has ended; true also when it was called off
    before. A question that OVO has put to the payer cannot be taken back: false until it is over."""
    rows = lock(attempt_id)
    if rows is None or rows.deposit.state != Deposit.State.PENDING or not _may_be_cancelled(rows):
        return rows is not None and rows.deposit.state == Deposit.State.CANCELLED
    rows.deposit.state = Deposit.State.CANCELLED
    rows.touch("state")
    _close_here(rows)
    return True


def _may_be_cancelled(rows: Locked) -> bool:
    if rows.attempt.state == State.OPEN:
        return rows.attempt.method != OVO
    return rows.attempt.state in {State.CLOSED, State.FAILED}


def leave(rows: Locked) -> bool:
    """End an attempt for the sake of another one, its deposit stays. False while it is on its way: then nobody knows
    yet what would be left behind."""
    attempt = rows.attempt
    if attempt.state == State.SUBMITTING and attempt.sent_at is not None:
        return False
    if attempt.state == State.IN_DOUBT and not _may_be_left(rows):
        return False
    if attempt.state == State.OPEN and attempt.method == OVO and rows.now < rows.ends_at + _HEAR_OF_A_PUSH:
        return False
    _close_here(rows)
    return True


def _may_be_left(rows: Locked) -> bool:
    """Nobody can pay a number that nobody was shown; OVO asks the payer by itself."""
    since = rows.attempt.in_doubt_since or rows.now
    return rows.attempt.method != OVO and rows.now - since >= LEFT_IN_DOUBT_AFTER


def _close_here(rows: Locked) -> None:
    """The question about late money stays, a minute from now: after it was called off over there."""
    attempt = rows.attempt
    if attempt.state not in {State.SUBMITTING, State.IN_DOUBT, State.OPEN}:
        return
    never_sent = attempt.state == State.SUBMITTING
    attempt.state, attempt.page_url = State.CLOSED, ""
    attempt.next_check_at = None if never_sent else rows.now + _LOOK_AFTER_DELETING
    rows.save("state", "page_url", "next_check_at")


def call_off(attempt_id: int) -> None:
    """End an attempt whose deposit was paid another way, here and at the provider: nobody should pay twice."""
    with transaction.atomic():
        rows = lock(attempt_id, wait=False)
        paid_otherwise = rows and rows.attempt.state == State.OPEN and rows.deposit.state == Deposit.State.SUCCESS
        if rows is None or not paid_otherwise or is_leased(rows):
            return
        _close_here(rows)
    close(attempt_id)


def close(attempt_id: int) -> None:
    """Call a closed attempt off at the provider, once; if that fails, the watch for late money stays."""
    with transaction.atomic():
        rows = lock(attempt_id, wait=False)
        if rows is None or rows.attempt.state != State.CLOSED or is_leased(rows):
            return
        attempt, ref = rows.attempt, ref_of(rows)
    close_there = gateway_of(attempt.method).close
    if close_there is None or not (ref.number or ref.provider_trx_id):
        return
    try:
        with recorded(METHODS[attempt.method].provider, reference=ref.trx_id, attempt=attempt):
            code = close_there(ref, "Cancelled by customer")
    except ProviderError as error:
        logger.warning("payment attempt %s could not be called off: %s", attempt_id, error.code or error)
        code = error.code
    PaymentAttempt.objects.filter(pk=attempt_id).update(last_code=code)
