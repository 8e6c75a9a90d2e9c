"""The two families of errors that cross rooms: what a provider did, and what a person should read."""

from django.utils.functional import Promise


class ServiceError(Exception):
    """A request that was refused and changed nothing. ``message`` is for the reader, ``code`` for programs."""

    code = "refused"

    def __init__(self, message: str | Promise, *, code: str | None = None) -> None:
        super().__init__(str(message))
        self.message = message
        self.code = code or self.code


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
