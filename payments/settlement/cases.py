"""Cases: what about money no rule may decide alone. Opened here, decided by two people (services/cases.py)."""

import logging
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from accounts.access.actors import system
from accounts.services import audit
from config.lib.clock import now
from config.lib.money import EXPONENTS, InvalidAmount, check_amount
from payments.models import Deposit, PaymentAttempt, PaymentCase, ProviderMessage, Receipt
from payments.settlement.outcomes import Stray
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
    elif receipt is not None and case.receipt_id is None and receipt.place == Receipt.Place.SUSPENSE:
        return _follow_up(case, receipt)
    return case


def _follow_up(case: PaymentCase, receipt: Receipt) -> PaymentCase:
    """The figure came after the case: its money must wait with a case that is still to be decided."""
    if case.state == PaymentCase.State.SETTLED:
        same = ("channel", "provider", "deposit", "attempt", "message", "customer_id", "reference", "note")
        return open_case(
            PaymentCase.Kind(case.kind),
            key=f"{case.key[:110]}:figure",
            amount=receipt.amount,
            currency=receipt.currency,
            paid_at=receipt.paid_at,
            receipt_key=receipt.key,
            **{name: getattr(case, name) for name in same},
        )
    case.receipt, case.amount, case.currency = receipt, receipt.amount, receipt.currency
    case.version += 1
    case.save(update_fields=["receipt", "amount", "currency", "version"])
    return case


def shelter(message: ProviderMessage, stray: Stray) -> PaymentCase:
    """Money that came before anybody knows whose it is gets a place in suspense, and a case. Once per payment.

    Another figure under the same name is a case of its own, without a second place: it may be the same payment.
    """
    key = f"unknown:{stray.channel}:{stray.key}"
    case = _unknown(message, stray, key, receipt_key=stray.key)
    if stray.amount is None or (case.amount, case.currency) == (stray.amount, stray.currency):
        return case
    return _unknown(message, stray, f"{key[:90]}:{stray.amount}{stray.currency}")


def _unknown(message: ProviderMessage, stray: Stray, key: str, *, receipt_key: str = "") -> PaymentCase:
    return open_case(
        PaymentCase.Kind.UNKNOWN_REFERENCE,
        key=key,
        provider=message.provider,
        channel=stray.channel,
        amount=stray.amount,
        currency=stray.currency,
        paid_at=stray.paid_at,
        message=message,
        reference=stray.reference[:64],
        receipt_key=receipt_key,
    )


def sheltered(channel: str, names: Iterable[str]) -> PaymentCase | None:
    """The case of a payment that came under one of these names before its row did, both locked; None if none did.

    Somebody may have settled it meanwhile: look at the place of its receipt.
    """
    return (
        PaymentCase.objects.select_for_update(of=("self", "receipt"), no_key=True)
        .select_related("receipt")
        .filter(
            kind__in=[PaymentCase.Kind.UNKNOWN_REFERENCE, PaymentCase.Kind.MISSING_HERE],
            receipt__channel=channel,
            receipt__key__in=[name for name in names if name],
        )
        .first()
    )


def match(case: PaymentCase, *, ledger_reference: str, **owner: Any) -> None:
    """The reference appeared after all, and the money of ``case`` has gone from suspense into the owner's wallet.

    ``owner`` fills the receipt: ``customer``, ``deposit``, ``attempt`` or ``static_payment``.
    """
    receipt = case.receipt
    if receipt is None:
        raise ValueError(f"{case} has no money that could be matched")
    receipt.place = Receipt.Place.WALLET
    name_owner(receipt, "place", **owner)
    for name in ("customer", "deposit", "attempt"):
        setattr(case, name, owner.get(name, getattr(case, name)))
    _solved(case, ledger_reference, "customer", "deposit", "attempt")


def explain_by_match(message: ProviderMessage) -> None:
    """A message that nobody knew has been decided: a case about it that has no money of its own is solved."""
    asked = PaymentCase.objects.select_for_update(no_key=True).filter(
        kind=PaymentCase.Kind.UNKNOWN_REFERENCE, message=message, receipt__isnull=True
    )
    for case in asked.exclude(state=PaymentCase.State.SETTLED):
        case.attempt = message.attempt
        _solved(case, "", "attempt")


def solve(case: PaymentCase) -> None:
    """The two sides that a locked case was about have found each other, and no money is to be moved for it."""
    _solved(case, "")


def _solved(case: PaymentCase, ledger_reference: str, *fields: str) -> None:
    case.action, case.state = PaymentCase.Action.MATCHED, PaymentCase.State.SETTLED
    case.decided_at, case.ledger_reference = now(), ledger_reference
    case.version += 1
    case.save(update_fields=["action", "state", "decided_at", "ledger_reference", "version", *fields])
    audit.record(system("payments"), "payment_case.matched", target=case, after={"ledger_reference": ledger_reference})


def assign(case: PaymentCase, receipt: Receipt, deposit: Deposit, attempt: PaymentAttempt) -> None:
    """It is known now whose money of a locked case it is; where it goes is still to be decided."""
    name_owner(receipt, deposit=deposit, attempt=attempt)
    case.deposit, case.attempt, case.customer = deposit, attempt, deposit.customer
    case.version += 1
    case.save(update_fields=["deposit", "attempt", "customer", "version"])


def name_owner(receipt: Receipt, *fields: str, **owner: Any) -> None:
    """Write down whose payment a receipt is of, with ``fields`` that were set already."""
    for name, value in owner.items():
        setattr(receipt, name, value)
    receipt.save(update_fields=[*fields, *owner])


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
) -> Receipt | None:
    """None when the payment of this key stands already, with another amount: what was told is no second payment."""
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
    return receipt if (receipt.amount, receipt.currency) == (amount, currency) else None
