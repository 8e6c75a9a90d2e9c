"""What does not fit becomes a case that two people decide; what fits after all solves its case."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from config.lib.clock import now
from config.lib.money import format_money
from payments.banking_days import bounds, day_of
from payments.methods import channels_of
from payments.models import PaymentAttempt, PaymentCase, Receipt, SettlementFile, SettlementLine
from payments.settlement.cases import open_case, solve

Kind, Verdict = PaymentCase.Kind, SettlementLine.Verdict
KINDS = {
    Verdict.MISSING_HERE: Kind.MISSING_HERE,
    Verdict.AMOUNT_DIFFERS: Kind.AMOUNT_DIFFERS,
    Verdict.FEE_DIFFERS: Kind.FEE_DIFFERS,
    Verdict.DUPLICATE: Kind.SETTLED_TWICE,
    Verdict.REVERSED: Kind.REFUNDED,
}
# The kinds that only reconciliation opens.
OWN = (Kind.MISSING_HERE, Kind.MISSING_THERE, Kind.AMOUNT_DIFFERS, Kind.FEE_DIFFERS, Kind.SETTLED_TWICE)
_MATCHED = (Verdict.MATCHED, Verdict.AMOUNT_DIFFERS, Verdict.FEE_DIFFERS)
_BATCH = 200


def open_for_lines(provider: str, *, days: Sequence[date] = (), file: SettlementFile | None = None) -> int:
    """A case for every line that does not fit and has none; how many there were. A part at a time."""
    wanted = SettlementLine.objects.filter(Q(day__in=days) | Q(file=file) if file else Q(day__in=days))
    waiting = wanted.filter(provider=provider, case__isnull=True, verdict__in=list(KINDS))
    done = 0
    waiting = waiting.select_related("receipt", "file").defer("file__content", "file__findings")
    while lines := list(waiting.order_by("pk")[:_BATCH]):
        with transaction.atomic():
            _open_cases(lines)
        done += len(lines)
    return done


def _open_cases(lines: list[SettlementLine]) -> None:
    attempts = _attempts_of(lines)
    for line in lines:
        attempt = attempts.get(line.reference) or attempts.get(line.external_id)
        line.case = _open_case(line, attempt)
        if attempt is not None and line.verdict == Verdict.MISSING_HERE:
            _have_it_asked(attempt)
    SettlementLine.objects.bulk_update(lines, ["case"])


def _have_it_asked(attempt: PaymentAttempt) -> None:
    """They list a payment for an attempt of ours: the engine asks for itself, and credits what is true."""
    askable = [PaymentAttempt.State.IN_DOUBT, PaymentAttempt.State.OPEN, PaymentAttempt.State.CLOSED]
    PaymentAttempt.objects.filter(pk=attempt.pk, state__in=askable).update(next_check_at=Now())


def _attempts_of(lines: list[SettlementLine]) -> dict[str, PaymentAttempt]:
    """By every name under which a line may speak of one."""
    names = {name for line in lines for name in (line.reference, line.external_id) if name}
    found = PaymentAttempt.objects.select_related("deposit").filter(Q(trx_id__in=names) | Q(provider_trx_id__in=names))
    by_name: dict[str, PaymentAttempt] = {}
    for attempt in found.order_by("-pk"):
        by_name |= {attempt.trx_id: attempt}
        if attempt.provider_trx_id:
            by_name.setdefault(attempt.provider_trx_id, attempt)
    return by_name


def _open_case(line: SettlementLine, attempt: PaymentAttempt | None) -> PaymentCase:
    kind, receipt = KINDS[Verdict(line.verdict)], line.receipt
    about: dict[str, Any] = {"attempt": attempt, "deposit": attempt.deposit if attempt else None}
    if receipt is not None:
        about = {"attempt_id": receipt.attempt_id, "deposit_id": receipt.deposit_id, "receipt": receipt}
        about |= {"customer_id": receipt.customer_id}
    # Of what is nobody's here, the name that a later message about it would bear (settlement/cases.py, sheltered).
    name = attempt.trx_id if attempt else line.reference or line.external_id or line.number
    return open_case(
        kind,
        key=_key(kind, line),
        channel=line.channel,
        amount=line.amount,
        currency=line.currency,
        paid_at=line.paid_at,
        provider=line.provider,
        reference=(receipt.key if receipt and not attempt else name)[:64],
        note=note_of(line),
        **about,
    )


def _key(kind: PaymentCase.Kind, line: SettlementLine) -> str:
    """What makes a second case out of one break impossible, whoever tells of it again."""
    if kind == Kind.MISSING_HERE:
        return f"{kind}:{line.provider}:{line.ident}"
    if kind == Kind.REFUNDED and line.receipt is not None:
        return f"{kind}:{line.receipt.channel}:{line.receipt.key}"
    return f"{kind}:{line.provider}:{line.source}:{line.key}"


def note_of(line: SettlementLine) -> str:
    """What they say and what we have, in the language of the books."""
    theirs = format_money(line.amount, line.currency)
    where = f"{line.file.name}, row {line.row}" if line.file else line.get_source_display()
    parts = [f"They say {theirs}"]
    if line.receipt is not None:
        parts.append(f"we have {format_money(line.receipt.amount, line.receipt.currency)}")
    if line.verdict == Verdict.FEE_DIFFERS:
        parts.append(f"fee {line.fee}, net {line.net if line.net is not None else 'not told'}")
    return f"{', '.join(parts)}. {where}"[:300]


def open_for_missing(provider: str, first: date, last: date) -> int:
    """A case for every receipt of these days that a file which is whole for its day and channel does not list, and of
    which a status question says that it was never paid."""
    done = 0
    while receipts := _missing(provider, first, last):
        with transaction.atomic():
            for receipt in receipts:
                _open_missing(provider, receipt)
        done += len(receipts)
    return done


_MISSING = """
    SELECT r.id FROM payments_receipt r
     WHERE r.channel = ANY(%(channels)s) AND coalesce(r.paid_at, r.received_at) >= %(start)s
       AND coalesce(r.paid_at, r.received_at) < %(end)s
       AND NOT EXISTS (SELECT 1 FROM payments_paymentcase c WHERE c.key = 'missing_there:' || r.channel || ':' || r.key)
       AND (
         (coalesce(r.paid_at, r.received_at) < %(today)s
          AND EXISTS (SELECT 1 FROM payments_settlementfile f
                   WHERE f.provider = %(provider)s AND f.state IN ('taking', 'taken') AND r.channel = ANY(f.channels)
                     AND (coalesce(r.paid_at, r.received_at) AT TIME ZONE 'Asia/Jakarta')::date
                         BETWEEN f.covers_from AND f.covers_to)
          AND NOT EXISTS (SELECT 1 FROM payments_settlementline l
                           WHERE l.receipt_id = r.id AND l.source = 'file' AND l.verdict = ANY(%(matched)s)))
         OR EXISTS (SELECT 1 FROM payments_settlementline l
                     WHERE l.provider = %(provider)s AND l.source = 'status' AND l.key = r.key
                       AND l.status IN ('failed', 'unknown'))
         OR EXISTS (SELECT 1 FROM payments_reconciliationrun n JOIN payments_paymentattempt a ON a.id = r.attempt_id
                     WHERE n.provider = %(provider)s AND n.histories ? a.phone AND a.phone <> ''
                       AND n.day = (coalesce(r.paid_at, r.received_at) AT TIME ZONE 'Asia/Jakarta')::date
                       AND NOT EXISTS (SELECT 1 FROM payments_settlementline l
                                        WHERE l.receipt_id = r.id AND l.source = 'history'
                                          AND l.verdict = ANY(%(matched)s)))
       )
     ORDER BY r.id LIMIT %(limit)s
