"""The rules against fraud: each a small function with a limit of its own in settings (TeraPay contract 8).

``review`` is recorded and the payment goes on, ``block`` rejects it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from accounts.models import ApiUser, Client

REVIEW, BLOCK = "review", "block"


@dataclass(frozen=True, slots=True)
class Flag:
    rule: str
    severity: str
    detail: str

    def as_json(self) -> dict[str, str]:
        return {"rule": self.rule, "severity": self.severity, "detail": self.detail}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A payment that is asked for. ``receiver`` normalised."""

    receiver: str
    amount: Decimal


@dataclass(frozen=True)
class Asker:
    """Who asks: limits count by client, and by API user."""

    client: Client
    is_sandbox: bool
    api_user: ApiUser | None = None
    # Payments of one call or batch: repetition inside it is meant.
    is_bulk: bool = False
    currency: str = "SLE"
    # Left out of the counts: the batch itself, when it is judged again.
    batch_id: int | None = field(default=None)


def judge(asker: Asker, candidates: Sequence[Candidate]) -> list[list[Flag]]:
    """The flags of each candidate, in order; earlier ones of the same call count for later ones.

    A constant number of queries, whatever their number. Limits are of ``settings.PAYOUT_RULES`` in ``currency``.
    """
    raise NotImplementedError


def is_blocked(flags: Sequence[Flag]) -> bool:
    return any(flag.severity == BLOCK for flag in flags)
