"""One row as it was given to one row as it is understood: where the money goes, how much, what it costs."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from payouts import fraud
from payouts.checking import history
from payouts.errors import BadDestination
from payouts.fees import Fees
from payouts.files import Given
from payouts.files.values import BadAmount, is_strange, read_amount
from payouts.models import Batch
from payouts.models.states import WARNINGS, Problem, RowState
from payouts.routing import USUAL_LENGTH, Route, Routes

NOTHING = Decimal(0)
MOST_NAME, MOST_NARRATION = 120, 200
_VERDICTS = {
    "SingleLimit": Problem.OVER_LIMIT,
    "LargeAmount": Problem.LARGE,
    "Blocklist": Problem.BLOCKED_RECEIVER,
}


@dataclass(slots=True)
class Checked:
    """What is stored of a row. ``problems`` are codes, the errors first."""

    given: Given
    kind: str = ""
    receiver: str = ""
    code: str = ""
    amount: Decimal | None = None
    fee: Decimal = NOTHING
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def state(self) -> str:
        if self.errors:
            return RowState.ERROR
        return RowState.WARNING if self.warnings else RowState.VALID

    @property
    def problems(self) -> str:
        return ",".join([*self.errors, *self.warnings])

    def add(self, problem: Problem) -> None:
        if problem in WARNINGS:
            self.warnings += (problem.value,)
        else:
            self.errors += (problem.value,)


class Checker:
    """Checks rows for one batch: banks, fees and limits as they are now, read once."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._routes = Routes()
        self._fees = Fees(batch.client, batch.currency)
        self._asker = fraud.Asker(
            batch.client, batch.is_sandbox, is_bulk=True, currency=batch.currency, batch_id=batch.pk
        )
        # Salaries repeat: the same amount costs the same.
        self._known_fees: dict[tuple[str, Decimal], Decimal] = {}

    def check(self, given: Iterable[Given]) -> list[Checked]:
        """Some thousand rows at a time: a constant number of queries for them together. Repetition within the batch is
        for `stored.mark_repeats`."""
        rows = self.understand(given)
        self.compare(rows)
        return rows

    def understand(self, given: Iterable[Given]) -> list[Checked]:
        """What rows say by themselves. No queries."""
        return [self._understood(one) for one in given]

    def compare(self, rows: list[Checked]) -> None:
        """Judge rows that were understood by what the client may pay and has paid."""
        self._judge([row for row in rows if not row.errors])
        self._look_back([row for row in rows if not row.errors])

    def _understood(self, given: Given) -> Checked:
        row = Checked(given)
        if given.is_torn:
            row.add(Problem.TORN)
            return row
        try:
            route = self._route(given.destination, row)
        except BadDestination as error:
            row.errors += (str(error.problem.value),)
        else:
            row.kind, row.receiver, row.code = route.kind, route.receiver, route.code
            row.warnings += route.warnings
        try:
            row.amount = read_amount(given.amount)
        except BadAmount as error:
            row.errors += (error.problem.value,)
        self._read_texts(given, row)
        if row.kind and row.amount is not None:
            row.fee = self._fee(row.kind, row.amount)
        return row

    def _route(self, destination: str, row: Checked) -> Route:
        try:
            return self._routes.of(destination)
        except BadDestination as error:
            # Accounts of the usual length begin with noughts, which spreadsheets take away.
            short = USUAL_LENGTH - 2 <= len(destination) < USUAL_LENGTH and destination.isdecimal()
            if error.problem != Problem.UNKNOWN_BANK or not short:
                raise
            try:
                route = self._routes.account(destination.zfill(USUAL_LENGTH))
            except BadDestination:
                raise error from None
            row.add(Problem.ZERO_LOST)
            return route

    def _read_texts(self, given: Given, row: Checked) -> None:
        if len(given.receiver_name) > MOST_NAME or len(given.narration) > MOST_NARRATION:
            row.add(Problem.LONG_TEXT)
        if is_strange(given.receiver_name) or is_strange(given.narration):
            row.add(Problem.BAD_TEXT)

    def _fee(self, kind: str, amount: Decimal) -> Decimal:
        fee = self._known_fees.get((kind, amount))
        if fee is None:
            fee = self._known_fees[kind, amount] = self._fees.of(kind, amount)
        return fee

    def _judge(self, rows: list[Checked]) -> None:
        candidates = [fraud.Candidate(row.receiver, row.amount or NOTHING) for row in rows]
        for row, flags in zip(rows, fraud.judge(self._asker, candidates), strict=True):
            for flag in flags:
                problem = _VERDICTS.get(flag.rule)
                if problem and not (row.errors and problem in WARNINGS):
                    row.add(problem)

    def _look_back(self, rows: list[Checked]) -> None:
        known = history.lately(self._batch, {row.receiver for row in rows})
        new, again = (Problem.NEW_RECEIVER.value,), (Problem.SAME_LATELY.value,)
        for row in rows:
            if row.receiver not in known.paid:
                row.warnings += new
            if (row.receiver, row.amount) in known.repeated:
                row.warnings += again


def in_pieces(given: Iterator[Given], size: int) -> Iterator[list[Given]]:
    """Lists of ``size`` rows; the last may be shorter."""
    piece: list[Given] = []
    for one in given:
        piece.append(one)
        if len(piece) == size:
            yield piece
            piece = []
    if piece:
        yield piece
