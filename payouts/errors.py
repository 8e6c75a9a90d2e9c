"""What can be wrong about money out, in words for whoever asked."""

from typing import TYPE_CHECKING

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from config.lib.errors import (
    Conflict,
    Forbidden,
    Invalid,
    Missing,
    ServiceError,
    Text,
    TooLarge,
    TooMany,
    Unaffordable,
)

if TYPE_CHECKING:
    from payouts.models import Batch, Payout


class BadDestination(Invalid):
    """Neither an account number nor a phone number we can pay to; ``problem`` says why (payouts.models.states)."""

    code = "bad_destination"

    def __init__(self, problem: TextChoices, *, field: str = "destination") -> None:
        super().__init__(problem.label, fields={field: [problem.label]})
        self.problem = problem


class NotEnoughMoney(Unaffordable):
    """The client's balance does not cover amount and fees."""

    code = "insufficient_funds"

    def __init__(self, message: Text = "") -> None:
        super().__init__(message or _("The balance is not enough for this payment and its fee."))


class PayoutBlocked(Unaffordable):
    """A rule against fraud stopped it. It is kept as rejected; its ``flags`` say why."""

    code = "blocked"

    def __init__(self, payout: "Payout") -> None:
        super().__init__(_("This payment was stopped by a rule against fraud."))
        self.payout = payout
        self.more = {
            "transactionId": str(payout.public_id),
            "referenceNumber": payout.reference,
            "flags": payout.flags,
        }


class WrongCode(Invalid):
    """Not the code that was sent for this payment."""

    code = "wrong_code"

    def __init__(self, tries_left: int) -> None:
        words = _("This is not the code we sent.")
        super().__init__(words, fields={"otp_code": [words]})
        self.tries_left = tries_left
        self.more = {"attemptsLeft": tries_left}


class CodeExpired(Invalid):
    """The code was right once; a new one can be sent."""

    code = "code_expired"

    def __init__(self) -> None:
        words = _("This code is too old. Ask for a new one.")
        super().__init__(words, fields={"otp_code": [words]})


class TriesUsedUp(ServiceError):
    """One wrong code too many: the payment has failed."""

    status = 429
    code = "too_many_wrong_codes"

    def __init__(self) -> None:
        super().__init__(_("Too many wrong codes: this payment was stopped, and nothing was paid."))


class CodeTooSoon(TooMany):
    """A code was sent a moment ago."""

    code = "too_soon"

    def __init__(self, retry_after: float) -> None:
        super().__init__(
            _("A code was sent a moment ago. Wait a little before asking for another."), retry_after=retry_after
        )


class NoResendsLeft(ServiceError):
    """As many codes were sent as may be."""

    status = 429
    code = "no_resends_left"

    def __init__(self) -> None:
        super().__init__(_("No more codes are sent for this payment. Use the last one, or make the payment anew."))


class NotPending(Conflict):
    """It does not wait for a code any more."""

    code = "not_pending"

    def __init__(self) -> None:
        super().__init__(_("This payment does not wait for a code any more."))


class SamePerson(Forbidden):
    """Whoever made or changed a batch does not approve it."""

    code = "maker_is_checker"

    def __init__(self) -> None:
        super().__init__(_("Somebody else must approve this: you made it or changed it."))


class NoRail(ServiceError):
    """No rail is configured for this kind of receiver, or it is switched off."""

    status = 503
    code = "no_rail"

    def __init__(self) -> None:
        super().__init__(_("No way to pay this receiver is open just now."))


class NotFound(Missing):
    """Unknown, or somebody else's."""

    code = "not_found"

    def __init__(self) -> None:
        super().__init__(_("There is no such thing."))


class WrongState(Conflict):
    """The batch is in a state in which this cannot be done."""

    code = "wrong_state"

    def __init__(self, batch: "Batch") -> None:
        words = _("This cannot be done with this batch now: it is “%(state)s”.")
        super().__init__(words % {"state": batch.get_state_display()})


class BatchBusy(Conflict):
    """Somebody else is approving or starting it at this moment."""

    code = "batch_busy"

    def __init__(self) -> None:
        super().__init__(_("Somebody else is working on this batch right now. Look again in a moment."))


class BatchChanged(Conflict):
    """Not the rows, or not the total, that the approver has seen."""

    code = "batch_changed"

    def __init__(self) -> None:
        super().__init__(_("The batch has changed since you looked at it. Look at it again before you approve it."))


class NotReady(Conflict):
    """Rows are wrong, or none is left to be sent."""

    code = "not_ready"


class ReasonNeeded(Invalid):
    """Something that only goes with a reason in words."""

    code = "reason_needed"

    def __init__(self, field: str) -> None:
        words = _("Say why, in a few words.")
        super().__init__(words, fields={field: [words]})


class OverDailyLimit(Unaffordable):
    """With this batch the client would send more in a day than agreed."""

    code = "daily_limit"

    def __init__(self) -> None:
        super().__init__(_("With this batch you would send more in one day than your limit allows."))


class BadFunding(Invalid):
    """Something about a top-up is wrong by itself."""

    code = "funding"

    def __init__(self, field: str, message: Text) -> None:
        super().__init__(message, fields={field: [message]})


class NoFundingHere(Invalid):
    """We have no bank account in that currency."""

    code = "no_funding"

    def __init__(self) -> None:
        words = _("We have no bank account for this currency.")
        super().__init__(words, fields={"currency": [words]})


class TooManyFundings(Conflict):
    code = "too_many_open"

    def __init__(self) -> None:
        super().__init__(_("Too many top-ups are open. Call off those you do not need."))


class FundingMoved(Conflict):
    """Somebody else was quicker."""

    code = "funding_moved"

    def __init__(self) -> None:
        super().__init__(_("This top-up has moved on meanwhile. Look at it again."))


class SameBankReference(Conflict):
    code = "bank_reference_used"

    def __init__(self) -> None:
        words = _("Another top-up was already found under this reference of the bank.")
        super().__init__(words, fields={"bank_reference": [words]})


class FileRefused(Invalid):
    """An upload that no rows can be had from; ``code`` as in payouts.files."""

    def __init__(self, code: str, message: Text, *, field: str = "file") -> None:
        super().__init__(message, code=code, fields={field: [message]})


class TooManyUploads(Conflict):
    """So many uploads of this client wait to be read."""

    code = "too_many_uploads"

    def __init__(self) -> None:
        super().__init__(_("Several of your uploads are still being read. Wait until they are."))


class FileTooLarge(TooLarge):
    code = "too_large"

    def __init__(self, message: Text, *, field: str = "file") -> None:
        super().__init__(message, fields={field: [message]})


class NotInDoubt(Conflict):
    """The rail has not had its time yet, or has ended it."""

    code = "not_in_doubt"

    def __init__(self) -> None:
        super().__init__(_("Only a payment that the rail has not answered for twelve hours can be closed by hand."))


class AlreadyThere(Conflict):
    code = "already_there"

    def __init__(self) -> None:
        super().__init__(_("This is on the list already."))


class LastRule(Conflict):
    """What everybody pays can be changed, not taken away."""

    code = "last_rule"

    def __init__(self) -> None:
        super().__init__(_("This is the price for everybody: change it instead."))
