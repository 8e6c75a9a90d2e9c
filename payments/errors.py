"""What the payments app refuses. A refusal changes nothing and says what to do instead."""

from django.utils.translation import gettext_lazy as _

from config.lib.errors import ServiceError


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


class NoTopUpHere(DepositRefused):
    """The wallet's currency cannot be paid in by virtual account."""

    code = "no_top_up"
    status = 422

    def __init__(self) -> None:
        super().__init__(_("There is no way yet to pay in this currency."))
