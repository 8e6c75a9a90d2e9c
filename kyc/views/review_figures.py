"""How the queue does: ages, what comes and goes, reasons, and what was done today."""

from dataclasses import dataclass
from datetime import date

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.permissions import ActorRequest, permission_required
from config.lib.pagination import keyset
from kyc.selectors import cases, overview, queue

# Of the drawing, in its own units.
_HEIGHT, _STEP, _BAR = 120, 40, 14


@dataclass(frozen=True)
class Bar:
    x: int
    y: int
    height: int
    number: int


@dataclass(frozen=True)
class Column:
    """One day of the chart: two bars side by side over a date."""

    label: date
    is_named: bool
    middle: int
    came: Bar
    decided: Bar


@never_cache
@require_safe
@permission_required("KycAdmin.Overview")
def overview_page(request: ActorRequest) -> HttpResponse:
    """How old is the queue, and do we keep up?"""
    figures = overview.overview(is_sandbox=request.actor.is_sandbox)
    most = max([1, *[number for day in figures.days for number in (day.came, day.decided)]])
    context = {
        "figures": figures,
        "ages": [label for label, _least, _most in overview.AGES],
        "waiting": sum(row.total for row in figures.rows),
        "came": sum(day.came for day in figures.days),
        "decided": sum(day.decided for day in figures.days),
        "columns": [_column(place, day, most) for place, day in enumerate(figures.days)],
        "most": most,
        "half": most / 2,
        "width": _STEP * len(figures.days),
        "height": _HEIGHT,
        "minutes": max(1, round(figures.median_seconds / 60)) if figures.median_seconds is not None else None,
    }
    return render(request, "kyc/review_overview.html", context)


def _column(place: int, day: overview.Day, most: int) -> Column:
    left = place * _STEP + (_STEP - 2 * _BAR - 2) // 2
    return Column(
        label=day.day,
        # Every second day, counted back from today: all of them would not fit.
        is_named=(overview.DAYS - 1 - place) % 2 == 0,
        middle=place * _STEP + _STEP // 2,
        came=_bar(left, day.came, most),
        decided=_bar(left + _BAR + 2, day.decided, most),
    )


def _bar(x: int, number: int, most: int) -> Bar:
    height = round(_HEIGHT * number / most)
    return Bar(x, _HEIGHT - height, height, number)


@never_cache
@require_safe
@permission_required("KycAdmin.ReadPending", "KycAdmin.Review")
def done(request: ActorRequest) -> HttpResponse:
    """What did I decide today? Leads see everybody's."""
    everybody = queue.is_lead(request.actor)
    rows = cases.done_since(request.actor, overview.midnight(), everybody=everybody)
    context = {
        "page": keyset(rows, cursor=request.GET.get("cursor", "")),
        "everybody": everybody,
        "total": rows.count(),
        "now": timezone.now(),
    }
    return render(request, "kyc/review_done.html", context)
