"""What the accounts app refuses. A refusal changes nothing."""

from collections.abc import Sequence

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from config.lib.errors import Conflict, Forbidden, Invalid, Missing, ServiceError, TooMany

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


class SecondFactorNeeded(ServiceError):
    """The password was right and is not enough."""

    code = "second_factor_needed"
    status = 401

    def __init__(self) -> None:
        super().__init__(_("Send a code of your authenticator app or a recovery code as well."))


class SecondFactorRequired(Forbidden):
    """A role of this person demands a second factor, and none is set up."""

    code = "second_factor_required"

    def __init__(self) -> None:
        super().__init__(_("Your role needs a second factor. Sign in on the website and set one up."))


class PasswordChangeRequired(Forbidden):
    """The password was given by somebody else and must be replaced first."""

    code = "password_change_required"

    def __init__(self) -> None:
        super().__init__(_("Choose a password of your own first."))


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


class RoleNotAssignable(Forbidden):
    """A role that is not for API users, or one with rights that the giver does not have."""

    code = "role_not_assignable"

    def __init__(self) -> None:
        super().__init__(
            _("You cannot give this role to an API user."),
            fields={"role_id": [_("You cannot give this role to an API user.")]},
        )


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


class NoClient(Invalid):
    """The caller belongs to no client, and this is done for a client."""

    code = "no_client"

    def __init__(self) -> None:
        super().__init__(_("You belong to no client."))


class TooOften(TooMany):
    """More calls than the key may make, or too many with keys that do not work."""

    code = "too_many_requests"

    def __init__(self, retry_after: float) -> None:
        super().__init__(_("Too many calls. Wait a moment, then go on."), retry_after=retry_after)


class Unmeasured(ServiceError):
    """Calls cannot be counted, so none is let in: a limit that falls away is no limit."""

    code = "try_again"
    status = 503

    def __init__(self) -> None:
        super().__init__(_("We cannot take calls right now. Try again in a moment."))


class AlreadyMade(Conflict):
    """The same form was sent twice. Its key exists, and its secret was shown the first time."""

    code = "already_made"

    def __init__(self) -> None:
        super().__init__(_("This key was made a moment ago. Its secret was shown then and cannot be shown again."))


class TooManyKeys(Conflict):
    """The owner has as many working keys as one may have."""

    code = "too_many_keys"

    def __init__(self, most: int) -> None:
        super().__init__(_("At most %(count)d keys can work at a time. Revoke one first.") % {"count": most})


class ChangedMeanwhile(Conflict):
    """Somebody else changed the same thing since it was shown."""

    code = "changed_meanwhile"

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(_("Changed by somebody else meanwhile: %(names)s.") % {"names": ", ".join(names)})
        self.names = list(names)


class LastSuperAdmin(Conflict):
    """Without a SuperAdmin nobody could ever appoint one."""

    code = "last_super_admin"

    def __init__(self) -> None:
        super().__init__(_("This is the last SuperAdmin. Appoint another one first."))


class BadField(Invalid):
    """One field is wrong; ``fields`` says which and why."""

    code = "invalid"

    def __init__(self, field: str, message: str | Promise) -> None:
        super().__init__(message, fields={field: [message]})


class BadCredentials(ServiceError):
    """Unknown address, wrong password, no customer, switched off: one answer for all of them."""

    code = "bad_credentials"
    status = 401

    def __init__(self) -> None:
        super().__init__(_("E-mail address or password is not right."))


class NotConfirmed(Forbidden):
    """The address has to be confirmed before this account moves money."""

    code = "email_not_confirmed"

    def __init__(self) -> None:
        super().__init__(_("Confirm your e-mail address first: the link is in the mail we sent you."))


class KeyUsedForOther(Conflict):
    """The Idempotency-Key came before with another request."""

    code = "idempotency_key_reused"

    def __init__(self) -> None:
        super().__init__(_("This Idempotency-Key was already used for a request with other content."))


class StillRunning(TooMany):
    """The first call with this Idempotency-Key has not ended yet."""

    code = "still_running"
    status = 409

    def __init__(self) -> None:
        super().__init__(_("The first request with this Idempotency-Key is still running."), retry_after=1)
