"""Cases: what about money no rule may decide alone. Opened here, decided by two people (services/cases.py)."""

import logging
from datetime import datetime
from decimal import Decimal
from typing import Any

from config.lib.money import EXPONENTS, InvalidAmount, check_amount
from payments.models import Deposit, PaymentAttempt, PaymentCase, ProviderMessage, Receipt
from wallets.services import move_in_house

logger = logging.getLogger(__name__)


def open_case(
    kind: PaymentCase.Kind,
    *,
    key: str,
    channel: str,
    amount: Decimal | None = None,
    currency: str = "",
    paid_at: datetime | None = None,
    deposit: Deposit | None = None,
    attempt: PaymentAttempt | None = None,
    message: ProviderMessage | None = None,
    customer_id: int | None = None,
    reference: str = "",
    note: str = "",
    receipt_key: str = "",
    **more: Any,
) -> PaymentCase:
    """The case of ``key``, opened once for ever. Inside a transaction.

    With ``receipt_key`` the money surely arrived and is nobody's yet: it is booked once from ``clearing:<channel>``
    to ``suspense:<channel>`` and waits there for the decision. Raises `wallets.errors.LedgerError`.
    """
    receipt = None
    if receipt_key and amount is not None and _can_stand(amount, currency):
        receipt = _to_suspense(receipt_key, channel, amount, currency, paid_at, deposit, attempt, message)
    case, opened = PaymentCase.objects.get_or_create(
        key=key[:120],
        defaults={
            "kind": kind,
            "channel": channel,
            "amount": amount,
            "currency": currency,
            "deposit": deposit,
            "attempt": attempt,
            "message": message,
            "receipt": receipt,
            "customer_id": customer_id or (deposit.customer_id if deposit else None),
            "reference": reference or (attempt.trx_id if attempt else ""),
            "note": note[:300],
            **more,
        },
    )
    if opened:
        logger.error("case %s opened: %s", case.public_id, kind)
    return case


def _can_stand(amount: Decimal, currency: str) -> bool:
    """Whether the ledger has a place for this money at all."""
    if currency not in EXPONENTS:
        return False
    try:
        check_amount(amount, currency)
    except InvalidAmount:
        return False
    return True


def _to_suspense(
    key: str,
    channel: str,
    amount: Decimal,
    currency: str,
    paid_at: datetime | None,
    deposit: Deposit | None,
    attempt: PaymentAttempt | None,
    message: ProviderMessage | None,
) -> Receipt:
    reference = f"suspense:{channel}:{key}"
    receipt, arrived = Receipt.objects.get_or_create(
        channel=channel,
        key=key,
        defaults={
            "amount": amount,
            "currency": currency,
            "place": Receipt.Place.SUSPENSE,
            "paid_at": paid_at,
            "ledger_reference": reference,
            "deposit": deposit,
            "attempt": attempt,
            "message": message,
        },
    )
    if arrived:
        move_in_house(
            source=f"clearing:{channel}",
            target=f"suspense:{channel}",
            amount=amount,
            currency=currency,
            kind="suspense",
            reference=reference,
            subject=deposit.reference if deposit else "",
            memo="Waits for a decision",
        )
    return receipt
