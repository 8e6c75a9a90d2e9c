"""What people and programs do with a batch: submit, approve, pause, call off, try again (TeraPay contract 10).

Each of these locks the batch, is quiet when it is done already, and notes who did it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.access.actors import Actor
from accounts.errors import BadField
from accounts.services import audit
from config.lib import clock
from payouts import checking, mails, sending, tasks
from payouts.errors import NotReady, ReasonNeeded, WrongState
from payouts.models import Batch, BatchRow
from payouts.models.states import GOOD_ROWS, BatchState, Reason, State
from payouts.selectors.batches import MOST_ATTEMPTS, REPEATS, may_be_retried, retryable
from payouts.selectors.items import why_not_again
from payouts.services.approving import approve, process, require_within_limit
from payouts.services.moving import EDITABLE, hold, move, touch, with_maker
from payouts.services.rows import Item, from_items

__all__ = [
    "Retried",
    "Skipped",
    "approve",
    "cancel",
    "pause",
    "process",
    "resume",
    "retry",
    "send_back",
    "submit",
    "submit_items",
    "withdraw",
]


@dataclass(frozen=True, slots=True)
class Skipped:
    """A row that was not taken, and why in words."""

    row: BatchRow
    reason: str


@dataclass(frozen=True, slots=True)
class Retried:
    """Payouts (their primary keys) that are tried again, and rows that were asked for and are not."""

    payouts: Sequence[int]
    skipped: Sequence[Skipped]


@transaction.atomic
def submit(*, actor: Actor, batch: Batch, duplicates_reason: str = "") -> Batch:
    """Ask a second person to approve. Raises `NotReady` (wrong rows are left, or no good one), `ReasonNeeded` (rows
    repeat other payments and nobody said why), `WrongState`."""
    held = hold(batch)
    if held.state == BatchState.AWAITING_APPROVAL:
        return held
    if held.state != BatchState.VALIDATED:
        raise WrongState(held)
    checking.judge_again(held)
    held = hold(batch)
    _require_ready(held)
    return _submit(actor, held, " ".join(duplicates_reason.split())[:200])


@transaction.atomic
def submit_items(*, actor: Actor, name: str, items: Sequence[Item]) -> Batch:
    """A batch of a program: checked at once, and waiting for the second person.

    Rows that repeat other payments are marked, as they are in a file; whoever approves has seen the marks. Wrong ones
    stay wrong (TeraPay contract 10: they are Failed). Raises as `payouts.services.rows.from_items`.
    """
    made = hold(from_items(actor=actor, name=name, items=items))
    return _submit(actor, made, _("sent by a program")) if made.good else made


def _require_ready(batch: Batch) -> None:
    if batch.error:
        raise NotReady(_("Some rows are wrong. Correct them or leave them out first."))
    if not batch.good:
        raise NotReady(_("There is no row to be sent."))


def _submit(actor: Actor, batch: Batch, reason: str) -> Batch:
    repeats = batch.items.filter(REPEATS, state__in=GOOD_ROWS).exists()
    if repeats and not reason:
        raise ReasonNeeded("duplicates_reason")
    move(
        batch,
        BatchState.AWAITING_APPROVAL,
        submitted_at=clock.now(),
        duplicates_reason=reason if repeats else "",
        sent_back_reason="",
        makers=with_maker(batch, actor),
    )
    mails.to_approve(batch)
    _note(actor, "batch.submitted", batch, rows=batch.good, total=str(batch.total))
    return batch


@transaction.atomic
def withdraw(*, actor: Actor, batch: Batch) -> Batch:
    """Take it back, so that it can be changed; what was approved counts no more. Raises `WrongState`."""
    held = hold(batch)
    if held.state == BatchState.VALIDATED:
        return held
    if held.state not in EDITABLE:
        raise WrongState(held)
    move(held, BatchState.VALIDATED)
    _note(actor, "batch.withdrawn", held)
    return held


@transaction.atomic
def send_back(*, actor: Actor, batch: Batch, reason: str) -> Batch:
    """The approver wants changes. Raises `ReasonNeeded`, `WrongState`."""
    words = reason.strip()[:500]
    if not words:
        raise ReasonNeeded("reason")
    held = hold(batch)
    if held.state not in EDITABLE or held.state == BatchState.VALIDATED:
        raise WrongState(held)
    move(held, BatchState.VALIDATED, sent_back_reason=words)
    mails.sent_back(held)
    _note(actor, "batch.sent_back", held, reason=words)
    return held


@transaction.atomic
def pause(*, actor: Actor, batch: Batch) -> Batch:
    """Rows that have not left stay. Raises `WrongState`."""
    held = hold(batch)
    if held.state != BatchState.PAUSED:
        move(held, BatchState.PAUSED)
        _note(actor, "batch.paused", held)
    return held


@transaction.atomic
def resume(*, actor: Actor, batch: Batch) -> Batch:
    """Go on after a pause. Raises `WrongState`."""
    held = hold(batch)
    if held.state == BatchState.PROCESSING:
        return held
    if held.state != BatchState.PAUSED:
        raise WrongState(held)
    move(held, BatchState.PROCESSING)
    _note(actor, "batch.resumed", held)
    tasks.wake(is_sandbox=held.is_sandbox)
    return held


@transaction.atomic
def cancel(*, actor: Actor, batch: Batch) -> Batch:
    """Call off what has not left; what is on its way ends as it ends. Raises `WrongState`, `BatchBusy` (it is being
    read at this moment)."""
    held = hold(batch, wait=batch.state != BatchState.CHECKING)
    if held.state == BatchState.CANCELLED or held.cancel_requested_at is not None:
        return held
    now = clock.now()
    if held.started_at is None:
        # Nobody waits for news of it: told already.
        move(held, BatchState.CANCELLED, cancel_requested_at=now, finished_at=now, told_at=now)
        _note(actor, "batch.cancelled", held, called_off=held.good)
        return held
    if held.state not in (BatchState.PROCESSING, BatchState.PAUSED):
        raise WrongState(held)
    touch(held, cancel_requested_at=now)
    _note(actor, "batch.cancelled", held, called_off=_release(held))
    return hold(held)


def _release(batch: Batch) -> int:
    """Give back the money of everything that has not left; it ends when nothing else is on its way. In one piece, for
    the ledger takes one posting in a transaction."""
    waiting = batch.payouts.filter(state=State.AUTHORIZED).values_list("pk", flat=True)
    return sending.release(list(waiting), to=State.CANCELLED, reason=Reason.CANCELLED)


@transaction.atomic
def retry(*, actor: Actor, batch: Batch, items: Sequence[UUID] | None = None) -> Retried:
    """Try failed rows again (by the public ids of rows; None: all), at most three times in all, under the same
    references. Nothing of a batch that is being sent: raises `WrongState`; `BadField` (an id is not of this batch),
    `NotEnoughMoney`, `OverDailyLimit`."""
    held = hold(batch)
    rows = None if items is None else _rows(held, items)
    if held.state in (BatchState.PROCESSING, BatchState.PAUSED):
        raise WrongState(held)
    taken = _again(actor, held, rows) if may_be_retried(held) else []
    skipped = [row for row in rows or () if row.payout_id not in set(taken)]
    return Retried(taken, [Skipped(row, _why_not(held, row)) for row in skipped])


def _why_not(batch: Batch, row: BatchRow) -> str:
    payout = row.payout
    if may_be_retried(batch) and payout and payout.state == State.FAILED and payout.attempts < MOST_ATTEMPTS:
        return str(Reason.NO_RAIL.label)
    return why_not_again(row)


def _rows(batch: Batch, items: Sequence[UUID]) -> list[BatchRow]:
    """In the order asked for, each once."""
    found = {row.public_id: row for row in batch.items.filter(public_id__in=items).select_related("payout")}
    if any(one not in found for one in items):
        raise BadField("item_ids", _("At least one of these is not an item of this batch."))
    return [found[one] for one in dict.fromkeys(items)]


def _again(actor: Actor, batch: Batch, rows: Sequence[BatchRow] | None) -> list[int]:
    wanted = retryable(batch)
    if rows is not None:
        wanted = wanted.filter(pk__in=[row.payout_id for row in rows])
    amounts = dict(wanted.order_by("pk").values_list("pk", "amount"))
    if amounts:
        require_within_limit(batch, sum(amounts.values(), Decimal(0)))
    ids = list(amounts)
    taken = sending.again(ids, asked_by=actor.label, caused_by=actor.user) if ids else []
    if taken:
        _note(actor, "batch.retried", batch, rows=len(taken))
        tasks.wake(is_sandbox=batch.is_sandbox)
    return taken


def _note(actor: Actor, action: str, batch: Batch, **facts: Any) -> None:
    audit.record(actor, action, target=batch, after={"state": str(batch.state), **facts})
