"""What a checkout refuses, in words for whoever asked: a client's program or people, or the payer on the page."""

from django.utils.translation import gettext_lazy as _

from config.lib.errors import Conflict, Invalid, Missing, ServiceError, Text, TooMany


class BadSession(Invalid):
    """Something in the request for a checkout is wrong by itself."""

    code = "bad_checkout"

    def __init__(self, field: str, message: Text) -> None:
        super().__init__(message, fields={field: [message]})


class NoWayToPay(ServiceError):
    """Nothing that this client offers can take the amount in its currency now."""

    code = "no_way_to_pay"
    status = 422

    def __init__(self) -> None:
        words = _("There is no open way to pay this amount in this currency.")
        super().__init__(words, fields={"amount": [words]})


class NoSuchSession(Missing):
    code = "checkout_not_found"

    def __init__(self) -> None:
        super().__init__(_("There is no such checkout."))


class SessionOver(Conflict):
    """Paid, called off or out of time."""

    code = "checkout_over"

    def __init__(self) -> None:
        super().__init__(_("This checkout is over: nothing can be paid here any more."))


class TryUnderWay(Conflict):
    """A payment is on its way and its end is not known yet."""

    code = "payment_under_way"

    def __init__(self) -> None:
        super().__init__(_("A payment is being confirmed. Please wait for its end; do not pay a second time."))


class MoneyIsChecked(Conflict):
    """A payment has come that our people look at."""

    code = "payment_checked"

    def __init__(self) -> None:
        super().__init__(_("We have received a payment that a person checks. Please do not pay a second time."))


class NotOffered(Invalid):
    """Not a way to pay this checkout."""

    code = "not_offered"

    def __init__(self) -> None:
        words = _("Choose a way to pay from the list.")
        super().__init__(words, fields={"method": [words]})


class TooManyTries(TooMany):
    """Cards are tried too fast from one place."""

    code = "too_many_tries"

    def __init__(self, retry_after: float) -> None:
        super().__init__(_("Too many tries from here. Wait a few minutes, then try again."), retry_after=retry_after)
