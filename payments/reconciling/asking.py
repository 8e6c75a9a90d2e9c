"""Have a provider tell of its payments: status questions about ours, and whole histories where there are some.

Bounded and at a pace: the provider is also needed by people who are paying.
"""

import logging
import time
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from config.lib.clock import now
from config.lib.errors import ProviderError
from config.lib.limits import TokenWindow
from payments import settlement
from payments.banking_days import bounds, day_of
from payments.exchanges import recorded
from payments.methods import FASPAY_OVO, METHODS, OVO, codes_of
from payments.models import OvoLink, PaymentAttempt, Receipt, ReconciliationRun, SettlementLine
from payments.providers.faspay_ovo import adapter as ovo
from payments.providers.faspay_ovo.adapter import Movement
from payments.providers.types import Flag, NoSuchPayment, Status
from payments.settlement.asking import ref_of
from payments.settlement.gateways import GATEWAYS, gateway_of
from payments.settlement.rows import Locked
from payments.statements.lines import ident_of

State, Source, Told = PaymentAttempt.State, SettlementLine.Source, SettlementLine.Status
_STATUS = {
    Flag.PAID: Told.PAID,
    Flag.PENDING: Told.PENDING,
    Flag.UNKNOWN: Told.PENDING,
    Flag.NOT_PAID: Told.PENDING,
    Flag.REFUNDED: Told.REVERSED,
    Flag.CANCELLED: Told.FAILED,
    Flag.FAILED: Told.FAILED,
}
# What OVO's history calls a payment that was made (Faspay contract 5.3); other words are shown and count for nothing.
_OVO_PAID = frozenset({"SUCCESS", "SUKSES", "PAID", "COMPLETED", "COMPLETE", "2"})
_OVO_BACK = frozenset({"REVERSAL", "REVERSED", "REFUND", "REFUNDED", "4"})

logger = logging.getLogger(__name__)


def collect(run: ReconciliationRun, until: float) -> bool:
    """Ask what is still to be asked of ``run`` until ``time.monotonic()`` is ``until``; whether that was all."""
    return _histories(run, until) if run.provider == FASPAY_OVO else _statuses(run, until)


def questions(run: ReconciliationRun) -> int:
    """How many there are to be asked."""
    waiting = len(phones_of(run)) if run.provider == FASPAY_OVO else to_ask(run).count()
    return min(waiting, int(settings.RECONCILIATION_QUESTIONS))


def _may_ask(provider: str) -> bool:
    limit = settings.RECONCILIATION_PER_MINUTE
    return TokenWindow(f"reconciliation:{provider}", limit=limit, seconds=60).take() == 0.0


# --- status questions -------------------------------------------------------------------------------------


def to_ask(run: ReconciliationRun) -> QuerySet[PaymentAttempt]:
    """Attempts of the day that are not final, whose money is known by a notification alone, or of which a line speaks
    that nothing here answers; without those that were answered in this run."""
    start, end = bounds(run.day)
    methods = [code for code in codes_of(run.provider) if code in GATEWAYS]
    receipts = Receipt.objects.filter(attempt=OuterRef("pk"))
    confirmed = SettlementLine.objects.filter(
        provider=run.provider, source=Source.STATUS, key=OuterRef("trx_id"), status=Told.PAID
    )
    answered = SettlementLine.objects.filter(
        provider=run.provider,
        source=Source.STATUS,
        key=OuterRef("trx_id"),
        told_at__gte=run.started_at or run.created_at,
    )
    missing = SettlementLine.objects.filter(
        provider=run.provider, day=run.day, verdict__in=["waiting", "missing_here"], source=Source.FILE
    )
    that_day = Q(created_at__gte=start, created_at__lt=end)
    unsettled = that_day & Q(state__in=[State.IN_DOUBT, State.OPEN, State.CLOSED])
    told_only = Q(state=State.PAID) & Q(
        Exists(receipts.filter(message__isnull=False, received_at__gte=start, received_at__lt=end + timedelta(days=1)))
    )
    named = Q(trx_id__in=missing.values("reference")) | Q(
        provider_trx_id__in=missing.exclude(external_id="").values("external_id")
    )
    unpaid = ~Q(Exists(receipts))
    real = Q(deposit__customer__is_sandbox=False) | Q(deposit__client__isnull=False)
    rows = PaymentAttempt.objects.filter(real, method__in=methods)
    rows = rows.filter(unsettled | (told_only & ~Q(Exists(confirmed))) | (named & unpaid), sent_at__isnull=False)
    return rows.exclude(Exists(answered)).select_related("deposit")


def _statuses(run: ReconciliationRun, until: float) -> bool:
    left = settings.RECONCILIATION_QUESTIONS - run.asked - run.unanswered
    for attempt in _each_once(to_ask(run), left):
        if time.monotonic() > until or not _may_ask(run.provider):
            return False
        answered = _ask(run, attempt)
        run.asked, run.unanswered = run.asked + answered, run.unanswered + (not answered)
        run.save(update_fields=["asked", "unanswered"])
    return True


def _each_once(rows: QuerySet[PaymentAttempt], limit: int) -> Iterator[PaymentAttempt]:
    yield from list(rows.order_by("pk")[: max(limit, 0)])


