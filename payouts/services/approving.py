"""The second person's yes to a batch, bound to exactly its rows, and what follows from it."""

from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings
from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from accounts.access import policy
from accounts.access.actors import Actor
from accounts.services import audit
from config.lib import clock
from config.lib.jobs import nudge
from payouts import checking, fraud, starting, tasks
from payouts.errors import BatchChanged, NotFound, NotReady, OverDailyLimit, SamePerson, WrongState
from payouts.models import Batch, BatchRow
from payouts.models.states import GOOD_ROWS, BatchState
from payouts.selectors.batches import REPEATS
from payouts.services.moving import hold, move, name_of

# Larger ones are begun by the worker, not while somebody waits.
START_AT_ONCE = 1_000
_YES = (BatchState.APPROVED, BatchState.AWAITING_FUNDS, BatchState.PROCESSING, BatchState.PAUSED)


@dataclass(frozen=True, slots=True)
class Processed:
    """A batch after a call to process it; ``has_begun`` says that it was this call that made it begin."""

    batch: Batch
    has_begun: bool


def approve(*, actor: Actor, batch: Batch, digest: str = "", total: Decimal | None = None) -> Batch:
    """The second person's yes, bound to exactly these rows; it starts at once, or waits for money.

    ``digest`` and ``total`` (amounts and fees) are what the person has seen: raises `BatchChanged` when they are not
    those of the batch. Raises `SamePerson`, `NotReady`, `OverDailyLimit`, `BatchBusy`, `WrongState`.
    """
    if policy.own_client(actor).pk != batch.client_id:
        raise NotFound
    held = _approve(actor, batch, digest, total)
    if held is None:
        raise NotReady(_("Some rows cannot be paid any more, or repeat other payments. It went back to be corrected."))
    return _begin(held)


def process(*, actor: Actor, batch: Batch) -> Processed:
    """What a program says instead: approve what waits for it, or begin what is approved. One that has begun, or is
    over, stays as it is. Raises as `approve`."""
    if batch.state == BatchState.CHECKING:
        raise WrongState(batch)
    if batch.state == BatchState.VALIDATED and not batch.good:
        return Processed(batch, has_begun=False)
    if batch.state in (BatchState.VALIDATED, BatchState.AWAITING_APPROVAL):
        after = approve(actor=actor, batch=batch)
    elif batch.state in starting.WAITING:
        after = _begin(batch)
    else:
        return Processed(batch, has_begun=False)
    return Processed(after, has_begun=after.started_at is not None)


@transaction.atomic
def _approve(actor: Actor, batch: Batch, digest: str, total: Decimal | None) -> Batch | None:
    """None when it is not fit to be approved any more; that has been written down."""
    held = hold(batch, wait=False)
    if held.state in _YES:
        return held
    if held.state != BatchState.AWAITING_APPROVAL:
        raise WrongState(held)
    _require_other_person(actor, held)
    if digest not in ("", str(held.version)) or total not in (None, held.total):
        raise BatchChanged
    seen, repeats = held.error, _repeats(held)
    checking.judge_again(held)
    held = hold(held)
    # Rows that repeat what was paid or submitted after the maker gave a reason: nobody has said yes to those.
    if not _is_fit(held, seen, is_read=bool(digest)) or _repeats(held) > repeats:
        move(held, BatchState.VALIDATED)
        audit.record(actor, "batch.approval_voided", target=held, after={"wrong": held.error})
        return None
    _require_within_limit(held)
    return _bind(actor, held)


def _repeats(batch: Batch) -> int:
    return BatchRow.objects.filter(REPEATS, batch=batch, state__in=GOOD_ROWS).count()


def _is_fit(batch: Batch, seen: int, *, is_read: bool) -> bool:
    """Rows may have become wrong since they were read: a receiver was blocked, a bank closed. Programs take what is
    good and are told of the rest (TeraPay contract 10); a person has said yes to something else."""
    if batch.origin != Batch.Origin.API:
        return bool(batch.good) and not batch.error
    return bool(batch.good) and (batch.error == seen or not is_read)


def _bind(actor: Actor, batch: Batch) -> Batch:
    move(
        batch,
        BatchState.APPROVED,
        approved_by=actor.user if actor.api_user is None else None,
        approved_by_api_user=actor.api_user,
        approved_at=clock.now(),
        approved_digest=checking.digest_of(batch),
    )
    facts = {"rows": batch.good, "total": str(batch.total), "digest": batch.approved_digest}
    audit.record(actor, "batch.approved", target=batch, after=facts)
    return batch


def _require_other_person(actor: Actor, batch: Batch) -> None:
    """Nobody who made or changed it, however they come in; small ones are one person's, if the house says so."""
    name = name_of(actor)
    if not name or (name in batch.makers and batch.amount > settings.PAYOUT_ONE_PERSON_UP_TO):
        raise SamePerson


def _require_within_limit(batch: Batch) -> None:
    """What was sent in a day, what is approved and waits, and this one."""
    fraud.take_turn(batch.client, is_sandbox=batch.is_sandbox)
    asker = fraud.Asker(batch.client, batch.is_sandbox, is_bulk=True, currency=batch.currency, batch_id=batch.pk)
    waiting = Batch.objects.filter(client=batch.client, is_sandbox=batch.is_sandbox, currency=batch.currency)
    approved = waiting.filter(state__in=starting.WAITING).aggregate(sum=Sum("amount"))["sum"] or Decimal(0)
    if fraud.spent_lately(asker) + approved + batch.amount > fraud.limit_of_day(asker):
        raise OverDailyLimit


def _begin(batch: Batch) -> Batch:
    if batch.state not in starting.WAITING:
        return batch
    if batch.good > START_AT_ONCE:
        nudge(tasks.start_batch, batch_id=batch.pk)
        return batch
    begun = starting.start(batch.pk)
    if begun.started_at is not None:
        tasks.wake(is_sandbox=batch.is_sandbox)
    return begun
