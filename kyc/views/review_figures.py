"""How the queue does: ages, what comes and goes, reasons, and what was done today."""

from datetime import date
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateformat import format as format_date
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.permissions import ActorRequest, permission_required
from config.lib import charts
from config.lib.pagination import keyset
from kyc.forms.cases import CaseFilter
from kyc.selectors import cases, overview, queue
from kyc.selectors.cases import DECIDED


@never_cache
@require_safe
@permission_required("KycAdmin.Overview")
def overview_page(request: ActorRequest) -> HttpResponse:
    """How old is the queue, and do we keep up?"""
    figures = overview.overview(is_sandbox=request.actor.is_sandbox)
    context = {
        "figures": figures,
        "ages": [(age, label) for age, (label, _least, _most) in queue.AGES.items()],
        "waiting": sum(row.total for row in figures.rows),
        "flow": _flow(figures),
        "reasons": [
            (reason, _list(DECIDED, figures.days[0].day, figures.days[-1].day, reason=reason.code))
            for reason in figures.reasons
        ],
        "decided_url": _list(DECIDED, figures.days[0].day, figures.days[-1].day),
        "today_url": _list(DECIDED, figures.days[-1].day, figures.days[-1].day),
        "minutes": max(1, round(figures.median_seconds / 60)) if figures.median_seconds is not None else None,
    }
    return render(request, "kyc/review_overview.html", context)


def _list(by: str, first: date, last: date, **more: str) -> str:
    """The cases behind a figure."""
    query = {name: str(value) for name, value in {"by": by, "first": first, "last": last, **more}.items() if value}
    return f"{reverse('review:cases')}?{urlencode(query)}"


def _flow(figures: overview.Overview) -> charts.Chart:
    points = [
        charts.Point(
            format_date(row.day, "j M Y"),
            (row.came, row.decided),
            [_list(by, row.day, row.day) if number else "" for by, number in (("", row.came), (DECIDED, row.decided))],
            short=format_date(row.day, "j M"),
        )
        for row in figures.days
    ]
    first, last = figures.days[0].day, figures.days[-1].day
    came, decided = (sum(int(point.values[place] or 0) for point in points) for place in (0, 1))
    return charts.bars(
        points,
        series=[
            charts.Series(_("Sent"), url=_list("", first, last)),
            charts.Series(_("Decided"), "two", _list(DECIDED, first, last)),
        ],
        heading=charts.day_heading(),
        as_of=figures.as_of,
        summary=_("Cases per day: %(came)s sent and %(decided)s decided in 14 days.")
        % {"came": came, "decided": decided},
    )


@never_cache
@require_safe
@permission_required("KycAdmin.ReadPending")
def listing(request: ActorRequest) -> HttpResponse:
    """Cases sent or decided in some days; with a reason, the documents that were not accepted for it."""
    wanted = CaseFilter(request.GET).wanted()
    rows = cases.refused(request.actor, wanted) if wanted.reason else cases.listed(request.actor, wanted)
    context = {
        "wanted": wanted,
        "page": keyset(rows, cursor=request.GET.get("cursor", "")),
        "whens": [("", _("Sent")), (DECIDED, _("Decided"))],
    }
    return render(request, "kyc/review_cases.html", context)


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