def _ask(run: ReconciliationRun, attempt: PaymentAttempt) -> bool:
    """One question; whether it was answered. What is paid and not credited is left to the engine, which asks itself."""
    ref = ref_of(Locked(attempt, attempt.deposit, now()))
    try:
        with recorded(run.provider, reference=attempt.trx_id, attempt=attempt):
            status: Status | None = gateway_of(attempt.method).ask(ref)
    except NoSuchPayment:
        status = None
    except ProviderError as error:
        logger.warning("reconciliation: attempt %s: %s", attempt.pk, error.code or "no answer")
        return False
    _keep_status(run, attempt, status)
    if status and status.flag is Flag.PAID and attempt.state != State.PAID:
        PaymentAttempt.objects.filter(pk=attempt.pk).update(next_check_at=now())
        settlement.ask(attempt.pk)
    return True


def _keep_status(run: ReconciliationRun, attempt: PaymentAttempt, status: Status | None) -> None:
    told = _STATUS.get(status.flag, Told.PENDING) if status else Told.UNKNOWN
    paid_at = status.paid_at if status else None
    amount = (status.amount if status else None) or attempt.deposit.amount
    _keep(
        SettlementLine(
            provider=run.provider,
            channel=METHODS[attempt.method].channel,
            day=day_of(paid_at) if paid_at else run.day,
            source=Source.STATUS,
            key=attempt.trx_id,
            external_id=(status.provider_trx_id if status else "") or attempt.provider_trx_id,
            reference=attempt.trx_id,
            number=attempt.number,
            ident=f"r:{attempt.trx_id}",
            amount=amount,
            currency=(status.currency if status else "") or attempt.deposit.currency,
            paid_at=paid_at,
            status=told,
            raw={"flag": status.raw_flag, "code": status.code} if status else {},
        )
    )


@transaction.atomic
def _keep(line: SettlementLine) -> None:
    """What is told again is the same line. What it says now may differ; then it is looked at again."""
    known = (
        SettlementLine.objects.select_for_update(no_key=True)
        .filter(provider=line.provider, source=line.source, key=line.key)
        .first()
    )
    if known is None:
        line.save()
        return
    changed = (known.amount, known.currency, known.status) != (line.amount, line.currency, line.status)
    if changed:
        for name in ("amount", "currency", "status", "day", "paid_at", "raw", "external_id"):
            setattr(known, name, getattr(line, name))
        known.verdict, known.receipt = SettlementLine.Verdict.WAITING, None
    known.told_at = now()
    known.save()


# --- OVO: the history of each account -----------------------------------------------------------------------


def phones_of(run: ReconciliationRun) -> list[str]:
    """Accounts that paid or could have paid on the day, as far as we know of them; without those that were read."""
    start, end = bounds(run.day)
    tried = PaymentAttempt.objects.filter(method=OVO, created_at__gte=start, created_at__lt=end).exclude(phone="")
    linked = OvoLink.objects.filter(linked_at__lt=end).filter(Q(ended_at__isnull=True) | Q(ended_at__gte=start))
    phones = {*tried.values_list("phone", flat=True), *linked.values_list("phone", flat=True)}
    return sorted(phones - set(run.histories))


def _histories(run: ReconciliationRun, until: float) -> bool:
    left = settings.RECONCILIATION_QUESTIONS - run.asked - run.unanswered
    failed = 0
    for phone in phones_of(run)[: max(left, 0)]:
        if time.monotonic() > until or not _may_ask(run.provider):
            return False
        if _read_history(run, phone):
            run.asked += 1
            run.histories = [*run.histories, phone]
        else:
            failed += 1
    run.unanswered += failed
    run.save(update_fields=["asked", "unanswered", "histories"])
    return True


def _read_history(run: ReconciliationRun, phone: str) -> bool:
    try:
        with recorded(run.provider):
            movements = list(ovo.whole_history(phone, start=run.day, end=run.day))
    except ProviderError as error:
        logger.warning("reconciliation: a history of %s: %s", run.day, error.code or "no answer")
        return False
    for movement in movements:
        if movement.trx_id and movement.amount:
            _keep(_line_of(run, movement))
    run.save(update_fields=["asked", "histories"])
    return True


def _line_of(run: ReconciliationRun, movement: Movement) -> SettlementLine:
    day = day_of(movement.paid_at) if movement.paid_at else run.day
    word = movement.status
    told = Told.PAID if word in _OVO_PAID else Told.REVERSED if word in _OVO_BACK else Told.PENDING
    amount = movement.amount or Decimal(0)
    return SettlementLine(
        provider=run.provider,
        channel=METHODS[OVO].channel,
        day=day,
        source=Source.HISTORY,
        # Unique for a day only (Faspay contract 5.3).
        key=f"{day:%Y%m%d}:{movement.trx_id}",
        external_id=movement.trx_id,
        ident=ident_of(run.provider, movement.trx_id, "", "", amount, movement.paid_at or bounds(day)[0]),
        amount=amount,
        paid_at=movement.paid_at,
        status=told,
        raw={"status": word},
    )
