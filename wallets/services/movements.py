"""What can be asked of the ledger. Every call is idempotent by ``reference``: the same content again answers with
the first result (``replayed``), other content raises `ReferenceConflict`. Amounts are positive `Decimal`s."""

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import TypeVar

from django.conf import settings
from django.db import transaction

from accounts.models import Customer, User
from config.lib.money import check_amount
from wallets import ledger
from wallets.errors import InvalidAmount, UnknownAccount, UnknownHold, UnknownTransaction
from wallets.ledger import Held, Posted
from wallets.models import Account, Hold, Transaction

R = TypeVar("R")
_HOUSE = ("clearing:", "suspense:", "revenue:", "expense:", "bank:", "equity:", "payable:")


def wallet_of(customer: Customer, currency: str = "IDR") -> Account:
    """The customer's account in ``currency``, made on first use."""
    account, _created = Account.objects.get_or_create(
        customer=customer, currency=currency, defaults={"code": _code_of(customer)}
    )
    return account


def open_for(customer: Customer) -> None:
    """The wallet a new customer begins with."""
    wallet_of(customer, settings.CUSTOMER_WALLET_CURRENCY)


def _code_of(customer: Customer) -> str:
    return f"wallet:{customer.public_id}"


def house_account_id(code: str, currency: str) -> int:
    """The id of one of our own accounts (``clearing:…``, ``revenue:…``, ``payable:…``), made on first use."""
    if not code.startswith(_HOUSE):
        raise InvalidAmount(f"{code!r} is not an account of the house")
    found = Account.objects.filter(code=code, currency=currency).values_list("pk", flat=True).first()
    if found is None:
        found = Account.objects.get_or_create(code=code, currency=currency, defaults={"may_go_negative": True})[0].pk
    return found


def credit_from_provider(
    *,
    customer: Customer,
    amount: Decimal,
    currency: str,
    channel: str,
    kind: str,
    reference: str,
    subject: str,
    memo: str,
    caused_by: User | None = None,
) -> Posted:
    """Money that arrived from outside through ``channel`` goes to the customer's wallet.

    The other leg is the clearing account ``clearing:<channel>``: minus what the provider still has to pay out to us.
    Raises `InvalidAmount`, `ReferenceConflict`, `AccountFrozen` (a closed wallet takes nothing).
    """
    check_amount(amount, currency)
    clearing = f"clearing:{channel}"
    return _move(
        clearing,
        _code_of(customer),
        amount,
        currency,
        lambda: (house_account_id(clearing, currency), wallet_of(customer, currency)),
        kind=kind,
        reference=reference,
        subject=subject,
        memo=memo,
        caused_by=caused_by,
    )


def credit_from_house(
    *,
    customer: Customer,
    source: str,
    amount: Decimal,
    currency: str,
    kind: str,
    reference: str,
    subject: str,
    memo: str,
    caused_by: User | None,
) -> Posted:
    """Money that stands on an account of the house (``suspense:…``) goes to the customer's wallet.

    Raises `InvalidAmount`, `ReferenceConflict`, `AccountFrozen`.
    """
    check_amount(amount, currency)
    return _move(
        source,
        _code_of(customer),
        amount,
        currency,
        lambda: (house_account_id(source, currency), wallet_of(customer, currency)),
        kind=kind,
        reference=reference,
        subject=subject,
        memo=memo,
        caused_by=caused_by,
    )


def move_in_house(
    *,
    source: str,
    target: str,
    amount: Decimal,
    currency: str,
    kind: str,
    reference: str,
    subject: str,
    memo: str,
    caused_by: User | None = None,
) -> Posted:
    """Move ``amount`` between two accounts of the house, such as ``clearing:…`` and ``suspense:…``.

    Raises `InvalidAmount`, `ReferenceConflict`.
    """
    check_amount(amount, currency)
    return _move(
        source,
        target,
        amount,
        currency,
        lambda: (house_account_id(source, currency), house_account_id(target, currency)),
        kind=kind,
        reference=reference,
        subject=subject,
        memo=memo,
        caused_by=caused_by,
    )


def hold_funds(
    *,
    customer: Customer,
    amount: Decimal,
    currency: str,
    reference: str,
    subject: str,
    memo: str,
    expires_at: datetime | None = None,
) -> Held:
    """Reserve ``amount`` of the customer's available balance. Raises `InsufficientFunds`, `InvalidAmount`,
    `ReferenceConflict`, `AccountFrozen`."""
    check_amount(amount, currency)
    hold = partial(
        ledger.hold,
        code=_code_of(customer),
        currency=currency,
        amount=amount,
        reference=reference,
        subject=subject,
        memo=memo,
        expires_at=expires_at,
    )
    return _after_opening(hold, lambda: wallet_of(customer, currency))


