"""What the accounts app refuses. A refusal changes nothing."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from config.lib.errors import Conflict, Forbidden, Invalid, Missing, ServiceError

_MAY_NOT = _("You may not do this.")
_BEYOND = _("You cannot give rights that you do not have yourself.")
_NOTHING = _("There is no such thing here.")


class NotAllowed(Forbidden):
    """The actor lacks the permission or the role for this."""

    code = "not_allowed"

    def __init__(self, message: str | Promise = _MAY_NOT) -> None:
        super().__init__(message)


class TooMuchGranted(Forbidden):
    """Nobody hands out more than they hold."""

    code = "beyond_your_rights"

    def __init__(self, message: str | Promise = _BEYOND) -> None:
        super().__init__(message)


class StepUpNeeded(Forbidden):
    """The sign-in is too old for something this sensitive."""

    code = "sign_in_again"

    def __init__(self) -> None:
        super().__init__(_("Please confirm that it is you: sign in again, then repeat this."))


class SignInUnavailable(ServiceError):
    """The counters against guessing cannot be reached, so nobody is let in."""

    code = "sign_in_unavailable"
    status = 503

    def __init__(self) -> None:
        super().__init__(_("Signing in does not work at the moment. Please try again in a few minutes."))


class ClientNotActive(Forbidden):
    """The client waits for approval, was rejected, or was deactivated."""

    code = "client_inactive"

    def __init__(self) -> None:
        super().__init__(_("This client is not active."))


class NotFound(Missing):
    """Unknown, or somebody else's: the answer is the same."""

    code = "not_found"

    def __init__(self, message: str | Promise = _NOTHING) -> None:
        super().__init__(message)


class Taken(Conflict):
    """A name or address that must be unique is in use."""

    code = "taken"


class WrongState(Conflict):
    """The thing is not in a state in which this can be done."""

    code = "wrong_state"


class TooManyKeys(Conflict):
    """The owner has as many working keys as one may have."""

    code = "too_many_keys"

    def __init__(self, most: int) -> None:
        super().__init__(_("At most %(count)d keys can work at a time. Revoke one first.") % {"count": most})


class BadField(Invalid):
    """One field is wrong; ``fields`` says which and why."""

    code = "invalid"

    def __init__(self, field: str, message: str | Promise) -> None:
        super().__init__(message, fields={field: [message]})
