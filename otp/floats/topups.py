"""Deposits of ours at the supplier: ask for the invoice, look whether it is paid. HTTP outside any transaction."""

import logging
from collections.abc import Sequence

from django.db import transaction

from config.lib.clock import now
from config.lib.errors import ProviderError
from otp.models import SupplierTopup
from otp.providers.otpzap import adapter as otpzap
from otp.providers.types import Topup

logger = logging.getLogger(__name__)

_State = SupplierTopup.State
_SEEN = {"pending": _State.PENDING, "success": _State.SUCCESS, "expired": _State.EXPIRED, "failed": _State.FAILED}
_WRITTEN = ("state", "provider_order_id", "total", "payment_url", "expires_at", "paid_at", "checked_at")


def topup_of(subjects: Sequence[str]) -> SupplierTopup | None:
    """The deposit of ours that one of the supplier's ids names."""
    return SupplierTopup.objects.filter(provider_order_id__in=[one for one in subjects if one]).first()


def ask_for(topup_id: int) -> SupplierTopup:
    """Have the invoice of a deposit made. Asking again with its reference makes no second one (OTPZap contract 3.2).

    Raises `ProviderError`; the deposit has failed then, unless it may be asked for again.
    """
    topup = SupplierTopup.objects.get(pk=topup_id)
    try:
        found = otpzap.create_topup(amount=topup.amount, reference=topup.reference, key=topup.key_name)
    except ProviderError as error:
        if not error.retryable and not error.outcome_unknown:
            SupplierTopup.objects.filter(pk=topup.pk, state=_State.ASKED).update(state=_State.FAILED, checked_at=now())
        raise
    return _record(topup.pk, found)


def look_at(topup_id: int) -> SupplierTopup:
    """Ask what became of a deposit, which makes the supplier look for the payment (OTPZap contract 3.3); one whose
    invoice never came is asked for once more. Raises `ProviderError`."""
    topup = SupplierTopup.objects.get(pk=topup_id)
    if not topup.provider_order_id:
        return ask_for(topup.pk)
    return _record(topup.pk, otpzap.check_topup(topup.provider_order_id, key=topup.key_name))


def _record(pk: int, found: Topup) -> SupplierTopup:
    with transaction.atomic():
        topup = SupplierTopup.objects.select_for_update().get(pk=pk)
        topup.checked_at = now()
        topup.provider_order_id = topup.provider_order_id or found.order_id
        if topup.total is None or found.total > topup.total:
            topup.total = found.total
        topup.payment_url = (found.payment_url or topup.payment_url)[:500]
        topup.expires_at = found.expires_at or topup.expires_at
        # Paid is paid, whatever an older answer says; a late payment of an expired one still counts (contract 3.4).
        if topup.state != _State.SUCCESS:
            topup.state = _SEEN.get(found.status, topup.state if topup.state != _State.ASKED else _State.PENDING)
            topup.paid_at = found.paid_at or (now() if topup.state == _State.SUCCESS else None)
        topup.save(update_fields=_WRITTEN)
    return topup
