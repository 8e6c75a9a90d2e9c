"""What a turn at the supplier brings back."""

from dataclasses import dataclass

from config.lib.errors import ProviderError
from otp.providers.types import Snapshot


@dataclass(frozen=True)
class Answer:
    """What came of one turn: ``asked`` is create, check, cancel, finish, resend, replace or nothing.

    After a request that did not plainly succeed the order was looked at again: ``snapshot`` is what was seen then,
    ``error`` what became of the request itself. ``successor`` is the order that stands in this one's place.
    """

    asked: str
    snapshot: Snapshot | None = None
    error: ProviderError | None = None
    successor: Snapshot | None = None

    @property
    def busy(self) -> bool:
        """Not asked at all, for our own limit."""
        return self.error is not None and self.error.code == "busy" and self.snapshot is None

    @property
    def failed(self) -> bool:
        """Nothing was learnt about the order."""
        return self.error is not None and self.snapshot is None and self.successor is None
