"""Turns at the rails: claim, give or ask over HTTP outside any transaction, write down what came of it."""

from collections.abc import Collection


def attend(payout_ids: Collection[int], seconds: float) -> None:
    """Send these now, in the request and outside any transaction, for at most about ``seconds``.

    Quiet about whatever it cannot do: no rail, no place free, no answer in time; the sweep goes on with them.
    """
    raise NotImplementedError


def run(line: str, *, seconds: float = 5.0) -> list[int]:
    """Send, ask and listen on one line until nothing is due or time is over. Returns batches that have ended."""
    raise NotImplementedError


def expire() -> int:
    """End what waits for its code in vain. Returns how many."""
    raise NotImplementedError
