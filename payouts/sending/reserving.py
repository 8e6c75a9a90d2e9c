"""A client's money is set aside for payouts, and given back: always together with the states that say so."""

from collections.abc import Collection, Sequence

from accounts.models import User
from payouts.models import Batch, Payout
from payouts.models.states import Reason, State


def reserve(payouts: Sequence[Payout], *, memo: str, caused_by: User | None) -> None:
    """Let payouts that wait go: ``pending`` becomes ``authorized``, amounts and fees leave the balance in one posting.

    All of one client, currency and world; in the caller's transaction. The objects are brought up to date. Raises
    `NotEnoughMoney`, `NotPending` (one of them does not wait any more), `AccountFrozen`.
    """
    raise NotImplementedError


def release(payout_ids: Collection[int], *, to: State, reason: Reason) -> int:
    """Stop payouts before they have left: ``authorized`` becomes ``cancelled`` or ``failed``, the money goes back.

    Returns how many were stopped; those that are being sent, or may have reached the rail, are not. Counters and ends
    of their batches follow. In the caller's transaction; whoever holds a batch's lock may call it.
    """
    raise NotImplementedError


def begin_batch(batch: Batch, *, caused_by: User | None) -> None:
    """Start an approved batch: one posting over all good rows, their payouts, and the state ``processing``.

    The caller holds the batch's lock. The object is brought up to date. Raises `NotEnoughMoney`, `BatchChanged` when
    the rows do not make the totals of the batch, `AccountFrozen`.
    """
    raise NotImplementedError


def again(payout_ids: Collection[int], *, asked_by: str, caused_by: User | None) -> list[int]:
    """Try failed payouts of one client once more, under the same references; ``asked_by`` names who asked.

    Returns those that were taken: failed, tried less than three times, and not of a batch that was called off. A
    partly completed batch goes on. In the caller's transaction. Raises `NotEnoughMoney`, `AccountFrozen`.
    """
    raise NotImplementedError


def judge_ends(batch_ids: Collection[int]) -> list[int]:
    """End the batches of which nothing is on its way any more. Returns those that have ended now."""
    raise NotImplementedError
