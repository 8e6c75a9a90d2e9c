"""The two families of errors that cross rooms: what a provider did, and what a person should read."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.utils.functional import Promise

Text = str | Promise


class ServiceError(Exception):
    """A request that was refused and changed nothing. ``message`` is for the reader, ``code`` for programs.

    ``status`` is what an API answers; ``fields`` names the parts of the request that were wrong, in the words of the
    service (the API writes them in its own); ``more`` are further members of that answer, as on the wire.
    """

    code = "refused"
    status: ClassVar[int] = 400

    def __init__(
        self, message: Text, *, code: str | None = None, fields: Mapping[str, Sequence[Text]] | None = None
    ) -> None:
        super().__init__(str(message))
        self.message = message
        self.code = code or self.code
        self.fields = fields or {}
        self.more: Mapping[str, Any] = {}


class Invalid(ServiceError):
    """Something in the request is wrong by itself."""


class Forbidden(ServiceError):
    """Known, but not allowed to do this."""

    status = 403


class Missing(ServiceError):
    """Not there, or not for this person: the answer is the same."""

    status = 404


class Conflict(ServiceError):
    """Against the state in which things are now."""

    status = 409


class TooLarge(ServiceError):
    status = 413


class Unsupported(ServiceError):
    """A kind of content that is not taken."""

    status = 415


class Unaffordable(ServiceError):
    """Understood and allowed, but it cannot be done: not enough money, a limit is reached."""

    status = 422


class TooMany(ServiceError):
    """Too often; ``retry_after`` seconds."""

    status = 429

    def __init__(self, message: Text, *, retry_after: float, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.retry_after = retry_after


class ProviderError(Exception):
    """A call to a provider that did not give a usable answer.

    ``outcome_unknown`` means the far side may have acted: ask, never send again blindly.
    ``retryable`` means the same call may be made again later; ``retry_after`` (seconds) says when, if they said.
    """

    def __init__(
        self,
        message: str,
        *,
        retryable: bool,
        outcome_unknown: bool,
        code: str = "",
        status: int = 0,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.outcome_unknown = outcome_unknown
        self.code = code
        self.status = status
        self.retry_after = retry_after
