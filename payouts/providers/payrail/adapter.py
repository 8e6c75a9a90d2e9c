"""The rail as `PayoutRail`: instructions go out side by side, each when its turn in the shared pace has come."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from config.lib.errors import ProviderError
from payouts.providers.payrail import schemas
from payouts.providers.payrail.client import Client, strange
from payouts.providers.types import Answer, Changes, Holder, Instruction, Outcome, Word

# References in one question, and events in one answer (docs/payouts.md, the wire).
MOST = 500

logger = logging.getLogger(__name__)

# Waits for a place in the pace until the given moment (`time.monotonic`); raises `ProviderError` when there is none.
Pace = Callable[[float], None]


class Payrail:
    """One rail behind one address. ``at_once`` calls go on side by side; none begins after ``patience`` seconds."""

    def __init__(self, name: str, client: Client, *, pace: Pace, at_once: int = 1, patience: float = 4.0) -> None:
        self.name = name
        self._client = client
        self._pace = pace
        self._at_once = at_once
        self._patience = patience

    def send(self, instructions: Sequence[Instruction]) -> list[Answer]:
        """One answer for each, in the same order; what found no place in time was not sent. Raises nothing."""
        until = time.monotonic() + self._patience
        if len(instructions) < 2 or self._at_once < 2:
            return [self._send(one, until) for one in instructions]
        with ThreadPoolExecutor(min(self._at_once, len(instructions)), thread_name_prefix=self.name) as pool:
            return list(pool.map(lambda one: self._send(one, until), instructions))

    def _send(self, one: Instruction, until: float) -> Answer:
        try:
            self._pace(until)
            row = self._client.post("/payouts", schemas.written(one), acts=True)
            return schemas.answer_to(one, row)
        except schemas.Strange as error:
            return strange("/payouts", error, True)
        except ProviderError as error:
            return error
        except Exception as error:
            # Whatever it was: perhaps it had left.
            return ProviderError(type(error).__name__, retryable=True, outcome_unknown=True, code="broken")

    def ask(self, references: Sequence[str]) -> list[Answer]:
        """What became of them, in the same order. Raises nothing."""
        known: dict[str, Answer] = {}
        for first in range(0, len(references), MOST):
            known |= self._look_up(list(references[first : first + MOST]))
        return [known[reference] for reference in references]

    def _look_up(self, references: list[str]) -> dict[str, Answer]:
        try:
            self._pace(time.monotonic() + self._patience)
            found = self._client.post("/payouts/lookup", {"references": references})
            rows, unknown = _list(found, "payouts"), _list(found, "unknown")
        except ProviderError as error:
            return dict.fromkeys(references, error)
        except schemas.Strange as error:
            return dict.fromkeys(references, strange("/payouts/lookup", error, False))
        # The answer as a whole is sound, and says nothing readable of this one.
        missing = ProviderError("/payouts/lookup", retryable=True, outcome_unknown=False, code="silent")
        answers: dict[str, Answer] = dict.fromkeys(references, missing)
        answers |= {one: Word(one, Outcome.UNKNOWN) for one in unknown if one in answers}
        answers |= {word.reference: word for word in _words(rows) if word.reference in answers}
        return answers

    def holder_of(self, kind: str, code: str, receiver: str) -> Holder:
        """Whose account it is. Raises `ProviderError`."""
        body = {"network": schemas.NETWORKS[kind], "institution": code, "account": receiver}
        self._pace(time.monotonic() + self._patience)
        try:
            return schemas.holder(self._client.post("/names", body))
        except schemas.Strange as error:
            raise strange("/names", error, False) from error

    def changes(self, after: str) -> Changes:
        """What happened since; a rail that counts from the beginning again is heard from there. Raises
        `ProviderError`."""
        start = int(after or 0)
        self._pace(time.monotonic() + self._patience)
        found = self._client.get("/events", {"after": str(start), "limit": str(MOST)})
        try:
            words, last = _words(_list(found, "events")), schemas.number(found.get("last"))
        except schemas.Strange as error:
            raise strange("/events", error, False) from error
        return Changes(words, str(last))


def _list(found: Mapping[str, Any], name: str) -> list[Any]:
    value = found.get(name)
    if not isinstance(value, list):
        raise schemas.Strange(f"{name} is no list")
    return value


def _words(rows: Sequence[Any]) -> list[Word]:
    """Those that can be read; of the others nothing is known."""
    words = []
    for row in rows:
        try:
            words.append(schemas.read(row))
        except schemas.Strange as error:
            logger.error("the rail says something that cannot be read: %s", error)
    return words
