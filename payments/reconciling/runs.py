"""One comparison of one provider's day, in slices that may stop anywhere: rows are the queue, and their memory."""

import logging
import time
import uuid
from datetime import date, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import User
from config.lib.clock import now
from payments.banking_days import bounds, day_of
from payments.methods import PROVIDERS
from payments.models import PaymentCase, ReconciliationRun, SettlementLine
from payments.reconciling import asking, breaks, matching

State = ReconciliationRun.State
SLICE_SECONDS = 20.0
_LEASE = timedelta(seconds=120)
# A run that asked for so long is ended with what it has.
_PATIENCE = timedelta(hours=2)

logger = logging.getLogger(__name__)


def due(limit: int = 10) -> list[int]:
    """Runs to be begun or gone on with."""
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=Now())
    rows = ReconciliationRun.objects.filter(free, state__in=[State.WAITING, State.RUNNING])
    return list(rows.order_by("pk").values_list("pk", flat=True)[:limit])


def work(run_id: int) -> None:
    """A slice of a run. Safe to call again at any time."""
    run = _claim(run_id)
    if run is None:
        return
    token = run.lease_token
    try:
        complete = asking.collect(run, time.monotonic() + SLICE_SECONDS)
        tired = now() - (run.started_at or run.created_at) > _PATIENCE
        if complete or tired:
            _conclude(run, "" if complete else "not everything was asked")
    except Exception:
        logger.exception("reconciliation %s stopped", run)
        run.state, run.note, run.finished_at = State.FAILED, "stopped by an error", now()
    _let_go(run, token)


@transaction.atomic
def _claim(run_id: int) -> ReconciliationRun | None:
    run = ReconciliationRun.objects.select_for_update(skip_locked=True, no_key=True).filter(pk=run_id).first()
    if run is None or run.state not in {State.WAITING, State.RUNNING}:
        return None
    if run.lease_until is not None and run.lease_until > now():
        return None
    if run.state == State.WAITING:
        run.state, run.started_at = State.RUNNING, now()
        run.to_ask = asking.questions(run)
    run.lease_token, run.lease_until = uuid.uuid4(), now() + _LEASE
    run.save()
    return run


def _conclude(run: ReconciliationRun, note: str) -> None:
    """Match, open what does not fit, solve what fits by now."""
    compare(run.provider, run)
    lines = SettlementLine.objects.filter(provider=run.provider, day=run.day)
    run.matched = lines.filter(verdict=SettlementLine.Verdict.MATCHED).values("receipt").distinct().count()
    run.breaks = open_breaks(run.provider, run)
    run.state, run.note, run.finished_at = State.DONE, note, now()


def compare(provider: str, run: ReconciliationRun) -> None:
    """Everything of a day but the questions."""
    matching.match(provider, days=[run.day])
    breaks.open_for_lines(provider, days=[run.day])
    breaks.open_for_missing(provider, run.day, run.day)
    breaks.solve_matched(provider)


def open_breaks(provider: str, run: ReconciliationRun) -> int:
    """How many cases of a day are not settled."""
    start, end = bounds(run.day)
    receipts = Q(kind=PaymentCase.Kind.MISSING_THERE, receipt__received_at__gte=start - timedelta(days=45))
    there = receipts & (
        Q(receipt__paid_at__gte=start, receipt__paid_at__lt=end)
        | Q(receipt__paid_at__isnull=True, receipt__received_at__gte=start, receipt__received_at__lt=end)
    )
    here = Q(settlement_lines__day=run.day, settlement_lines__provider=provider)
    cases = PaymentCase.objects.exclude(state=PaymentCase.State.SETTLED).filter(provider=provider)
    return cases.filter(here | there).distinct().count()


def _let_go(run: ReconciliationRun, token: uuid.UUID | None) -> None:
    """Write down how far it came; not if the lease went to somebody else meanwhile."""
    mine = ReconciliationRun.objects.filter(pk=run.pk, lease_token=token)
    mine.update(
        state=run.state,
        note=run.note,
        matched=run.matched,
        breaks=run.breaks,
        finished_at=run.finished_at,
        lease_token=None,
        lease_until=None,
    )


def plan_night() -> None:
    """A run for yesterday of every provider, and for the days of the week before on which something is open."""
    yesterday = day_of(now()) - timedelta(days=1)
    for provider in PROVIDERS:
        for day in {yesterday, *_open_days(provider, yesterday - timedelta(days=6))}:
            plan(provider, day)


def _open_days(provider: str, first: date) -> set[date]:
    lines = SettlementLine.objects.filter(provider=provider, day__gte=first)
    open_cases = lines.exclude(case__state=PaymentCase.State.SETTLED).filter(case__isnull=False)
    return set(open_cases.values_list("day", flat=True).distinct())


def plan(provider: str, day: date, *, requested_by: User | None = None) -> ReconciliationRun:
    """A run of this day to be begun soon; the one that waits or runs already, if there is one."""
    try:
        with transaction.atomic():
            return ReconciliationRun.objects.create(provider=provider, day=day, requested_by=requested_by)
    except IntegrityError:
        busy = ReconciliationRun.objects.filter(provider=provider, day=day, state__in=[State.WAITING, State.RUNNING])
        return busy.latest("pk")
