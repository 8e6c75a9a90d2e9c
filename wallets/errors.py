"""What the ledger can refuse. Every refusal leaves the rows as they were."""

from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from config.lib.errors import Conflict, Invalid, Missing, ServiceError, Unaffordable
from config.lib.money import InvalidAmount, format_money

__all__ = [
    "AccountFrozen",
    "AlreadyPaid",
    "AlreadyReversed",
    "AmountRefused",
    "HoldClosed",
    "InsufficientFunds",
    "InvalidAmount",
    "LedgerError",
    "OverBalanceLimit",
    "OverDailyLimit",
    "OverSingleLimit",
    "ReferenceConflict",
    "ToYourself",
    "UnbalancedTransaction",
    "UnknownAccount",
    "UnknownHold",
    "UnknownRecipient",
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
    status = 422
    text = _("Your balance does not cover this.")

    def __init__(self, available: Decimal, needed: Decimal) -> None:
        super().__init__(f"available {available}, needed {needed}")
        self.available = available
        self.needed = needed


class ReferenceConflict(LedgerError):
    """The reference was used before with other content."""

    code = "reference_conflict"
    status = 409
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
    status = 422
    text = _("This wallet is blocked. Please write to support.")


class UnbalancedTransaction(LedgerError):
    """Fewer than two legs, a zero leg, an account named twice, or legs that do not sum to zero per currency."""

    code = "unbalanced"


class AlreadyReversed(LedgerError):
    """Only an original can be reversed, once, and in full."""

    code = "already_reversed"
    text = _("This movement was already taken back.")


class AmountRefused(Invalid):
    """Not an amount of the wallet's currency."""

    code = "amount"

    def __init__(self, currency: str) -> None:
        words = _("Enter an amount in whole rupiah.") if currency == "IDR" else _("Use at most two decimals.")
        super().__init__(words, fields={"amount": [words]})


class ToYourself(Invalid):
    code = "to_yourself"

    def __init__(self) -> None:
        words = _("This is your own wallet. Name somebody else.")
        super().__init__(words, fields={"recipient_customer_id": [words]})


class UnknownRecipient(Missing):
    """Nobody by this address or number who can receive money, or not in this world (live, sandbox)."""

    code = "unknown_recipient"

    def __init__(self) -> None:
        super().__init__(_("We found nobody who can receive money here by that name. Check it with the recipient."))


class OverSingleLimit(Unaffordable):
    code = "single_limit"

    def __init__(self, most: Decimal, currency: str) -> None:
        words = _("One payment may be at most %(most)s. Verify your identity to raise your limits.")
        super().__init__(words % {"most": format_money(most, currency)})


class OverDailyLimit(Unaffordable):
    """``left`` is what may still be sent and paid today."""

    code = "daily_limit"

    def __init__(self, left: Decimal, most: Decimal, currency: str) -> None:
        words = _("You can send and pay %(most)s a day; %(left)s of it is left today.")
        super().__init__(words % {"most": format_money(most, currency), "left": format_money(left, currency)})
        self.left = left


class OverBalanceLimit(Unaffordable):
    """``room`` is what may still come in before the wallet holds all it may."""

    code = "balance_limit"

    def __init__(self, most: Decimal, room: Decimal, currency: str) -> None:
        words = _(
            "Your wallet may hold %(most)s, top-ups that wait for payment included; there is room for %(room)s."
            " Verify your identity to raise your limits."
        )
        super().__init__(words % {"most": format_money(most, currency), "room": format_money(room, currency)})
        self.room = room


class AlreadyPaid(Conflict):
    """The customer has paid this reference before."""

    code = "already_paid"

    def __init__(self) -> None:
        words = _("You have paid this reference already.")
        super().__init__(words, fields={"external_reference": [words]})
