"""Figures of the queue: how much waits how long, what comes in and what is decided, why, and how fast."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Aggregate, Count, FloatField, Max, Q
from django.db.models.functions import TruncDate
from django.utils import timezone

from config.lib import clock
from kyc.models import KycCase, KycDecision, KycDocument
from kyc.reasons import title_of
from kyc.selectors import queue

DAYS = 14


@dataclass(frozen=True)
class Row:
    """A state and how many of its cases have waited how long."""

    label: str
    state: str
    total: int
    ages: list[int]


@dataclass(frozen=True)
class Day:
    day: date
    came: int
    decided: int


@dataclass(frozen=True)
class Reason:
    code: str
    text: str
    count: int
    percent: int


@dataclass(frozen=True)
class Overview:
    """``median_seconds`` is of the time from a claim to its decision, over the days shown; None without any."""

    as_of: datetime
    rows: list[Row]
    days: list[Day]
    reasons: list[Reason]
    median_seconds: int | None
    oldest: datetime | None
    decided_today: int


def overview(*, is_sandbox: bool = False) -> Overview:
    """All figures at one moment, days in the zone that is active. A fixed number of queries."""
    now = clock.now()
    cases = KycCase.objects.filter(customer__is_sandbox=is_sandbox, submitted_at__isnull=False)
    start = _midnight(timezone.localdate(now) - timedelta(days=DAYS - 1))
    days = _days(cases, start)
    waiting = cases.filter(state__in=queue.WAITING)
    return Overview(
        as_of=now,
        rows=_rows(waiting, now),
        days=days,
        reasons=_reasons(is_sandbox, start),
        median_seconds=_median(is_sandbox, start),
        oldest=waiting.order_by("submitted_at").values_list("submitted_at", flat=True).first(),
        decided_today=days[-1].decided,
    )


def midnight() -> datetime:
    """When today began, in the zone that is active."""
    return _midnight(timezone.localdate())


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))


def _rows(waiting: Any, now: datetime) -> list[Row]:
    sums = {
        f"age_{age}": Count("pk", filter=Q(submitted_at__lte=now - least, submitted_at__gt=now - most))
        for age, (_label, least, most) in queue.AGES.items()
    }
    found = {row["state"]: row for row in waiting.values("state").annotate(total=Count("pk"), **sums)}
    rows = []
    for state in queue.WAITING:
        row = found.get(state.value, {})
        ages = [row.get(f"age_{age}", 0) for age in queue.AGES]
        rows.append(Row(str(state.label), state.value, row.get("total", 0), ages))
    return rows


def _days(cases: Any, start: datetime) -> list[Day]:
    came = _per_day(cases.filter(submitted_at__gte=start), "submitted_at")
    decided = _per_day(cases.filter(decided_at__gte=start), "decided_at")
    first = timezone.localdate(start)
    days = [first + timedelta(days=number) for number in range(DAYS)]
    return [Day(day, came.get(day, 0), decided.get(day, 0)) for day in days]


def _per_day(cases: Any, field: str) -> dict[date, int]:
    rows = cases.annotate(day=TruncDate(field)).order_by().values("day").annotate(number=Count("pk"))
    return {row["day"]: row["number"] for row in rows}


def _reasons(is_sandbox: bool, start: datetime) -> list[Reason]:
    refused = KycDocument.objects.filter(
        status=KycDocument.Status.REJECTED, reviewed_at__gte=start, customer__is_sandbox=is_sandbox
    )
    rows = list(refused.order_by().values("reason_code").annotate(number=Count("pk")).order_by("-number"))
    total = sum(row["number"] for row in rows) or 1
    return [
        Reason(row["reason_code"], title_of(row["reason_code"]), row["number"], round(100 * row["number"] / total))
        for row in rows
    ]


class _Median(Aggregate):
    function = "PERCENTILE_CONT"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()


def _median(is_sandbox: bool, start: datetime) -> int | None:
    """One turn at a case counts once, however many documents it had."""
    turns = KycDecision.objects.filter(
        created_at__gte=start, seconds__isnull=False, document__customer__is_sandbox=is_sandbox
    )
    per_turn = turns.order_by().values("document__case", "round").annotate(worked=Max("seconds"))
    middle = per_turn.aggregate(middle=_Median("worked"))["middle"]
    return None if middle is None else round(middle)