def capture_hold(
    *,
    hold_reference: str,
    reference: str,
    kind: str,
    splits: Sequence[tuple[str, Decimal]],
    subject: str,
    memo: str,
    caused_by: User | None = None,
) -> Posted:
    """Pay out of a hold to accounts of the house, given as (code, amount); what is left of the hold is freed.

    Currency is the hold's. Raises `UnknownHold`, `HoldClosed`, `UnbalancedTransaction` (more than was held),
    `InvalidAmount`, `ReferenceConflict`.
    """
    hold = Hold.objects.select_related("account").filter(reference=hold_reference).first()
    if hold is None:
        raise UnknownHold(hold_reference)
    currency = hold.account.currency
    legs: dict[int, Decimal] = {}
    for code, amount in splits:
        account = house_account_id(code, currency)
        legs[account] = legs.get(account, Decimal(0)) + check_amount(amount, currency)
    legs[hold.account_id] = -sum(legs.values(), Decimal(0))
    return ledger.post(
        reference=reference,
        kind=kind,
        legs=legs,
        hold_reference=hold_reference,
        subject=subject,
        memo=memo,
        caused_by_id=_id_of(caused_by),
    )


def release_hold(*, hold_reference: str, expired: bool = False) -> None:
    """Give reserved money back. Quiet when already given back; raises `HoldClosed` when captured, `UnknownHold`."""
    ledger.release(hold_reference=hold_reference, expired=expired)


def pass_hold_on(
    *,
    customer: Customer,
    hold_reference: str,
    amount: Decimal,
    currency: str,
    reference: str,
    subject: str,
    memo: str,
) -> Held:
    """Free one hold and set ``amount`` aside anew under ``reference``, for something else of the same customer.

    From the release to the end of the transaction the wallet's row is locked, so nobody else can take what
    becomes free. Works when nothing but the held amount is left. Raises `UnknownHold`, `HoldClosed` (captured),
    and what `hold_funds` raises.
    """
    with transaction.atomic():
        release_hold(hold_reference=hold_reference)
        return hold_funds(
            customer=customer, amount=amount, currency=currency, reference=reference, subject=subject, memo=memo
        )


def transfer(
    *,
    sender: Customer,
    recipient: Customer,
    amount: Decimal,
    currency: str,
    reference: str,
    memo: str,
    caused_by: User | None,
    subject: str = "",
) -> Posted:
    """Move ``amount`` from one wallet to another. Raises `InsufficientFunds`, `InvalidAmount`, `AccountFrozen`,
    `ReferenceConflict`; to oneself is `InvalidAmount`."""
    check_amount(amount, currency)
    if sender.pk == recipient.pk:
        raise InvalidAmount("sender and recipient are the same")
    return _move(
        _code_of(sender),
        _code_of(recipient),
        amount,
        currency,
        lambda: (wallet_of(sender, currency), wallet_of(recipient, currency)),
        kind="transfer",
        reference=reference,
        subject=subject,
        memo=memo,
        caused_by=caused_by,
    )


def pay_house(
    *,
    customer: Customer,
    amount: Decimal,
    currency: str,
    account: str,
    kind: str,
    reference: str,
    subject: str,
    memo: str,
    caused_by: User | None,
) -> Posted:
    """Move ``amount`` from a wallet to the account of the house with the code ``account``. Raises as `transfer`."""
    check_amount(amount, currency)
    return _move(
        _code_of(customer),
        account,
        amount,
        currency,
        lambda: (wallet_of(customer, currency), house_account_id(account, currency)),
        kind=kind,
        reference=reference,
        subject=subject,
        memo=memo,
        caused_by=caused_by,
    )


def reverse(*, reference_of_original: str, reference: str, reason: str, caused_by: User | None) -> Posted:
    """Take a whole transaction back by its mirror image, once. Raises `UnknownTransaction`, `AlreadyReversed`,
    `InsufficientFunds` when the money is no longer there."""
    original = Transaction.objects.filter(reference=reference_of_original).first()
    if original is None:
        raise UnknownTransaction(reference_of_original)
    return ledger.post(
        reference=reference,
        kind="reversal",
        legs={account: -amount for account, amount in zip(original.account_ids, original.amounts, strict=True)},
        reverses=reference_of_original,
        subject=original.subject,
        memo=reason,
        caused_by_id=_id_of(caused_by),
    )


def _move(
    source: str,
    target: str,
    amount: Decimal,
    currency: str,
    open_accounts: Callable[[], object],
    *,
    kind: str,
    reference: str,
    subject: str,
    memo: str,
    caused_by: User | None,
) -> Posted:
    post = partial(
        ledger.move,
        reference=reference,
        kind=kind,
        source=source,
        target=target,
        currency=currency,
        amount=amount,
        subject=subject,
        memo=memo,
        caused_by_id=_id_of(caused_by),
    )
    return _after_opening(post, open_accounts)


def _after_opening(ask: Callable[[], R], open_accounts: Callable[[], object]) -> R:
    """``ask()``; accounts are made on first use, so when one is missing, make them and ask again."""
    try:
        return ask()
    except UnknownAccount:
        open_accounts()
        return ask()


def _id_of(user: User | None) -> int | None:
    return user.pk if user else None
