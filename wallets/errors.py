"""What the ledger can refuse. Every refusal leaves the rows as they were."""

from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from config.lib.errors import ServiceError
from config.lib.money import InvalidAmount

__all__ = [
    "AccountFrozen",
    "AlreadyReversed",
    "HoldClosed",
    "InsufficientFunds",
    "InvalidAmount",
    "LedgerError",
    "ReferenceConflict",
    "UnbalancedTransaction",
    "UnknownAccount",
    "UnknownHold",
    "UnknownTransaction",
]


class LedgerError(ServiceError):
    """Base of everything the ledger refuses."""

    code = "ledger"
    text = _("This movement of money was refused.")

    def __init__(self, detail: str = "") -> None:
        super().__init__(self.text)
        self.detail = detail


class InsufficientFunds(LedgerError):
    """The account's available amount (balance less holds) does not cover the movement."""

    code = "insufficient_funds"
    text = _("Your balance does not cover this.")

    def __init__(self, available: Decimal, needed: Decimal) -> None:
        super().__init__(f"available {available}, needed {needed}")
        self.available = available
        self.needed = needed


class ReferenceConflict(LedgerError):
    """The reference was used before with other content."""

    code = "reference_conflict"
    text = _("This was already done with other details.")


class HoldClosed(LedgerError):
    """The hold was captured, released or has expired already."""

    code = "hold_closed"
    text = _("The reserved money was already used or given back.")


class UnknownAccount(LedgerError):
    code = "unknown_account"


class UnknownHold(LedgerError):
    code = "unknown_hold"


class UnknownTransaction(LedgerError):
    code = "unknown_transaction"


class AccountFrozen(LedgerError):
    """A frozen account pays nothing; a closed one takes nothing either."""

    code = "account_frozen"
    text = _("This wallet is blocked. Please write to support.")


class UnbalancedTransaction(LedgerError):
    """Fewer than two legs, a zero leg, an account named twice, or legs that do not sum to zero per currency."""

    code = "unbalanced"


class AlreadyReversed(LedgerError):
    """Only an original can be reversed, once, and in full."""

    code = "already_reversed"
    text = _("This movement was already taken back.")
