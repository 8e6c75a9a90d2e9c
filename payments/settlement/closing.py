"""Ends of invoices: time over, or called off by the customer."""

import logging
from datetime import timedelta

from django.db import transaction

from config.lib.errors import ProviderError
from payments.models import Deposit, VirtualAccount
from payments.providers.faspay_snap import adapter
from payments.settlement.asking import ref_of
from payments.settlement.rows import Locked, is_leased, lock

State = VirtualAccount.State
_LOOK_AFTER_DELETING = timedelta(minutes=1)

logger = logging.getLogger(__name__)


@transaction.atomic
def expire(deposit_id: int) -> None:
    """End an invoice whose time is over by the database's clock; then ask once whether it was paid after all."""
    va_id = VirtualAccount.objects.filter(deposit=deposit_id).order_by("-id").values_list("pk", flat=True).first()
    rows = lock(va_id, wait=False) if va_id else None
    if rows is None or rows.deposit.state != Deposit.State.PENDING or rows.deposit.expires_at > rows.now:
        return
    rows.deposit.state = Deposit.State.EXPIRED
    rows.touch("state")
    _end_account(rows)


def _end_account(rows: Locked) -> None:
    va = rows.va
    if va.state == State.SUBMITTING and va.sent_at is not None:
        return  # on its way, or in doubt: its own step finds the deposit over
    never_sent = va.state == State.SUBMITTING
    va.state = State.CLOSED
    va.next_check_at = None if never_sent else rows.now
    rows.save("state", "next_check_at")


@transaction.atomic
def cancel(va_id: int) -> bool:
    """Call off an unpaid deposit whose number is known; true also when it was called off before."""
    rows = lock(va_id)
    if rows is None or rows.deposit.state != Deposit.State.PENDING or rows.va.state != State.OPEN:
        return rows is not None and rows.deposit.state == Deposit.State.CANCELLED
    rows.deposit.state = Deposit.State.CANCELLED
    rows.touch("state")
    rows.va.state = State.CLOSED
    rows.va.next_check_at = rows.now + _LOOK_AFTER_DELETING
    rows.save("state", "next_check_at")
    return True


def close(va_id: int) -> None:
    """Delete the number of a cancelled deposit at the provider, once; if that fails, the watch for late money stays."""
    with transaction.atomic():
        rows = lock(va_id, wait=False)
        if rows is None or rows.deposit.state != Deposit.State.CANCELLED or is_leased(rows) or not rows.va.number:
            return
        ref = ref_of(rows)
    try:
        code = adapter.delete_va(ref, "Cancelled by customer")
    except ProviderError as error:
        logger.warning("virtual account %s could not be deleted: %s", va_id, error.code or error)
        code = error.code
    VirtualAccount.objects.filter(pk=va_id).update(last_code=code)
