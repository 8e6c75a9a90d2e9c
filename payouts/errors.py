"""What can be wrong about money out, in words for whoever asked."""

from collections.abc import Sequence

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from config.lib.errors import Conflict, Forbidden, Invalid, Missing, ServiceError, Text, Unaffordable


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
    """A rule against fraud stopped it. It is kept as rejected; ``flags`` say why."""

    code = "blocked"

    def __init__(self, flags: Sequence[object] = ()) -> None:
        super().__init__(_("This payment was stopped by a rule against fraud."))
        self.flags = flags


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
