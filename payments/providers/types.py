"""What the payments app and its providers say to each other, whoever the provider is.

Amounts are whole units of their currency as `Decimal`, times are aware. Nothing here is padded or signed.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from config.lib.errors import ProviderError


class Flag(StrEnum):
    """What a provider says of a payment."""

    PAID = "paid"
    PENDING = "pending"
    # On its way, not final yet: nothing to credit, and nothing to pay any more.
    SEEN = "seen"
    # Money that came, but not as agreed: too late for its rate, or only somebody's word for it. People decide.
    LATE = "late"
    REFUNDED = "refunded"
    CANCELLED = "cancelled"
    FAILED = "failed"
    NOT_PAID = "not_paid"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Order:
    """A payment to be made possible. ``trx_id`` is ours, new for every attempt."""

    trx_id: str
    amount: Decimal
    currency: str
    bank: str
    name: str
    email: str
    phone: str = field(repr=False)
    description: str
    created_at: datetime
    expires_at: datetime
    pay_type: str = ""
    # Where the payer's browser may come back to, at providers with a page of their own.
    return_url: str = ""


@dataclass(frozen=True)
class Ref:
    """An attempt to ask about or to close. ``number`` and ``provider_trx_id`` are empty while we do not know them."""

    trx_id: str
    bank: str
    partner_service_id: str = ""
    customer_no: str = ""
    number: str = ""
    provider_trx_id: str = ""
    amount: Decimal = Decimal(0)
    currency: str = "IDR"
    phone: str = field(default="", repr=False)
    created_at: datetime | None = None


@dataclass(frozen=True)
class Made:
    """An attempt that can be paid: by ``number``, by scanning ``content``, or on the provider's ``page_url``."""

    number: str = ""
    partner_service_id: str = ""
    customer_no: str = ""
    provider_trx_id: str = ""
    code: str = ""
    content: str = field(default="", repr=False)
    page_url: str = field(default="", repr=False)


@dataclass(frozen=True)
class Status:
    """What a provider says of an attempt. ``amount`` is None when it named none that can be read."""

    flag: Flag
    raw_flag: str
    number: str
    partner_service_id: str
    customer_no: str
    amount: Decimal | None
    currency: str
    paid_at: datetime | None
    code: str
    provider_trx_id: str = ""
    page_url: str = field(default="", repr=False)


class NoSuchPayment(ProviderError):
    """The provider answered, and knows no payment of this id."""


class WrongAnswer(ProviderError):
    """Something was made, but not what we asked for. ``made`` is that thing: nobody must be told to pay it."""

    def __init__(self, message: str, made: Made, *, outcome_unknown: bool = False) -> None:
        super().__init__(message, retryable=False, outcome_unknown=outcome_unknown, code=made.code)
        self.made = made


class RenewFirst(ProviderError):
    """Not paid, and cannot be before the payer has been at ``url`` (empty: the link must be made anew)."""

    def __init__(self, message: str, url: str, *, code: str = "") -> None:
        super().__init__(message, retryable=False, outcome_unknown=False, code=code)
        self.url = url


@dataclass(frozen=True)
class Gateway:
    """One method at its provider. All raise `ProviderError`; ``create`` is never called twice with one ``trx_id``.

    ``create`` may raise `WrongAnswer` and `RenewFirst`, ``ask`` may raise `NoSuchPayment`; ``close`` is None where
    nothing can be called off.
    """

    create: Callable[[Order], Made]
    ask: Callable[[Ref], Status]
    close: Callable[[Ref, str], str] | None = None