"""


def _missing(provider: str, first: date, last: date) -> list[Receipt]:
    start, end = bounds(first, last)
    wanted: dict[str, str | int | datetime | list[str]] = {
        "provider": provider,
        "channels": channels_of(provider),
        "matched": [str(one) for one in _MATCHED],
        "start": start,
        "end": end,
        # A day that is not over is whole in no file.
        "today": bounds(day_of(now()))[0],
        "limit": _BATCH,
    }
    with connection.cursor() as cursor:
        cursor.execute(_MISSING, wanted)
        ids = [row[0] for row in cursor.fetchall()]
    return list(Receipt.objects.select_related("deposit", "attempt").filter(pk__in=ids).order_by("pk"))


def _open_missing(provider: str, receipt: Receipt) -> None:
    open_case(
        Kind.MISSING_THERE,
        key=f"{Kind.MISSING_THERE}:{receipt.channel}:{receipt.key}",
        channel=receipt.channel,
        amount=receipt.amount,
        currency=receipt.currency,
        paid_at=receipt.paid_at,
        deposit=receipt.deposit,
        attempt=receipt.attempt,
        customer_id=receipt.customer_id,
        provider=provider,
        reference=receipt.key[:64],
        note=f"We have {format_money(receipt.amount, receipt.currency)}, they do not list it.",
        receipt=receipt,
    )


def solve_matched(provider: str) -> int:
    """Solve open cases that nobody has proposed anything about and whose two sides have found each other since."""
    done = 0
    for case_id in _solvable(provider).values_list("pk", flat=True)[:2000]:
        with transaction.atomic():
            case = PaymentCase.objects.select_for_update(no_key=True).filter(pk=case_id, state="open").first()
            if case is not None:
                solve(case)
                done += 1
    return done


def _solvable(provider: str) -> QuerySet[PaymentCase]:
    own = PaymentCase.objects.filter(provider=provider, state=PaymentCase.State.OPEN, kind__in=OWN)
    here = Q(kind=Kind.MISSING_HERE, settlement_lines__verdict=Verdict.MATCHED)
    by_file = SettlementLine.objects.filter(source="file", verdict__in=_MATCHED).values("receipt")
    there = Q(kind=Kind.MISSING_THERE, receipt__in=by_file)
    return own.filter(here | there).distinct()
