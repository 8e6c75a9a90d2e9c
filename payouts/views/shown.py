"""Rows of a batch in words, for its pages."""

from collections.abc import Iterable
from dataclasses import dataclass

from payouts.models import BatchRow
from payouts.models.states import WARNINGS, Problem, State
from payouts.routing import Routes

# The first one, and its retries (TeraPay contract 10).
MOST_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Line:
    """A row, whose bank or operator it names, and what is wrong or strange about it."""

    row: BatchRow
    place: str
    errors: list[str]
    warnings: list[str]

    @property
    def state(self) -> str:
        """Its state as the badges know it: of its payment where there is one."""
        return f"payout:{self.row.payout.state}" if self.row.payout else f"row:{self.row.state}"

    @property
    def can_retry(self) -> bool:
        payout = self.row.payout
        return payout is not None and payout.state == State.FAILED and payout.attempts < MOST_ATTEMPTS


def lines_of(rows: Iterable[BatchRow], routes: Routes | None = None) -> list[Line]:
    """Two queries for however many rows."""
    known = routes or Routes()
    return [_line(row, known) for row in rows]


def _line(row: BatchRow, routes: Routes) -> Line:
    found = [Problem(code) for code in row.problems.split(",") if code in Problem.values]
    return Line(
        row,
        routes.name_of(row.receiver_code) if row.receiver_code else "",
        [str(one.label) for one in found if one not in WARNINGS],
        [str(one.label) for one in found if one in WARNINGS],
    )
