"""What the payments app refuses. A refusal changes nothing and says what to do instead."""

from django.utils.translation import gettext_lazy as _

from config.lib.errors import ServiceError, TooMany


class DepositRefused(ServiceError):
    """Base of everything a request for a deposit can be refused for."""

    code = "deposit_refused"


class UnknownMethod(DepositRefused):
    """Not a way to pay, or not here."""

    code = "unknown_method"

    def __init__(self) -> None:
        words = _("Choose a way to pay from the list.")
        super().__init__(words, fields={"method": [words]})


class UnknownBank(DepositRefused):
    code = "unknown_bank"

    def __init__(self) -> None:
        words = _("Choose a bank from the list.")
        super().__init__(words, fields={"bank": [words]})


class AmountRefused(DepositRefused):
    """Not whole rupiah, below the minimum, or above the maximum."""

    code = "amount"

    def __init__(self, message: str) -> None:
        super().__init__(message, fields={"amount": [message]})


class KeyReused(DepositRefused):
    """The same idempotency key came with another amount or bank."""

    code = "idempotency_key_reused"
    status = 409

    def __init__(self) -> None:
        super().__init__(
            _("This form was already used for another top up. Open the top up page again and start afresh.")
        )


class TooManyOpen(DepositRefused):
    code = "too_many_open"
    status = 409

    def __init__(self) -> None:
        super().__init__(
            _("You have many top ups waiting for payment. Pay or cancel one of them before you start another.")
        )


class NotCancellable(DepositRefused):
    code = "not_cancellable"

    def __init__(self) -> None:
        super().__init__(_("This top up can no longer be cancelled."))


class AskedTooSoon(ServiceError):
    code = "asked_too_soon"

    def __init__(self) -> None:
        super().__init__(_("We asked the bank a moment ago. Try again in a few seconds."))


class OvoNotLinked(DepositRefused):
    """Paying by OVO needs a linked account that works."""

    code = "ovo_not_linked"
    status = 409

    def __init__(self) -> None:
        super().__init__(_("Link your OVO account first."))


class OvoRefused(ServiceError):
    """Base of what a request about an OVO link can be refused for."""

    code = "ovo_refused"
    status = 409


class UnusableOvoNumber(OvoRefused):
    code = "phone"
    status = 400

    def __init__(self) -> None:
        words = _("Enter an Indonesian mobile number, for example 0812 3456 7890.")
        super().__init__(words, fields={"phone": [words]})


class OvoNumberTaken(OvoRefused):
    """It is linked, or being linked, by somebody else. The words do not say which."""

    code = "ovo_number_taken"

    def __init__(self) -> None:
        words = _(
            "This number cannot be linked now. If it is yours, remove Gerbang in the OVO app, wait half an hour and "
            "try again."
        )
        super().__init__(words, fields={"phone": [words]})


class OvoAlreadyLinked(OvoRefused):
    code = "ovo_already_linked"

    def __init__(self) -> None:
        super().__init__(_("An OVO account is linked already. Unlink it before you link another one."))


class TooManyLinks(OvoRefused):
    """Every attempt to link makes OVO send a code to somebody."""

    code = "too_many_links"
    status = 429

    def __init__(self) -> None:
        super().__init__(_("You have tried several times. Try again later, or pay another way."))


class LinkingPaused(OvoRefused):
    """Tries cannot be counted now, so none is made."""

    code = "linking_paused"
    status = 503

    def __init__(self) -> None:
        super().__init__(_("Accounts cannot be linked right now. Try again in a few minutes, or pay another way."))


class NotAgain(DepositRefused):
    """There is nothing to repeat: the deposit is over, or an attempt is still under way."""

    code = "not_again"
    status = 409

    def __init__(self, message: str = "") -> None:
        super().__init__(message or _("This payment cannot be tried again. Start a new top up."))


class NotPayable(DepositRefused):
    """The deposit is paid, over, or so nearly over that nothing new should be made for it."""

    code = "not_payable"
    status = 409

    def __init__(self) -> None:
        super().__init__(_("This can no longer be paid. Please ask for a new link."))


class OneMoment(DepositRefused):
    """The former attempt is on its way to its provider: nobody knows yet what would be left behind."""

    code = "one_moment"
    status = 409

    def __init__(self) -> None:
        super().__init__(_("One moment: the way to pay chosen before is still being prepared. Try again shortly."))


class TooManyTries(TooMany):
    """So many ways to pay were tried for one deposit, or from one place."""

    def __init__(self, *, retry_after: float) -> None:
        words = _("The way to pay was changed many times. Pay by the one that is open, or try again in some minutes.")
        super().__init__(words, retry_after=retry_after, code="too_many_tries")


class NoTopUpHere(DepositRefused):
    """The wallet's currency cannot be paid in by virtual account."""

    code = "no_top_up"
    status = 422

    def __init__(self) -> None:
        super().__init__(_("There is no way yet to pay in this currency."))


class NoPermanentNumber(DepositRefused):
    """Sandbox customers have none: banks would take real money for them."""

    code = "no_permanent_number"
    status = 409

    def __init__(self) -> None:
        super().__init__(_("There are no permanent numbers in the sandbox."))


class TooManyNumbers(DepositRefused):
    """Numbers are used up for ever, so nobody may go on taking new ones."""

    code = "too_many_numbers"
    status = 409

    def __init__(self) -> None:
        super().__init__(_("You have taken many numbers at this bank lately. Please try again in a month."))


class CaseRefused(ServiceError):
    """Base of what cannot be done about a case."""

    code = "case_refused"
    status = 409


class ActionRefused(CaseRefused):
    """The action does not fit the money of the case, or something it needs is missing; ``code`` says what."""

    def __init__(self, *, code: str) -> None:
        words, field = _ACTION_WORDS[code]
        super().__init__(words, code=code, fields={field: [words]} if field else None)


_ACTION_WORDS = {
    "action": (_("This cannot be done where the money is now. Look at the case again."), "action"),
    "amount": (_("Enter an amount that the currency can have."), "amount"),
    "whole": (_("Money in suspense is moved as a whole."), "amount"),
    "too_much": (_("That is more than is left of what came in."), "amount"),
    "customer": (_("Say whose wallet it is."), "customer"),
    "sandbox": (_("This is a sandbox customer. Real money does not go there."), "customer"),
    "note": (_("Write down the reason."), "note"),
    "own_wallet": (_("Nobody decides about money for their own wallet."), "customer"),
}


class CaseMoved(CaseRefused):
    """Somebody did something about it meanwhile."""

    code = "case_moved"

    def __init__(self) -> None:
        super().__init__(_("Somebody has changed this case meanwhile. Look at it again: nothing was done."))


class SamePerson(CaseRefused):
    code = "same_person"
    status = 403

    def __init__(self) -> None:
        super().__init__(_("Whoever proposed it cannot approve it. A second person must."))


class AboveLimit(CaseRefused):
    code = "above_limit"
    status = 403

    def __init__(self, limit: str) -> None:
        super().__init__(_("Above %(limit)s a SuperAdmin approves.") % {"limit": limit})


class MoneyGone(CaseRefused):
    """The wallet does not hold what is to be taken out of it."""

    code = "money_gone"
    status = 422

    def __init__(self, available: str) -> None:
        words = _(
            "The money is gone: only %(available)s can be taken out of this wallet. Reject this, and propose a smaller"
            " amount or to take the loss."
        )
        super().__init__(words % {"available": available})


class WalletClosed(CaseRefused):
    code = "wallet_closed"
    status = 422

    def __init__(self) -> None:
        super().__init__(_("This wallet is blocked, so nothing moved. Open it again, or decide otherwise."))
