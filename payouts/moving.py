"""The one place where a batch's state is set by hand: under the lock of its row, along the moves of the models."""

from typing import Any

from django.db import OperationalError

from accounts.access.actors import Actor
from accounts.services import audit
from config.lib import clock
from payouts.errors import BatchBusy, NotFound, WrongState
from payouts.models import Batch
from payouts.models.states import BATCH_MOVES, BatchState
from payouts.selectors.batches import name_of

__all__ = ["EDITABLE", "hold", "move", "name_of", "touch", "void", "with_maker"]

# Nothing has been sent yet: rows may still be changed, which voids what was approved.
EDITABLE = (BatchState.VALIDATED, BatchState.AWAITING_APPROVAL, BatchState.APPROVED, BatchState.AWAITING_FUNDS)
_LOCKED = "55P03"
_UNAPPROVED: dict[str, Any] = {
    "submitted_at": None,
    "approved_by": None,
    "approved_by_api_user": None,
    "approved_at": None,
    "approved_digest": "",
}


def hold(batch: Batch | int, *, wait: bool = True) -> Batch:
    """The batch as it is now, locked to the end of the caller's transaction. Raises `NotFound`, and `BatchBusy` when
    somebody else holds it: at once without ``wait``, otherwise after as long as the database waits for a lock."""
    rows = Batch.objects.select_related("client").select_for_update(of=("self",), nowait=not wait, no_key=True)
    try:
        return rows.get(pk=batch if isinstance(batch, int) else batch.pk)
    except Batch.DoesNotExist:
        raise NotFound from None
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") != _LOCKED:
            raise
        raise BatchBusy from None


def touch(batch: Batch, **changes: Any) -> None:
    """Write fields of a held batch; pages that watch it see a new version."""
    changes |= {"updated_at": clock.now(), "version": batch.version + 1}
    for name, value in changes.items():
        setattr(batch, name, value)
    batch.save(update_fields=list(changes))


def move(batch: Batch, to: BatchState, **changes: Any) -> None:
    """Give a held batch the state ``to``, with other fields in the same write. Raises `WrongState` when it cannot
    follow. Back to being checked means: nobody has submitted or approved it."""
    if (batch.state, to) not in BATCH_MOVES:
        raise WrongState(batch)
    if to == BatchState.VALIDATED:
        changes = _UNAPPROVED | changes
    touch(batch, state=to, **changes)


def void(batch: Batch, actor: Actor) -> None:
    """Call this under the lock of a held batch whenever a row of it is changed: ``actor`` is one of its makers from
    now on, and a submission or an approval counts no more. Raises `WrongState` once it has begun."""
    if batch.state not in EDITABLE:
        raise WrongState(batch)
    makers = with_maker(batch, actor)
    if batch.state == BatchState.VALIDATED:
        touch(batch, makers=makers)
        return
    was = batch.state
    move(batch, BatchState.VALIDATED, makers=makers)
    audit.record(actor, "batch.approval_voided", target=batch, before={"state": was}, after={"state": batch.state})


def with_maker(batch: Batch, actor: Actor) -> list[str]:
    """The makers of ``batch`` and ``actor``."""
    known = [str(name) for name in batch.makers]
    name = name_of(actor)
    return known if not name or name in known else [*known, name]
