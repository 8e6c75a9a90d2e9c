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
from config.lib.errors import ServiceError
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
    if isinstance(held, ServiceError):
        raise held
    return _begin(held)


def process(*, actor: Actor, batch: Batch) -> Processed:
    """What a program says instead: approve what waits for it, or begin what is approved. One that has begun, or is
    over, stays as it is. Raises as `approve`."""
    if batch.state == BatchState.CHECKING:
        raise WrongState(batch)
    if batch.state == BatchState.VALIDATED and not batch.good:
        return Processed(batch, has_begun=False)
    if batch.state in (BatchState.VALIDATED, BatchState.AWAITING_APPROVAL):
        after = _approve_for_program(actor, batch)
    elif batch.state in starting.WAITING:
        after = _begin(batch)
    else:
        return Processed(batch, has_begun=False)
    return Processed(after, has_begun=after.started_at is not None)


def _approve_for_program(actor: Actor, batch: Batch) -> Batch:
    """Where nothing is good any more there is nothing to begin, and nothing to refuse: every item tells its reason."""
    try:
        return approve(actor=actor, batch=batch)
    except NotReady:
        fresh = Batch.objects.select_related("client").get(pk=batch.pk)
        if fresh.origin == Batch.Origin.API and not fresh.good:
            return fresh
        raise


@transaction.atomic
def _approve(actor: Actor, batch: Batch, digest: str, total: Decimal | None) -> Batch | ServiceError:
    """The refusal when it is not what it was any more: that has been written down, so it is not raised here."""
    held = hold(batch, wait=False)
    if held.state in _YES:
        return held
    if held.state != BatchState.AWAITING_APPROVAL:
        raise WrongState(held)
    _require_other_person(actor, held)
    if digest not in ("", str(held.version)) or total not in (None, held.total):
        raise BatchChanged
    before = _Figures.of(held)
    checking.judge_again(held)
    held = hold(held)
    # A program takes what is good, and hears of the rest (TeraPay contract 10).
    takes_good = held.origin == Batch.Origin.API and not digest
    refusal = None if takes_good and held.good else _what_became_of(held, before)
    if isinstance(refusal, NotReady):
        move(held, BatchState.VALIDATED)
        audit.record(actor, "batch.approval_voided", target=held, after={"wrong": held.error})
    if refusal is not None:
        return refusal
    require_within_limit(held, held.amount)
    return _bind(actor, held)


@dataclass(frozen=True, slots=True)
class _Figures:
    wrong: int
    repeats: int
    total: Decimal

    @classmethod
    def of(cls, batch: Batch) -> "_Figures":
        repeats = BatchRow.objects.filter(REPEATS, batch=batch, state__in=GOOD_ROWS).count()
        return cls(batch.error, repeats, batch.total)


def _what_became_of(batch: Batch, before: _Figures) -> ServiceError | None:
    """Between the look and the yes a receiver may have been blocked, a bank closed, the same been paid by somebody
    else, a fee changed: a person has said yes to something else."""
    now = _Figures.of(batch)
    may_be_wrong = before.wrong if batch.origin == Batch.Origin.API else 0
    if not batch.good or now.wrong > may_be_wrong or now.repeats > before.repeats:
        return NotReady(_("Some rows cannot be paid any more, or repeat other payments. It went back to be corrected."))
    return BatchChanged() if now.total != before.total else None


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


def require_within_limit(batch: Batch, amount: Decimal) -> None:
    """What was sent in a day, what is approved and waits, and ``amount`` of this one, which the caller has locked.
    Raises `OverDailyLimit`."""
    fraud.take_turn(batch.client, is_sandbox=batch.is_sandbox)
    asker = fraud.Asker(batch.client, batch.is_sandbox, is_bulk=True, currency=batch.currency, batch_id=batch.pk)
    waiting = Batch.objects.filter(client=batch.client, is_sandbox=batch.is_sandbox, currency=batch.currency)
    approved = waiting.filter(state__in=starting.WAITING).aggregate(sum=Sum("amount"))["sum"] or Decimal(0)
    if fraud.spent_lately(asker, with_own=True) + approved + amount > fraud.limit_of_day(asker):
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
